"""One compiled template, rendered for row after row."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any

from jinja2 import Template, nodes

from poku_batch.prompts.cleaning import MAX_LENGTH, cleaned
from poku_batch.prompts.filters import SPOKEN
from poku_batch.prompts.inspection import Origin, Unit
from poku_batch.prompts.remembered import Remembered

#: Prompts have tens of parts; of more, each is measured before the next is made.
_PARTS = 256


class TooLongError(Exception):
    """A rendering passed ``MAX_LENGTH``."""


@dataclass(frozen=True, kw_only=True)
class Text:
    """A compiled template, and where it and all that it includes stand."""

    template: Template
    units: tuple[Unit, ...]
    _known: Remembered[str] = field(default_factory=Remembered, repr=False, compare=False)

    @property
    def origin(self) -> Origin:
        """Where the template itself stands."""
        return self.units[0].origin

    def render(self, context: Mapping[str, Any]) -> str:
        """Render and clean the text. Raises ``TooLongError``, and whatever the template raises."""
        text = self._quickly(context)
        if text is None:
            text = "".join(_measured(self.template.generate(context)))
        return cleaned(text)

    def render_value(self, context: Mapping[str, Any]) -> str:
        """As ``render``, for texts that many rows have in common: these are remembered."""
        if self.inputs is None:
            return self.render(context)
        key = tuple(context.get(name) for name in self.inputs)
        known = self._known.of(key)
        if known is None:
            known = self.render(context)
            self._known.keep(key, known)
        return known

    @cached_property
    def speaks(self) -> bool:
        """Whether what is said may depend on who listens: some filter puts values into words."""
        # map takes the names of filters as values.
        return any(
            node.name in SPOKEN or node.name == "map"
            for unit in self.units
            for node in unit.tree.find_all(nodes.Filter)
        )

    @cached_property
    def inputs(self) -> tuple[str, ...] | None:
        """The columns that alone decide what is said; None where there is more to it."""
        (unit, *others) = self.units
        if others or self.speaks or unit.wanted & {"row", "contact"}:
            return None
        return tuple(sorted(unit.wanted - {"campaign"}))

    def _quickly(self, context: Mapping[str, Any]) -> str | None:
        """A usual text; None where it has to be rendered step by step."""
        try:
            # Jinja copies them.
            found = self.template.new_context(context)  # type: ignore[arg-type]
            parts = list(islice(self.template.root_render_func(found), _PARTS))
        except Exception:  # a template can raise whatever its expressions can; it will again
            return None
        if len(parts) >= _PARTS:
            return None
        text = "".join(parts)
        return text if len(text) <= MAX_LENGTH else None


def _measured(parts: Iterable[str]) -> Iterator[str]:
    length = 0
    for part in parts:
        length += len(part)
        if length > MAX_LENGTH:
            raise TooLongError
        yield part
