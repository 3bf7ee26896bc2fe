"""The whole sheet, made of what the ledger has of it and of rows that come back corrected.

Only rows for which no phone rang are corrected: whoever was called keeps what they were called
with, whatever the file says, and who was erased does not come back. Nor is a row written over that
is another by now, since the sheet has changed after the rejects were written: somebody would be
lost, and somebody else stand in two rows. The sheet passes by; memory holds the corrections alone.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from poku_batch.contacts.corrections import ROW_COLUMN, Correction, Corrections, raise_faults
from poku_batch.errors import Fault
from poku_batch.models import ContactRecord, ContactState, SheetRow

#: Who was called, or is decided, whether a phone rang or not.
_SETTLED = frozenset({ContactState.DONE, ContactState.DIALING, ContactState.UNKNOWN})
#: Where so many cells of a row and all of them differ, it is not corrected but another.
_CELLS_CHANGED = 3
#: Who shares a number with somebody else may need another key with the number of their own.
_SHARES_NUMBER = "same number"


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The columns, by position, that a correction leaves as they are.

    ``is_key``: they are the key, without the number, and change for hardly any reason; else they
    are all columns but the number's.
    """

    columns: tuple[int, ...]
    is_key: bool = False

    def of(self, cells: Sequence[str]) -> tuple[str, ...]:
        """What a row's cells say in these columns."""
        return tuple(cells[at].strip() for at in self.columns)


class Merging:
    """Puts corrected rows in their places while the whole sheet passes by, batch after batch."""

    def __init__(self, corrections: Corrections, identity: Identity) -> None:
        """Take the corrections, and what tells one row from another."""
        self._corrections = corrections
        self._identity = identity
        #: The first row of the whole sheet that says what a correction says.
        self._standing: dict[tuple[str, ...], int | None] = {
            identity.of(each.cells): None for each in corrections.rows.values()
        }
        self._renamed: list[int] = []
        self._missing = set(corrections.rows)
        self._to_add = Counter(each.cells for each in corrections.added)
        self._last_row = 1
        self._faults: list[Fault] = []
        self._left_out: list[int] = []

    def rows(self, records: Sequence[ContactRecord]) -> list[SheetRow]:
        """The rows of the whole sheet, corrected where they may be."""
        return [SheetRow(row=each.row, cells=self._cells(each)) for each in records]

    def rest(self) -> list[SheetRow]:
        """The rows to add, after the last: but for those that an earlier run has added.

        Raises ``ContactsError`` where a row is not in the whole sheet, or its person was erased.
        """
        rows = self._corrections.rows
        for row in sorted(self._missing):
            self._faults.append(
                self._fault(
                    rows[row],
                    f"the campaign's sheet has no row {row}, it ends at row {self._last_row}",
                    "leave call_row as the rejects have it; for a new row leave it empty",
                )
            )
        self._faults += self._moved()
        raise_faults(self._faults)
        self._corrections.left_out = tuple(self._left_out)
        added = []
        for each in self._corrections.added:
            if self._to_add[each.cells] > 0:
                self._to_add[each.cells] -= 1
                added.append(each)
        return self._corrections.number_added(added, after=self._last_row)

    def _cells(self, record: ContactRecord) -> tuple[str, ...]:
        self._last_row = max(self._last_row, record.row)
        name = self._identity.of(record.cells)
        if name in self._standing and self._standing[name] is None:
            self._standing[name] = record.row
        cells = self._corrected(record)
        if self._to_add.get(cells, 0) > 0:
            self._to_add[cells] -= 1
        return cells

    def _corrected(self, record: ContactRecord) -> tuple[str, ...]:
        correction = self._corrections.rows.get(record.row)
        if correction is None:
            return record.cells
        self._missing.discard(record.row)
        if not any(map(str.strip, record.cells)):
            self._faults.append(self._fault(correction, *_erased(record.row)))
        elif record.rang or record.state in _SETTLED:
            if correction.cells != record.cells:
                self._left_out.append(record.row)
        elif _have_nothing_in_common(record.cells, correction.cells):
            self._faults.append(self._fault(correction, *_another(record.row)))
        elif self._has_another_name(record, correction):
            words = _rekeyed if self._identity.is_key else _another
            self._faults.append(self._fault(correction, *words(record.row)))
        else:
            return correction.cells
        return record.cells

    def _has_another_name(self, record: ContactRecord, correction: Correction) -> bool:
        """Whether the row is known by something else, and hardly because that was corrected."""
        was, name = self._identity.of(record.cells), self._identity.of(correction.cells)
        if was == name or not any(was):
            return False
        error, said = record.error or "", _plain(correction.error)
        if self._identity.is_key:
            is_other = not error.startswith(_SHARES_NUMBER)
        else:
            is_other = bool(said) and said != _plain(error)
        if not is_other:
            self._renamed.append(record.row)
        return is_other

    def _moved(self) -> Iterator[Fault]:
        """The rows that would be what another row of the sheet is."""
        for row in self._renamed:
            correction = self._corrections.rows[row]
            name = self._identity.of(correction.cells)
            other = self._standing[name]
            if other is not None and any(name):
                yield self._fault(correction, *_another(row, other))

    def _fault(self, correction: Correction, message: str, hint: str) -> Fault:
        return Fault(
            file=self._corrections.file,
            row=correction.own_row,
            column=ROW_COLUMN,
            message=message,
            hint=hint,
        )


def _erased(row: int) -> tuple[str, str]:
    message = f"row {row} was erased from the ledger, with all that was known of the person"
    return message, "delete the row from this file"


def _another(row: int, other: int | None = None) -> tuple[str, str]:
    message = f"row {row} of the campaign's sheet is another by now"
    if other is not None:
        message += f": what this row says stands in row {other}"
    hint = "write the rejects anew with poku-batch export, and correct those"
    return message, f"{hint}; or leave call_row empty, to add this one as a new row"


def _rekeyed(row: int) -> tuple[str, str]:
    message = f"row {row} of the campaign's sheet has another key"
    hint = "leave the key as the rejects have it; where the sheet has changed since, write the "
    return message, f"{hint}rejects anew with poku-batch export, and correct those"


def _plain(error: str) -> str:
    """What was wrong, however a file and who opened it wrote it."""
    return " ".join(error.split()).lstrip("'")


def _have_nothing_in_common(cells: Sequence[str], others: Sequence[str]) -> bool:
    """Whether no cell of a row stayed as it was, of so many that a person would not change all."""
    filled = [(cell, other) for cell, other in zip(cells, others, strict=True) if cell.strip()]
    return len(filled) >= _CELLS_CHANGED and all(cell != other for cell, other in filled)
