"""Rows repaired where one thing alone can have been meant; everything else stays byte for byte.

Mending what was mended changes nothing.
"""

from dataclasses import dataclass

from poku_batch.errors import PhoneError
from poku_batch.inspection.dates import date_of_serial
from poku_batch.inspection.findings import Note
from poku_batch.inspection.numbers import is_e164, look_at_invalid, look_at_valid
from poku_batch.inspection.scope import Scope
from poku_batch.inspection.texts import look_at_text
from poku_batch.inspection.words import title
from poku_batch.models import SheetRow
from poku_batch.phone import parse_phone


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """One cell that was changed, and why."""

    row: int
    position: int
    before: str
    after: str
    why: str


class Mender:
    """Repairs the rows of one sheet."""

    def __init__(self, scope: Scope, date_columns: frozenset[int]) -> None:
        """``date_columns`` are those in which an inspection of all rows found serial numbers."""
        self._scope = scope
        self._texts = tuple(at for at in scope.texts if at not in scope.kept)
        self._dates = date_columns

    def mend(self, row: SheetRow) -> tuple[tuple[str, ...], list[Repair]]:
        """Give the row's cells, repaired, and what was changed.

        A row of which nothing would be left stays as it is: it would no longer be a row.
        """
        repairs = [
            Repair(row=row.row, position=at, before=row.cells[at], after=after, why=why)
            for at in (self._scope.phone, *self._texts)
            if row.cells[at] and (mended := self._mended(at, row.cells[at])) is not None
            for after, why in (mended,)
        ]
        if not repairs:
            return row.cells, []
        cells = list(row.cells)
        for repair in repairs:
            cells[repair.position] = repair.after
        if not any(map(str.strip, cells)):
            return row.cells, []
        return tuple(cells), repairs

    def _mended(self, position: int, cell: str) -> tuple[str, str] | None:
        """A cell as it should be, and why; None where it is to stay."""
        if position == self._scope.phone:
            return None if is_e164(cell) else self._number(cell)
        notes = [note for note in look_at_text(cell, is_spoken=False) if note.sure]
        text, why = cell, _why(notes)
        if notes and notes[0].repair is not None:
            text = notes[0].repair
        if position in self._dates and (date := date_of_serial(text)) is not None:
            return date, "; ".join(filter(None, (why, "a date shown as a number")))
        return (text, why) if text != cell else None

    def _number(self, cell: str) -> tuple[str, str] | None:
        note = self._number_note(cell)
        if note is None or not note.sure or note.repair is None or note.repair == cell:
            return None
        return note.repair, _why([note])

    def _number_note(self, cell: str) -> Note | None:
        try:
            number = parse_phone(cell, self._scope.region)
        except PhoneError:
            return look_at_invalid(cell, self._scope.region)
        return next(iter(look_at_valid(cell, number.e164)), None)


def _why(notes: list[Note]) -> str:
    return "; ".join(title(note.kind) for note in notes)
