"""What makes a row the same contact when the sheet is read again.

A key must not be a row's place in the sheet: tomorrow another person stands there, and would be
taken for one who was called already.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from poku_batch.drafting.columns import LOOKED_AT, Column
from poku_batch.drafting.headings import (
    IDENTITY,
    MOBILE,
    NO_IDENTITY,
    OTHERS_PHONE,
    PHONE,
    ROW_NUMBER,
)

_OTHERS = (PHONE, MOBILE, OTHERS_PHONE, NO_IDENTITY)
_SIGNS = frozenset({"#", "№", "n°", "nº", "N°"})


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyGuess:
    """The columns of the key; none for the number itself. ``why`` is for a person."""

    columns: tuple[str, ...]
    why: str


def guess_key(columns: Sequence[Column], phone: Column, day: Column | None) -> KeyGuess:
    """Choose a key: a number of each row, else the phone's, with the day where that repeats."""
    for column in columns:
        if column.name != phone.name and _is_identity(column):
            seen = f" in the first {LOOKED_AT:,}" if len(column.cells) >= LOOKED_AT else ""
            why = f"{column.title}: filled in every row, and never twice{seen}"
            return KeyGuess(columns=(column.name,), why=why)
    if len(set(phone.filled)) == len(phone.filled):
        return KeyGuess(columns=(), why="no number stands twice, and no column numbers the rows")
    if day is not None and _are_unique_together(phone, day):
        why = f"{phone.name} and {day.name}: some numbers stand in several rows, on other days"
        return KeyGuess(columns=(phone.name, day.name), why=why)
    return KeyGuess(
        columns=(), why="some numbers stand in several rows: only the first of them is called"
    )


def _is_identity(column: Column) -> bool:
    name = column.name
    named = IDENTITY.named_by(name) or name.strip() in _SIGNS
    other = any(words.named_by(name) for words in _OTHERS)
    return named and not other and column.unique and not _counts_rows(column)


def _counts_rows(column: Column) -> bool:
    """Whether cells say 1, 2, 3 and so on: the place of the row, not who is in it."""
    if not ROW_NUMBER.are(column.name) and column.name.strip() not in _SIGNS:
        return False
    first = column.filled[0]
    if not (first.isascii() and first.isdigit()) or len(first) > 9 or int(first) > 1:
        return False
    return list(column.filled) == [str(int(first) + n) for n in range(len(column.filled))]


def _are_unique_together(phone: Column, day: Column) -> bool:
    pairs = [
        (number.strip(), when.strip())
        for number, when in zip(phone.cells, day.cells, strict=True)
        if number.strip()
    ]
    return len(set(pairs)) == len(pairs) and all(when for _, when in pairs)
