"""A column of somebody's sheet as it is looked at: its name, its letter, its first cells."""

from collections.abc import Sequence
from dataclasses import dataclass, field

#: How many rows of a sheet are looked at.
LOOKED_AT = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. ``cells`` are up to ``LOOKED_AT`` of its first; ``filled`` those not empty."""

    name: str
    letter: str
    cells: tuple[str, ...]
    filled: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        filled = tuple(cell.strip() for cell in self.cells if cell.strip())
        object.__setattr__(self, "filled", filled)

    @property
    def title(self) -> str:
        """How a person is told of it: ``column C, Mobile``."""
        return f"column {self.letter}, {self.name}"

    @property
    def unique(self) -> bool:
        """Whether every row has a cell, and no two have the same."""
        return len(self.filled) == len(self.cells) == len(set(self.filled)) > 0


def column_named(name: str, columns: Sequence[Column]) -> Column | None:
    """Find a column by its exact name."""
    return next((column for column in columns if column.name == name), None)
