"""The whole sheet, made of what the ledger has of it and of rows that come back corrected.

Only rows for which no phone rang are corrected: whoever was called keeps what they were called
with, whatever the file says, and who was erased does not come back. The sheet passes by; memory
holds the corrections alone.
"""

from collections import Counter
from collections.abc import Sequence

from poku_batch.contacts.corrections import ROW_COLUMN, Correction, Corrections, raise_faults
from poku_batch.errors import Fault
from poku_batch.models import ContactRecord, ContactState, SheetRow

#: Who was called, or is decided, whether a phone rang or not.
_SETTLED = frozenset({ContactState.DONE, ContactState.DIALING, ContactState.UNKNOWN})
#: Where so many cells of a row and all of them differ, it is not corrected but another.
_CELLS_CHANGED = 3


class Merging:
    """Puts corrected rows in their places while the whole sheet passes by, batch after batch."""

    def __init__(self, corrections: Corrections) -> None:
        """Take the corrections."""
        self._corrections = corrections
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
        else:
            return correction.cells
        return record.cells

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


def _another(row: int) -> tuple[str, str]:
    message = f"row {row} of the campaign's sheet is another by now: no cell is the same"
    return message, "write the rejects anew with poku-batch export, and correct those"


def _have_nothing_in_common(cells: Sequence[str], others: Sequence[str]) -> bool:
    """Whether no cell of a row stayed as it was, of so many that a person would not change all."""
    filled = [(cell, other) for cell, other in zip(cells, others, strict=True) if cell.strip()]
    return len(filled) >= _CELLS_CHANGED and all(cell != other for cell, other in filled)
