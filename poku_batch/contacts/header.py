"""The first row of a sheet: which columns have a name, and whether it is a header at all.

Columns without a name are left out of the sheet if they hold nothing (spreadsheet programs leave
such columns behind), and are a fault if they hold something.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from poku_batch.errors import ContactsError, Fault

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?!\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A checked header: ``kept`` are the positions, from 0, of the named columns, in order.

    ``width`` counts the header's cells; ``nameless`` are the positions of those without a name.
    """

    names: tuple[str, ...]
    kept: tuple[int, ...]
    nameless: tuple[int, ...]
    width: int

    @property
    def least_width(self) -> int:
        """How many cells a row must have: trailing nameless columns may be missing from it."""
        return self.kept[-1] + 1

    def stray(self, cells: Sequence[str], *, file: str, row: int) -> Fault | None:
        """Return the fault of a row that holds something in a column without a name."""
        for position in self.nameless:
            if position < len(cells) and cells[position].strip():
                return nameless_fault(position, file=file, row=row)
        return None


def read_header(cells: Iterable[str], *, file: str) -> Header:
    """Check the first row's cells. Names lose surrounding white space and byte order marks.

    Raises ``ContactsError`` if the row is blank, names two columns alike, or looks like data.
    """
    names = [cell.strip().strip("\ufeff").strip() for cell in cells]
    kept = tuple(position for position, name in enumerate(names) if name)
    if not kept:
        raise ContactsError(
            [
                Fault(
                    file=file,
                    row=1,
                    message="the first row is empty",
                    hint="it must hold the column names, such as name, phone",
                )
            ]
        )
    faults = [*_looking_like_data(names, file=file), *_duplicates(names, file=file)]
    if faults:
        raise ContactsError(faults)
    return Header(
        names=tuple(names[position] for position in kept),
        kept=kept,
        nameless=tuple(position for position, name in enumerate(names) if not name),
        width=len(names),
    )


def nameless_fault(position: int, *, file: str, row: int) -> Fault:
    """Return the fault of a column, counted from 0, that holds something and has no name."""
    return Fault(
        file=file,
        row=row,
        message=f"column {column_letter(position)} holds something but has no name in row 1",
        hint="give the column a name, or empty it",
    )


def column_letter(position: int) -> str:
    """Return what a spreadsheet program calls the column at a position from 0: A, …, Z, AA."""
    letters = ""
    rest = position + 1
    while rest:
        rest, letter = divmod(rest - 1, 26)
        letters = chr(ord("A") + letter) + letters
    return letters


def _duplicates(names: Sequence[str], *, file: str) -> list[Fault]:
    places: dict[str, list[str]] = {}
    for position, name in enumerate(names):
        if name:
            places.setdefault(name, []).append(column_letter(position))
    return [
        Fault(
            file=file,
            row=1,
            column=name,
            message=f"columns {_joined(letters)} have the same name",
            hint="rename all but one",
        )
        for name, letters in places.items()
        if len(letters) > 1
    ]


def _looking_like_data(names: Sequence[str], *, file: str) -> list[Fault]:
    for position, name in enumerate(names):
        if _is_mostly_digits(name):
            message = f"the name of column {column_letter(position)} looks like a phone number"
            hint = "the first row must hold the column names, not a contact; add a row above it"
            return [Fault(file=file, row=1, message=message, hint=hint)]
    return []


def _is_mostly_digits(name: str) -> bool:
    """Whether a header cell is a number of 7 digits or more; a column may be named for a date."""
    digits = sum(letter.isdigit() for letter in name)
    solid = sum(not letter.isspace() for letter in name)
    return digits >= 7 and digits * 2 >= solid and not _ISO_DATE.match(name)


def _joined(letters: Sequence[str]) -> str:
    return f"{', '.join(letters[:-1])} and {letters[-1]}"
