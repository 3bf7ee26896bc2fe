"""Many rows: memory stays bounded, and questions asked for every call use an index."""

import subprocess
import sys
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from poku_batch.ledger import guards, holds, instants, readings, runs, standing, statements
from poku_batch.ledger.opening import connect, prepare
from tests.ledger.ledger_clinic import CLINIC, NOW

#: Enrols few rows, then many, twice, and reads them; prints by how many MiB its memory grew.
ENROLLER = """
import resource, sys, anyio
from datetime import UTC, datetime
from poku_batch.ledger import open_ledger
from poku_batch.models import CampaignId, ContactKey, DuplicateRule, Enrolment

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)

def batches(rows, size=5_000):
    for start in range(0, rows, size):
        yield [
            Enrolment(row=n, cells=(f"name {n}", "x" * 100), key=ContactKey(f"k{n}"), to=f"+1{n}")
            for n in range(start, start + size)
        ]

async def enrol_and_read(ledger, name, rows):
    campaign = CampaignId(name=name)
    async with ledger.enrolment(campaign, ["a", "b"], DuplicateRule.FIRST) as session:
        for batch in batches(rows):
            await session.add(batch)
        report = await session.commit(now=NOW)
    read = 0
    async for records in ledger.records(campaign, batch=5_000):
        read += len(records)
    assert report.counts.due == read == rows, (report, read)

def peak_kib():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

async def main():
    async with open_ledger(sys.argv[1]) as ledger:
        await enrol_and_read(ledger, "small", 10_000)
        before = peak_kib()
        await enrol_and_read(ledger, "large", 100_000)
        await enrol_and_read(ledger, "large", 100_000)
        print((peak_kib() - before) // 1024)

anyio.run(main)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory in KiB as Linux tells it")
def test_a_hundred_thousand_rows_take_little_more_memory_than_ten_thousand(tmp_path: Path) -> None:
    done = subprocess.run(  # our own Python and code
        [sys.executable, "-c", ENROLLER, str(tmp_path / "ledger.db")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(done.stdout) < 20


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("FIND_DUE", "contacts_due"),
        ("FIND_NEXT_DUE", "contacts_due"),
        ("FIND_CUT_OFF", "attempts_unfinished"),
        ("FIND_OPEN_CALLS", "attempts_unfinished"),
        ("FIND_HELD", "contacts_dialing"),
        ("RELEASE_ALL", "contacts_reserved"),
        ("READ_RECORDS", "contacts_sheet"),
        ("FIND_LEVELS", "contacts_due"),
    ],
)
def test_what_is_asked_often_uses_its_index(tmp_path: Path, name: str, index: str) -> None:
    path = tmp_path / "ledger.db"
    prepare(path)
    connection = connect(path)
    values = dict.fromkeys(("campaign", "priority", "now", "limit", "run", "after"), 1)
    plan = [
        row[3]
        for row in connection.execute(f"EXPLAIN QUERY PLAN {getattr(statements, name)}", values)
    ]
    connection.close()
    assert any(index in step for step in plan), plan
    if name in {"FIND_DUE", "READ_RECORDS"}:
        assert not any("TEMP B-TREE" in step for step in plan), plan


@pytest.mark.parametrize(
    ("question", "index"), [(guards.TO, "attempts_to"), (guards.FROM, "attempts_from")]
)
def test_calls_to_a_number_or_from_one_are_found_by_their_index(
    tmp_path: Path, question: str, index: str
) -> None:
    path = tmp_path / "ledger.db"
    prepare(path)
    with closing(connect(path)) as connection:
        values = {"number": "+1", "since": 0, "but": 2}
        plan = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {question}", values)]
    assert any(f"{index} (" in step and "placed_at>?" in step for step in plan), plan
    assert not any("TEMP B-TREE" in step or "SCAN t" in step for step in plan), plan


#: How many contacts there are of each priority; all of one campaign.
FILL = """
    INSERT INTO contacts (campaign_id, key, position, sheet_row, to_number, cells, state, priority,
        due_at, wait_kind)
    WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :rows - 1)
    SELECT 1, 'k' || i, i, i, '+' || i, '[]', 'pending', i % 100, :due_at, 'not_before' FROM n
"""


def work_of_the_queue(path: Path, rows: int, due_at: datetime) -> tuple[int, datetime | None]:
    """How much SQLite did to ask 50 times who is due, and when, in steps of its machine."""
    prepare(path)
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    with closing(connect(path)) as connection:
        connection.execute("INSERT INTO campaigns (name, wave) VALUES ('clinic', '')")
        hold = runs.open_run(connection, CLINIC, host="here", pid=1, at=NOW)
        connection.execute(FILL, {"rows": rows, "due_at": instants.to_stored(due_at)})
        connection.set_progress_handler(count, 100)
        for _ in range(50):
            holds.admit(connection, hold, 3, now=NOW)
            (first,) = connection.execute(
                statements.FIND_NEXT_DUE, {"campaign": hold.campaign}
            ).fetchone()
    return steps, instants.maybe_from_stored(first)


@pytest.mark.parametrize("due_at", [NOW, NOW + timedelta(hours=1)])
def test_admitting_costs_the_same_among_a_hundred_thousand_contacts_as_among_a_thousand(
    tmp_path: Path, due_at: datetime
) -> None:
    few, first = work_of_the_queue(tmp_path / "few.db", 1_000, due_at)
    many, _ = work_of_the_queue(tmp_path / "many.db", 100_000, due_at)
    assert first == due_at
    assert few > 0
    assert many < 1.5 * few


#: Contacts whose calls have ended.
CALLED = (
    """
    INSERT INTO contacts (campaign_id, key, position, sheet_row, to_number, cells, state, attempts)
    WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :rows - 1)
    SELECT 1, 'k' || i, i, i, '+' || i, '[]', 'done', 1 FROM n
    """,
    """
    INSERT INTO attempts (contact_id, number, run_id, state, to_number, cells_digest,
        prompt_sha256, placements, began_at, placed_at, ended_at, outcome)
    SELECT id, 1, 1, 'ended', to_number, '', '', 1, 0, 0, 1, 'completed' FROM contacts
    """,
    "INSERT INTO answers (attempt_id, summary) SELECT id, 'Confirmed.' FROM attempts",
)


def work_of_going_on(path: Path, rows: int) -> int:
    """What a run asks of its ledger before its first call, in steps of SQLite's machine."""
    prepare(path)
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    with closing(connect(path)) as connection:
        connection.execute("INSERT INTO campaigns (name, wave) VALUES ('clinic', '')")
        runs.open_run(connection, CLINIC, host="here", pid=1, at=NOW)
        for statement in CALLED:
            connection.execute(statement, {"rows": rows})
        connection.set_progress_handler(count, 10)
        hold = runs.open_run(connection, CLINIC, host="here", pid=1, at=NOW)
        assert runs.open_calls(connection, hold=hold) == []
        assert readings.unread_calls(connection, hold=hold) == []
        gone = connection.execute(standing.COUNT_GONE, {"campaign": hold.campaign})
        assert gone.fetchone() == (0,)
    return steps


def test_what_an_earlier_run_left_costs_the_same_among_a_hundred_thousand_called_contacts(
    tmp_path: Path,
) -> None:
    few = work_of_going_on(tmp_path / "few.db", 1_000)
    many = work_of_going_on(tmp_path / "many.db", 100_000)
    assert few > 0
    assert many < 1.5 * few
