"""Results as a workbook, as a run leaves them."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest

from tests.program import CALL_COLUMNS, Folder
from tests.standin import Answer, StandIn, numbers, recording, said

pytestmark = pytest.mark.filterwarnings("ignore:.*xtension is not supported:UserWarning")

A, B, C = numbers(3)


def test_a_run_leaves_a_workbook_that_says_what_happened(served: Folder, standin: StandIn) -> None:
    standin.act(B, said("=cmd|'/c calc'!A0"))
    standin.act(C, Answer(status=400, body={"error": "no such number"}))
    served.write(
        wave="2026-11",
        output={"file": ["out.xlsx", "out.csv"]},
        outcomes={"glad": ["glad to hear"], "odd": ["calc"]},
    )
    served.write_sheet([("=1+1", A), ("Bo", B), ("Cy", C), ("Di", "abc")])
    assert served.run().code == 3
    book = openpyxl.load_workbook(served.path / "out.xlsx")
    assert book.sheetnames == ["Results", "Summary"]
    header, *rows = ([cell.value for cell in row] for row in book["Results"].iter_rows())
    assert header == ["name", "phone", *CALL_COLUMNS]
    found = [dict(zip(header, row, strict=True)) for row in rows]
    assert [row["name"] for row in found] == ["=1+1", "Bo", "Cy", "Di"]
    assert [row["call_status"] for row in found] == ["done", "done", "failed", "skipped"]
    assert found[1]["call_summary"] == "=cmd|'/c calc'!A0"
    assert [row["call_attempts"] for row in found] == [1, 1, 1, 0]
    assert isinstance(found[0]["call_started_at"], datetime)
    assert isinstance(found[0]["call_duration_s"], float | int)
    cell = book["Results"].cell(2, header.index("call_recording_url") + 1)
    assert cell.hyperlink is not None
    assert cell.hyperlink.target == recording(A)
    assert not [c for sheet in book for row in sheet for c in row if c.data_type == "f"]
    summary = [[cell.value for cell in row] for row in book["Summary"].iter_rows()]
    assert summary[:2] == [["Campaign", "demo", None], ["Wave", "2026-11", None]]
    written = summary[2][1]
    assert isinstance(written, datetime)
    assert abs(written.replace(tzinfo=UTC) - datetime.now(UTC)) < timedelta(minutes=2)
    assert ["glad", 1, 0.25] in summary
    assert ["odd", 1, 0.25] in summary
    assert ["done", 2, 0.5] in summary
    assert ["Attempts to call", 3, None] in summary
    assert ["Minutes begun, of calls that ended", 2, None] in summary
    why = [row for row in summary if row[1:] == [1, 0.25]]
    assert len(why) == 6  # failed, skipped, both outcomes, and both reasons


def test_an_export_writes_the_same_workbook_again(served: Folder) -> None:
    served.people([A, B])
    assert served.run().code == 0
    for name in ("one.xlsx", "two.xlsx"):
        assert served.do("export", "-o", name).code == 0
    one, two = (_values(served.path / name) for name in ("one.xlsx", "two.xlsx"))
    assert one == two


def _values(path: Path) -> list[tuple[object, ...]]:
    """All rows of both sheets but the one that says when it was written."""
    book = openpyxl.load_workbook(path)
    rows = [row for sheet in book.worksheets for row in sheet.iter_rows(values_only=True)]
    assert len([row for row in rows if row[0] == "Written"]) == 1
    return [row for row in rows if row[0] != "Written"]
