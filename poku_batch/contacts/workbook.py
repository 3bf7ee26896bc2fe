"""Sheets in Excel workbooks: the worksheet that is asked for, or the first visible one.

Worksheets are known by their names, which Excel compares without regard to case, or by their place
among the visible ones, from 1.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
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
from poku_batch.contacts.columns import nearest
from poku_batch.contacts.files import reading
from poku_batch.contacts.header import (
    LOOKED_AT,
    Header,
    check_header_place,
    no_such_row,
    read_header,
)
from poku_batch.contacts.kinds import foreign_kind
from poku_batch.contacts.sheet import Layout, Sheet, frame_of
from poku_batch.errors import ContactsError, Fault

_SHOWN_WORKSHEETS = 20
_SAVE_AGAIN = "open it in a spreadsheet program and save it as .xlsx"


def open_workbook(path: Path, *, file: str, layout: Layout) -> Sheet:
    """Open a workbook.

    Raises ``ContactsError`` if it is not one, has no such worksheet, or its header has faults.
    """
    workbook, worksheet = _open(path, file, layout.worksheet)
    try:
        return _sheet_of(workbook, worksheet, file, layout.header_row)
    except BaseException:
        workbook.close()
        raise


def workbook_rows(path: Path, *, file: str) -> Iterator[list[str]]:
    """Read all rows of the first visible worksheet, whatever its first one is, from A1 on.

    Raises ``ContactsError`` if the file is not a workbook.
    """
    workbook, worksheet = _open(path, file, None)
    try:
        for cells in _rows(worksheet):
            yield [_text(cell) for cell in cells]
    finally:
        workbook.close()


def visible_worksheets(path: Path, *, file: str) -> tuple[str, ...]:
    """The names of a workbook's visible worksheets, in order. Raises ``ContactsError``."""
    with reading(path, file=file), closing(_load(path, file)) as workbook:
        return _visible(workbook)


def _open(path: Path, file: str, wanted: str | None) -> tuple[CalamineWorkbook, CalamineSheet]:
    with reading(path, file=file):
        workbook = _load(path, file)
        try:
            name = _chosen(workbook, file, wanted)
            return workbook, workbook.get_sheet_by_name(name)
        except CalamineError as error:
            workbook.close()
            raise _fault(file, f"is not a sound workbook: {error}", _SAVE_AGAIN) from error


def _load(path: Path, file: str) -> CalamineWorkbook:
    kind = foreign_kind(path, expected="zip")
    if kind is not None:
        raise _fault(file, f"is {kind}, not an .xlsx workbook", _hint_for(kind))
    try:
        return load_workbook(path)
    except PasswordError as error:
        hint = _hint_for("password-protected")
        raise _fault(file, "is a password-protected workbook", hint) from error
    except CalamineError as error:
        raise _fault(file, f"is not a sound workbook: {error}", _SAVE_AGAIN) from error


def _visible(workbook: CalamineWorkbook) -> tuple[str, ...]:
    return tuple(
        found.name
        for found in workbook.sheets_metadata
        if found.typ == SheetTypeEnum.WorkSheet and found.visible == SheetVisibleEnum.Visible
    )


def _chosen(workbook: CalamineWorkbook, file: str, wanted: str | None) -> str:
    """The name of the worksheet that is wanted: its name, or its number; hidden ones by name."""
    visible = _visible(workbook)
    if wanted is None:
        if not visible:
            raise _fault(file, "has no visible worksheet", "show the one with the contacts")
        return visible[0]
    found = workbook.sheets_metadata
    names = [sheet.name for sheet in found if sheet.typ == SheetTypeEnum.WorkSheet]
    if wanted in names:
        return wanted
    folded = {name.strip().casefold(): name for name in names}
    if wanted.strip().casefold() in folded:
        return folded[wanted.strip().casefold()]
    if wanted.isdecimal() and 1 <= int(wanted) <= len(visible):
        return visible[int(wanted) - 1]
    raise _no_such_worksheet(file, wanted, names, visible)


def _no_such_worksheet(
    file: str, wanted: str, names: Sequence[str], visible: Sequence[str]
) -> ContactsError:
    near = nearest(wanted, names)
    listed = ", ".join(f'"{name}"' for name in visible[:_SHOWN_WORKSHEETS])
    more = len(visible) - _SHOWN_WORKSHEETS
    hint = f"the visible worksheets are {listed}{f' and {more} more' if more > 0 else ''}"
    if not visible:
        hint = "no worksheet of it is visible"
    elif len(visible) == 1:
        hint = f"the only visible worksheet is {listed}"
    if near is not None:
        hint = f'did you mean "{near}"? {hint}'
    message = f'there is no worksheet "{wanted}"'
    return ContactsError([Fault(file=file, column="contacts.sheet", message=message, hint=hint)])


def _sheet_of(
    workbook: CalamineWorkbook, worksheet: CalamineSheet, file: str, header_row: int
) -> Sheet:
    visible = _visible(workbook)
    first = [
        [cell_text(cell) for cell in cells]
        for cells in islice(_rows(worksheet), header_row - 1, header_row - 1 + LOOKED_AT)
    ]
    height = worksheet.end[0] + 1 if worksheet.end else 0
    if not height:
        raise _empty(worksheet.name, visible, file)
    if not first:
        raise no_such_row(header_row, file=file, rows=height)
    check_header_place(first, file=file, row=header_row)
    header = read_header(first[0], file=file, row=header_row)
    _check_nameless(worksheet, header, file)
    return Sheet(
        name=file,
        columns=header.names,
        read=lambda batch: _frames(worksheet, header, batch),
        release=workbook.close,
        worksheet=worksheet.name,
        worksheets=visible,
        letters=header.letters,
        header_row=header_row,
        last_row=height,
    )


def _empty(name: str, visible: Sequence[str], file: str) -> ContactsError:
    hint = "its first row must hold the column names"
    others = [other for other in visible if other != name]
    if others:
        hint = f'name the one with the contacts: contacts.sheet: "{others[0]}"'
    return _fault(file, f'the worksheet "{name}" is empty', hint)


def _check_nameless(worksheet: CalamineSheet, header: Header, file: str) -> None:
    if not header.nameless:
        return
    for row, cells in enumerate(islice(_rows(worksheet), header.row, None), start=header.row + 1):
        fault = header.stray([cell_text(cell) for cell in cells], file=file, row=row)
        if fault is not None:
            raise ContactsError([fault])


def _frames(worksheet: CalamineSheet, header: Header, batch: int) -> Iterator[pd.DataFrame]:
    rows = islice(_rows(worksheet), header.row, None)
    first_row = header.row + 1
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
