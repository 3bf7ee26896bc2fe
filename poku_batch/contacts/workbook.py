"""Sheets in Excel workbooks: the first visible worksheet, its first row the header."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pandas as pd
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
    load_workbook,
)

from poku_batch.contacts.cells import cell_text
from poku_batch.contacts.files import reading
from poku_batch.contacts.header import Header, read_header
from poku_batch.contacts.kinds import foreign_kind
from poku_batch.contacts.sheet import Sheet, frame_of
from poku_batch.errors import ContactsError, Fault

_SAVE_AGAIN = "open it in a spreadsheet program and save it as .xlsx"


def open_workbook(path: Path, *, file: str) -> Sheet:
    """Open a workbook. Raises ``ContactsError`` if it is not one, or its header has faults."""
    return _sheet_of(*_open(path, file), file)


def workbook_rows(path: Path, *, file: str) -> Iterator[list[str]]:
    """Read all rows of the first visible worksheet, whatever its first one is, from A1 on.

    Raises ``ContactsError`` if the file is not a workbook.
    """
    workbook, worksheet = _open(path, file)
    try:
        for cells in _rows(worksheet):
            yield [_text(cell) for cell in cells]
    finally:
        workbook.close()


def _open(path: Path, file: str) -> tuple[CalamineWorkbook, CalamineSheet]:
    with reading(path, file=file):
        kind = foreign_kind(path, expected="zip")
        if kind is not None:
            raise _fault(file, f"is {kind}, not an .xlsx workbook", _hint_for(kind))
        workbook = _load(path, file)
        return workbook, _first_visible(workbook, file)


def _load(path: Path, file: str) -> CalamineWorkbook:
    try:
        return load_workbook(path)
    except PasswordError as error:
        hint = _hint_for("password-protected")
        raise _fault(file, "is a password-protected workbook", hint) from error
    except CalamineError as error:
        raise _fault(file, f"is not a sound workbook: {error}", _SAVE_AGAIN) from error


def _first_visible(workbook: CalamineWorkbook, file: str) -> CalamineSheet:
    for found in workbook.sheets_metadata:
        if found.visible == SheetVisibleEnum.Visible and found.typ == SheetTypeEnum.WorkSheet:
            try:
                return workbook.get_sheet_by_name(found.name)
            except CalamineError as error:
                raise _fault(file, f"is not a sound workbook: {error}", _SAVE_AGAIN) from error
    raise _fault(file, "has no visible worksheet", "show the one with the contacts")


def _sheet_of(workbook: CalamineWorkbook, worksheet: CalamineSheet, file: str) -> Sheet:
    first = next(_rows(worksheet), None)
    if first is None:
        hint = "the first row of the first visible one must hold the column names"
        raise _fault(file, f'the worksheet "{worksheet.name}" is empty', hint)
    header = read_header(map(cell_text, first), file=file)
    if header.nameless:
        for row, cells in enumerate(islice(_rows(worksheet), 1, None), start=2):
            fault = header.stray([cell_text(cell) for cell in cells], file=file, row=row)
            if fault is not None:
                raise ContactsError([fault])
    return Sheet(
        name=file,
        columns=header.names,
        read=lambda batch: _frames(worksheet, header, batch),
        release=workbook.close,
    )


def _frames(worksheet: CalamineSheet, header: Header, batch: int) -> Iterator[pd.DataFrame]:
    rows = islice(_rows(worksheet), 1, None)
    first_row = 2
    while taken := list(islice(rows, batch)):
        columns = list(zip(*taken, strict=True))
        lists = [[_text(cell) for cell in columns[position]] for position in header.kept]
        yield frame_of(header.names, lists, first_row=first_row)
        first_row += len(taken)


def _rows(worksheet: CalamineSheet) -> Iterator[list[object]]:
    """Read rows from A1 on; the reader itself leaves out empty columns at the left."""
    left = worksheet.start[1] if worksheet.start else 0
    for cells in worksheet.iter_rows():
        yield [*[""] * left, *cells]


def _text(cell: object) -> str:
    return cell if type(cell) is str else cell_text(cell)


def _hint_for(kind: str) -> str:
    if "password-protected" in kind:
        return "open it, remove the password and save it again"
    if kind == "a text file":
        return "is it a CSV file? then give it the ending .csv"
    return _SAVE_AGAIN


def _fault(file: str, message: str, hint: str) -> ContactsError:
    return ContactsError([Fault(file=file, message=message, hint=hint)])
