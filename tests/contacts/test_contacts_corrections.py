"""Corrected rejects take their places in the whole sheet, and change nobody who was called."""

import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from poku_batch.contacts import (
    Identity,
    Merging,
    are_corrections,
    corrected_sheet,
    corrections,
    open_sheet,
)
from poku_batch.errors import ContactsError
from poku_batch.models import ContactRecord, ContactState, SheetRow
from poku_batch.results import taken_columns

COLUMNS = ("name", "phone")
#: As without a key: all columns but the number's.
NAME = Identity(columns=(0,))
KEY = Identity(columns=(0,), is_key=True)


def sheet_of(tmp_path: Path, text: str) -> corrections.CorrectedSheet:
    path = tmp_path / "corrected.csv"
    path.write_text(text)
    return corrected_sheet(open_sheet(path), COLUMNS)


def record(row: int, *cells: str, **known: Any) -> ContactRecord:
    values: dict[str, Any] = {
        **dict.fromkeys(("to", "outcome", "summary", "recording_url", "interaction_id", "error")),
        "started_at": None,
        "ended_at": None,
        "attempts": 0,
        "state": ContactState.SKIPPED,
    }
    return ContactRecord(row=row, key="", cells=cells, **values | known)


def merged(sheet: corrections.CorrectedSheet, *records: ContactRecord) -> list[SheetRow]:
    merging = Merging(sheet.corrections, NAME)
    rows = merging.rows(records[:2]) + merging.rows(records[2:])
    return rows + merging.rest()


def listed(rows: Sequence[SheetRow]) -> list[tuple[object, ...]]:
    return [(row.row, *row.cells) for row in rows]


WHOLE = (record(2, "Ann", "1"), record(3, "Bo", "abc"), record(7, "Cy", ""))


@pytest.mark.parametrize(
    ("columns", "are"),
    [
        (("name", "call_row", "call_error"), True),
        (("Call_Error ", "name", "CALL_ROW"), True),
        (("name", "call_notes", "call_row", "call_error"), True),
        (("name", "call_row"), False),
        (("name", "call_error"), False),
        (("name", "call_row", "call_error", "call_status"), False),
        (("name", "call_row", "call_error", "call_field_mood"), False),
        (("name",), False),
    ],
)
def test_a_file_of_rejects_is_known_by_its_two_columns(
    columns: tuple[str, ...], *, are: bool
) -> None:
    assert are_corrections(columns, taken_columns(["mood"])) is are


def test_corrected_rows_are_in_their_places_and_new_ones_after_the_last(tmp_path: Path) -> None:
    sheet = sheet_of(
        tmp_path,
        "phone,call_error,name,call_row\n9,why,Cy,7.0\n8,,Bo,3\n5,,Eve,\n ,,,2\n,x,,\n6,,Flo,\n",
    )
    assert sheet.columns == COLUMNS
    whole = [(2, "Ann", "1"), (3, "Bo", "8"), (7, "Cy", "9"), (8, "Eve", "5"), (9, "Flo", "6")]
    assert listed(merged(sheet, *WHOLE)) == whole
    # In the file itself: D3 is call_row, A3 the phone of Bo.
    assert sheet.place(3, 1) == "A3"
    assert sheet.place(3, 0) == "C3"
    assert sheet.place(7) == "row 2"
    assert sheet.place(8, 1) == "A4"
    assert sheet.place(9, 1) == "A7"
    assert sheet.place(2, 1) == "row 2 of the whole sheet"
    # What the rows are by themselves.
    alone = [row for batch in sheet.batches(2) for row in batch]
    assert listed(alone) == whole[1:]


def test_rows_that_an_earlier_run_added_are_not_added_again(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path, "name,phone,call_row,call_error\nEve,5,,\nEve,5,,\nFlo,6,,\n")
    first = merged(sheet, *WHOLE)
    assert listed(first[3:]) == [(8, "Eve", "5"), (9, "Eve", "5"), (10, "Flo", "6")]
    again = [record(row.row, *row.cells) for row in first]
    assert merged(sheet, *again) == first
    # One of them has gone since; only that one comes back.
    assert listed(merged(sheet, *again[:-2], again[-1]))[3:] == [
        (8, "Eve", "5"),
        (10, "Flo", "6"),
        (11, "Eve", "5"),
    ]


@pytest.mark.parametrize(
    ("known", "changes"),
    [
        ({}, True),
        ({"state": ContactState.FAILED, "attempts": 1}, True),
        ({"state": ContactState.FAILED, "attempts": 1, "outcome": "invalid_number"}, True),
        ({"state": ContactState.PENDING}, True),
        ({"state": ContactState.PENDING, "attempts": 1, "rang": True}, False),
        ({"state": ContactState.FAILED, "attempts": 3, "rang": True}, False),
        ({"state": ContactState.SKIPPED, "attempts": 1, "rang": True}, False),
        ({"state": ContactState.DONE, "rang": True}, False),
        ({"state": ContactState.DONE}, False),
        ({"state": ContactState.UNKNOWN, "rang": True}, False),
        ({"state": ContactState.DIALING, "rang": True}, False),
    ],
)
def test_whoever_was_called_keeps_the_cells_they_were_called_with(
    tmp_path: Path, known: dict[str, Any], *, changes: bool
) -> None:
    sheet = sheet_of(tmp_path, "name,phone,call_row,call_error\nBo,8,3,\nAnn,1,2,\n")
    called = record(3, "Bo", "abc", **known)
    rows = merged(sheet, record(2, "Ann", "1", state=ContactState.DONE, rang=True), called)
    assert listed(rows) == [(2, "Ann", "1"), (3, "Bo", "8" if changes else "abc")]
    # A row that is given back as it was needs no word.
    assert sheet.corrections.left_out == (() if changes else (3,))


def test_who_was_erased_does_not_come_back(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path, "name,phone,call_row,call_error\nCy,9,7,\nBo,8,3,\n")
    with pytest.raises(ContactsError) as caught:
        merged(sheet, record(2, "", ""), record(3, "Bo", "abc"), record(7, "", " "))
    (fault,) = caught.value.faults
    assert (fault.row, fault.column) == (2, "call_row")
    assert "row 7 was erased" in str(fault)
    assert "delete the row" in str(fault)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "name,tel,call_row,call_error\na,1,2,\n",
            ["phone: the campaign's sheet has", "tel: the campaign's sheet has no such column"],
        ),
        ("name,Phone,call_row,call_error\na,1,2,\n", ['rename "Phone" to it']),
        ("name,call_row,call_error\na,2,\n", ["row 1: phone: the campaign's sheet has this"]),
        ("name,phone,age,call_row,call_error\na,1,9,2,\n", ["row 1: age", "no such column"]),
        ("name,phone,call_row,call_error\na,1,two,\n", ['row 2: call_row: "two" is not the']),
        ("name,phone,call_row,call_error\na,1,-2,\n", ['"-2" is not']),
        ("name,phone,call_row,call_error\na,1,2.5,\n", ['"2.5" is not']),
        ("name,phone,call_row,call_error\na,1,٢,\n", ["is not the number of a row"]),
        ("name,phone,call_row,call_error\na,1,2,\nb,2,2,\n", ["row 3", "row 2 stands in row 2 of"]),
    ],
)
def test_what_does_not_fit_the_sheet_is_told_with_its_place(
    tmp_path: Path, text: str, words: list[str]
) -> None:
    with pytest.raises(ContactsError) as caught:
        sheet_of(tmp_path, text)
    assert "corrected.csv" in str(caught.value)
    for word in words:
        assert word in str(caught.value)


def test_rows_that_the_sheet_does_not_have_are_told_all_at_once(tmp_path: Path) -> None:
    lines = "".join(f"a,1,{row},\n" for row in range(100, 130))
    sheet = sheet_of(tmp_path, f"name,phone,call_row,call_error\n{lines}")
    with pytest.raises(ContactsError) as caught:
        merged(sheet, *WHOLE)
    assert len(caught.value.faults) == 21
    first = str(caught.value.faults[0])
    assert "row 2: call_row: the campaign's sheet has no row 100, it ends at row 7" in first
    assert "10 more" in str(caught.value.faults[-1])


def test_too_many_corrections_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert corrections.MAX_CORRECTIONS == 100_000
    monkeypatch.setattr(corrections, "MAX_CORRECTIONS", 2)
    sheet_of(tmp_path, "name,phone,call_row,call_error\na,1,2,\nb,1,,\n")
    with pytest.raises(ContactsError, match="more than 2 corrections"):
        sheet_of(tmp_path, "name,phone,call_row,call_error\na,1,2,\nb,1,,\nc,1,4,\n")


def test_memory_holds_the_corrections_and_not_the_sheet(tmp_path: Path) -> None:
    sheet = sheet_of(tmp_path, "name,phone,call_row,call_error\nBo,8,3,\nEve,5,,\n")
    merging = Merging(sheet.corrections, NAME)
    tracemalloc.start()
    rows = 0
    for start in range(2, 100_002, 2_000):
        batch = [record(row, f"Person {row}", str(row)) for row in range(start, start + 2_000)]
        rows += len(merging.rows(batch))
    rest = merging.rest()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (rows, listed(rest)) == (100_000, [(100_002, "Eve", "5")])
    assert peak < 5_000_000


@pytest.mark.parametrize(
    ("cells", "is_another"),
    [
        (("Dan", "9", "Leeds"), True),
        (("Ann", "9", "Leeds"), False),
        (("Dan", "9", "York"), False),
        (("", "", ""), False),  # a blank row is no correction
    ],
)
def test_a_row_of_a_sheet_that_has_changed_since_is_not_written_over(
    tmp_path: Path, cells: tuple[str, ...], *, is_another: bool
) -> None:
    path = tmp_path / "corrected.csv"
    path.write_text(f"name,phone,city,call_row,call_error\n{','.join(cells)},2,\nx,y,z,,\n")
    sheet = corrected_sheet(open_sheet(path), (*COLUMNS, "city"))
    merging = Merging(sheet.corrections, NAME)
    merging.rows([record(2, "Ann", "1", "York")])
    if not is_another:
        merging.rest()
        return
    with pytest.raises(ContactsError, match="row 2 of the campaign's sheet is another by now"):
        merging.rest()


#: The sheet after a row was put in above Bo's.
SHIFTED = (
    record(2, "Ann", "1", state=ContactState.DONE, rang=True),
    record(3, "Zoe", "", error="no number"),
    record(4, "Bo", "abc", error="no number in 'abc'"),
    record(5, "Cy", "", error="no number"),
    record(6, "", "5"),
)


@pytest.mark.parametrize(
    ("identity", "line", "words"),
    [
        # What the file says of the row is in another row now, or is said of no row any more.
        (NAME, "Bo,8,3,no number in 'abc'", "row 3 of the campaign's sheet is another by now"),
        (NAME, "Bo,8,3,", "is another by now: what this row says stands in row 4"),
        (NAME, "Cy,8,3,no number", "is another by now: what this row says stands in row 5"),
        (NAME, "Dan,8,3,too short", "row 3 of the campaign's sheet is another by now"),
        (KEY, "Bo,8,3,no number", "row 3 of the campaign's sheet has another key"),
        (KEY, "Dan,8,3,no number", "row 3 of the campaign's sheet has another key"),
        (KEY, "Dan,8,3,", "row 3 of the campaign's sheet has another key"),
        # What was meant to be corrected: the number; another cell too; with the words taken out.
        (NAME, "Zoe,8,3,no number", None),
        (NAME, "Zoë,8,3,'no  number ", None),
        (NAME, "Zoë,8,3,", None),
        (NAME, ",8,3,", None),
        (NAME, "Bo,8,4,", None),
        (KEY, "Zoe,8,3,", None),
        # Whoever was called stays as they are, whatever the file says.
        (NAME, "Bo,8,2,", None),
        (KEY, "Bo,8,2,", None),
    ],
)
def test_nobody_is_lost_where_the_sheet_has_changed_since_the_rejects(
    tmp_path: Path, identity: Identity, line: str, words: str | None
) -> None:
    sheet = sheet_of(tmp_path, f"name,phone,call_row,call_error\n{line}\n")
    merging = Merging(sheet.corrections, identity)
    merging.rows(SHIFTED[:2])
    merging.rows(SHIFTED[2:])
    if words is None:
        merging.rest()
        return
    with pytest.raises(ContactsError) as caught:
        merging.rest()
    (fault,) = caught.value.faults
    assert (fault.row, fault.column) == (2, "call_row")
    assert words in str(fault)
    assert "poku-batch export" in str(fault)


def test_a_row_without_a_key_or_with_somebody_elses_number_may_be_given_a_key(
    tmp_path: Path,
) -> None:
    sheet = sheet_of(tmp_path, "name,phone,call_row,call_error\nb,8,2,x\nc,9,3,x\n")
    merging = Merging(sheet.corrections, KEY)
    rows = merging.rows(
        [
            record(2, "", "8", error="name is empty"),
            record(3, "a", "8", error="same number as row 2"),
        ]
    )
    assert listed(rows + merging.rest()) == [(2, "b", "8"), (3, "c", "9")]
