"""Ledgers of earlier versions, made by the programs that wrote them, brought up to date."""

import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import pytest

from poku_batch.ledger import inspect, open_ledger
from poku_batch.ledger.opening import prepare
from poku_batch.ledger.schema import MIGRATIONS, VERSION
from poku_batch.models import CampaignId, ContactRecord, Happening, RunEnding

DATA = Path(__file__).parent / "data"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CLINIC = CampaignId(name="clinic")
AGENCY = CampaignId(name="agency", wave="2")
TABLES = ("campaigns", "runs", "contacts", "attempts", "answers")

#: Migrates, and is killed at the statement that it is told, by its place from the beginning.
KILLED = """
import os, sys
from pathlib import Path
from poku_batch.ledger import opening

statements = list(opening.MIGRATIONS[1])
statements.insert(int(sys.argv[2]), "SELECT die()")
opening.MIGRATIONS = (opening.MIGRATIONS[0], tuple(statements))
connect = opening.connect

def connect_to_die(path, **options):
    connection = connect(path, **options)
    connection.create_function("die", 0, lambda: os.kill(os.getpid(), 9))
    return connection

opening.connect = connect_to_die
opening.prepare(Path(sys.argv[1]))
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A ledger of version 1 with every state in it, as a run that died left it."""
    path = tmp_path / "ledger.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript((DATA / "version-1.sql").read_text(encoding="utf-8"))
        connection.execute("PRAGMA journal_mode = WAL")
    return path


def contents(path: Path) -> dict[str, list[Any]]:
    with closing(sqlite3.connect(path)) as connection:
        return {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY 1").fetchall()  # noqa: S608  # ours
            for table in TABLES
        }


def version(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


async def records(path: Path, campaign: CampaignId) -> list[ContactRecord]:
    async with open_ledger(path) as ledger:
        return [record async for batch in ledger.records(campaign) for record in batch]


def test_there_is_a_ledger_of_every_earlier_version() -> None:
    assert sorted(path.name for path in DATA.iterdir()) == [
        f"version-{number}.sql" for number in range(1, VERSION)
    ]
    assert len(MIGRATIONS) == VERSION


def test_a_ledger_of_version_1_loses_nothing(old: Path) -> None:
    before = contents(old)
    states = {row[8] for row in before["contacts"]}
    assert states == {"pending", "dialing", "done", "failed", "skipped", "unknown"}
    assert {row[4] for row in before["attempts"]} == {
        "dialing",
        "in_call",
        "ended",
        "turned_away",
        "rejected",
        "unknown",
    }
    prepare(old)
    assert version(old) == VERSION
    assert contents(old) == before
    assert inspect(old).problems == ()
    prepare(old)
    assert contents(old) == before


@pytest.mark.anyio
async def test_results_and_history_of_version_1_can_be_told(old: Path) -> None:
    found = {record.key: record for record in await records(old, CLINIC)}
    assert found["k2"].summary == 'Spoke with Person 2; "confirmed".'
    assert found["k5"].error == "sent; the connection broke before an answer"
    async with open_ledger(old) as ledger:
        history = [entry async for batch in ledger.history(CLINIC) for entry in batch]
        (agency,) = [batch async for batch in ledger.history(AGENCY)]
    assert [(e.what, e.detail) for e in agency] == [
        (Happening.BEGAN, None),
        (Happening.ENDED, "do_not_call"),
    ]
    assert agency[0].prompt_sha256 == "a" * 64
    assert agency[1].summary == "Asked never to be called."
    told = {
        key: [entry.what.value for entry in history if entry.key == key]
        for key in dict.fromkeys(entry.key for entry in history)
    }
    assert told == {
        "gone": ["began", "ended"],
        "k2": ["began", "ended"],
        "k3": ["began", "placed_again", "turned_away"],
        "k4": ["began", "rejected"],
        "k5": ["began", "doubted"],
        "k6": ["began", "started", "doubted"],
        "k7": ["began", "ended"],
        "k9": ["began", "ended"],
        "k10": ["began", "started"],
        "k11": ["began", "held"],
        "k12": ["began"],
    }
    assert [entry.at for entry in history] == sorted(entry.at for entry in history)
    assert {entry.run for entry in history} == {2, 3}


@pytest.mark.anyio
async def test_a_run_goes_on_where_version_1_died(old: Path) -> None:
    async with open_ledger(old) as ledger:
        run = await ledger.open_run(CLINIC, at=NOW)
        calls = await run.open_calls()
        assert [call.interaction_id for call in calls] == ["c-4", "c-8"]
        admitted = await run.admit(9, now=NOW)
        # Held, reserved twice; turned away and due after two hours and a half.
        assert {admission.key: admission.placements for admission in admitted} == {
            "k11": 1,
            "k13": 0,
            "k14": 0,
        }
        await run.close(RunEnding.STOPPED, at=NOW)
        (cut_off,) = [record for record in await records(old, CLINIC) if record.key == "k12"]
        assert cut_off.state == "unknown"
    assert inspect(old).problems == ()


@pytest.mark.parametrize("statement", [0, 3, len(MIGRATIONS[1])])
def test_a_migration_that_is_killed_leaves_version_1_intact(old: Path, statement: int) -> None:
    before = contents(old)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(old), str(statement)], check=False, timeout=30
    )
    assert killed.returncode == -signal.SIGKILL
    assert version(old) == 1
    assert contents(old) == before
    with closing(sqlite3.connect(old)) as connection:
        names = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    assert not names & {"attempt_events", "verdicts", "prompts"}
    assert len(anyio.run(records, old, CLINIC)) == 16
    assert version(old) == VERSION


def test_many_processes_migrate_at_once(old: Path) -> None:
    before = contents(old)
    code = (
        "import sys; from pathlib import Path; from poku_batch.ledger.opening import prepare; "
        "prepare(Path(sys.argv[1]))"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(old)], env=os.environ) for _ in range(3)
    ]
    assert [process.wait(30) for process in processes] == [0, 0, 0]
    assert contents(old) == before
    assert inspect(old).problems == ()
