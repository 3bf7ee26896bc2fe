"""What was read out of summaries stands in the results, in columns of its own and as what it is."""

import csv
import math
from collections.abc import AsyncIterator, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poku_batch.campaign import OutcomesBy
from poku_batch.errors import ContactsError, ResultsError
from poku_batch.models import ContactRecord, ContactState, FieldValue
from poku_batch.results import (
    CALL_COLUMNS,
    Fields,
    check_columns,
    check_outputs,
    fields_of,
    results_frame,
    write_results,
)

pytestmark = pytest.mark.anyio

FIELDS: Fields = {
    "new_date": "date",
    "guests": "integer",
    "price": "number",
    "paid": "boolean",
    "mood": "choice",
    "note": "text",
}
FULL: Mapping[str, FieldValue] = {
    "new_date": "2026-12-01",
    "guests": 2,
    "price": 0.00015,
    "paid": False,
    "mood": "good",
    "note": "at the door",
}
COLUMNS = [f"call_field_{name}" for name in FIELDS]
ENDINGS = (".csv", ".tsv", ".xlsx", ".parquet")


def record(fields: Mapping[str, FieldValue], row: int = 2) -> ContactRecord:
    return ContactRecord(
        row=row,
        key=f"k{row}",
        cells=("Ann",),
        state=ContactState.DONE,
        to="+14155550100",
        attempts=1,
        outcome="confirmed",
        summary="Yes.",
        recording_url=None,
        interaction_id=None,
        started_at=None,
        ended_at=None,
        error=None,
        fields=fields,
    )


async def written(
    folder: Path, *values: Mapping[str, FieldValue], fields: Fields = FIELDS
) -> dict[str, Path]:
    paths = {ending: folder / f"r{ending}" for ending in ENDINGS}

    async def batches() -> AsyncIterator[list[ContactRecord]]:
        # A batch each: the first may hold nothing of a kind, and the next may.
        for number, each in enumerate(values):
            yield [record(each, number + 2)]

    await write_results(list(paths.values()), ["name"], batches(), fields=fields)
    return paths


def text_rows(path: Path) -> list[dict[str, str]]:
    delimiter = "\t" if path.suffix == ".tsv" else ","
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def sheet_rows(path: Path) -> list[dict[str, Any]]:
    header, *rows = openpyxl.load_workbook(path).worksheets[0].iter_rows(values_only=True)
    return [dict(zip(map(str, header), row, strict=True)) for row in rows]


async def test_every_format_has_the_columns_last_and_typed(tmp_path: Path) -> None:
    paths = await written(tmp_path, {}, FULL)
    table = pq.read_table(paths[".parquet"])
    assert table.column_names == ["name", *CALL_COLUMNS, *COLUMNS]
    types = [table.schema.field(name).type for name in COLUMNS]
    assert types == [
        pa.date32(),
        pa.int64(),
        pa.float64(),
        pa.bool_(),
        pa.string(),
        pa.string(),
    ]
    typed = {**FULL, "new_date": date(2026, 12, 1)}
    for name, value in typed.items():
        assert table[f"call_field_{name}"].to_pylist() == [None, value]
    for ending in (".csv", ".tsv"):
        nothing, full = text_rows(paths[ending])
        assert list(full) == table.column_names
        assert [nothing[name] for name in COLUMNS] == [""] * len(COLUMNS)
        assert [full[name] for name in COLUMNS] == [
            *("2026-12-01", "2", "0.00015", "false", "good", "at the door")
        ]
    nothing, full = sheet_rows(paths[".xlsx"])
    assert list(full) == table.column_names
    assert {nothing[name] for name in COLUMNS} == {None}
    assert [full[name] for name in COLUMNS] == [
        *(datetime.fromisoformat("2026-12-01"), 2, 0.00015, False, "good", "at the door")
    ]
    cells = openpyxl.load_workbook(paths[".xlsx"]).worksheets[0][3]
    assert [cell.data_type for cell in cells[-6:]] == ["d", "n", "n", "b", "s", "s"]
    assert cells[-6].number_format == "yyyy-mm-dd"


async def test_without_fields_there_are_no_columns_for_them(tmp_path: Path) -> None:
    paths = await written(tmp_path, FULL, fields={})
    assert pq.read_table(paths[".parquet"]).column_names == ["name", *CALL_COLUMNS]
    assert list(text_rows(paths[".csv"])[0]) == ["name", *CALL_COLUMNS]
    assert list(sheet_rows(paths[".xlsx"])[0]) == ["name", *CALL_COLUMNS]


async def test_a_sheet_of_nobody_has_the_columns_all_the_same(tmp_path: Path) -> None:
    paths = await written(tmp_path)
    assert pq.read_table(paths[".parquet"]).column_names == ["name", *CALL_COLUMNS, *COLUMNS]
    assert paths[".csv"].read_text().split("\n")[0].rstrip().split(",")[-6:] == COLUMNS


def test_a_campaigns_fields_are_those_of_its_section_in_their_order() -> None:
    assert fields_of(None) == {}
    section = OutcomesBy.model_validate(
        {"model": "m", "fields": {"b": "date", "a": ["x", "y"], "c": {"kind": "integer"}}}
    )
    assert list(fields_of(section).items()) == [("b", "date"), ("a", "choice"), ("c", "integer")]


def test_a_frame_keeps_its_types_whether_anything_is_known_or_not() -> None:
    kinds = ["object", "Int64", "float64", "boolean", "object", "object"]
    for records in ([], [record({})], [record(FULL), record({}, 3)]):
        frame = results_frame(["name"], records, FIELDS)
        assert [str(frame[name].dtype) for name in COLUMNS] == kinds
    assert frame["call_field_new_date"].tolist() == [date(2026, 12, 1), None]
    assert frame["call_field_guests"].tolist()[0] == 2


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("date", "not a date", None),
        ("date", 20261201, None),
        ("integer", "2", None),
        ("integer", 2.0, 2),
        ("integer", 2.5, None),
        ("integer", 2**63, None),
        ("integer", True, None),
        ("number", 3, 3.0),
        ("number", "3", None),
        ("number", math.inf, None),
        ("number", False, None),
        ("boolean", 1, None),
        ("boolean", "true", None),
        ("text", 2, "2"),
        ("text", True, "True"),
        ("text", "a\x00b\ud800", "ab"),
        ("choice", "2026-12-01", "2026-12-01"),
    ],
)
async def test_what_an_earlier_campaign_read_as_another_kind_breaks_nothing(
    tmp_path: Path, kind: Any, value: FieldValue, shown: object
) -> None:
    paths = await written(tmp_path, {"x": value}, fields={"x": kind})
    assert pq.read_table(paths[".parquet"])["call_field_x"].to_pylist() == [shown]
    assert sheet_rows(paths[".xlsx"])[0]["call_field_x"] == shown


@pytest.mark.parametrize("kind", ["text", "choice"])
async def test_a_text_that_was_read_never_becomes_a_formula(tmp_path: Path, kind: Any) -> None:
    paths = await written(tmp_path, {"x": "=HYPERLINK(1)"}, fields={"x": kind})
    assert text_rows(paths[".csv"])[0]["call_field_x"] == "'=HYPERLINK(1)"
    sheet = openpyxl.load_workbook(paths[".xlsx"]).worksheets[0]
    assert [cell.data_type for cell in sheet[2]][-1] == "s"


async def test_a_negative_number_is_a_number(tmp_path: Path) -> None:
    paths = await written(tmp_path, {"guests": -3, "price": -1.5})
    row = text_rows(paths[".csv"])[0]
    assert (row["call_field_guests"], row["call_field_price"]) == ("-3", "-1.5")


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("date", "1899-12-31", "1899-12-31"),
        ("date", "0001-01-01", "0001-01-01"),
        ("date", "9999-12-31", datetime.fromisoformat("9999-12-31")),
        ("integer", 2**53 + 1, "9007199254740993"),
        ("integer", -(2**63), "-9223372036854775808"),
        ("integer", 2**53, 2**53),
        ("number", 1e300, 1e300),
    ],
)
async def test_what_a_worksheet_cannot_hold_without_harm_is_text(
    tmp_path: Path, kind: Any, value: FieldValue, shown: object
) -> None:
    paths = await written(tmp_path, {"x": value}, fields={"x": kind})
    assert sheet_rows(paths[".xlsx"])[0]["call_field_x"] == shown


_VALUES = {
    "new_date": st.dates().map(date.isoformat),
    "guests": st.integers(-(2**63), 2**63 - 1),
    "price": st.floats(allow_nan=False, allow_infinity=False),
    "paid": st.booleans(),
    "mood": st.sampled_from(["good", "bad"]),
    "note": st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1, max_size=9),
}


@settings(max_examples=40, deadline=None)
@given(values=st.lists(st.fixed_dictionaries({}, optional=_VALUES), max_size=4))
async def test_every_value_comes_back_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, values: list[dict[str, FieldValue]]
) -> None:
    path = tmp_path_factory.mktemp("any") / "r.parquet"

    async def batches() -> AsyncIterator[list[ContactRecord]]:
        yield [record(each, row) for row, each in enumerate(values)]

    await write_results([path], ["name"], batches(), fields=FIELDS)
    for name in FIELDS:
        found = pq.read_table(path)[f"call_field_{name}"].to_pylist()
        shown = [each.isoformat() if isinstance(each, date) else each for each in found]
        assert shown == [each.get(name) for each in values]


def test_a_column_of_the_sheet_in_a_fields_place_is_named() -> None:
    with pytest.raises(ContactsError) as caught:
        check_columns(["name", "Call_Field_Mood "], file="s.csv", fields=FIELDS)
    assert [fault.column for fault in caught.value.faults] == ["Call_Field_Mood "]
    assert "previous_Call_Field_Mood" in str(caught.value)
    check_columns(["name", "call_field_other"], file="s.csv", fields=FIELDS)
    check_columns(["call_field_mood"], file="s.csv")


def test_a_worksheet_too_narrow_for_the_fields_is_refused_before_anybody_is_called(
    tmp_path: Path,
) -> None:
    path = tmp_path / "r.xlsx"
    room = 16_384 - len(CALL_COLUMNS)
    check_outputs([path], input_file=None, columns=room)
    with pytest.raises(ResultsError, match="16,384 columns"):
        check_outputs([path], input_file=None, columns=room, fields=1)
