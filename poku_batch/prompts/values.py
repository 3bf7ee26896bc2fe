"""The call values of rows: many rows have them in common, so they are remembered."""

from collections.abc import Mapping, Sequence

from poku_batch.prompts.names import ColumnNames, picking
from poku_batch.prompts.remembered import Remembered
from poku_batch.prompts.text import Text


class KnownValues:
    """The values of rows that were rendered before, by the cells that decide them."""

    def __init__(self, texts: Mapping[str, Text | str], names: ColumnNames) -> None:
        """Take the values' templates; nothing is remembered where more than cells decides."""
        inputs = [text.inputs for text in texts.values() if isinstance(text, Text)]
        wanted = {name for found in inputs for name in found or ()}
        self._decided = None not in inputs
        self._pick = picking([at for name, at in names.usable.items() if name in wanted])
        self._known: Remembered[Mapping[str, str]] = Remembered()

    def of(self, cells: Sequence[str]) -> Mapping[str, str] | None:
        """The values of a row, by campaign key; None where they are not known."""
        return self._known.of(self._pick(cells)) if self._decided else None

    def keep(self, cells: Sequence[str], values: Mapping[str, str]) -> None:
        """Remember a row's values, which are not changed any more."""
        if self._decided:
            self._known.keep(self._pick(cells), values)
