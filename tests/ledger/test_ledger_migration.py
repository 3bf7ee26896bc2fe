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

from poku_batch.errors import LedgerError
from poku_batch.ledger import inspect, open_ledger
from poku_batch.ledger.opening import connect, prepare
from poku_batch.ledger.schema import MIGRATIONS, VERSION
from poku_batch.models import (
    AttemptState,
    CampaignId,
    ContactKey,
    ContactRecord,
    ContactState,
    Happening,
    Never,
    Orders,
    RunEnding,
)

DATA = Path(__file__).parent / "data"
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CLINIC = CampaignId(name="clinic")
AGENCY = CampaignId(name="agency", wave="2")

#: The columns that version 1 had; those that came later are told apart from them.
OLD_COLUMNS = {
    "campaigns": "id, name, wave, columns, enrolled_at",
    "runs": "id, campaign_id, host, pid, started_at, ended_at, ending",
    "contacts": "id, campaign_id, key, position, sheet_row, to_number, country, cells, state, "
    "reason, reason_kind, outcome, due_at, attempts, reserved_by",
    "attempts": "id, contact_id, number, run_id, state, to_number, cells_digest, prompt_sha256, "
    "placements, interaction_id, began_at, placed_at, ended_at, outcome, evidence, error",
    "answers": "attempt_id, summary, recording_url",
}
#: What version 2 had beside those.
OF_VERSION_2 = dict.fromkeys(("attempt_events", "prompts", "verdicts", "salts", "forgotten"), "*")

#: All of version 3's tables, which later versions added to.
OF_VERSION_3 = ("contacts", "attempts", "answers", "do_not_call", "outbox", *OF_VERSION_2)

#: Migrates, and is killed at the statement of a migration that it is told, both by their places.
KILLED = """
import os, sys
from pathlib import Path
from poku_batch.ledger import opening

migrations = [list(migration) for migration in opening.MIGRATIONS]
migrations[int(sys.argv[2])].insert(int(sys.argv[3]), "SELECT die()")
opening.MIGRATIONS = tuple(map(tuple, migrations))
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
    return made(tmp_path, 1)


@pytest.fixture
def recent(tmp_path: Path) -> Path:
    """A ledger of version 2 with every state in it, as a run that died left it."""
    return made(tmp_path, 2)


def made(folder: Path, number: int) -> Path:
    path = folder / "ledger.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executescript((DATA / f"version-{number}.sql").read_text(encoding="utf-8"))
        connection.execute("PRAGMA journal_mode = WAL")
    return path


def contents(path: Path, *, recent: bool = False) -> dict[str, list[Any]]:
    tables = OLD_COLUMNS | OF_VERSION_2 if recent else OLD_COLUMNS
    with closing(sqlite3.connect(path)) as connection:
        return {
            table: connection.execute(f"SELECT {columns} FROM {table} ORDER BY 1").fetchall()  # noqa: S608  # ours
            for table, columns in tables.items()
        }


def ask(path: Path, question: str) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(question).fetchall()


def columns(path: Path, *tables: str) -> dict[str, str]:
    """The columns of tables as they are now, before later versions add to them."""
    ask_columns = "SELECT name FROM pragma_table_info('{}')"
    found = {table: ask(path, ask_columns.format(table)) for table in tables}
    return {table: ", ".join(name for (name,) in names) for table, names in found.items()}


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


def test_a_ledger_of_version_2_loses_nothing(recent: Path) -> None:
    before = contents(recent, recent=True)
    assert {row[8] for row in before["contacts"]} == set(ContactState)
    assert {row[4] for row in before["attempts"]} == set(AttemptState)
    assert {row[6] for row in before["runs"]} == {
        None,
        *set(RunEnding) - {RunEnding.BUDGET, RunEnding.CIRCUIT_BREAKER, RunEnding.CANARY},
    }
    assert {row[5] for row in before["attempt_events"]} == set(Happening) - {
        Happening.READ,
        Happening.SKIPPED,
        Happening.WITHDRAWN,
    }
    assert all(before.values())
    prepare(recent)
    assert version(recent) == VERSION
    assert contents(recent, recent=True) == before
    assert inspect(recent).problems == ()
    prepare(recent)
    assert contents(recent, recent=True) == before


def test_a_ledger_of_version_3_loses_nothing(tmp_path: Path) -> None:
    path = made(tmp_path, 3)
    tables = columns(path, *OF_VERSION_3, "campaigns", "runs")
    questions = [f"SELECT {columns} FROM {table} ORDER BY 1" for table, columns in tables.items()]  # noqa: S608  # ours
    before = [ask(path, question) for question in questions]
    assert all(before)
    prepare(path)
    assert version(path) == VERSION
    assert [ask(path, question) for question in questions] == before
    assert ask(path, "SELECT DISTINCT enrolled_from FROM campaigns") == [(None,)]
    assert inspect(path).problems == ()


def test_a_ledger_of_version_4_loses_nothing_and_is_not_paused(tmp_path: Path) -> None:
    path = made(tmp_path, 4)
    tables = columns(path, *OF_VERSION_3, "sharing", "campaigns", "runs")
    questions = [f"SELECT {columns} FROM {table} ORDER BY 1" for table, columns in tables.items()]  # noqa: S608  # ours
    before = [ask(path, question) for question in questions]
    assert all(before)
    prepare(path)
    assert version(path) == VERSION
    assert [ask(path, question) for question in questions] == before
    assert ask(path, "SELECT DISTINCT paused_at, paused_by FROM campaigns") == [(None, None)]
    new = "stop_asked_at, stop_asked_by, seen_at, doing"
    assert ask(path, f"SELECT DISTINCT {new} FROM runs") == [(None, None, None, None)]  # noqa: S608  # ours
    assert ask(path, "SELECT COUNT(*) FROM recordings") == [(0,)]
    assert inspect(path).problems == ()


@pytest.mark.anyio
async def test_a_run_goes_on_where_version_4_died(tmp_path: Path) -> None:
    path = made(tmp_path, 4)
    async with open_ledger(path) as ledger:
        died = await ledger.controls.latest_run(CLINIC)
        assert died is not None
        assert (died.host, died.seen_at, died.ended_at, died.doing) == ("vm", None, None, None)
        run = await ledger.open_run(CLINIC, at=NOW)
        assert [call.interaction_id for call in await run.open_calls()] == ["c-8", "c-14", "c-31"]
        admitted = await run.admit(9, now=datetime(2026, 11, 25, 10, tzinfo=UTC))
        assert sorted(admission.key for admission in admitted) == [
            *("k10", "k15", "k17", "k18", "k20", "k5", "n5")
        ]
        assert await run.orders() == Orders()
        await run.close(RunEnding.STOPPED, at=NOW)
        # Cut off between its intent and any answer.
        (cut_off,) = [record for record in await records(path, CLINIC) if record.key == "n1"]
        assert cut_off.state == "unknown"
    assert inspect(path).problems == ()


def test_a_ledger_of_version_5_loses_nothing_and_has_no_workers(tmp_path: Path) -> None:
    path = made(tmp_path, 5)
    tables = columns(path, *OF_VERSION_3, "campaigns", "runs", "sharing", "recordings")
    questions = [f"SELECT {columns} FROM {table} ORDER BY 1" for table, columns in tables.items()]  # noqa: S608  # ours
    before = [ask(path, question) for question in questions]
    assert all(before)
    prepare(path)
    assert version(path) == VERSION
    assert [ask(path, question) for question in questions] == before
    new = "distributed, next_start, admitted_at, budget_left, api_bearing, wanted_ending"
    assert ask(path, f"SELECT DISTINCT {new} FROM runs") == [(0, 0, 0, 0, None, None)]  # noqa: S608  # ours
    assert ask(path, "SELECT DISTINCT worker_id, follow_job FROM attempts") == [(None, None)]
    assert ask(path, "SELECT DISTINCT reserved_job, starts_at FROM contacts") == [(None, None)]
    assert ask(path, "SELECT COUNT(*) FROM workers") == [(0,)]
    assert inspect(path).problems == ()


@pytest.mark.parametrize("number", range(1, VERSION))
def test_a_migrated_ledger_has_the_tables_of_a_new_one(tmp_path: Path, number: int) -> None:
    schema = "SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2"
    migrated = made(tmp_path, number)
    new = tmp_path / "new.db"
    for path in (migrated, new):
        prepare(path)
    assert ask(migrated, schema) == ask(new, schema)


def test_whoever_was_turned_away_waits_for_that_and_nobody_else_waits(recent: Path) -> None:
    before = ask(recent, "SELECT key, due_at FROM contacts WHERE due_at > 0 ORDER BY key")
    prepare(recent)
    assert [key for key, _ in before] == ["k13", "k3"]
    columns = "due_at, base_due_at, base_kind, base_why, wait_kind, wait_why"
    why = {"k13": "the run was stopped", "k3": "429: slow down"}
    assert ask(recent, f"SELECT key, {columns} FROM contacts WHERE due_at > 0 ORDER BY key") == [  # noqa: S608  # ours
        (key, due, due, "turned_away", why[key], "turned_away", why[key]) for key, due in before
    ]
    assert ask(recent, "SELECT COUNT(*) FROM contacts WHERE base_kind IS NOT NULL") == [(2,)]


def test_whoever_asked_not_to_be_called_is_on_the_list_and_whoever_was_erased_is_not(
    recent: Path,
) -> None:
    prepare(recent)
    found = ask(recent, "SELECT number, source, reason, added_by FROM do_not_call ORDER BY number")
    assert found == [
        ("+14155550002", "heard in a call", "never", None),
        ("+14155550021", "heard in a call", "stop calling me", None),
        ("+14155550090", "heard in a call", "They wrote to us.", "ann"),
    ]
    times = ask(recent, "SELECT added_at, removed_at FROM do_not_call ORDER BY number")
    assert times == [(at, None) for at in (1795338120000000, 1795339080000000, 1795338360000000)]


@pytest.mark.anyio
async def test_a_run_goes_on_where_version_2_died(recent: Path) -> None:
    async with open_ledger(recent) as ledger:
        run = await ledger.open_run(CLINIC, at=NOW)
        assert [call.interaction_id for call in await run.open_calls()] == ["c-8", "c-14"]
        admitted = {admission.key: admission for admission in await run.admit(99, now=NOW)}
        # Put back by key though they asked not to be called, and another row with such a number.
        for key in ("k11", "k23"):
            admission = admitted.pop(ContactKey(key))
            assert isinstance(await run.begin(admission, prompt_sha256="p", at=NOW), Never)
        assert sorted(admitted) == ["k10", "k13", "k15", "k17", "k18", "k19", "k3"]
        for admission in admitted.values():
            assert isinstance(await run.begin(admission, prompt_sha256="p", at=NOW), int)
        await run.close(RunEnding.BUDGET, at=NOW)
    assert inspect(recent).problems == ()


@pytest.mark.parametrize(
    ("number", "statement"),
    [
        *((1, statement) for statement in (0, 3, len(MIGRATIONS[1]))),
        *((2, statement) for statement in range(0, len(MIGRATIONS[2]), 8)),
        (2, len(MIGRATIONS[2])),
        *((3, statement) for statement in range(len(MIGRATIONS[3]) + 1)),
        *((4, statement) for statement in range(0, len(MIGRATIONS[4]) + 1, 4)),
    ],
)
def test_a_migration_that_is_killed_leaves_the_version_before_it_intact(
    tmp_path: Path, number: int, statement: int
) -> None:
    path = made(tmp_path, number)
    everything = "SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2"
    before, tables = contents(path, recent=number > 1), ask(path, everything)
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(path), str(number), str(statement)],
        check=False,
        timeout=30,
    )
    assert killed.returncode == -signal.SIGKILL
    assert version(path) == number
    assert contents(path, recent=number > 1) == before
    assert ask(path, everything) == tables
    assert len(anyio.run(records, path, CLINIC)) == len(
        [row for row in before["contacts"] if row[1] == 2 and row[3] is not None]
    )
    assert version(path) == VERSION
    assert inspect(path).problems == ()


def test_a_ledger_whose_rows_name_missing_rows_is_not_migrated(recent: Path) -> None:
    with closing(sqlite3.connect(recent)) as connection:
        connection.execute("UPDATE contacts SET reserved_by = 99 WHERE key = 'k17'")
        connection.commit()
    with pytest.raises(LedgerError, match="a row of contacts names a row of runs that is not"):
        prepare(recent)
    assert version(recent) == 2


def test_foreign_keys_hold_after_a_migration(recent: Path) -> None:
    prepare(recent)
    with (
        closing(connect(recent)) as connection,
        pytest.raises(sqlite3.IntegrityError, match="FOREIGN KEY"),
    ):
        connection.execute("DELETE FROM runs WHERE id = 10")


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
