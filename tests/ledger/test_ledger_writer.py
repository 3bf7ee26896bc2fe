"""The writer thread: commits in groups, failures apart, nobody left hanging."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest

from poku_batch.errors import LedgerError
from poku_batch.ledger import open_ledger
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.opening import SqliteConnection, SqliteFile, connect, prepare
from poku_batch.ledger.writer import Writer
from poku_batch.models import (
    AttemptId,
    CallResult,
    CampaignId,
    ContactKey,
    DuplicateRule,
    Enrolment,
)
from tests.ledger.ledger_clinic import begun

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
CLINIC = CampaignId(name="clinic")


class Traced:
    """A writer, its path, and how many transactions it has committed."""

    def __init__(self, path: Path) -> None:
        prepare(path)
        self.path = path
        self.commits = 0
        connection = connect(path)
        connection.set_trace_callback(self.trace)
        self.writer = Writer(connection, SqliteFile(path))

    def trace(self, statement: str) -> None:
        self.commits += statement == "COMMIT"

    async def add(self, name: str) -> None:
        await self.writer.run(
            lambda c: c.execute("INSERT INTO campaigns (name, wave) VALUES (?, '')", [name])
        )

    def names(self) -> set[str]:
        connection = connect(self.path)
        try:
            return {row[0] for row in connection.execute("SELECT name FROM campaigns")}
        finally:
            connection.close()


@pytest.fixture
async def traced(tmp_path: Path) -> AsyncIterator[Traced]:
    traced = Traced(tmp_path / "ledger.db")
    yield traced
    await traced.writer.close()


async def test_a_thousand_finishes_at_once_take_few_transactions(tmp_path: Path) -> None:
    commits = 0

    def trace(statement: str) -> None:
        nonlocal commits
        commits += statement == "COMMIT"

    async with open_ledger(tmp_path / "ledger.db") as ledger:
        async with ledger.enrolment(CLINIC, ["a"], DuplicateRule.FIRST) as session:
            await session.add(
                [
                    Enrolment(row=n, cells=("x",), key=ContactKey(f"k{n}"), to=f"+{n}")
                    for n in range(1000)
                ]
            )
            await session.commit(now=NOW)
        run = await ledger.open_run(CLINIC, at=NOW)
        attempts: list[AttemptId] = []
        connection = ledger._writer._connection
        assert isinstance(connection, SqliteConnection)
        connection.set_trace_callback(trace)

        async with anyio.create_task_group() as tasks:
            for admission in await run.admit(1000, now=NOW):

                async def begin(admission: object = admission) -> None:
                    attempts.append(begun(await run.begin(admission, prompt_sha256="p", at=NOW)))  # type: ignore[arg-type]  # bound early

                tasks.start_soon(begin)
        async with anyio.create_task_group() as tasks:
            for attempt in attempts:
                tasks.start_soon(lambda a: run.finish(a, CallResult(outcome="ok"), at=NOW), attempt)
        assert (await run.counts(now=NOW)).outcomes == {"ok": 1000}
    assert commits < 100


async def test_one_that_fails_leaves_the_others_of_its_group(traced: Traced) -> None:
    failed: list[str] = []

    async def add(name: str) -> None:
        try:
            await traced.add(name)
        except LedgerError:
            failed.append(name)

    async with anyio.create_task_group() as tasks:
        for n in range(50):
            tasks.start_soon(add, f"n{n}")
            tasks.start_soon(add, "same")
    assert failed == ["same"] * 49
    assert traced.names() == {"same", *(f"n{n}" for n in range(50))}


async def test_closing_commits_everything_handed_in(traced: Traced) -> None:
    async with anyio.create_task_group() as tasks:
        for n in range(200):
            tasks.start_soon(traced.add, f"n{n}")
        await anyio.lowlevel.checkpoint()
        await traced.writer.close()
    assert len(traced.names()) == 200
    with pytest.raises(LedgerError, match="closed"):
        await traced.add("late")


async def test_a_writer_that_died_answers_every_call_with_an_error(traced: Traced) -> None:
    def leave(_: Connection) -> None:
        raise SystemExit(3)

    told: list[str] = []

    async def expect_error(name: str) -> None:
        with pytest.raises(LedgerError) as caught:
            await traced.add(name)
        told.append(str(caught.value))

    with anyio.fail_after(5):
        await traced.add("before")
        async with anyio.create_task_group() as tasks:

            async def die() -> None:
                with pytest.raises(LedgerError, match="stopped"):
                    await traced.writer.run(leave)

            tasks.start_soon(die)
            tasks.start_soon(expect_error, "beside")
        await expect_error("after")
        await traced.writer.close()
    assert all("run again" in text for text in told)
    assert traced.names() == {"before"}


@pytest.mark.parametrize(
    ("pragma", "words"),
    [("max_page_count = 1", "disk is full"), ("query_only = ON", "cannot be written")],
)
async def test_a_disk_that_fails_is_told_to_the_caller_and_nothing_is_half_done(
    traced: Traced, pragma: str, words: str
) -> None:
    await traced.add("before")
    traced.writer._connection.execute(f"PRAGMA {pragma}")
    with pytest.raises(LedgerError, match=words) as caught:
        await traced.add("x" * 1_000_000)
    assert str(traced.path) in str(caught.value)
    traced.writer._connection.execute("PRAGMA query_only = OFF")
    traced.writer._connection.execute("PRAGMA max_page_count = 1000000")
    await traced.add("after")
    assert traced.names() == {"before", "after"}


async def test_an_error_of_the_operation_itself_comes_to_its_caller(traced: Traced) -> None:
    def divide(_: Connection) -> float:
        return 1 / 0

    with pytest.raises(ZeroDivisionError):
        await traced.writer.run(divide)
    await traced.add("after")


async def test_a_lock_that_is_held_for_a_while_is_waited_for(traced: Traced) -> None:
    other = connect(traced.path)
    other.execute("BEGIN IMMEDIATE")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(traced.add, "patient")
        await anyio.sleep(0.2)
        assert traced.names() == set()
        other.execute("COMMIT")
    other.close()
    assert traced.names() == {"patient"}


async def test_writing_does_not_wait_for_reading(tmp_path: Path) -> None:
    async with open_ledger(tmp_path / "ledger.db") as ledger:
        async with ledger.enrolment(CLINIC, ["a"], DuplicateRule.FIRST) as session:
            await session.add(
                [
                    Enrolment(row=n, cells=("x",), key=ContactKey(f"k{n}"), to=f"+{n}")
                    for n in range(10)
                ]
            )
            await session.commit(now=NOW)
        run = await ledger.open_run(CLINIC, at=NOW)
        rows = []
        async for batch in ledger.records(CLINIC, batch=3):
            rows.extend(batch)
            with anyio.fail_after(5):
                (admission,) = await run.admit(1, now=NOW)
                await run.begin(admission, prompt_sha256="p", at=NOW)
        assert [record.row for record in rows] == list(range(10))


async def test_nobody_waits_long_for_others_that_do_not_come(
    traced: Traced, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("poku_batch.ledger.writer.time.sleep", waits.append)
    for n in range(300):
        await traced.add(f"n{n}")
    alone = len(waits)
    for round_ in range(20):
        async with anyio.create_task_group() as tasks:
            for n in range(20):
                tasks.start_soon(traced.add, f"{round_}-{n}")
    assert traced.commits >= 300
    assert 0 < alone < 60
    assert len(waits) > alone
