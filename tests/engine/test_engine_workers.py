"""Workers, those who are reserved ahead of them, and writes that are watched over."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing

import anyio
import anyio.lowlevel
import pytest

from poku_batch.engine.stops import Stop
from poku_batch.engine.workers import Workers
from poku_batch.engine.writes import Writes
from poku_batch.errors import LedgerUnwritableError
from poku_batch.events import CallEnded, Event
from poku_batch.models import ContactState, RunEnding
from tests.engine.engine_api import CONFIRMED, Step
from tests.engine.engine_clock import VirtualClock
from tests.engine.engine_world import World, memory_folder, number

pytestmark = pytest.mark.anyio


@pytest.fixture
def world() -> Iterator[World]:
    with memory_folder() as folder:
        yield World(folder)


def _staggered(world: World, count: int, *, within_s: float = 10.0) -> None:
    """Calls of different lengths, so that they end one after the other."""
    for n in range(count):
        step = Step(does=CONFIRMED, after_s=2 * within_s + (n * 37 % 101) / 100 * within_s)
        world.api.answers[number(n)] = [step]


def _reserved(world: World) -> int:
    with closing(sqlite3.connect(world.path)) as connection:
        query = "SELECT COUNT(*) FROM contacts WHERE reserved_by IS NOT NULL"
        return int(connection.execute(query).fetchone()[0])


# --- workers -----------------------------------------------------------------------------------


async def test_a_free_worker_takes_the_next_job_and_no_task_is_started() -> None:
    done: list[int] = []
    tasks_then: set[int] = set()

    async def handle(job: int) -> None:
        await anyio.lowlevel.checkpoint()
        done.append(job)

    async with anyio.create_task_group() as tasks:
        workers = Workers(tasks, handle)
        for job in range(30):
            workers.hand(job)
            if job % 3 == 2:
                await anyio.wait_all_tasks_blocked()
                tasks_then.add(len(anyio.get_running_tasks()))
        workers.close()
    assert sorted(done) == list(range(30))
    assert len(tasks_then) == 1


async def test_workers_that_are_closed_end_with_the_jobs_that_they_have() -> None:
    done: list[int] = []
    go_on = anyio.Event()

    async def handle(job: int) -> None:
        await go_on.wait()
        done.append(job)

    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            workers = Workers(tasks, handle)
            workers.hand(1)
            workers.hand(2)
            await anyio.wait_all_tasks_blocked()
            workers.close()
            go_on.set()
    assert done == [1, 2]


# --- reserved ahead ----------------------------------------------------------------------------


async def test_a_run_with_many_slots_asks_the_ledger_for_several_contacts_at_once(
    world: World,
) -> None:
    await world.enrol(400)
    _staggered(world, 400)
    assert await world.run(concurrency=128) is RunEnding.FINISHED
    assert world.states(400) == [ContactState.DONE] * 400
    assert [world.api.count(number(n)) for n in range(400)] == [1] * 400
    assert world.api.most_open == 128
    assert world.done["admit"] < 220


async def test_a_run_with_few_slots_reserves_nobody_ahead(world: World) -> None:
    await world.enrol(120)
    _staggered(world, 120, within_s=1.0)
    most = 0

    def look(event: Event) -> None:
        nonlocal most
        if isinstance(event, CallEnded):
            most = max(most, _reserved(world) + len(world.api.open_numbers))

    world.on_event = look
    assert await world.run(concurrency=15) is RunEnding.FINISHED
    assert 0 < most <= 15
    assert world.done["release"] == 0


async def test_whoever_was_reserved_ahead_is_given_back_by_a_run_that_is_stopped(
    world: World,
) -> None:
    await world.enrol(400)
    _staggered(world, 400)
    ended = 0

    def stop_in_the_middle(event: Event) -> None:
        nonlocal ended
        ended += isinstance(event, CallEnded)
        if ended == 150:
            world.stop()

    world.on_event = stop_in_the_middle
    assert await world.run(concurrency=128) is RunEnding.STOPPED
    assert _reserved(world) == 0
    assert world.done["release"] > 0
    states = world.states(400)
    assert set(states) == {ContactState.DONE, ContactState.PENDING}
    world.on_event = lambda _: None
    assert await world.run(concurrency=128) is RunEnding.FINISHED
    assert [world.api.count(number(n)) for n in range(400)] == [1] * 400


async def test_a_limit_calls_exactly_so_many_however_many_are_reserved(world: World) -> None:
    await world.enrol(400)
    _staggered(world, 400)
    assert await world.run(concurrency=64, limit=201) is RunEnding.LIMIT
    assert len(world.api.placements) == 201
    assert _reserved(world) == 0


# --- writes ------------------------------------------------------------------------------------


async def test_one_task_tells_of_a_write_that_takes_long_again_and_again() -> None:
    clock, told = VirtualClock(), list[tuple[float, str]]()
    writes = Writes(clock, Stop(), lambda why: told.append((clock.monotonic(), why)))

    async def write(seconds: float) -> float:
        await clock.sleep(seconds)
        return seconds

    async with anyio.create_task_group() as watchers:
        writes.attend(watchers)
        async with anyio.create_task_group() as tasks:
            for seconds in (1.0, 12.0, 12.0, 12.0):
                tasks.start_soon(writes.attempt, lambda s=seconds: write(s))
            await anyio.wait_all_tasks_blocked()
        writes.attend(None)
        watchers.cancel_scope.cancel()
    assert [at for at, _ in told] == [5.0, 10.0]
    assert told[0][1].startswith("the ledger is busy")


async def test_a_run_that_is_left_waits_a_second_for_a_write_and_no_more() -> None:
    clock, stop = VirtualClock(), Stop()
    writes = Writes(clock, stop, lambda _why: None)
    came: list[str] = []

    async def write(seconds: float) -> None:
        try:
            await writes.attempt(lambda: clock.sleep(seconds))
        except LedgerUnwritableError:
            came.append(f"given up at {clock.monotonic():g}")
        else:
            came.append(f"written at {clock.monotonic():g}")

    async with anyio.create_task_group() as watchers:
        writes.attend(watchers)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(write, 2.5)
            tasks.start_soon(write, 60.0)
            await clock.sleep(2.0)
            stop.leave()
        writes.attend(None)
        watchers.cancel_scope.cancel()
    assert came == ["written at 2.5", "given up at 3"]


async def test_a_write_is_finished_although_its_task_is_cancelled() -> None:
    clock, done = VirtualClock(), list[float]()
    writes = Writes(clock, Stop(), lambda _why: None)

    async def write() -> None:
        await clock.sleep(2.0)
        done.append(clock.monotonic())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(writes.attempt, write)
        await clock.sleep(1.0)
        tasks.cancel_scope.cancel()
    assert done == [2.0]
