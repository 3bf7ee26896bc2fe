"""The header row of a sheet: which columns have a name, and whether it is a header at all.

Columns without a name are left out of the sheet if they hold nothing (spreadsheet programs leave
such columns behind), and are a fault if they hold something.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from poku_batch.contacts.columns import find_phone_column
from poku_batch.errors import ContactsError, Fault

#: How many rows are looked at to find the header.
LOOKED_AT = 20

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?!\d)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """A checked header: ``kept`` are the positions, from 0, of the named columns, in order.

    ``width`` counts the header's cells; ``nameless`` are the positions of those without a name.
    ``row`` is the header's own, as the file counts.
    """

    names: tuple[str, ...]
    kept: tuple[int, ...]
    nameless: tuple[int, ...]
    width: int
    row: int = 1

    @property
    def letters(self) -> tuple[str, ...]:
        """What a spreadsheet program calls the named columns, in order."""
        return tuple(map(column_letter, self.kept))

    @property
    def least_width(self) -> int:
        """How many cells a row must have: trailing nameless columns may be missing from it."""
        return self.kept[-1] + 1

    def stray(self, cells: Sequence[str], *, file: str, row: int) -> Fault | None:
        """Return the fault of a row that holds something in a column without a name."""
        for position in self.nameless:
            if position < len(cells) and cells[position].strip():
                return nameless_fault(position, file=file, row=row, header_row=self.row)
        return None


def read_header(cells: Iterable[str], *, file: str, row: int = 1) -> Header:
    """Check the header's cells. Names lose surrounding white space and byte order marks.

    ``row`` is the header's. Raises ``ContactsError`` if it is blank, names two columns alike, or
    looks like data.
    """
    names = [_bare(cell) for cell in cells]
    kept = tuple(position for position, name in enumerate(names) if name)
    if not kept:
        message = "the first row is empty" if row == 1 else "the row is empty"
        hint = "it must hold the column names, such as name, phone"
        raise ContactsError([Fault(file=file, row=row, message=message, hint=hint)])
    faults = [*_looking_like_data(names, file=file, row=row), *_duplicates(names, file, row)]
    if faults:
        raise ContactsError(faults)
    return Header(
        names=tuple(names[position] for position in kept),
        kept=kept,
        nameless=tuple(position for position, name in enumerate(names) if not name),
        width=len(names),
        row=row,
    )


def likely_header_row(rows: Sequence[Sequence[str]]) -> int | None:
    """Tell which of a file's first rows holds the column names; None where none looks like it.

    ``rows`` are cells from the file's first row on; the answer counts from 1. It is the first of
    the first 20 that holds nothing but words, and has a name for more than half of what the rows
    below it hold.
    """
    filled = [_filled(row) for row in rows[:LOOKED_AT]]
    for place, names in enumerate(filled):
        widest = max((len(below) for below in filled[place + 1 :]), default=0)
        if names and len(names) * 2 > widest and all(map(_is_name, names)):
            return place + 1
    return None


def check_header_place(rows: Sequence[Sequence[str]], *, file: str, row: int) -> None:
    """Raise ``ContactsError`` where ``row`` holds a title, or nothing, and the header is below it.

    ``rows`` are the cells of that row and of some after it.
    """
    likely = likely_header_row(rows)
    if likely is None or likely == 1:
        return
    title = _filled(rows[0])
    if len(title) >= len(_filled(rows[likely - 1])) or find_phone_column(title) is not None:
        return
    found = row + likely - 1
    message = f"looks like a title, and row {found} like the column names"
    if not title:
        empty = "the first row" if row == 1 else "the row"
        message = f"{empty} is empty, and row {found} looks like the column names"
    hint = f"set contacts.header_row: {found}"
    raise ContactsError([Fault(file=file, row=row, message=message, hint=hint)])


def no_such_row(row: int, *, file: str, rows: int) -> ContactsError:
    """Return the error of a file of so many ``rows`` that ends before its header's ``row``."""
    message = f"there is no row {row}, the last is {rows:,}" if rows else "is empty"
    hint = "set it to the row with the column names"
    column = "contacts.header_row"
    if row == 1 or not rows:
        column, hint = "", "the first row must hold the column names"
    return ContactsError([Fault(file=file, column=column or None, message=message, hint=hint)])


def nameless_fault(position: int, *, file: str, row: int, header_row: int = 1) -> Fault:
    """Return the fault of a column, counted from 0, that holds something and has no name."""
    letter = column_letter(position)
    return Fault(
        file=file,
        row=row,
        message=f"column {letter} holds something but has no name in row {header_row}",
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


def _bare(cell: str) -> str:
    return cell.strip().strip("\ufeff").strip()


def _filled(row: Sequence[str]) -> list[str]:
    return [name for cell in row if (name := _bare(cell))]


def _is_name(cell: str) -> bool:
    """Whether a cell may be a column's name: short, with a letter, no number and no address."""
    has_letter = any(letter.isalpha() for letter in cell)
    return has_letter and len(cell) <= 80 and "@" not in cell and not _is_mostly_digits(cell)


def _duplicates(names: Sequence[str], file: str, row: int) -> list[Fault]:
    places: dict[str, list[str]] = {}
    for position, name in enumerate(names):
        if name:
            places.setdefault(name, []).append(column_letter(position))
    return [
        Fault(
            file=file,
            row=row,
            column=name,
            message=f"columns {_joined(letters)} have the same name",
            hint="rename all but one",
        )
        for name, letters in places.items()
        if len(letters) > 1
    ]


def _looking_like_data(names: Sequence[str], *, file: str, row: int) -> list[Fault]:
    for position, name in enumerate(names):
        if _is_mostly_digits(name):
            message = f"the name of column {column_letter(position)} looks like a phone number"
            hint = "the first row must hold the column names, not a contact; add a row above it"
            if row > 1:
                hint = "set contacts.header_row to the row with the column names"
            return [Fault(file=file, row=row, message=message, hint=hint)]
    return []


def _is_mostly_digits(name: str) -> bool:
    """Whether a header cell is a number of 7 digits or more; a column may be named for a date."""
    digits = sum(letter.isdigit() for letter in name)
    solid = sum(not letter.isspace() for letter in name)
    return digits >= 7 and digits * 2 >= solid and not _ISO_DATE.match(name)


def _joined(letters: Sequence[str]) -> str:
    return f"{', '.join(letters[:-1])} and {letters[-1]}"
