"""A workbook of results is typed, coloured and safe, and says on a second sheet how it stands."""

import csv
import shutil
import sys
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import openpyxl
import pandas as pd
import pytest

from poku_batch.models import CampaignId, ContactRecord, ContactState, Counts
from poku_batch.results import CALL_COLUMNS, Overview, workbook, write_rejects, write_results

pytestmark = [
    pytest.mark.anyio,
    # What openpyxl does not know of data bars it says, and leaves out.
    pytest.mark.filterwarnings("ignore:.*xtension is not supported:UserWarning"),
]

AT = datetime(2026, 11, 24, 14, 30, tzinfo=UTC)
COUNTS = Counts(
    states={ContactState.DONE: 3, ContactState.FAILED: 1},
    outcomes={"confirmed": 2, "=1+1": 1},
    failures={"rejected": 1},
    skip_reasons={},
    countries={},
    due=0,
    next_due_at=None,
)
OVERVIEW = Overview(
    campaign=CampaignId(name="clinic", wave="=cmd|'/c calc'!A0"),
    written_at=AT,
    counts=COUNTS,
    minutes=7,
)


def record(row: int, *cells: str, **known: Any) -> ContactRecord:
    values: dict[str, Any] = {
        "state": ContactState.DONE,
        "to": "+14155550100",
        "attempts": 1,
        "outcome": "confirmed",
        "summary": "Fine.",
        "recording_url": None,
        "interaction_id": "i",
        "started_at": AT,
        "ended_at": AT + timedelta(seconds=90.5),
        "error": None,
        "rang": True,
    }
    return ContactRecord(row=row, key=f"k{row}", cells=cells, **values | known)


def skipped(row: int, *cells: str, **known: Any) -> ContactRecord:
    nothing = dict.fromkeys(("outcome", "summary", "interaction_id", "started_at", "ended_at"))
    said = {"state": ContactState.SKIPPED, "attempts": 0, "error": "no number", "rang": False}
    return record(row, *cells, **{**nothing, **said, **known})


async def batches_of(*batches: list[ContactRecord]) -> AsyncIterator[list[ContactRecord]]:
    for batch in batches:
        yield batch


async def written(
    path: Path, records: list[ContactRecord], columns: Sequence[str] = ("name",)
) -> Any:
    await write_results([path], columns, batches_of(records), overview=OVERVIEW)
    return openpyxl.load_workbook(path)


def at(sheet: Any, column: str, row: int = 2) -> Any:
    names = [cell.value for cell in sheet[1]]
    return sheet.cell(row, names.index(column) + 1)


async def test_numbers_are_numbers_times_are_times_and_the_sheets_cells_stay_text(
    tmp_path: Path,
) -> None:
    book = await written(tmp_path / "r.xlsx", [record(2, "007", "1,5")], ("id", "price"))
    sheet = book["Results"]
    assert (sheet["A2"].value, sheet["B2"].value) == ("007", "1,5")
    assert (at(sheet, "call_attempts").value, at(sheet, "call_attempts").number_format) == (1, "0")
    assert at(sheet, "call_duration_s").value == 90.5
    assert at(sheet, "call_duration_s").number_format == "#,##0.0"
    assert at(sheet, "call_started_at").value == AT.replace(tzinfo=None)
    assert sheet.freeze_panes == "A2"
    assert sheet["A1"].font.bold
    assert sheet.auto_filter.ref == "A1:M2"


async def test_a_long_summary_is_wrapped_within_its_column_and_four_lines(tmp_path: Path) -> None:
    records = [record(2, "a", summary="word " * 500), record(3, "b", summary="short")]
    sheet = (await written(tmp_path / "r.xlsx", records))["Results"]
    summary = at(sheet, "call_summary")
    assert summary.alignment.wrap_text
    assert sheet.column_dimensions[summary.column_letter].width == pytest.approx(60, abs=1)
    assert sheet.row_dimensions[2].height == 60
    assert sheet.row_dimensions[3].height is None


@pytest.mark.parametrize(
    ("url", "linked"),
    [
        ("https://poku.example/a.wav", True),
        ("http://poku.example/a?b=c&d=%20e#f", True),
        ("HTTPS://poku.example/a", True),
        ("https://poku.example/" + "a" * 2_058, True),
        ("https://poku.example/" + "a" * 2_059, False),
        ("javascript:alert(1)", False),
        ("file:///etc/passwd", False),
        ("internal:Summary!A1", False),
        ("external:c:\\x.xlsx", False),
        ("ftp://poku.example/a", False),
        ("mailto:a@b.example", False),
        ("https://", False),
        ("https://poku.example@evil.example/", False),
        ("https://[::1", False),
        ('https://poku.example/"onclick', False),
        ("https://poku.example/a b", False),
        ("https://poku.example/\n", False),
        ("see https://poku.example/", False),
        ('=HYPERLINK("https://evil.example")', False),
    ],
)
async def test_web_addresses_of_recordings_are_links_and_nothing_else_is(
    tmp_path: Path, url: str, *, linked: bool
) -> None:
    rows = [record(2, "https://a.example", recording_url=url, summary="https://b.example")]
    sheet = (await written(tmp_path / "r.xlsx", rows))["Results"]
    cell = at(sheet, "call_recording_url")
    assert (cell.hyperlink is not None) == linked
    assert cell.value == url.strip("\n") or cell.value == url
    if linked:
        target = cell.hyperlink.target + (f"#{loc}" if (loc := cell.hyperlink.location) else "")
        assert target == url
    links = [each for row in sheet for each in row if each.hyperlink is not None]
    assert len(links) == linked


async def test_links_beyond_what_a_worksheet_holds_are_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert workbook.MAX_LINKS == 65_530
    monkeypatch.setattr(workbook, "MAX_LINKS", 2)
    rows = [record(row, "a", recording_url=f"https://a.example/{row}") for row in (2, 3, 4)]
    sheet = (await written(tmp_path / "r.xlsx", rows))["Results"]
    cells = [at(sheet, "call_recording_url", row) for row in (2, 3, 4)]
    assert [cell.hyperlink is not None for cell in cells] == [True, True, False]
    assert cells[2].value == "https://a.example/4"


async def test_the_colour_of_a_row_follows_its_status_however_it_is_sorted(tmp_path: Path) -> None:
    rows = [record(2, "a"), record(3, "b", state=ContactState.UNKNOWN)]
    book = await written(tmp_path / "r.xlsx", rows)
    found = {
        rule.formula[0]: (str(where.sqref), rule.dxf.fill.bgColor.rgb)
        for where, rules in book["Results"].conditional_formatting._cf_rules.items()
        for rule in rules
        if rule.type == "expression"
    }
    assert set(found) == {
        f'$B2="{word}"' for word in ("done", "dialing", "failed", "skipped", "unknown")
    }
    assert {where for where, _ in found.values()} == {"A2:L3"}
    colours = [colour for _, colour in found.values()]
    assert len(set(colours)) == 5
    # The legend shows the same colours.
    summary = book["Summary"]
    legend = {
        cell.value: cell.fill.bgColor.rgb
        if cell.fill.bgColor.rgb in colours
        else cell.fill.fgColor.rgb
        for (cell, *_) in summary.iter_rows()
        if cell.value in set(ContactState) and cell.fill.fill_type == "solid"
    }
    assert {f'$B2="{word}"': colour for word, colour in legend.items()} == {
        rule: colour for rule, (_, colour) in found.items()
    }


def lightness(colour: str) -> float:
    """What is left of a colour in grey print, from 0 to 1. Source: ITU-R BT.709."""
    red, green, blue = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_black_text_is_read_on_every_colour_and_loud_ones_are_darker_in_print() -> None:
    from poku_batch.results.overview import LOUD_STATES, STATE_COLOURS

    shades = {state: lightness(colour) for state, colour in STATE_COLOURS.items()}
    assert min(shades.values()) > 0.7
    loud = max(shades[state] for state in LOUD_STATES)
    assert all(shade > loud for state, shade in shades.items() if state not in LOUD_STATES)


async def test_the_second_sheet_says_how_the_campaign_stands_in_numbers(tmp_path: Path) -> None:
    book = await written(tmp_path / "r.xlsx", [record(2, "a"), record(3, "b", attempts=2)])
    assert book.sheetnames == ["Results", "Summary"]
    rows = [[cell.value for cell in row] for row in book["Summary"].iter_rows()]
    assert rows[:3] == [
        ["Campaign", "clinic", None],
        ["Wave", "=cmd|'/c calc'!A0", None],
        ["Written", AT.replace(tzinfo=None), None],
    ]
    lines = {row[0]: row[1:] for row in rows[4:] if row[0]}
    assert rows[4] == ["State", "Rows", "Share of all"]
    # The legend has words for the states again, after the counts.
    states = rows[5:11]
    assert ["done", 3, 0.75] in states
    assert ["pending", 0, 0] in states
    assert lines["confirmed"] == [2, 0.5]
    assert lines["=1+1"] == [1, 0.25]
    assert lines["rejected"] == [1, 0.25]
    assert lines["Attempts to call"] == [3, None]
    assert lines["Minutes begun, of calls that ended"] == [7, None]
    assert "Why skipped" not in lines
    shares = [row[2] for row in book["Summary"].iter_rows() if row[2].value == 0.75]
    assert shares[0].number_format == "0.0%"
    assert all(cell.data_type != "f" for row in book["Summary"] for cell in row)
    bars = [
        rule.type
        for rules in book["Summary"].conditional_formatting._cf_rules.values()
        for rule in rules
    ]
    assert bars == ["dataBar"] * 3


async def test_a_campaign_of_nobody_has_both_sheets(tmp_path: Path) -> None:
    empty = Counts(
        states={}, outcomes={}, failures={}, skip_reasons={}, countries={}, due=0, next_due_at=None
    )
    path = tmp_path / "r.xlsx"
    overview = Overview(campaign=CampaignId(name="c"), written_at=AT, counts=empty, minutes=0)
    await write_results([path], ["a"], batches_of(), overview=overview)
    book = openpyxl.load_workbook(path)
    assert [cell.value for cell in book["Results"][1]] == ["a", *CALL_COLUMNS]
    assert book["Summary"]["A1"].value == "Campaign"


_ATTACKS = ["=cmd|'/c calc'!A0", "@SUM(1)", "+1+1", "-1+1", "\t=1+1", "=1+1", "＝1"]


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
async def test_libreoffice_opens_it_and_computes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "r.xlsx"
    rows = [
        record(row, text, "007", summary=text, error=text, recording_url=f"https://a.example/{row}")
        for row, text in enumerate(_ATTACKS, 2)
    ]
    await written(path, rows, ("=1+1", "id"))
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    as_csv = "csv:Text - txt - csv (StarCalc):44,34,76"  # commas, quotes, UTF-8
    command = ["soffice", profile, "--headless", "--convert-to", as_csv, "--outdir", str(tmp_path)]
    with anyio.fail_after(90):
        await anyio.run_process([*command, str(path)])
    with (tmp_path / "r.csv").open(encoding="utf-8", newline="") as file:
        header, *found = csv.reader(file)
    assert header == ["=1+1", "id", *CALL_COLUMNS]
    assert [row[0] for row in found] == _ATTACKS
    assert [row[1] for row in found] == ["007"] * len(_ATTACKS)
    assert [row[header.index("call_summary")] for row in found] == _ATTACKS
    assert found[0][header.index("call_started_at")] == "2026-11-24 14:30:00Z"
    frame = pd.read_excel(path, sheet_name="Results", dtype={"id": str}, engine="openpyxl")
    assert frame["=1+1"].tolist() == _ATTACKS
    assert frame["call_duration_s"].tolist() == [90.5] * len(_ATTACKS)


_BIG = """
import resource, sys, anyio
from datetime import UTC, datetime
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from tests.results.test_results_workbook import OVERVIEW, record
from poku_batch.results import write_rejects, write_results

async def batches(rows):
    for start in range(2, rows, 5_000):
        yield [
            record(row, f"Person {row}", recording_url=f"https://a.example/{row}")
            for row in range(start, min(start + 5_000, rows + 2))
        ]

async def main():
    path = Path(sys.argv[1])
    await write_results([path / "s.xlsx"], ["name"], batches(5_000), overview=OVERVIEW)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    await write_results([path / "b.xlsx"], ["name"], batches(int(sys.argv[3])), overview=OVERVIEW)
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)

anyio.run(main)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="counts memory in the units of Linux")
async def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    """But for links, of which a worksheet holds no more than 65,530."""
    root = Path(__file__).parents[2]
    done = await anyio.run_process([sys.executable, "-c", _BIG, str(tmp_path), str(root), "40000"])
    assert int(done.stdout) < 60_000, f"{done.stdout!r} KiB more"


async def test_rejects_hold_the_rows_that_nobody_was_called_for(tmp_path: Path) -> None:
    records = [
        record(2, "done"),
        skipped(3, "=skipped", error="=no number"),
        skipped(4, "failed", state=ContactState.FAILED, error="rejected"),
        skipped(5, "rang before", rang=True),
        record(6, "unknown", state=ContactState.UNKNOWN),
        record(7, "used up", state=ContactState.FAILED, outcome="no_answer"),
        skipped(8, "pending", state=ContactState.PENDING),
        skipped(9, "  ", error="forgotten"),
    ]
    path = tmp_path / "rejects.csv"
    rejects = await write_rejects(path, ["name"], batches_of(records[:4], records[4:]))
    assert (rejects.path, rejects.rows) == (path, 2)
    assert path.read_bytes() == (
        b"name,call_row,call_error\r\n=skipped,3,'=no number\r\nfailed,4,rejected\r\n"
    )


async def test_rejects_in_a_workbook_stay_text_while_they_are_corrected(tmp_path: Path) -> None:
    path = tmp_path / "rejects.xlsx"
    await write_rejects(path, ["phone"], batches_of([skipped(3, "abc"), skipped(7, "")][:1]))
    sheet = openpyxl.load_workbook(path)["To correct"]
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        ["phone", "call_row", "call_error"],
        ["abc", 3, "no number"],
    ]
    assert sheet["A2"].number_format == "@"
    assert sheet["B2"].data_type == "n"


async def test_without_rejects_the_file_holds_the_columns_alone(tmp_path: Path) -> None:
    for name in ("rejects.csv", "rejects.xlsx"):
        rejects = await write_rejects(tmp_path / name, ["a"], batches_of([record(2, "x")]))
        assert rejects.rows == 0
    assert (tmp_path / "rejects.csv").read_text() == "a,call_row,call_error\n"
    sheet = openpyxl.load_workbook(tmp_path / "rejects.xlsx")["To correct"]
    assert [cell.value for row in sheet.iter_rows() for cell in row] == [
        "a",
        "call_row",
        "call_error",
    ]
