"""Workbooks: cells as a person would expect to see them, and files that are none."""

import datetime as dt
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poku_batch.contacts import open_sheet
from poku_batch.errors import ContactsError

_OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600)


def save(path: Path, rows: list[list[Any]], *, left: int = 0) -> Path:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for number, cells in enumerate(rows, start=1):
        for position, cell in enumerate(cells, start=1 + left):
            sheet.cell(number, position).value = cell
    book.save(path)
    return path


def read(path: Path) -> tuple[tuple[str, ...], list[tuple[int, tuple[str, ...]]]]:
    with open_sheet(path) as sheet:
        assert sheet.encoding is None
        rows = [(row.row, row.cells) for part in sheet.batches(2) for row in part]
        return sheet.columns, rows


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("+49 007", "+49 007"),
        ("NA", "NA"),
        (" x ", " x "),
        (14155550100, "14155550100"),
        (4155550100.0, "4155550100"),
        (-3, "-3"),
        (1e25, "10000000000000000000000000"),
        (1.5, "1.5"),
        (0.1, "0.1"),
        (dt.datetime.fromisoformat("2026-11-24T14:30"), "2026-11-24 14:30:00"),
        (dt.datetime.fromisoformat("2026-11-24"), "2026-11-24"),
        (dt.date(2026, 11, 24), "2026-11-24"),
        (dt.time(14, 30), "14:30"),
        (dt.time(14, 30, 5), "14:30:05"),
        (dt.timedelta(hours=26, minutes=5), "26:05"),
        (True, "TRUE"),
        (False, "FALSE"),
        (None, ""),
        ("#N/A", ""),
    ],
)
def test_a_cell_reads_as_a_person_sees_it(tmp_path: Path, cell: object, text: str) -> None:
    path = save(tmp_path / "s.xlsx", [["name", "x"], ["Ann", cell]])
    assert read(path) == (("name", "x"), [(2, ("Ann", text))])


def test_the_first_visible_worksheet_is_read(tmp_path: Path) -> None:
    path = tmp_path / "s.xlsm"
    book = openpyxl.Workbook()
    book.worksheets[0].sheet_state = "hidden"
    book.worksheets[0]["A1"] = "secret"
    shown = book.create_sheet("shown")
    shown.append(["name"])
    shown.append(["Ann"])
    book.active = 1
    book.save(path)
    assert read(path) == (("name",), [(2, ("Ann",))])


def test_blank_rows_count_and_empty_columns_are_left_out(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["a", None, 2024],
        [None],
        ["x", None, 1],
        [" "],
        [None],
        ["y", "", 2],
    ]
    path = save(tmp_path / "s.xlsx", rows, left=2)
    assert read(path) == (("a", "2024"), [(3, ("x", "1")), (6, ("y", "2"))])


def test_a_column_is_named_by_its_letter_in_the_workbook(tmp_path: Path) -> None:
    path = save(tmp_path / "s.xlsx", [["a", "b", "a"], ["1", "2", "3"]], left=2)
    with pytest.raises(ContactsError, match="columns C and E have the same name"):
        open_sheet(path)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([["a", None, "b"], ["1", "x", "2"]], "row 2: column B holds something"),
        ([["a", "a"], ["1", "2"]], "columns A and B have the same name"),
        ([["Ann", 4155550100], ["Bo", 1]], "column B looks like a phone number"),
        ([[None], ["a", "b"]], "the first row is empty"),
        ([["a", "b"]], "has a header and no rows"),
        ([], "is empty"),
    ],
)
def test_a_sheet_with_faults_is_refused(
    tmp_path: Path, rows: list[list[object]], message: str
) -> None:
    with pytest.raises(ContactsError, match=message):
        open_sheet(save(tmp_path / "s.xlsx", rows))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (_OLE, r"is an old Excel file \(.xls\)"),
        (
            _OLE + "EncryptedPackage".encode("utf-16-le"),
            "password-protected .* remove the password",
        ),
        (b"<html><table><tr><td>a", "is an HTML page"),
        (b"name,phone\nAnn,1\n", r"is a text file.*ending \.csv"),
        (b"PK\x03\x04broken", "is not a sound workbook"),
        (b"PAR1", "a Parquet file"),
        (b"\x00\x01\x02", "is not a sound workbook"),
        (b"", "is empty"),
    ],
)
def test_what_is_no_workbook_is_told_for_what_it_is(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "s.xlsx"
    path.write_bytes(content)
    with pytest.raises(ContactsError, match=message):
        open_sheet(path)


@cache
def whole_workbook() -> bytes:
    """One workbook for all examples: openpyxl writes the time into each, and sizes differ."""
    with TemporaryDirectory() as folder:
        path = save(Path(folder, "s.xlsx"), [["name", "phone"], *([["Ann", 1]] * 50)])
        return path.read_bytes()


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_damaged_workbook_is_read_or_refused_never_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "s.xlsx"
    whole = whole_workbook()
    places = st.integers(0, len(whole) - 1)
    damaged = bytearray(whole)
    for place, byte in data.draw(st.dictionaries(places, st.integers(0, 255), max_size=8)).items():
        damaged[place] = byte
    path.write_bytes(damaged[: data.draw(st.one_of(st.just(len(whole)), places))])
    try:
        read(path)
    except ContactsError as error:
        refused = str(error)
    else:
        return
    assert "s.xlsx" in refused
