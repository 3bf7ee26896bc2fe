"""Rejects that come back corrected: rows that belong into the campaign's whole sheet.

Memory holds them all; there are no more than ``MAX_CORRECTIONS``.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

from poku_batch.contacts.columns import nearest
from poku_batch.contacts.sheet import Sheet, frame_of
from poku_batch.errors import ContactsError, Fault
from poku_batch.models import SheetRow

if TYPE_CHECKING:
    import pandas as pd

#: The row's number in the whole sheet; empty for a row that is new.
ROW_COLUMN = "call_row"
#: What was wrong with the row; tells whether the row is still the one that it was.
ERROR_COLUMN = "call_error"

#: How many corrected rows are held in memory.
MAX_CORRECTIONS = 100_000

_FAULTS_TOLD = 20


def are_corrections(columns: Iterable[str], taken: Iterable[str]) -> bool:
    """Whether a sheet with these columns is a file of rejects.

    It is where it has the two columns of rejects, and no other of those ``taken`` for results.
    """
    ours = {ROW_COLUMN, ERROR_COLUMN}
    return {_folded(name) for name in columns} & {*taken, *ours} == ours


@dataclass(frozen=True, slots=True)
class Correction:
    """A corrected row: the number of its row in the file of rejects, and its cells.

    ``error`` is what the file says was wrong with it; empty where somebody took that out.
    """

    own_row: int
    cells: tuple[str, ...]
    error: str = ""


@dataclass(slots=True, kw_only=True)
class Corrections:
    """What a file of rejects says: rows by their numbers in the whole sheet, and rows to add.

    Cells are in the order of the campaign's columns. Rows to add have no numbers until
    ``number_added`` gives them some. ``left_out``, known once the whole sheet has passed by, are
    rows that were called meanwhile and stay as they are, though the file has them otherwise.
    """

    file: str
    rows: Mapping[int, Correction]
    added: Sequence[Correction]
    left_out: Sequence[int] = ()
    _numbered: dict[int, Correction] = field(default_factory=dict)

    def number_added(self, added: Iterable[Correction], *, after: int) -> list[SheetRow]:
        """Number some of the rows to add, from the one after ``after`` on."""
        self._numbered = dict(enumerate(added, after + 1))
        return [SheetRow(row=row, cells=each.cells) for row, each in self._numbered.items()]

    def own_row(self, row: int) -> int | None:
        """Where a row of the whole sheet is in the file; None for one that is not in it."""
        found = self.rows.get(row) or self._numbered.get(row)
        return None if found is None else found.own_row

    def only(self) -> list[SheetRow]:
        """The corrected rows by themselves; those to add follow the last of them."""
        rows = [SheetRow(row=row, cells=self.rows[row].cells) for row in sorted(self.rows)]
        return rows + self.number_added(self.added, after=max(self.rows, default=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class CorrectedSheet(Sheet):
    """The rows of a file of rejects, under their numbers in the whole sheet, in its columns."""

    corrections: Corrections
    original: Sheet = field(repr=False)
    positions: tuple[int, ...] = ()

    def place(self, row: int, position: int | None = None) -> str:
        """Where the file of rejects has a row or cell; else the number in the whole sheet."""
        own = self.corrections.own_row(row)
        if own is None:
            return f"row {row} of the whole sheet"
        return self.original.place(own, None if position is None else self.positions[position])


def corrected_sheet(sheet: Sheet, columns: Sequence[str]) -> CorrectedSheet:
    """Read a file of rejects as rows of the campaign's sheet, whose ``columns`` are given.

    Raises ``ContactsError`` where its columns are not those, where a ``call_row`` is no number or
    stands twice, or where there are too many rows.
    """
    positions = _positions(sheet, columns)
    corrections = _read(sheet, positions)
    return CorrectedSheet(
        name=sheet.name,
        columns=tuple(columns),
        read=_reader(corrections, columns),
        release=sheet.close,
        encoding=sheet.encoding,
        delimiter=sheet.delimiter,
        worksheet=sheet.worksheet,
        letters=tuple(sheet.letters[position] for position in positions) if sheet.letters else (),
        decimal=sheet.decimal,
        header_row=sheet.header_row,
        corrections=corrections,
        original=sheet,
        positions=positions,
    )


def _folded(name: str) -> str:
    return name.strip().casefold()


def _positions(sheet: Sheet, columns: Sequence[str]) -> tuple[int, ...]:
    """Where the campaign's columns stand in the file."""
    ours = {ROW_COLUMN, ERROR_COLUMN}
    missing = [name for name in columns if name not in sheet.columns]
    strange = [name for name in sheet.columns if name not in columns and _folded(name) not in ours]
    faults = []
    for name in missing:
        near = nearest(name, strange)
        if near is not None:
            strange.remove(near)
        hint = f'rename "{near}" to it' if near else "give it back as the rejects have it"
        message = "the campaign's sheet has this column, and this file of rejects has not"
        faults.append(
            Fault(file=sheet.name, row=sheet.header_row, column=name, message=message, hint=hint)
        )
    faults += [
        Fault(
            file=sheet.name,
            row=sheet.header_row,
            column=name,
            message="the campaign's sheet has no such column",
            hint="take it out; for other columns, name the whole sheet as contacts.file",
        )
        for name in strange
    ]
    if faults:
        raise ContactsError(faults)
    return tuple(sheet.columns.index(name) for name in columns)


def _read(sheet: Sheet, positions: Sequence[int]) -> Corrections:
    number, error = (
        next(at for at, name in enumerate(sheet.columns) if _folded(name) == ours)
        for ours in (ROW_COLUMN, ERROR_COLUMN)
    )
    rows: dict[int, Correction] = {}
    added: list[Correction] = []
    faults: list[Fault] = []
    for found in (row for batch in sheet.batches() for row in batch):
        cells = tuple(found.cells[position] for position in positions)
        if not any(map(str.strip, cells)):
            continue
        if len(rows) + len(added) >= MAX_CORRECTIONS:
            _refuse_as_too_many(sheet)
        correction = Correction(found.row, cells, found.cells[error])
        text = found.cells[number].strip()
        if not text:
            added.append(correction)
            continue
        row = _row_number(text)
        if row is None or row in rows:
            message = (
                f'"{text[:40]}" is not the number of a row'
                if row is None
                else f"row {row} stands in row {rows[row].own_row} of this file already"
            )
            faults.append(
                Fault(
                    file=sheet.name,
                    row=found.row,
                    column=ROW_COLUMN,
                    message=message,
                    hint="leave it as the rejects have it; for a new row leave it empty",
                )
            )
        else:
            rows[row] = correction
    raise_faults(faults)
    return Corrections(file=sheet.name, rows=rows, added=added)


def _row_number(text: str) -> int | None:
    """The number of a row, also as a spreadsheet program may have rewritten it: ``7.0``."""
    whole, _, decimals = text.partition(".")
    if not whole.isascii() or not whole.isdigit() or decimals.strip("0") or len(whole) > 15:
        return None
    return int(whole)


def _reader(
    corrections: Corrections, columns: Sequence[str]
) -> Callable[[int], "Iterator[pd.DataFrame]"]:
    def read(batch: int) -> "Iterator[pd.DataFrame]":
        import pandas as pd

        rows = corrections.only()
        for start in range(0, len(rows), batch):
            part = rows[start : start + batch]
            lists = list(zip(*(row.cells for row in part), strict=True))
            frame = frame_of(columns, lists, first_row=1)
            frame.index = pd.Index([row.row for row in part], name="row")
            yield frame

    return read


def _refuse_as_too_many(sheet: Sheet) -> NoReturn:
    message = f"holds more than {MAX_CORRECTIONS:,} corrections"
    hint = "correct so many in the whole sheet, and name that as contacts.file"
    raise ContactsError([Fault(file=sheet.name, message=message, hint=hint)])


def raise_faults(faults: Sequence[Fault]) -> None:
    """Raise faults, if there are any; of many the first."""
    if not faults:
        return
    told, more = list(faults[:_FAULTS_TOLD]), len(faults) - _FAULTS_TOLD
    if more > 0:
        told.append(Fault(message=f"… and {more:,} more rows with such faults"))
    raise ContactsError(told)
