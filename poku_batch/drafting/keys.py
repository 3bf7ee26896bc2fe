"""What makes a row the same contact when the sheet is read again.

A key must not be a row's place in the sheet: tomorrow another person stands there, and would be
taken for one who was called already.
"""

from collections import Counter
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
#: The share of cells that must differ for a column to be one that was meant to.
_NEARLY = 0.8
_SIGNS = frozenset({"#", "№", "n°", "nº", "N°"})


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyGuess:
    """The columns of the key; none for the number itself. ``why`` is for a person."""

    columns: tuple[str, ...]
    why: str


def guess_key(
    columns: Sequence[Column], phone: Column, day: Column | None, *, is_of_a_day: bool
) -> KeyGuess:
    """Choose a key: a number of each row, else the phone's, with the day where that repeats.

    ``is_of_a_day``: the calls are about something on a day, so that the same person is to be called
    again about another day.
    """
    for column in columns:
        if column.name != phone.name and _is_identity(column):
            seen = f" in the first {LOOKED_AT:,}" if len(column.cells) >= LOOKED_AT else ""
            why = f"{column.title}: filled in every row, and never twice{seen}"
            return KeyGuess(columns=(column.name,), why=why)
    if is_of_a_day and day is not None and _stands_everywhere(day, phone):
        why = (
            f"{phone.name} and {day.name}: whoever stands there another day is called for that too"
        )
        return KeyGuess(columns=(phone.name, day.name), why=why)
    if len(set(phone.filled)) == len(phone.filled):
        spoilt = _spoilt(columns, phone) or "and no column numbers the rows"
        return KeyGuess(columns=(), why=f"no number stands twice, {spoilt}")
    if day is not None and _are_unique_together(phone, day):
        why = f"{phone.name} and {day.name}: some numbers stand in several rows, on other days"
        return KeyGuess(columns=(phone.name, day.name), why=why)
    return KeyGuess(
        columns=(), why="some numbers stand in several rows: only the first of them is called"
    )


def _is_identity(column: Column) -> bool:
    return _names_identity(column) and column.unique and not _counts_rows(column)


def _names_identity(column: Column) -> bool:
    name = column.name
    named = IDENTITY.named_by(name) or name.strip() in _SIGNS
    return named and not any(words.named_by(name) for words in _OTHERS)


def _spoilt(columns: Sequence[Column], phone: Column) -> str:
    """What is told of a column that would number the rows, were it not for a few of them."""
    for column in columns:
        counts = Counter(column.filled)
        if column.name == phone.name or not _names_identity(column) or not counts:
            continue
        cell, times = counts.most_common(1)[0]
        is_whole = len(column.filled) == len(column.cells)
        if is_whole and times > 1 and len(counts) >= _NEARLY * len(column.filled):
            return f"and {column.title}, would number the rows, but {cell!r} stands in {times:,}"
    return ""


def _counts_rows(column: Column) -> bool:
    """Whether cells say 1, 2, 3 and so on: the place of the row, not who is in it."""
    if not ROW_NUMBER.are(column.name) and column.name.strip() not in _SIGNS:
        return False
    first = column.filled[0]
    if not (first.isascii() and first.isdigit()) or len(first) > 9 or int(first) > 1:
        return False
    return list(column.filled) == [str(int(first) + n) for n in range(len(column.filled))]


def _stands_everywhere(day: Column, phone: Column) -> bool:
    """Whether every row with a number has a day: a key must be whole."""
    return all(
        when.strip() for number, when in zip(phone.cells, day.cells, strict=True) if number.strip()
    )


def _are_unique_together(phone: Column, day: Column) -> bool:
    pairs = [
        (number.strip(), when.strip())
        for number, when in zip(phone.cells, day.cells, strict=True)
        if number.strip()
    ]
    return len(set(pairs)) == len(pairs) and all(when for _, when in pairs)
