"""Parquet files and DataFrames: values as text, by the rule that holds for workbooks."""

import datetime as dt
import decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from poku_batch.contacts import open_sheet
from poku_batch.contacts.frame import frame_sheet
from poku_batch.contacts.sheet import Sheet
from poku_batch.errors import ContactsError

PARIS = dt.timezone(dt.timedelta(hours=1))
NOON = dt.datetime.fromisoformat("2026-11-24T12:00:00")
MIDNIGHT = dt.datetime.fromisoformat("2026-01-01T00:00:00")


def cells_of(sheet: Sheet) -> list[tuple[str, ...]]:
    with sheet:
        return [row.cells for part in sheet.batches(2) for row in part]


@pytest.mark.parametrize(
    ("array", "text"),
    [
        (pa.array([" NA "]), " NA "),
        (pa.array(["x"]).dictionary_encode(), "x"),
        (pa.array(["x"], pa.large_string()), "x"),
        (pa.array([None], pa.null()), ""),
        (pa.array([2**62]), str(2**62)),
        (pa.array([14155550100.0]), "14155550100"),
        (pa.array([float("nan")]), ""),
        (pa.array([1.25]), "1.25"),
        (pa.array([decimal.Decimal("12.50")]), "12.50"),
        (pa.array([decimal.Decimal("12.00")]), "12"),
        (pa.array([True]), "TRUE"),
        (pa.array([dt.date(2026, 11, 24)]), "2026-11-24"),
        (pa.array([NOON]), "2026-11-24 12:00:00"),
        (pa.array([NOON], pa.timestamp("ns")), "2026-11-24 12:00:00"),
        (pa.array([1], pa.timestamp("ns")), "1970-01-01"),
        (pa.array([NOON], pa.timestamp("us", "+01:00")), "2026-11-24 13:00:00+01:00"),
        (
            pa.array([MIDNIGHT], pa.timestamp("s", "UTC")),
            "2026-01-01 00:00:00+00:00",
        ),
        (pa.array([dt.time(9, 5)]), "09:05"),
        (pa.array([dt.timedelta(hours=30)]), "30:00"),
    ],
)
def test_a_parquet_value_becomes_text(tmp_path: Path, array: pa.Array, text: str) -> None:
    path = tmp_path / "s.parquet"
    pq.write_table(pa.table({"name": ["Ann"], "x": array}), path)
    assert cells_of(open_sheet(path)) == [("Ann", text)]


def test_parquet_rows_are_numbered_over_row_groups_and_blank_ones_passed_over(
    tmp_path: Path,
) -> None:
    path = tmp_path / "s.parquet"
    pq.write_table(
        pa.table({"": [None] * 5, "a": ["1", "", " ", "4", None]}), path, row_group_size=2
    )
    with open_sheet(path) as sheet:
        found = [(row.row, row.cells) for part in sheet.batches() for row in part]
    assert found == [(2, ("1",)), (5, ("4",))]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (pa.table({"a": ["1"], "tags": [["x"]]}), "tags: holds nested values"),
        (pa.table({"a": ["1"], "b": [b"x"]}), "b: holds bytes"),
        (pa.table({"a": ["1"], "": ["x"]}), "row 2: column B holds something"),
        (pa.table([["1"], ["2"]], names=["a", "a"]), "columns A and B have the same name"),
        (pa.table({"a": pa.array([], pa.string())}), "has a header and no rows"),
        (pa.table({}), "the first row is empty"),
    ],
)
def test_a_parquet_file_with_faults_is_refused(
    tmp_path: Path, table: pa.Table, message: str
) -> None:
    path = tmp_path / "s.parquet"
    pq.write_table(table, path)
    with pytest.raises(ContactsError, match=message):
        open_sheet(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"a,b\n1,2\n", "is a text file"), (b"PAR1xxxx", "not a sound"), (b"\x00", "not a sound")],
)
def test_what_is_no_parquet_file_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "s.parquet"
    path.write_bytes(content)
    with pytest.raises(ContactsError, match=message):
        open_sheet(path)


def test_a_damaged_parquet_file_is_refused_when_read(tmp_path: Path) -> None:
    path = tmp_path / "s.parquet"
    pq.write_table(pa.table({"a": [str(n) for n in range(10_000)]}), path)
    content = bytearray(path.read_bytes())
    content[20:5000] = bytes(4980)
    path.write_bytes(content)
    with pytest.raises(ContactsError, match="not a sound Parquet file"):
        cells_of(open_sheet(path))


def test_a_frame_of_any_dtypes_becomes_text() -> None:
    frame = pd.DataFrame(
        {
            "name": ["Ann", None],
            "phone": [14155550100.0, np.nan],
            "n": pd.array([7, None], dtype="Int64"),
            "flag": [True, False],
            "kind": pd.Categorical(["x", None]),
            "at": [pd.Timestamp(NOON, tz=PARIS), pd.NaT],
            "day": [pd.Timestamp("2026-11-24"), pd.NaT],
            2024: [1, 2],
        },
        index=["i", "j"],
    )
    sheet = frame_sheet(frame)
    assert sheet.columns == ("name", "phone", "n", "flag", "kind", "at", "day", "2024")
    first, second = cells_of(sheet)
    assert first[:5] == ("Ann", "14155550100", "7", "TRUE", "x")
    assert first[5:] == ("2026-11-24 12:00:00+01:00", "2026-11-24", "1")
    assert second == ("", "", "", "FALSE", "", "", "", "2")
    (rows,) = frame_sheet(frame).rows()
    assert rows.index.tolist() == [2, 3]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({"a": []}), "has a header and no rows"),
        (pd.DataFrame([["1", "2"]], columns=["a", "a"]), "the same name"),
        (pd.DataFrame([["1", "2"]], columns=["a", ""]), "column B holds something"),
        (pd.DataFrame([["1"]], columns=pd.MultiIndex.from_tuples([("a", "b")])), "several levels"),
        (pd.DataFrame({"a": ["x", "\ud800"]}, dtype=object), "row 3: a: holds half of a character"),
    ],
)
def test_a_frame_with_faults_is_refused(frame: pd.DataFrame, message: str) -> None:
    with pytest.raises(ContactsError, match=message):
        list(frame_sheet(frame).rows())
