"""The bounds of a distributed run, each by itself: slots, pace, limit, budget, time, doubt."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta

import anyio
import pytest

from poku_batch.ledger import open_ledger
from poku_batch.models import (
    Admission,
    AdmissionRules,
    CallResult,
    ContactState,
    Go,
    InteractionId,
    Later,
    Permission,
    RunEnding,
    WaitKind,
)
from tests.ledger.shared import CLINIC, SLOT, STALLED, Shared, now, shared
from tests.postgresql import Server

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(postgresql_server: Server) -> AsyncIterator[Shared]:
    async with shared(postgresql_server) as made:
        yield made


def rules(slots: int = 5) -> AdmissionRules:
    return AdmissionRules(slots=slots, slot=SLOT)


async def test_many_that_admit_at_once_admit_no_more_than_there_are_slots(world: Shared) -> None:
    async with AsyncExitStack() as stack:
        others = [await stack.enter_async_context(open_ledger(world.url)) for _ in range(3)]

        async def admit(number: int) -> None:
            distribution = others[number].distribution
            assert distribution is not None
            for _ in range(6):
                await distribution.admit(world.run.id, rules(), judge=lambda _: Go())
                assert (await world.room()).held <= 5

        async with anyio.create_task_group() as tasks:
            for number in range(3):
                tasks.start_soon(admit, number)
    assert len(await world.jobs()) == 5


async def test_whoever_is_judged_beyond_what_there_is_room_for_is_not_kept(world: Shared) -> None:
    until = now() + timedelta(hours=1)
    judged: list[int] = []

    def judge(admission: Admission) -> Permission:
        judged.append(admission.row)
        wait = Later(until=until, kind=WaitKind.CALLING_HOURS, why="08:00")
        return wait if admission.row == 2 else Go()

    assert await world.distribution.admit(world.run.id, rules(1), judge=judge) == 1
    assert await world.jobs() == [2]
    assert (await world.room()).reserved == 1
    assert await world.distribution.admit(world.run.id, rules(2), judge=judge) == 1
    assert await world.jobs() == [2, 3]
    # Whoever waits is not asked for again.
    assert judged.count(2) == 1


async def test_a_run_that_somebody_asked_to_stop_admits_nobody(world: Shared) -> None:
    await world.ledger.controls.ask_to_stop(CLINIC, by="ada", at=now())
    assert await world.admit() == 0
    assert (await world.room()).over is RunEnding.STOPPED


async def test_an_ended_run_admits_nobody(world: Shared) -> None:
    await world.held.close(RunEnding.STOPPED, at=now())
    assert await world.admit() == 0
    assert await world.jobs() == []
    assert await world.distribution.room(world.run.id, rules()) is None


async def test_nobody_is_admitted_from_the_time_on_that_the_run_was_given(world: Shared) -> None:
    assert await world.admit(until=now() - timedelta(seconds=1)) == 0
    assert (await world.room(until=now() - timedelta(seconds=1))).over is RunEnding.DUE_LATER
    assert await world.admit(until=now() + timedelta(minutes=1)) == 5


async def test_slots_and_pace_grow_with_the_run(world: Shared) -> None:
    ramp = timedelta(minutes=10)
    assert await world.admit(slots=11, ramp_up=ramp) == 1
    world.ask("UPDATE runs SET started_at = started_at - 300000000")
    assert (await world.room(slots=11, ramp_up=ramp)).slots == 6
    assert await world.admit(slots=11, ramp_up=ramp) == 5


async def test_a_tick_looks_only_where_nobody_has_a_moment_ago(world: Shared) -> None:
    async def tick() -> int:
        return await world.distribution.admit(
            world.run.id, rules(), judge=lambda _: Go(), tick=True
        )

    assert await tick() == 5
    world.lose_jobs()
    await world.distribution.sweep(stalled=STALLED)
    assert await tick() == 0
    world.ask("UPDATE runs SET admitted_at = admitted_at - 450000")
    assert await tick() == 5


async def test_whoever_comes_too_late_gets_a_time_after_all_that_have_theirs(
    world: Shared,
) -> None:
    paced = AdmissionRules(slots=20, slot=SLOT, calls_per_minute=60)
    assert await world.admit(slots=20, calls_per_minute=60) == 2
    world.ask("UPDATE runs SET next_start = next_start + 60000000")
    first = await world.distribution.space_anew(world.run.id, paced)
    second = await world.distribution.space_anew(world.run.id, paced)
    assert first > 55
    assert 0 < second - first <= 1.0
    # Nobody else is admitted for these times.
    assert await world.admit(slots=20, calls_per_minute=60) == 0
    assert await world.distribution.space_anew(world.run.id, rules()) == 0


async def test_a_slow_pace_admits_one_after_the_other(world: Shared) -> None:
    assert await world.admit(slots=20, calls_per_minute=6) == 1
    assert await world.admit(slots=20, calls_per_minute=6) == 0
    world.ask("UPDATE runs SET next_start = next_start - 9000000")
    assert await world.admit(slots=20, calls_per_minute=6) == 1


async def test_a_call_that_is_held_counts_for_the_limit_and_those_of_other_runs_do_not(
    world: Shared,
) -> None:
    await world.admit(slots=1)
    attempt = await world.begin(1)
    await world.joined().hold(attempt, "429", at=now())
    assert (await world.room(limit=1)).left == 0
    assert await world.admit(limit=1) == 0
    await world.joined().reject(attempt, "400", at=now())
    assert (await world.room(limit=1)).left == 0
    await world.held.close(RunEnding.STOPPED, at=now())
    held = await world.ledger.open_run(CLINIC, at=now())
    world.run = await held.share("{}", slot=SLOT)
    assert (await world.room(limit=1)).left == 1


async def test_what_is_left_of_a_budget_is_less_by_whoever_was_admitted(world: Shared) -> None:
    asked: list[tuple[int, int]] = []

    def room(minutes: int, open_: int) -> int:
        asked.append((minutes, open_))
        return 12 - minutes - open_

    async def admit(slots: int) -> int:
        return await world.distribution.admit(
            world.run.id, rules(slots), judge=lambda _: Go(), budget=room
        )

    assert [await admit(5), await admit(10), await admit(20)] == [5, 5, 2]
    assert asked == [(0, 0), (0, 10)]


def call_at_once(world: Shared, number: int) -> None:
    """Write calls of two minutes that workers of the run have made since somebody last looked."""
    world.ask(f"""
        INSERT INTO attempts (contact_id, number, run_id, state, to_number, cells_digest,
            prompt_sha256, placements, began_at, placed_at, ended_at, outcome, worker_id)
        SELECT 20, g, {world.run.id}, 'ended', '+1', 'd', 'p', 1, 0, 0, 61000000, 'done', 1
        FROM generate_series(1, {number}) g
    """)  # noqa: S608  # numbers
    world.ask("""
        INSERT INTO attempt_events (contact_id, attempt_id, run_id, at, what)
        SELECT contact_id, id, run_id, ended_at, 'ended' FROM attempts WHERE contact_id = 20
    """)


@pytest.mark.parametrize("begun", [99, 100, 101, 230])
async def test_however_many_calls_were_made_since_somebody_looked_all_of_them_count(
    world: Shared, begun: int
) -> None:
    asked: list[tuple[int, int]] = []

    def room(minutes: int, open_: int) -> int:
        asked.append((minutes, open_))
        return 0

    bounds = AdmissionRules(slots=2, slot=SLOT, limit=1_000)
    assert (
        await world.distribution.admit(
            world.run.id, bounds, judge=lambda _: Go(), budget=lambda _minutes, _open: 2
        )
        == 2
    )
    call_at_once(world, begun)
    assert (await world.room(limit=1_000)).left == 1_000 - 2 - begun
    bounds = AdmissionRules(slots=5, slot=SLOT, limit=1_000)
    assert (
        await world.distribution.admit(world.run.id, bounds, judge=lambda _: Go(), budget=room) == 0
    )
    assert asked == [(2 * begun, 2)]
    # They count for whoever looks next, and those that were begun before for another run.
    assert (await world.room(limit=1_000)).left == 1_000 - 2 - begun
    world.ask("UPDATE runs SET called = 0, called_from = called_to")
    assert (await world.room(limit=1_000)).left == 1_000 - 2 - begun


@pytest.mark.parametrize(
    ("status", "worker", "given_back"),
    [("todo", "NULL", 0), ("doing", "1", 0), ("doing", "NULL", 1), ("failed", "1", 1)],
)
async def test_a_reservation_is_kept_while_the_engine_has_its_job_in_hand(
    world: Shared, status: str, worker: str, given_back: int
) -> None:
    await world.admit(slots=1)
    world.ask("INSERT INTO procrastinate_workers DEFAULT VALUES")
    world.ask(f"UPDATE procrastinate_jobs SET status = '{status}', worker_id = {worker}")  # noqa: S608 – words of this test
    assert (await world.distribution.sweep(stalled=STALLED)).given_back == given_back


async def test_a_call_that_a_living_worker_does_not_end_is_unknown_once_its_time_is_over(
    world: Shared,
) -> None:
    await world.admit(slots=1)
    await world.begin(1)
    # The slot of 60 seconds, and half a minute for whoever gives it up by itself.
    world.ask("UPDATE attempts SET placed_at = placed_at - 85000000")
    assert (await world.distribution.sweep(stalled=STALLED)).unknown == 0
    world.ask("UPDATE attempts SET placed_at = placed_at - 6000000")
    assert (await world.distribution.sweep(stalled=STALLED)).unknown == 1
    assert await world.state(1) == ContactState.UNKNOWN
    record = await world.ledger.contact(CLINIC, "k1")
    assert record is not None
    assert "did not end this call in time" in (record.error or "")


async def test_nobody_is_given_up_who_could_not_be_heard_as_the_database_was_away(
    world: Shared,
) -> None:
    world.ask("UPDATE workers SET seen_at = 0")
    assert (await world.distribution.sweep(stalled=timedelta(days=365))).workers == 0
    assert len(await world.distribution.workers()) == 2


async def test_a_call_that_ended_or_goes_on_with_a_living_worker_is_not_handed_over(
    world: Shared,
) -> None:
    await world.admit(slots=2)
    first, second = await world.begin(1), await world.begin(2)
    await world.joined().started(first, InteractionId("call-1"), at=now())
    await world.joined().finish(
        second, CallResult(outcome="completed", summary="Later."), to_read=True, at=now()
    )
    await world.held.close(RunEnding.ABANDONED, at=now())
    held = await world.ledger.open_run(CLINIC, at=now())
    run = await held.share("{}", slot=SLOT)
    assert await world.distribution.hand_over_open_calls(run.id) == 0
