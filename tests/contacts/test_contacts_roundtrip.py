"""Whatever text a table holds, it comes back exactly; the two passes of the reader agree."""

import codecs
import csv
import io
import string
import tempfile
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from poku_batch.contacts import open_sheet
from poku_batch.errors import ContactsError

_MARKS = {
    "utf-8-sig": codecs.BOM_UTF8,
    "utf-16-le": codecs.BOM_UTF16_LE,
    "utf-16-be": codecs.BOM_UTF16_BE,
}
_CP1252 = "".join(chr(n) for n in range(1, 256) if n not in range(0x80, 0xA0)) + "€…“”Žž"
_TRICKY = [
    "",
    " ",
    '"',
    '""',
    "NA",
    "null",
    "1e11",
    "+49 30 1",
    "007",
    "a\nb",
    "a\r\nb",
    "\r",
    "x,y",
]
_TRICKY += [
    "a;b",
    "a\tb",
    "a|b",
    "'",
    "=1+1",
    "#",
    "\\",
    "\\N",
    "nan",
    "1.0",
    "\u2028",
    "\x1c",
    "\x85",
]


def _cells(encoding: str) -> st.SearchStrategy[str]:
    if encoding == "cp1252":
        letters = st.sampled_from(_CP1252)
    else:
        letters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
    tricky = [cell for cell in _TRICKY if encoding != "cp1252" or set(cell) <= set(_CP1252)]
    mixed = st.one_of(letters, st.sampled_from("\",;\t|\r\n 'ab1"))
    return st.one_of(st.sampled_from(tricky), st.text(mixed, max_size=8))


@st.composite
def _tables(draw: st.DrawFn, encoding: str) -> tuple[list[str], list[list[str]]]:
    width = draw(st.integers(1, 5))
    name = st.text(string.ascii_letters + "_é", min_size=1, max_size=6)
    header = draw(st.lists(name, min_size=width, max_size=width, unique=True))
    row = st.lists(_cells(encoding), min_size=width, max_size=width)
    rows = draw(st.lists(row, min_size=1, max_size=8))
    return header, rows


def _write(path: Path, text: str, encoding: str) -> None:
    codec = encoding.removesuffix("-sig")
    path.write_bytes(_MARKS.get(encoding, b"") + text.encode(codec))


def _expected(rows: list[list[str]]) -> list[tuple[int, tuple[str, ...]]]:
    numbered = enumerate(map(tuple, rows), start=2)
    return [(row, cells) for row, cells in numbered if any(cell.strip() for cell in cells)]


def _read(path: Path, batch: int) -> tuple[tuple[str, ...], list[tuple[int, tuple[str, ...]]]]:
    with open_sheet(path) as sheet:
        rows = [(row.row, row.cells) for part in sheet.batches(batch) for row in part]
        return sheet.columns, rows


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_any_table_comes_back_exactly(encoding: str, delimiter: str, data: st.DataObject) -> None:
    header, rows = data.draw(_tables(encoding))
    # A second column of plain text lets the delimiter be told; one of é keeps Windows-1252 apart.
    header = [*header, "zzé1", "zz2"]
    rows = [[*row, "é", "b"] for row in rows]
    terminator = data.draw(st.sampled_from(["\n", "\r\n", "\r"]))
    all_quoted = data.draw(st.booleans())
    quoting: Literal[0, 1] = csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL
    # The module leaves lone carriage returns unquoted before Python 3.13.
    if terminator == "\n" and not all_quoted:
        assume(not any("\r" in cell for row in rows for cell in row))
    if terminator == "\r" and not all_quoted:
        assume(not any("\n" in cell for row in rows for cell in row))
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator=terminator, quoting=quoting)
    writer.writerows([header, *rows])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "sheet.tsv" if delimiter == "\t" else "sheet.csv")
        _write(path, text.getvalue(), encoding)
        columns, found = _read(path, data.draw(st.sampled_from([1, 2, 3, 10_000])))
    assert columns == tuple(header)
    assert found == _expected(rows)


@settings(max_examples=600, deadline=None)
@given(
    text=st.text(st.sampled_from('aé1 ",\r\n\ufeff\t'), max_size=30),
    batch=st.sampled_from([1, 2, 10_000]),
)
@example(text="\r\n\n\r\r\nx,y\r,z", batch=1)
@example(text='"a\r', batch=1)
@example(text="a,b\n\n,,,,,,\n   \nc,d", batch=2)
def test_a_file_is_refused_or_read_as_the_standard_library_reads_it(text: str, batch: int) -> None:
    text = f"p,q\n{text}"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "sheet.csv")
        path.write_bytes(text.encode())
        try:
            _, found = _read(path, batch)
        except ContactsError:
            return
    records = list(csv.reader(io.StringIO(text, newline=""), strict=True))[1:]
    assert all(not cell.strip() for cells in records for cell in cells[2:])
    assert found == _expected([cells[:2] for cells in records])


def test_rows_after_blank_ones_keep_the_number_a_spreadsheet_shows(tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    path.write_bytes(b'name,phone\n\nAnn,1\n , \n,,,,,,\n"two\nlines",2\n\n')
    columns, found = _read(path, 2)
    assert columns == ("name", "phone")
    assert found == [(3, ("Ann", "1")), (6, ("two\nlines", "2"))]


def test_frames_hold_text_in_file_order_and_are_numbered(tmp_path: Path) -> None:
    path = tmp_path / "sheet.csv"
    path.write_text("phone,NA,count\n+4930123,NA,1e11\n0049,null,007\n,nan,1.0\n")
    with open_sheet(path) as sheet:
        first, second = sheet.rows(batch=2)
        again = list(sheet.rows())
    assert first.columns.tolist() == ["phone", "NA", "count"]
    assert first.to_numpy().tolist() == [["+4930123", "NA", "1e11"], ["0049", "null", "007"]]
    assert first.index.tolist() == [2, 3]
    assert first.index.name == second.index.name == "row"
    assert second.to_numpy().tolist() == [["", "nan", "1.0"]]
    assert len(again) == 1
    assert {type(cell) for cell in again[0].to_numpy().ravel()} == {str}
