"""Where in a file its sheet is: the worksheet, the header's row, letters and decimals."""

import csv
import io
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from poku_batch.contacts import (
    Sheet,
    frame_sheet,
    likely_header_row,
    open_sheet,
    worksheets,
)
from poku_batch.errors import ContactsError

Table = Sequence[Sequence[str]]


def put(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def write_text(path: Path, table: Table, delimiter: str) -> Path:
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(table)
    return put(path, text.getvalue())


def write_workbook(path: Path, table: Table) -> Path:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in table:
        sheet.append(list(row))
    book.save(path)
    return path


def write_parquet(path: Path, table: Table) -> Path:
    pd.DataFrame(table[1:], columns=list(table[0])).to_parquet(path)
    return path


WRITERS: dict[str, Callable[[Path, Table], Path]] = {
    ".csv": lambda path, table: write_text(path, table, ","),
    ".semicolon.csv": lambda path, table: write_text(path, table, ";"),
    ".tsv": lambda path, table: write_text(path, table, "\t"),
    ".xlsx": write_workbook,
    ".parquet": write_parquet,
}


def found(sheet: Sheet) -> list[tuple[str, tuple[str, ...]]]:
    """Every filled cell's place and the row's cells; without the worksheet, which some have."""
    with sheet:
        rows = [row for batch in sheet.batches(2) for row in batch]
    return [
        (sheet.place(row.row, position).rpartition("!")[2], row.cells)
        for row in rows
        for position in range(len(sheet.columns))
    ]


def message_of(path: Path, **layout: object) -> str:
    with pytest.raises(ContactsError) as caught:
        open_sheet(path, name="s", **layout)  # type: ignore[arg-type]
    return str(caught.value)


CELLS = st.text(st.sampled_from("abc xyzé12,;'\"\t\n"), max_size=6).map(str.strip)


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=5),
    above=st.lists(st.lists(st.sampled_from(["Clinic", "x, y", "7", ""]), max_size=5), max_size=4),
)
def test_the_same_table_is_the_same_sheet_in_every_format(
    rows: list[tuple[str, str, str]], above: list[list[str]]
) -> None:
    assume(any(cell.strip() for row in rows for cell in row))
    table = [["name", "", "phone", "note"], *([a, "", b, c] for a, b, c in rows)]
    places: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for ending, write in WRITERS.items():
            if ending == ".parquet" and above:
                continue  # it has nothing above its header
            path = write(Path(folder, f"s{ending}"), [*above, *table])
            places[ending] = found(open_sheet(path, header_row=len(above) + 1))
    first = len(above) + 2
    expected = [
        (f"{letter}{number}", row)
        for number, row in enumerate(rows, start=first)
        if any(cell.strip() for cell in row)
        for letter in "ACD"
    ]
    for ending, seen in places.items():
        assert seen == expected, ending
    if not above:
        assert found(frame_sheet(pd.DataFrame(table[1:], columns=table[0]))) == expected


def test_rows_above_the_header_may_be_anything_and_lines_are_told_as_they_are(
    tmp_path: Path,
) -> None:
    text = '"Clinic,\nNovember"\n,,,,,,,\nname,phone\nAnn,1\nBob,2,3\n'
    assert "s:6, row 5: 3 cells" in message_of(put(tmp_path / "s.csv", text), header_row=3)


@pytest.mark.parametrize("ending", [".csv", ".semicolon.csv", ".tsv", ".xlsx"])
@pytest.mark.parametrize(
    ("above", "message"),
    [
        ([["Patients of November"]], "s, row 1: looks like a title, and row 2"),
        ([["Patients", "November 2026"]], "s, row 1: looks like a title, and row 2"),
        ([[""]], "s, row 1: the first row is empty, and row 2"),
        ([["Clinic"], [""], ["as of today"]], "s, row 1: looks like a title, and row 4"),
    ],
)
def test_a_title_above_the_header_is_told_with_the_row_to_set(
    tmp_path: Path, ending: str, above: list[list[str]], message: str
) -> None:
    names = ["name", "phone", "city", "note"]
    rows = [names, ["Ann", "+14155550101", "Rome", "x"], ["Bo", "+14155550102", "", ""]]
    path = WRITERS[ending](tmp_path / f"s{ending}", [*above, *rows])
    told = message_of(path)
    assert message in told
    assert f"(set contacts.header_row: {len(above) + 1})" in told
    assert open_sheet(path, header_row=len(above) + 1).columns == tuple(names)
    assert open_sheet(path, header_row=len(above) + 1).header_row == len(above) + 1


def test_a_header_row_that_is_itself_too_high_is_told_too(tmp_path: Path) -> None:
    path = put(tmp_path / "s.csv", "a\nTitle\nname,phone\nAnn,12345\n")
    told = message_of(path, header_row=2)
    assert "s, row 2: looks like a title" in told
    assert "contacts.header_row: 3" in told


@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_a_header_row_below_the_sheet_is_refused(tmp_path: Path, ending: str) -> None:
    path = WRITERS[ending](tmp_path / f"s{ending}", [["name"], ["Ann"], ["Bob"]])
    told = message_of(path, header_row=9)
    assert "contacts.header_row: there is no row 9, the last is 3" in told


def test_faults_of_a_header_further_down_name_its_row(tmp_path: Path) -> None:
    def told(text: str) -> str:
        return message_of(put(tmp_path / "s.csv", text), header_row=2)

    assert "row 2: a: columns A and C have the same name" in told("t,,\na,b,a\n1,2,3\n")
    assert "row 3: column B holds something but has no name in row 2" in told("t,\na,\n1,2\n")
    assert "row 2: the name of column B looks like a phone" in told("t,x\nAnn,+14155550101\n")
    assert "row 2: the row is empty" in told("t,x\n,\n1,2\n")


@pytest.mark.parametrize(
    ("rows", "row"),
    [
        ([["name", "phone"], ["Ann", "+14155550101"]], 1),
        ([["Title"], ["name", "phone"], ["Ann", "+14155550101"]], 2),
        ([[], ["", ""], ["name", "phone"], ["Ann", "1"]], 3),
        ([["phone"], ["+14155550101"]], 1),
        ([["Ann", "+14155550101"], ["Bob", "+14155550102"]], None),
        ([["ann@example.com", "Ann"], ["bob@example.com", "Bob"]], None),
        ([], None),
        ([[""]] * 30 + [["name", "phone"]], None),
        ([["name", "phone"]], 1),
    ],
)
def test_the_likely_header_row_is_found(rows: list[list[str]], row: int | None) -> None:
    assert likely_header_row(rows) == row


def test_a_column_of_words_alone_is_no_title(tmp_path: Path) -> None:
    path = put(tmp_path / "s.csv", "phone\nSmith; Ann\nJones; Bob\n")
    assert open_sheet(path).columns == ("phone",)


# --- worksheets --------------------------------------------------------------------------------


@pytest.fixture
def book(tmp_path: Path) -> Path:
    made = openpyxl.Workbook()
    made.remove(made.worksheets[0])
    for name in ("Notes", "Monday", "Tuesday", "Old", "2"):
        sheet = made.create_sheet(name)
        if name != "Notes":
            sheet.append(["", "name"])
            sheet.append(["", f"from {name}"])
    made["Old"].sheet_state = "hidden"
    made.create_chartsheet("Chart")
    made.save(tmp_path / "b.xlsx")
    return tmp_path / "b.xlsx"


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("Tuesday", "Tuesday"),
        ("tuesday ", "Tuesday"),
        ("Old", "Old"),
        ("3", "Tuesday"),
        ("2", "2"),  # a name before a number
        ("4", "2"),  # hidden ones are not counted
    ],
)
def test_a_worksheet_is_read_by_its_name_or_number(book: Path, asked: str, name: str) -> None:
    with open_sheet(book, worksheet=asked) as sheet:
        assert sheet.worksheet == name
        assert sheet.worksheets == ("Notes", "Monday", "Tuesday", "2")
        assert sheet.place(2, 0) == f"{name}!B2"
        assert [row.cells for batch in sheet.batches() for row in batch] == [(f"from {name}",)]


def test_the_very_name_goes_before_one_that_is_like_it(tmp_path: Path) -> None:
    made = openpyxl.Workbook()
    for name in ("Monday", "Monday "):
        made.create_sheet(name).append(["x"])
        made[name].append([name])
    made.save(tmp_path / "b.xlsx")
    for name in ("Monday", "Monday "):
        assert open_sheet(tmp_path / "b.xlsx", worksheet=name).worksheet == name


@pytest.mark.parametrize(
    ("asked", "hint"),
    [
        ("Tuseday", 'did you mean "Tuesday"? the visible worksheets are "Notes", "Monday", '),
        ("7", 'the visible worksheets are "Notes"'),
        ("0", 'the visible worksheets are "Notes"'),
        ("", 'the visible worksheets are "Notes"'),
        ("Chart", 'the visible worksheets are "Notes"'),
    ],
)
def test_an_unknown_worksheet_is_refused_with_those_there_are(
    book: Path, asked: str, hint: str
) -> None:
    told = message_of(book, worksheet=asked)
    assert f's: contacts.sheet: there is no worksheet "{asked}" (' in told
    assert hint in told
    assert "Old" not in told


def test_an_empty_first_worksheet_is_told_with_the_next(book: Path) -> None:
    assert 'the worksheet "Notes" is empty' in message_of(book)
    assert 'contacts.sheet: "Monday"' in message_of(book)


def test_worksheets_are_listed_and_other_files_have_none(book: Path, tmp_path: Path) -> None:
    assert worksheets(book) == ("Notes", "Monday", "Tuesday", "2")
    assert worksheets(put(tmp_path / "s.csv", "a\n1\n")) == ()
    with pytest.raises(ContactsError, match=r"not an \.xlsx workbook"):
        worksheets(put(tmp_path / "s.xlsx", "a\n1\n"))
    with pytest.raises(ContactsError, match="no such file"):
        worksheets(tmp_path / "gone.xlsx")


def test_what_a_format_has_not_cannot_be_asked_of_it(tmp_path: Path) -> None:
    text = put(tmp_path / "s.csv", "a\n1\n")
    assert "s: contacts.sheet: a text file has no worksheets" in message_of(text, worksheet="x")
    parquet = write_parquet(tmp_path / "s.parquet", [["a"], ["1"]])
    told = message_of(parquet, worksheet="x", header_row=2)
    assert "s: contacts.sheet: a Parquet file has no worksheets" in told
    assert "s: contacts.header_row: a Parquet file has nothing above" in told


# --- as Excel writes them ----------------------------------------------------------------------


@pytest.mark.parametrize("line", ["sep=;", '"sep=;"', "SEP=;", "\ufeffsep=;"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_the_line_that_tells_excel_the_delimiter_is_no_row(
    tmp_path: Path, line: str, end: str
) -> None:
    text = end.join([line, "name;price, net", "Ann;1,5", "Bob;1;2", ""])
    told = message_of(put(tmp_path / "s.csv", text))
    assert "s:4, row 3: 3 cells where the header has 2" in told
    text = end.join([line, "name;price, net", "Ann;1,5", "", "Bob;2,5", ""])
    with open_sheet(put(tmp_path / "s.csv", text)) as sheet:
        assert (sheet.delimiter, sheet.decimal, sheet.last_row) == (";", ",", 4)
        assert found(sheet)[0] == ("A2", ("Ann", "1,5"))
        assert found(sheet)[-1] == ("B4", ("Bob", "2,5"))


def test_a_delimiter_that_only_the_line_names_is_taken(tmp_path: Path) -> None:
    with open_sheet(put(tmp_path / "s.csv", "sep=^\na^b\n1,2^3\n")) as sheet:
        assert found(sheet)[0] == ("A2", ("1,2", "3"))


def test_a_column_that_is_called_sep_is_a_column(tmp_path: Path) -> None:
    assert open_sheet(put(tmp_path / "s.csv", "sep=a,b\n1,2\n")).columns == ("sep=a", "b")


def test_a_european_sheet_reads_as_excel_saves_it(tmp_path: Path) -> None:
    text = "Name;Telefon;Betrag;;;\r\nJörg Müller;+49 30 123;1.234,50;;;\r\nZoë;+49 40 1;;;\r\n"
    with open_sheet(put(tmp_path / "s.csv", text.encode("cp1252"))) as sheet:
        assert sheet.columns == ("Name", "Telefon", "Betrag")
        assert (sheet.encoding, sheet.delimiter, sheet.decimal) == ("Windows-1252", ";", ",")
        assert found(sheet)[2] == ("C2", ("Jörg Müller", "+49 30 123", "1.234,50"))


def test_empty_cells_past_the_header_are_no_fault_and_filled_ones_are(tmp_path: Path) -> None:
    with open_sheet(put(tmp_path / "s.csv", "a;b\n1;2;;;\n3;4\n5;6; \n")) as sheet:
        rows = [row.cells for batch in sheet.batches(1) for row in batch]
    assert rows == [("1", "2"), ("3", "4"), ("5", "6")]
    assert "4 cells where the header has 2" in message_of(put(tmp_path / "t.csv", "a;b\n1;2;;x\n"))


def test_decimals_are_by_the_delimiter_unless_said(tmp_path: Path) -> None:
    semicolons = put(tmp_path / "s.csv", "a;b\n1;2\n")
    assert open_sheet(semicolons).decimal == ","
    assert open_sheet(semicolons, decimal=".").decimal == "."
    assert open_sheet(put(tmp_path / "t.csv", "a,b\n1,2\n"), decimal=",").decimal == ","
    assert open_sheet(put(tmp_path / "u.tsv", "a\tb\n1\t2\n")).decimal == "."
    book = write_workbook(tmp_path / "s.xlsx", [["a"], ["1"]])
    assert open_sheet(book, decimal=",").decimal == "."
    assert frame_sheet(pd.DataFrame({"a": [1.5]})).decimal == "."
