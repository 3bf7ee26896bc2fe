"""Several files as one sheet: which match, in what order, and where each row is to be found."""

import os
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from poku_batch.contacts import matching_files, open_sheets
from poku_batch.errors import ContactsError


def put(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def book(path: Path, rows: list[list[str]], title: str) -> Path:
    made = openpyxl.Workbook()
    made.worksheets[0].title = title
    for row in rows:
        made.worksheets[0].append(row)
    made.save(path)
    return path


def names(folder: Path, pattern: str, *leave_out: str) -> list[str]:
    found = matching_files(folder / pattern, leave_out=[folder / name for name in leave_out])
    return [str(path.relative_to(folder)) for path in found]


def message_of(pattern: Path, *leave_out: Path) -> str:
    with pytest.raises(ContactsError) as caught:
        matching_files(pattern, leave_out=leave_out)
    return str(caught.value)


def test_rows_are_numbered_through_and_found_in_their_files(tmp_path: Path) -> None:
    paths = [
        put(tmp_path / "a.csv", "name,phone\nAnn,1\n\nBob,2\n\n"),
        book(tmp_path / "b.xlsx", [["phone", "", "name"], ["3", "", "Cid"]], "Tuesday"),
        put(tmp_path / "c.csv", "name,phone\n"),
        put(tmp_path / "d.tsv", "name\tphone\nDot\t4\nEva\t5\n"),
        tmp_path / "e.parquet",
    ]
    pd.DataFrame({"phone": ["6"], "name": ["Fay"]}).to_parquet(paths[-1])
    with open_sheets(paths, name="the inbox") as sheet:
        rows = [row for batch in sheet.batches(2) for row in batch]
        again = [row for batch in sheet.batches() for row in batch]
        assert all(frame.columns.tolist() == ["name", "phone"] for frame in sheet.rows())
    assert sheet.columns == ("name", "phone")
    assert sheet.name == "the inbox"
    assert rows == again
    assert [row.cells for row in rows] == [
        (name, str(n)) for n, name in enumerate(["Ann", "Bob", "Cid", "Dot", "Eva", "Fay"], 1)
    ]
    assert [sheet.place(row.row, 1) for row in rows] == [
        "a.csv, B2",
        "a.csv, B4",
        "b.xlsx, Tuesday!A2",
        "d.tsv, B2",
        "d.tsv, B3",
        "e.parquet, A2",
    ]
    numbers = [row.row for row in rows]
    assert numbers == sorted(set(numbers))
    assert numbers[:2] == [2, 4]
    assert sheet.place(rows[2].row) == "b.xlsx, row 2"
    assert sheet.place(1) == "a.csv, row 1"
    assert len({id(part) for part in sheet.parts}) == len(paths)


def test_headers_below_titles_are_passed_in_every_file(tmp_path: Path) -> None:
    paths = [put(tmp_path / f"{n}.csv", f"Title {n}\n\nname,x\nAnn {n},\n") for n in (1, 2)]
    with open_sheets(paths, name="all", header_row=3) as sheet:
        rows = [row for batch in sheet.batches() for row in batch]
    assert [(row.row, row.cells[0]) for row in rows] == [(4, "Ann 1"), (5, "Ann 2")]
    assert [sheet.place(row.row, 0) for row in rows] == ["1.csv, A4", "2.csv, A4"]


def test_how_the_files_were_read_is_told_of_all(tmp_path: Path) -> None:
    first = put(tmp_path / "a.csv", "name,phone\nAnn,1\n")
    second = tmp_path / "b.csv"
    second.write_bytes("name,phone\nJörg,2\n".encode("cp1252"))
    third = book(tmp_path / "c.xlsx", [["name", "phone"], ["Cid", "3"]], "x")
    with open_sheets([first, second], name="all") as sheet:
        assert (sheet.encoding, sheet.delimiter) == ("UTF-8 and Windows-1252", ",")
    with open_sheets([first, third], name="all") as sheet:
        assert (sheet.encoding, sheet.delimiter) == ("UTF-8", None)
    with open_sheets([third, third], name="all") as sheet:
        assert (sheet.encoding, sheet.delimiter, sheet.worksheet) == (None, None, None)


def test_one_file_of_a_pattern_is_named_too(tmp_path: Path) -> None:
    with open_sheets([put(tmp_path / "a.csv", "name\nAnn\n")], name="all") as sheet:
        assert sheet.place(2, 0) == "a.csv, A2"


def test_files_with_the_same_name_are_told_apart_by_their_folders(tmp_path: Path) -> None:
    paths = [put(tmp_path / folder / "list.csv", "name\nAnn\n") for folder in ("n", "s")]
    with open_sheets(paths, name="all") as sheet:
        assert sheet.place(3, 0) == str(Path("s", "list.csv")) + ", A2"


def test_columns_that_differ_are_one_fault_that_names_both_files(tmp_path: Path) -> None:
    paths = [
        put(tmp_path / "north.csv", "name,phone\nAnn,1\n"),
        put(tmp_path / "south.csv", "name,Phone \nBob,2\n"),
        put(tmp_path / "west.csv", "name,phone,city\nBob,2,Rome\n"),
    ]
    with pytest.raises(ContactsError) as caught:
        open_sheets(paths, name="all")
    first, second = map(str, caught.value.faults)
    assert "south.csv, row 1: the columns are not those of north.csv: it lacks " in first
    assert '"phone" and has "Phone" (rename "Phone" to "phone"?' in first
    assert 'west.csv, row 1: the columns are not those of north.csv: it has "city"' in second


def test_every_file_with_a_fault_is_told_at_once(tmp_path: Path) -> None:
    paths = [
        put(tmp_path / "a.csv", "name,phone\nAnn\n"),
        put(tmp_path / "b.csv", ""),
        put(tmp_path / "c.pdf", "x"),
    ]
    with pytest.raises(ContactsError) as caught:
        open_sheets(paths, name="all")
    assert [fault.file for fault in caught.value.faults] == [str(path) for path in paths]


def test_decimals_that_differ_are_refused_until_they_are_said(tmp_path: Path) -> None:
    paths = [
        put(tmp_path / "a.csv", "name,price\nAnn,1.5\n"),
        put(tmp_path / "b.csv", 'name;price\nBob;"1.5"\n'),
    ]
    with pytest.raises(ContactsError, match=r"with a comma, and a\.csv with a point"):
        open_sheets(paths, name="all")
    assert open_sheets(paths, name="all", decimal=".").decimal == "."


def test_files_without_any_contact_are_refused(tmp_path: Path) -> None:
    paths = [put(tmp_path / f"{n}.csv", "name\n") for n in (1, 2)]
    with pytest.raises(ContactsError, match="all: has a header and no rows"):
        open_sheets(paths, name="all")


def test_a_file_that_changes_between_two_readings_is_refused(tmp_path: Path) -> None:
    paths = [
        put(tmp_path / "a.csv", "name\nAnn\n"),
        book(tmp_path / "b.xlsx", [["name"], ["Bob"]], "x"),
    ]
    sheet = open_sheets(paths, name="all")
    book(paths[1], [["name"], ["Bob"], ["Cid"]], "x")
    os.utime(paths[1], ns=(1, 1))
    with pytest.raises(ContactsError, match=r"b.xlsx: was changed while it was being read"):
        list(sheet.batches())


# --- which files -------------------------------------------------------------------------------


def test_matching_files_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "c.txt", "A.csv", "deep/d.csv", "deep/er/e.csv"):
        put(tmp_path / name, "x")
    assert names(tmp_path, "*.csv") == ["A.csv", "a.csv", "b.csv"]
    assert names(tmp_path, "?.csv") == ["A.csv", "a.csv", "b.csv"]
    assert names(tmp_path, "deep/*.csv") == [str(Path("deep", "d.csv"))]
    assert names(tmp_path, "**/e.csv") == [str(Path("deep", "er", "e.csv"))]


def test_hidden_files_locks_and_folders_are_never_meant(tmp_path: Path) -> None:
    for name in (".a.csv", "~$b.xlsx", ".~lock.c.csv#", "folder.csv/x", "d.csv", "e.xlsx"):
        put(tmp_path / name, "x")
    assert names(tmp_path, "*") == ["d.csv", "e.xlsx"]
    assert names(tmp_path, "*.csv") == ["d.csv"]


def test_what_the_campaign_writes_is_left_out_under_all_its_names(tmp_path: Path) -> None:
    for name in ("a.csv", "out.csv", "out (2).csv", "out (x).csv", "other (2).csv"):
        put(tmp_path / name, name)
    (tmp_path / "linked.csv").symlink_to(tmp_path / "out.csv")
    (tmp_path / "hard.csv").hardlink_to(tmp_path / "out.csv")
    assert names(tmp_path, "*.csv", "out.csv", "never written.csv") == [
        "a.csv",
        "other (2).csv",
        "out (x).csv",
    ]
    told = message_of(tmp_path / "out*", tmp_path / "out.csv", tmp_path / "out (x).csv")
    assert "matches no sheet (only files that the campaign writes" in told


def test_brackets_and_folders_that_are_really_called_so_are_no_pattern(tmp_path: Path) -> None:
    put(tmp_path / "[2026]" / "a*b" / "list [1].csv", "x")
    put(tmp_path / "2" / "aab" / "list 1.csv", "x")
    put(tmp_path / "[2026]" / "aab" / "list [1].csv", "x")
    assert names(tmp_path, "[2026]/a*b/list [1]*.csv") == [
        str(Path("[2026]", "a*b", "list [1].csv"))
    ]


def test_a_pattern_without_a_match_tells_what_is_there(tmp_path: Path) -> None:
    assert f"there is no folder {tmp_path / 'inbox'}" in message_of(tmp_path / "inbox" / "*.csv")
    (tmp_path / "inbox").mkdir()
    assert f"the folder {tmp_path / 'inbox'} is empty" in message_of(tmp_path / "inbox" / "*.csv")
    for n in range(7):
        put(tmp_path / "inbox" / f"{n}.xlsx", "x")
    told = message_of(tmp_path / "inbox" / "*.csv")
    assert f"{tmp_path / 'inbox' / '*.csv'}: matches no file (the folder " in told
    assert "has 0.xlsx, 1.xlsx, 2.xlsx, 3.xlsx, 4.xlsx and 2 more)" in told
