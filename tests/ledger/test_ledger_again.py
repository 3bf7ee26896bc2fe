"""Enrolling a sheet as it is, by the rows that have to be asked about, is enrolling all of it."""

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from poku_batch.errors import ContactsError
from poku_batch.ledger import open_ledger
from poku_batch.models import (
    CallResult,
    Cap,
    ContactState,
    DuplicateRule,
    Later,
    Never,
    RunEnding,
    Sequel,
    SheetRow,
)
from poku_batch.ports import LedgerRun
from tests.ledger.ledger_again import contents, copied, enrolled
from tests.ledger.ledger_model import CLINIC, MEMORY, NOW, ROWS, SOURCE, Row, enrolment
from tests.postgresql import Server

LATER = NOW + timedelta(hours=2)
CAPS = (Cap(calls=1, within=timedelta(days=1)),)
FAILED = Sequel(state=ContactState.FAILED)
AGAIN = Sequel(state=ContactState.PENDING, due_at=LATER)

#: What comes of a contact that is admitted.
ENDS = ("done", "busy", "used up", "invalid", "rejected", "unknown", "unfit", "never", "skipped")


async def call(run: LedgerRun, end: str) -> None:
    admissions = await run.admit(1, now=NOW)
    if not admissions:
        return
    if end in {"unfit", "skipped"}:
        await (run.fail if end == "unfit" else run.skip)(admissions[0], end, at=NOW)
        return
    attempt = await run.begin(admissions[0], prompt_sha256="p", at=NOW)
    if isinstance(attempt, Later | Never):
        return
    if end == "rejected":
        await run.reject(attempt, "400", at=NOW)
    elif end == "unknown":
        await run.doubt(attempt, "cut off", at=NOW)
    else:
        outcome, sequel = {
            "done": ("completed", Sequel()),
            "busy": ("busy", AGAIN),
            "used up": ("busy", FAILED),
            "invalid": ("invalid_number", FAILED),
            "never": ("do_not_call", Sequel()),
        }[end]
        await run.finish(attempt, CallResult(outcome=outcome), sequel=sequel, at=NOW)


async def both(
    urls: Sequence[str],
    rows: list[Row],
    ends: list[str],
    *,
    duplicates: DuplicateRule,
    reason: str | None,
) -> int:
    """Enrol, call, and enrol again in two ways; ``reason`` skips every second row by then."""
    sheet = [SheetRow(row=n, cells=(row.cell,)) for n, row in enumerate(rows)]
    given: dict[str, Any] = {
        "sheet": sheet,
        "source": SOURCE,
        "duplicates": duplicates,
        "caps": CAPS,
    }
    first, *copies = urls
    planned = [enrolment(n, row) for n, row in enumerate(rows)]
    await enrolled(
        first, CLINIC, ["a"], lambda row: planned[row.row], again=False, now=NOW, **given
    )
    async with open_ledger(first) as ledger:
        run = await ledger.open_run(CLINIC, at=NOW)
        for end in ends:
            await call(run, end)
        await run.close(RunEnding.STOPPED, at=NOW)
    later = [
        enrolment(n, row._replace(reason=row.reason or (reason if n % 2 else None)))
        for n, row in enumerate(rows)
    ]
    found = {}
    for url, (name, again) in zip(copies, (("again", True), ("whole", False)), strict=True):
        found[name] = await enrolled(
            copied(first, url),
            CLINIC,
            ["a"],
            lambda row: later[row.row],
            again=again,
            now=LATER,
            **given,
        )
    assert found["again"] is not None
    assert found["whole"] is not None
    assert found["again"][0] == found["whole"][0]
    assert contents(copies[0]) == contents(copies[1])
    return found["again"][1]


def files(folder: str | Path) -> list[str]:
    """Where a ledger and two copies of it can be."""
    return [f"{folder}/{name}.db" for name in ("ledger", "again", "whole")]


SHEETS = {
    "rows": st.lists(ROWS, min_size=1, max_size=8),
    "ends": st.lists(st.sampled_from(ENDS), max_size=6),
    "duplicates": st.sampled_from([DuplicateRule.FIRST] * 3 + [DuplicateRule.ALL]),
    "reason": st.sampled_from([None, "a rule"]),
}


@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(**SHEETS)
def test_some_rows_come_to_what_all_rows_come_to(
    rows: list[Row], ends: list[str], duplicates: DuplicateRule, reason: str | None
) -> None:
    with TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as name:
        try:
            anyio.run(lambda: both(files(name), rows, ends, duplicates=duplicates, reason=reason))
        except ContactsError:
            return  # no sheet that could be enrolled


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(**SHEETS)
def test_some_rows_come_to_what_all_rows_come_to_in_a_database(
    postgresql_server: Server,
    rows: list[Row],
    ends: list[str],
    duplicates: DuplicateRule,
    reason: str | None,
) -> None:
    with ExitStack() as stack:
        urls = [stack.enter_context(postgresql_server.ledger()) for _ in range(3)]
        try:
            anyio.run(lambda: both(urls, rows, ends, duplicates=duplicates, reason=reason))
        except ContactsError:
            return  # no sheet that could be enrolled


@pytest.mark.anyio
async def test_a_row_is_asked_about_with_whoever_shares_its_number(tmp_path: Path) -> None:
    rows = [Row("a", "+1", "x", None), Row("b", "+1", "x", None), Row("c", "+2", "x", None)]
    asked = await both(files(tmp_path), rows, ["done"], duplicates=DuplicateRule.FIRST, reason=None)
    assert asked == 3


@pytest.mark.anyio
async def test_whoever_was_reached_is_not_asked_about(tmp_path: Path) -> None:
    rows = [Row(f"k{n}", f"+{n + 1}", "x", None) for n in range(9)]
    ends = ["done", "used up", "unknown", "never"]
    asked = await both(files(tmp_path), rows, ends, duplicates=DuplicateRule.FIRST, reason=None)
    assert asked == 5
