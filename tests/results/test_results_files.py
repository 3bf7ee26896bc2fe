"""Results files hold the sheet as it was and what came of each call, whole or not at all."""

import csv
import errno
import os
import stat
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import anyio
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.utils.escape import unescape

from poku_batch.errors import ResultsError
from poku_batch.models import ContactRecord, ContactState
from poku_batch.results import CALL_COLUMNS, results_frame, write_results

pytestmark = pytest.mark.anyio

AT = datetime(2026, 11, 24, 14, 30, 0, 123456, tzinfo=UTC)


def record(
    cells: Sequence[str], *, row: int = 2, summary: str | None = None, error: str | None = None
) -> ContactRecord:
    return ContactRecord(
        row=row,
        key=f"k{row}",
        cells=tuple(cells),
        state=ContactState.DONE,
        to="+14155550100",
        attempts=2,
        outcome="confirmed",
        summary=summary,
        recording_url="https://example.com/a.wav",
        interaction_id="i-1",
        started_at=AT,
        ended_at=AT + timedelta(seconds=12.5),
        error=error,
    )


def pending(cells: Sequence[str], *, row: int = 3) -> ContactRecord:
    return ContactRecord(
        row=row,
        key=f"k{row}",
        cells=tuple(cells),
        state=ContactState.PENDING,
        to=None,
        attempts=0,
        outcome=None,
        summary=None,
        recording_url=None,
        interaction_id=None,
        started_at=None,
        ended_at=None,
        error=None,
    )


async def batches_of(*batches: list[ContactRecord]) -> AsyncIterator[list[ContactRecord]]:
    for batch in batches:
        yield batch


def files_in(folder: Path) -> set[Path]:
    return set(folder.iterdir())


def csv_rows(path: Path, delimiter: str = ",") -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, delimiter=delimiter, strict=True))


async def test_every_format_holds_the_same_rows_after_one_pass(tmp_path: Path) -> None:
    paths = [tmp_path / "out" / f"r{ending}" for ending in (".csv", ".tsv", ".xlsx", ".parquet")]
    batches = batches_of([record(["Ann", "007"], summary="Yes.")], [pending(["Bo", "NA"])])
    assert await write_results(paths, ["First Name", "id"], batches) == paths
    header = ["First Name", "id", *CALL_COLUMNS]
    done = ["Ann", "007", "done", "confirmed", "Yes.", "https://example.com/a.wav", "i-1", "2"]
    done += ["+14155550100", "2026-11-24T14:30:00.123Z", "2026-11-24T14:30:12.623Z", "12.500", ""]
    waiting = ["Bo", "NA", "pending", "", "", "", "", "0", "", "", "", "", ""]
    assert csv_rows(paths[0]) == csv_rows(paths[1], "\t") == [header, done, waiting]
    table = pq.read_table(paths[3])
    assert table.column_names == header
    assert table.schema.field("call_started_at").type == pa.timestamp("us", tz="UTC")
    assert table["call_started_at"].to_pylist() == [AT, None]
    assert table["call_duration_s"].to_pylist() == [12.5, None]
    assert table["call_attempts"].to_pylist() == [2, 0]
    assert table["call_error"].to_pylist() == [None, None]
    assert table["id"].to_pylist() == ["007", "NA"]
    sheet = openpyxl.load_workbook(paths[2]).worksheets[0]
    found = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert found[0] == header
    assert found[1][:9] == [*done[:7], 2, "+14155550100"]
    assert found[1][11:] == [12.5, None]
    started = found[1][9]
    assert isinstance(started, datetime)
    assert abs(started - AT.replace(tzinfo=None)) < timedelta(milliseconds=1)
    assert found[2] == ["Bo", "NA", "pending", *[None] * 4, 0, *[None] * 5]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:M3"


async def test_only_the_files_asked_for_are_left_and_only_their_owner_reads_them(
    tmp_path: Path,
) -> None:
    paths = [tmp_path / f"r{ending}" for ending in (".csv", ".xlsx", ".parquet")]
    await write_results(paths, ["a"], batches_of())
    assert files_in(tmp_path) == set(paths)
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths} == {0o600}
    assert csv_rows(paths[0]) == [["a", *CALL_COLUMNS]]
    assert pq.read_table(paths[2]).num_rows == 0


async def test_a_workbook_holds_called_and_uncalled_rows_of_one_batch(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    rows = [record(["a"]), pending(["b"]), record(["c"], row=4)]
    await write_results([path], ["id"], batches_of(rows))
    sheet = openpyxl.load_workbook(path).worksheets[0]
    started = [row[CALL_COLUMNS.index("call_started_at") + 1].value for row in sheet.iter_rows()]
    assert [type(value).__name__ for value in started[1:]] == ["datetime", "NoneType", "datetime"]


@pytest.mark.parametrize("start", [*"=+-@\t＝＋－＠", "\r=", "\n", "\x00="])
async def test_outside_text_never_becomes_a_formula(tmp_path: Path, start: str) -> None:
    path, book = tmp_path / "r.csv", tmp_path / "r.xlsx"
    text = f"{start}HYPERLINK(1)"
    row = record(["=1+1"], summary=text, error=text)
    await write_results([path, book], ["=c"], batches_of([row]))
    header, cells = csv_rows(path)
    found = dict(zip(header, cells, strict=True))
    assert found["call_summary"].startswith("'")
    assert found["call_error"] == found["call_summary"]
    assert found["=c"] == "=1+1"
    assert found["call_to"] == "+14155550100"
    sheet = openpyxl.load_workbook(book).worksheets[0]
    assert all(cell.data_type in {"s", "n", "d", "inlineStr"} for row in sheet for cell in row)
    assert sheet["A2"].value == "=1+1"
    linked = [cell.value for row in sheet for cell in row if cell.hyperlink is not None]
    assert linked == ["https://example.com/a.wav"]


_TEXT = st.text(
    st.one_of(st.characters(), st.sampled_from("<r>/&;_x0041\r\n\t\0,\"'")), max_size=20
)
_ROUGH = st.one_of(
    _TEXT, st.sampled_from(["<r>&</r>", "<r><t>x</t></r>", "_x0041_", " a ", "\r\n"])
)
_CELL = _ROUGH.filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text))


@settings(max_examples=60, deadline=None)
@given(cell=_CELL, summary=st.none() | _ROUGH)
async def test_any_text_comes_back_from_every_format(
    tmp_path_factory: pytest.TempPathFactory, cell: str, summary: str | None
) -> None:
    folder = tmp_path_factory.mktemp("any")
    paths = [folder / "r.csv", folder / "r.xlsx", folder / "r.parquet"]
    await write_results(paths, ["a"], batches_of([record([cell], summary=summary)]))
    assert csv_rows(paths[0])[1][0] == cell
    assert pq.read_table(paths[2])["a"].to_pylist() == [cell]
    sheet = openpyxl.load_workbook(paths[1]).worksheets[0]
    fit = cell.translate({0xFFFE: "\ufffd", 0xFFFF: "\ufffd"})
    shown = str(sheet["A2"].value or "")
    # openpyxl gives escaped controls as they are written.
    assert unescape(shown) == fit or shown == fit
    assert sheet["H2"].value == "+14155550100"


async def test_a_lone_carriage_return_is_quoted(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    await write_results([path], ["a", "b"], batches_of([record(["x\ry", "\r"])]))
    assert b'\r\n"x\ry","\r",done' in path.read_bytes()
    assert csv_rows(path)[1][:2] == ["x\ry", "\r"]


async def test_a_cell_too_long_for_excel_is_cut_and_marked(tmp_path: Path) -> None:
    paths = [tmp_path / "r.xlsx", tmp_path / "r.csv"]
    await write_results(paths, ["a"], batches_of([record(["é" * 40_000], summary="😀" * 20_000)]))
    sheet = openpyxl.load_workbook(paths[0]).worksheets[0]
    cut, summary = str(sheet["A2"].value), str(sheet["D2"].value)
    assert len(cut) == 32_767
    assert cut.endswith("é… [cut]")
    assert len(summary.encode("utf-16-le")) // 2 <= 32_767
    assert summary.endswith("😀… [cut]")
    assert csv_rows(paths[1])[1][0] == "é" * 40_000


async def test_odd_column_names_are_kept(tmp_path: Path) -> None:
    names = ["a b", "=x", "ü,", 'q"', "1", "line\nbreak"]
    paths = [tmp_path / "r.csv", tmp_path / "r.parquet", tmp_path / "r.xlsx"]
    await write_results(paths, names, batches_of([record(list("abcdef"))]))
    assert csv_rows(paths[0])[0][:6] == names
    assert pq.read_table(paths[1]).column_names[:6] == names


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".parquet"])
async def test_an_error_half_way_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"r{ending}"
    path.write_text("old")

    async def broken() -> AsyncIterator[list[ContactRecord]]:
        yield [record(["a"])]
        raise RuntimeError

    with pytest.raises(RuntimeError):
        await write_results([path], ["a"], broken())
    assert path.read_text() == "old"
    assert files_in(tmp_path) == {path}


@pytest.mark.parametrize("ending", [".csv", ".xlsx", ".parquet"])
async def test_cancelling_leaves_the_old_file_and_nothing_else(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"r{ending}"
    path.write_text("old")
    with anyio.CancelScope() as scope:

        async def endless() -> AsyncIterator[list[ContactRecord]]:
            yield [record(["a"])]
            scope.cancel()
            yield [record(["b"])]

        await write_results([path], ["a"], endless())
    assert scope.cancelled_caught
    assert path.read_text() == "old"
    assert files_in(tmp_path) == {path}


async def test_one_output_that_cannot_be_opened_leaves_the_others_alone(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("")
    good, other = tmp_path / "r.csv", plain / "r.parquet"
    with pytest.raises(ResultsError, match="is a file, not a folder"):
        await write_results([good, other], ["a"], batches_of([record(["x"])]))
    assert files_in(tmp_path) == {plain}


async def test_a_file_for_a_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("")
    with pytest.raises(ResultsError, match="is a file, not a folder"):
        await write_results([tmp_path / "plain" / "r.csv"], ["a"], batches_of())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_told_with_what_to_do() -> None:
    from poku_batch.results.failures import writing

    with (
        pytest.raises(ResultsError, match=r"r\.csv: the disk is full; free some space"),
        writing(Path("r.csv")),
        Path("/dev/full").open("w") as file,
    ):
        file.write("x")


def test_what_is_not_known_of_an_error_is_passed_on() -> None:
    from poku_batch.results.failures import writing

    with pytest.raises(ResultsError, match="Too many open files"), writing(Path("r.csv")):
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


async def test_a_link_is_followed_not_replaced(tmp_path: Path) -> None:
    real, link = tmp_path / "real.csv", tmp_path / "link.csv"
    real.write_text("old")
    link.symlink_to(real)
    await write_results([link], ["a"], batches_of([record(["x"])]))
    assert link.is_symlink()
    assert csv_rows(real)[1][0] == "x"


def test_the_frame_has_one_row_a_record_with_types() -> None:
    elsewhere = timezone(timedelta(hours=-5))
    row = record(["x"], summary="a\x00b\r\n\tc\ud800")
    frame = results_frame(["a"], [row, pending(["y"], row=7)])
    assert frame.columns.tolist() == ["a", *CALL_COLUMNS]
    assert frame.index.tolist() == [2, 7]
    assert frame["call_summary"].tolist() == ["ab\n\tc", None]
    assert str(frame["call_started_at"].dtype) == "datetime64[us, UTC]"
    assert str(frame["call_attempts"].dtype) == "int64"
    assert str(frame["call_duration_s"].dtype) == "float64"
    assert frame["call_started_at"].tolist()[0].astimezone(elsewhere) == AT
    empty = results_frame(["a"], [])
    assert len(empty) == 0
    assert empty.dtypes.astype(str).tolist() == frame.dtypes.astype(str).tolist()
