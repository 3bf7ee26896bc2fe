"""What a template may call the columns of the sheet, and what it may not."""

import re
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from operator import itemgetter
from typing import Self

#: The names that are not columns: a column of that name is reached as ``row["…"]``.
RESERVED = ("row", "contact", "campaign")
#: What ``contact`` and ``campaign`` hold.
CONTACT_FIELDS = ("to", "key", "number")
CAMPAIGN_FIELDS = ("name", "wave")


def identifier(column: str) -> str:
    """Give the name that a template uses for a column; ``First Name`` becomes ``first_name``.

    NFKC and case-folded; runs of other than letters, digits and ``_`` become ``_``, none at either
    end; a leading digit gets ``_`` before it. Empty where nothing is left.
    """
    folded = unicodedata.normalize("NFKC", column).casefold()
    name = re.sub(r"\W+", "_", unicodedata.normalize("NFKC", folded)).strip("_")
    return f"_{name}" if name[:1].isdigit() else name


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnNames:
    """The names of a sheet's columns, as templates see them.

    ``usable`` maps an identifier to the column's position from 0; ``shared`` maps one that several
    columns would have, or that is reserved, to those columns: it stands for none of them.
    """

    columns: tuple[str, ...]
    usable: Mapping[str, int]
    shared: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, columns: Sequence[str]) -> Self:
        """Name the columns of a sheet."""
        groups: dict[str, list[int]] = {}
        for position, column in enumerate(columns):
            groups.setdefault(identifier(column), []).append(position)
        alone = {n: found[0] for n, found in groups.items() if n and len(found) == 1}
        return cls(
            columns=tuple(columns),
            usable={name: at for name, at in alone.items() if name not in RESERVED},
            shared={
                name: tuple(columns[at] for at in found)
                for name, found in groups.items()
                if name and len(found) > 1
            },
        )

    def trouble(self, name: str) -> tuple[str, str | None]:
        """Say why a name stands for no column, and what to write instead."""
        if name in self.shared:
            both = " and ".join(repr(column) for column in self.shared[name])
            return (
                f"{name} could be any of the columns {both}",
                f"write {_subscript(self.shared[name][0])}",
            )
        return f"there is no column for {name}", self._nearest(name)

    def trouble_in_row(self, column: str) -> tuple[str, str | None]:
        """Say that ``row`` has no such column, and which it may be."""
        near = _closest(column, {name: name for name in self.columns})
        hint = f"did you mean {_subscript(near)}?" if near else self._listed()
        return f"there is no column {column!r}", hint

    def _nearest(self, name: str) -> str | None:
        names = {known: known for known in (*self.usable, *RESERVED)}
        near = _closest(identifier(name), names) or _closest(name.replace("_", ""), names)
        return f"did you mean {near}?" if near else self._listed()

    def _listed(self) -> str:
        shown = list(self.usable)[:12]
        more = ", …" if len(self.usable) > len(shown) else ""
        return f"the sheet's columns: {', '.join(shown)}{more}" if shown else "no column is usable"


def picking(places: Sequence[int]) -> Callable[[Sequence[str]], tuple[str, ...]]:
    """Give what picks the cells at some positions out of a row's tuple, in that order."""
    if len(places) > 1:
        return itemgetter(*places)
    # Of one place alone it would give a cell, and no tuple.
    first = places[0] if places else 0
    return itemgetter(slice(first, first + len(places)))


def trouble_in_fields(name: str, field: str, fields: Collection[str]) -> tuple[str, str]:
    """Say that ``contact`` or ``campaign`` holds no such field."""
    return f"there is no {name}.{field}", f"{name} has {', '.join(fields)}"


def _subscript(column: str) -> str:
    return f'row["{column}"]'


def _closest(word: str, words: Mapping[str, str]) -> str | None:
    folded = {key.casefold(): value for key, value in words.items()}
    found = get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else None
