"""Many rows: memory stays bounded, and questions asked for every call use an index."""

import subprocess
import sys
from pathlib import Path

import pytest

from poku_batch.ledger import statements
from poku_batch.ledger.opening import connect, prepare

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
    ],
)
def test_what_is_asked_often_uses_its_index(tmp_path: Path, name: str, index: str) -> None:
    path = tmp_path / "ledger.db"
    prepare(path)
    connection = connect(path)
    values = dict.fromkeys(("campaign", "now", "limit", "run", "after"), 1)
    plan = [
        row[3]
        for row in connection.execute(f"EXPLAIN QUERY PLAN {getattr(statements, name)}", values)
    ]
    connection.close()
    assert any(index in step for step in plan), plan
    if name in {"FIND_DUE", "READ_RECORDS"}:
        assert not any("TEMP B-TREE" in step for step in plan), plan
