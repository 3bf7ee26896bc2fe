"""What rows have in common, remembered by what decides it: so much of it, and no more."""

from typing import Generic, TypeVar

T = TypeVar("T")

#: How many are remembered.
_MOST = 1_024
#: Cells that come to more characters are not remembered.
_LONGEST = 200


class Remembered(Generic[T]):
    """Values by the cells that decide them; a cell that is missing is no text.

    May be asked, and told, from several threads at a time.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], T] = {}

    def of(self, cells: tuple[object, ...]) -> T | None:
        """What is remembered; None where nothing is."""
        return self._known.get(cells)

    def keep(self, cells: tuple[object, ...], value: T) -> None:
        """Remember a value, which is not changed any more."""
        if sum(len(cell) for cell in cells if isinstance(cell, str)) > _LONGEST:
            return
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[cells] = value
