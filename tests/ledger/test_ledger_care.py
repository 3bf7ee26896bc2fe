"""Looking a ledger over, copying it, and the rights of its files."""

import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest

from poku_batch.errors import LedgerError
from poku_batch.ledger import back_up, inspect, inspection, open_ledger
from poku_batch.ledger.places import place_of
from poku_batch.ledger.rules import RULES
from poku_batch.ledger.schema import VERSION
from poku_batch.models import (
    CallResult,
    CampaignId,
    ContactKey,
    DuplicateRule,
    Enrolment,
    InteractionId,
    RunEnding,
)
from tests.ledger.ledger_clinic import begun
from tests.ledger.ledger_raw import raw
from tests.postgresql import Server

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
CLINIC = CampaignId(name="clinic")


async def fill(path: str | Path, *, rows: int = 6, close: bool = True) -> None:
    async with open_ledger(path) as ledger:
        async with ledger.enrolment(CLINIC, ["a"], DuplicateRule.FIRST) as session:
            await session.add(
                [
                    Enrolment(row=n, cells=("c",), key=ContactKey(f"k{n}"), to=f"+{n}")
                    for n in range(2, 2 + rows)
                ]
            )
            await session.commit(now=NOW)
        run = await ledger.open_run(CLINIC, at=NOW)
        for n, admission in enumerate(await run.admit(rows - 1, now=NOW)):
            attempt = begun(await run.begin(admission, prompt_sha256="p", at=NOW))
            if n == 0:
                await run.started(attempt, InteractionId("i"), at=NOW)
            elif n == 1:
                await run.doubt(attempt, "lost", at=NOW)
            elif n == 2:
                await run.reject(attempt, "400", at=NOW)
            else:
                await run.finish(attempt, CallResult(outcome="busy", summary="x"), at=NOW)
        if close:
            await run.close(RunEnding.ABANDONED, at=NOW)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.db"
    anyio.run(fill, path)
    return path


def spoil(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in ("PRAGMA ignore_check_constraints = ON", *statements):
            assert connection.execute(statement).rowcount != 0


def test_a_sound_ledger_has_no_problems_and_is_not_changed(path: Path) -> None:
    before = path.read_bytes()
    found = inspect(path)
    assert (found.version, found.contacts, found.attempts) == (VERSION, 6, 5)
    assert (found.problems, found.notes) == ((), ())
    assert path.read_bytes() == before


SPOILT = [
    ("UPDATE contacts SET state='pending' WHERE key='k2'", "row 2: the contact is pending"),
    ("UPDATE contacts SET state='unknown' WHERE key='k5'", "row 5: the contact is unknown"),
    ("UPDATE contacts SET state='done' WHERE key='k3'", "row 3: the contact is done"),
    (
        "UPDATE contacts SET state='failed', reason='x', reason_kind='x' WHERE key='k3'",
        "row 3: the contact is failed",
    ),
    ("UPDATE contacts SET state='dialing' WHERE key='k7'", "row 7: the contact is dialing"),
    (
        "UPDATE contacts SET state='skipped', reason='x', reason_kind='x' WHERE key='k2'",
        "row 2: the contact is skipped",
    ),
    ("UPDATE contacts SET attempts=3 WHERE key='k5'", "counted 3, found 1"),
    (
        """INSERT INTO attempts SELECT 99, contact_id, 2, run_id, state, to_number,
        cells_digest, prompt_sha256, placements, 'z', began_at, placed_at, ended_at, outcome,
        evidence, error, NULL, NULL, NULL FROM attempts WHERE id=1""",
        "row 2: the contact has two attempts open at once (2 open)",
    ),
    (
        "UPDATE contacts SET reserved_by=1 WHERE key='k7'",
        "row 7: the contact is reserved by a run that has ended",
    ),
    (
        "INSERT INTO answers (attempt_id, summary) VALUES (1, 'x')",
        "row 2: a result is kept of a call that has not ended",
    ),
    (
        "UPDATE attempt_events SET contact_id=5 WHERE id=1",
        "row 6: the history tells of an attempt that is another contact's (began)",
    ),
    (
        "DELETE FROM attempt_events WHERE attempt_id=5",
        "row 6: the history does not tell of an attempt (attempt 1)",
    ),
    (
        "UPDATE contacts SET base_due_at=5, base_kind='redial' WHERE key='k7'",
        "row 7: the contact is due before its last call or placement allows (redial)",
    ),
    (
        "UPDATE contacts SET due_at=5 WHERE key='k7'",
        "row 7: the contact waits, and nothing says what for (due at 5)",
    ),
    (
        "UPDATE answers SET to_read=1",
        "a call is still to be read, and what becomes of its contact was not kept (attempt 1)",
    ),
    (
        "UPDATE attempts SET outcome='do_not_call' WHERE outcome IS NOT NULL",
        "somebody asked in a call not to be called, and the do-not-call list knows nothing",
    ),
    (
        "UPDATE answers SET opted_out='no more'",
        "somebody asked in a call not to be called, and the do-not-call list knows nothing",
    ),
    (
        """INSERT INTO outbox (campaign_id, event, contact_id, at, due_at)
        SELECT 98, 'result', id, 0, 0 FROM contacts WHERE key='k7'""",
        "1 of outbox belong to no row of campaigns",
    ),
    ("UPDATE contacts SET campaign_id=77 WHERE key='k7'", "1 of contacts belong to no row of"),
    ("UPDATE campaigns SET paused_at = 5", "clinic: whether it is paused is only half said"),
    ("UPDATE campaigns SET paused_by = 'ann'", "whether it is paused is only half said"),
    (
        "UPDATE runs SET stop_asked_by = 'ann'",
        "clinic: what run 1 was asked, or says of itself",
    ),
    ("UPDATE runs SET seen_at = 5", "clinic: what run 1 was asked, or says of itself"),
    ("UPDATE runs SET seen_at = 5, doing = '{'", "what run 1 was asked, or says of itself"),
    ("PRAGMA user_version = 99", "the ledger is of version 99"),
]


@pytest.mark.parametrize(("statement", "expected"), SPOILT)
def test_whatever_does_not_fit_is_found_and_says_what_to_do(
    path: Path, statement: str, expected: str
) -> None:
    spoil(path, statement)
    problems = inspect(path).problems
    assert any(expected in problem.what for problem in problems), problems
    assert all(problem.do for problem in problems)


_CHECKS = """
    SELECT r.relname, c.conname FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid
    WHERE c.contype = 'c' AND r.relnamespace::regnamespace::text = current_schema()
"""


def test_whatever_does_not_fit_in_a_database_is_found_too(postgresql_server: Server) -> None:
    url = postgresql_server.new_ledger()
    anyio.run(fill, url)
    place = place_of(url)
    looked_over = 0
    with raw(url) as connection:
        for table, constraint in connection.execute(_CHECKS).fetchall():
            connection.execute(f"ALTER TABLE {table} DROP CONSTRAINT {constraint}")
        for statement, expected in SPOILT:
            # What belongs to what the database sees to by itself.
            if "belong to no row" in expected or statement.startswith("PRAGMA"):
                continue
            connection.begin(writing=True)
            assert connection.execute(statement).rowcount != 0
            problems = inspection._inspect(connection, place).problems
            connection.rollback()
            assert any(expected in problem.what for problem in problems), (statement, problems)
            looked_over += 1
        assert inspection._inspect(connection, place).problems == ()
    assert looked_over >= 20


def test_every_rule_has_words_of_its_own() -> None:
    assert len({rule.says for rule in RULES}) == len(RULES)


def test_a_hundred_rows_of_a_kind_are_not_told_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    anyio.run(lambda: fill(path, rows=100))
    spoil(path, "UPDATE contacts SET state='unknown' WHERE state='done'")
    problems = inspect(path).problems
    assert len(problems) == 11
    assert problems[-1].what.startswith("more rows like these")


def test_damage_is_a_problem_and_no_traceback(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    content = bytearray(path.read_bytes())
    content[4096 * 3 : 4096 * 6] = b"\xff" * 4096 * 3
    path.write_bytes(content)
    found = inspect(path)
    assert any("damaged" in problem.what for problem in found.problems)
    assert "backup" in found.problems[0].do
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 5_000)
    assert inspect(path).problems
    path.write_bytes(b"something else")
    assert "not a ledger" in inspect(path).problems[0].what
    with pytest.raises(LedgerError, match="no ledger"):
        inspect(path.with_name("other.db"))


def test_a_dead_run_is_a_note_and_a_running_one_too(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    anyio.run(lambda: fill(path, close=False))
    assert "died; the next run settles" in inspect(path).notes[0]

    async def during() -> None:
        async with open_ledger(path) as ledger:
            await ledger.open_run(CLINIC, at=NOW)
            (note,) = (await anyio.to_thread.run_sync(inspect, path)).notes
            assert f"is being run, by process {os.getpid()}" in note

    anyio.run(during)


def test_that_a_campaign_is_paused_is_a_note(path: Path) -> None:
    async def pause() -> None:
        async with open_ledger(path) as ledger:
            await ledger.controls.pause(CLINIC, by="ann", at=NOW)

    anyio.run(pause)
    found = inspect(path)
    assert found.problems == ()
    (note,) = found.notes
    assert note.startswith("clinic is paused by ann, since 2026-11-22T10:00:00Z: no call is begun")


# --- copies ---


def test_a_copy_is_sound_private_and_one_file(path: Path, tmp_path: Path) -> None:
    to = tmp_path / "copies" / "ledger copy.db"
    to.parent.mkdir()
    made = back_up(path, to)
    assert (made.path, made.contacts, made.attempts) == (to, 6, 5)
    assert [file.name for file in to.parent.iterdir()] == ["ledger copy.db"]
    assert stat.S_IMODE(to.stat().st_mode) == 0o600
    assert inspect(to).problems == ()
    with pytest.raises(LedgerError, match="exists already"):
        back_up(path, to)

    async def use() -> None:
        async with open_ledger(to) as ledger:
            run = await ledger.open_run(CLINIC, at=NOW)
            assert len(await run.admit(9, now=NOW)) == 1

    anyio.run(use)


def test_a_copy_is_made_while_a_run_writes(path: Path, tmp_path: Path) -> None:
    stop = threading.Event()

    async def write() -> None:
        async with open_ledger(path) as ledger:
            run = await ledger.open_run(CLINIC, at=NOW)
            (admission,) = await run.admit(1, now=NOW)
            attempt = begun(await run.begin(admission, prompt_sha256="p", at=NOW))
            while not stop.is_set():
                await run.hold(attempt, "429", at=NOW)
                await run.begin_again(attempt, at=NOW)

    writer = threading.Thread(target=lambda: anyio.run(write))
    writer.start()
    try:
        for n in range(5):
            to = tmp_path / f"copy-{n}.db"
            back_up(path, to)
            assert inspect(to).problems == ()
    finally:
        stop.set()
        writer.join()


def test_a_copy_that_cannot_be_made_leaves_nothing(path: Path, tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="No such file or directory"):
        back_up(path, tmp_path / "nowhere" / "copy.db")
    spoil(path, "UPDATE contacts SET campaign_id=77 WHERE key='k7'")
    with pytest.raises(LedgerError, match="not sound"):
        back_up(path, tmp_path / "copy.db")
    assert not [file for file in tmp_path.iterdir() if "copy" in file.name]


# --- rights ---


@pytest.fixture
def umask_0() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("umask_0")
def test_every_file_of_a_ledger_is_its_owners_alone_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "ledger.db"

    async def look() -> None:
        async with open_ledger(path) as ledger:
            await ledger.open_run(CLINIC, at=NOW)
            modes = {f.name: stat.S_IMODE(f.stat().st_mode) for f in path.parent.iterdir()}
            assert {"ledger.db", "ledger.db-wal", "ledger.db-shm"} < set(modes)
            assert len(modes) == 4
            assert set(modes.values()) == {0o600}, modes
            assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700

    anyio.run(look)
    back_up(path, tmp_path / "copy.db")
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
