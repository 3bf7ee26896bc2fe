"""A run that is paused, resumed and stopped by way of its ledger, from another process."""

from collections.abc import Awaitable, Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poku_batch.errors import LedgerUnwritableError
from poku_batch.events import (
    CallReleased,
    CallStarted,
    CircuitClosed,
    CircuitProbed,
    Draining,
    LaterCounted,
    Paused,
    Resumed,
    Waiting,
)
from poku_batch.models import (
    ContactState,
    Ended,
    InteractionId,
    Rejected,
    RunEnding,
    Started,
    StillInCall,
    TurnedAway,
)
from poku_batch.policy.spending import Budget
from tests.engine.engine_attended import Person
from tests.engine.engine_clock import START
from tests.engine.engine_world import (
    CAMPAIGN,
    CONFIRMED,
    Bounds,
    Step,
    World,
    memory_folder,
    number,
)
from tests.engine.test_engine_crashes import RETRIES, SCRIPTS, check, scripted

pytestmark = pytest.mark.anyio

DONE, PENDING = ContactState.DONE, ContactState.PENDING

#: Room for two calls, however long each may last.
_TWO_CALLS = Budget(limit=Decimal(2), per_minute=Decimal(1), longest_s=60.0)

#: How long it takes until a run has seen what was asked of it, in seconds.
SEEN_S = 1.01


@pytest.fixture
def world() -> Iterator[World]:
    with memory_folder() as folder:
        yield World(folder)


Act = Callable[[], Awaitable[object]]


async def run_with(world: World, *acts: tuple[float, Act], **options: Any) -> RunEnding | None:
    """Run, while somebody does something at some seconds of its time."""

    async def do() -> None:
        began_s = world.clock.monotonic()
        for at_s, act in acts:
            await world.clock.sleep(began_s + at_s - world.clock.monotonic())
            await act()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(do)
        ending = await world.run(attended=True, **options)
        tasks.cancel_scope.cancel()
    return ending


async def test_no_call_begins_while_paused_and_open_ones_are_heard_to_their_end(
    world: World,
) -> None:
    person = Person(world, CAMPAIGN)
    await world.enrol(6)
    ending = await run_with(world, (10, person.pause), (200, person.resume), concurrency=2)
    assert ending is RunEnding.FINISHED
    assert world.of(LaterCounted) == []
    assert world.states(6) == [DONE] * 6
    times = [placed.at_s for placed in world.api.placements]
    assert [at for at in times if at < 10] == [0, 0]
    assert min(at for at in times if at > 10) == pytest.approx(200, abs=SEEN_S)
    assert world.api.came_s[number(0)] == [30]
    [paused] = world.of(Paused)
    assert (paused.by, paused.since) == ("ann", START + timedelta(seconds=10))
    assert paused.at - paused.since <= timedelta(seconds=SEEN_S)
    [resumed] = world.of(Resumed)
    assert world.of(CallReleased) == []
    assert resumed.at - START <= timedelta(seconds=200 + SEEN_S)


async def test_a_run_that_is_begun_while_paused_calls_nobody_before_it_is_resumed(
    world: World,
) -> None:
    person = Person(world, CAMPAIGN)
    await world.enrol(2)
    await person.pause()
    ending = await run_with(world, (3_600, person.resume))
    assert ending is RunEnding.FINISHED
    assert [type(told) for told in world.events[1:3]] == [Paused, Resumed]
    assert min(placed.at_s for placed in world.api.placements) >= 3_600


async def test_open_calls_of_an_earlier_run_are_followed_while_paused(world: World) -> None:
    person, call = Person(world, CAMPAIGN), InteractionId("call-1")
    world.api.answers[number(0)] = [Step(does=Started(interaction_id=call), after_s=1)]
    world.api.standings[call] = [StillInCall()]
    world.after["started"] = world.abandon
    await world.enrol(2)
    await world.run(concurrency=1)
    world.after.clear()
    world.api.standings[call] = [Ended(summary="Yes.", interaction_id=call)]
    await person.pause()

    async def resume() -> None:
        assert world.states(2) == [DONE, PENDING]
        await person.resume()

    assert await run_with(world, (100, resume)) is RunEnding.FINISHED
    assert world.states(2) == [DONE, DONE]


async def test_without_waiting_a_paused_run_says_so_and_ends_once_open_calls_have(
    world: World,
) -> None:
    person = Person(world, CAMPAIGN)
    await world.enrol(3)
    ending = await run_with(world, (10, person.pause), concurrency=1, wait=False)
    assert ending is RunEnding.DUE_LATER
    assert world.going.runner.why == (
        "paused by ann since 2026-11-22 10:00:10 UTC; "
        "resume with poku-batch resume CAMPAIGN (a rehearsal: --simulate)"
    )
    assert world.states(3) == [DONE, PENDING, PENDING]
    began_s = world.clock.monotonic()
    assert await run_with(world, wait=False) is RunEnding.DUE_LATER
    assert world.clock.monotonic() == began_s
    assert len(world.api.placements) == 1


async def test_a_paused_run_in_which_nobody_is_left_ends(world: World) -> None:
    person = Person(world, CAMPAIGN)
    await world.enrol(2)
    assert await run_with(world, (10, person.pause)) is RunEnding.FINISHED
    assert await run_with(world) is RunEnding.FINISHED
    assert len(world.api.placements) == 2


async def test_the_last_hour_of_a_run_comes_while_it_is_paused(world: World) -> None:
    person = Person(world, CAMPAIGN)
    await world.enrol(2)
    bounds = Bounds(until=START + timedelta(minutes=5))
    ending = await run_with(world, (10, person.pause), concurrency=1, bounds=bounds)
    assert ending is RunEnding.DUE_LATER
    assert world.clock.monotonic() == pytest.approx(300, abs=1)


# --- at the very moment ------------------------------------------------------------------------


def seen_at(world: World, operation: str, *, time: int = 1) -> Person:
    """Have the campaign paused, and seen so by the run, right after one of its operations."""
    person = Person(world, CAMPAIGN)

    async def pause() -> None:
        if world.done[operation] == time - 1:
            await person.pause()
            await world.attending.look()

    world.after[operation] = pause
    return person


@pytest.mark.parametrize("operation", ["admit", "begin"])
async def test_between_admission_and_request_nobody_is_called(world: World, operation: str) -> None:
    person = seen_at(world, operation)
    await world.enrol(3)

    async def look() -> None:
        assert world.api.placements == []
        assert world.states(3) == [PENDING] * 3
        assert not any(world.contact(index).reserved for index in range(3))
        assert len(world.of(CallStarted)) == len(world.of(CallReleased))

    ending = await run_with(world, (60, look), (100, person.resume), concurrency=3)
    assert ending is RunEnding.FINISHED
    assert sorted(world.api.order()) == [number(0), number(1), number(2)]
    assert [len(world.attempts(index)) for index in range(3)] == [1, 1, 1]


@pytest.mark.parametrize("operation", ["hold", "begin_again"])
async def test_a_placement_that_was_turned_away_is_given_back_and_placed_after_the_pause(
    world: World, operation: str
) -> None:
    person = seen_at(world, operation)
    away = Step(does=TurnedAway(why="HTTP 429", retry_after_s=0.5), after_s=1)
    world.api.answers[number(0)] = [away, Step(does=CONFIRMED)]
    await world.enrol(1)

    async def look() -> None:
        assert world.states(1) == [PENDING]
        assert world.attempts(0)[0].state == "turned_away"
        assert world.api.count(number(0)) == 1

    ending = await run_with(world, (60, look), (100, person.resume))
    assert ending is RunEnding.FINISHED
    assert world.api.times(number(0))[1] >= 100
    assert [(made.placements, made.state) for made in world.attempts(0)] == [(2, "ended")]


async def test_whoever_was_reserved_ahead_is_given_back(world: World) -> None:
    for index in range(400):
        after_s = 0.01 * (1 + index % 13)
        world.api.answers[number(index)] = [Step(does=CONFIRMED, after_s=after_s)]
    person = seen_at(world, "admit", time=8)
    await world.enrol(400)

    async def look() -> None:
        assert not any(world.contact(index).reserved for index in range(400))
        assert 0 < world.states(400).count(DONE) < 400

    ending = await run_with(world, (60, look), (100, person.resume), concurrency=64)
    assert ending is RunEnding.FINISHED
    assert sorted(world.api.order()) == [number(index) for index in range(400)]


@pytest.mark.parametrize("operation", ["admit", "begin", "hold", "begin_again"])
@pytest.mark.parametrize(
    ("limit", "bounds", "ends"),
    [
        (2, Bounds(), RunEnding.LIMIT),
        (None, Bounds(budget=_TWO_CALLS), RunEnding.BUDGET),
    ],
)
async def test_whoever_is_given_back_uses_up_nothing_of_a_limit_nor_of_the_budget(
    world: World, operation: str, limit: int | None, bounds: Bounds, ends: RunEnding
) -> None:
    person = seen_at(world, operation)
    away = Step(does=TurnedAway(why="HTTP 429", retry_after_s=0.5), after_s=0)
    for index in range(5):
        world.api.answers[number(index)] = [away, Step(does=CONFIRMED, after_s=1)]
    await world.enrol(5)
    acts = (100, person.resume)
    assert await run_with(world, acts, limit=limit, bounds=bounds) is ends
    assert sorted(world.states(5)) == [DONE, DONE, PENDING, PENDING, PENDING]


async def test_a_probe_of_the_circuit_breaker_that_is_given_back_is_made_after_the_pause(
    world: World,
) -> None:
    bad = [Step(does=Rejected(why="HTTP 422"), after_s=1)]
    world.api.answers.update({number(index): list(bad) for index in range(2)})
    person = seen_at(world, "begin", time=3)
    await world.enrol(5)
    bounds = Bounds(breaker=(2, 0.5, 60.0, 3))
    ending = await run_with(world, (600, person.resume), bounds=bounds)
    assert ending is RunEnding.FINISHED
    assert world.states(5) == [ContactState.FAILED] * 2 + [DONE] * 3
    assert len(world.of(CircuitProbed)) == 2
    assert len(world.of(CircuitClosed)) == 1
    assert min(at for at in (placed.at_s for placed in world.api.placements) if at > 1) >= 600
    assert sorted(world.api.order()) == [number(index) for index in range(5)]


# --- what waits for something else -------------------------------------------------------------


async def test_while_paused_no_clock_is_put_forward_and_the_wait_is_told_again_after_it(
    world: World,
) -> None:
    person = Person(world, CAMPAIGN)
    away = Step(does=TurnedAway(why="HTTP 429", retry_after_s=7_200), after_s=0)
    world.api.answers[number(0)] = [away, Step(does=CONFIRMED)]
    await world.enrol(1)
    put_forward: list[float] = []
    idle = world.clock.idle

    async def record(seconds: float) -> None:
        put_forward.append(world.clock.monotonic())
        await idle(seconds)

    world.clock.idle = record  # type: ignore[method-assign]
    assert await run_with(world, (600, person.pause), (3_600, person.resume)) is RunEnding.FINISHED
    assert not [at for at in put_forward if 600 + SEEN_S < at < 3_600]
    assert [at for at in put_forward if at >= 3_600]
    assert len(world.of(Waiting)) == 2
    assert [told.contacts for told in world.of(LaterCounted)] == [1, 0]
    assert world.api.times(number(0))[1] >= 7_200


async def test_an_outage_of_the_api_and_a_pause_leave_nobody_behind(world: World) -> None:
    person = Person(world, CAMPAIGN)
    world.api.outage_s = (0, 60)
    await world.enrol(3)
    acts = ((20, person.pause), (100, person.resume))
    assert await run_with(world, *acts) is RunEnding.FINISHED
    assert not [at for at in world.api.missed if 20 + SEEN_S < at < 100]
    assert world.states(3) == [DONE] * 3
    assert sorted(world.api.order()) == [number(0), number(1), number(2)]


# --- to stop -----------------------------------------------------------------------------------


async def test_asked_to_stop_a_run_ends_as_at_a_first_ctrl_c(world: World) -> None:
    person = Person(world, CAMPAIGN)
    await world.enrol(5)
    acts = ((10, person.stop), (15, partial(person.stop, "bob")))
    assert await run_with(world, *acts) is RunEnding.STOPPED
    assert world.going.stop.why == "ann asked it to stop"
    assert world.states(5) == [DONE, DONE, PENDING, PENDING, PENDING]
    [draining] = world.of(Draining)
    assert draining.in_call == 2
    assert world.clock.monotonic() == 30
    assert await run_with(world) is RunEnding.FINISHED
    assert sorted(world.api.order()) == [number(index) for index in range(5)]


async def test_a_paused_run_can_be_stopped_and_the_next_one_is_paused_still(world: World) -> None:
    person = Person(world, CAMPAIGN)
    await world.enrol(2)
    await person.pause()
    assert await run_with(world, (60, person.stop)) is RunEnding.STOPPED
    assert world.clock.monotonic() < 60 + SEEN_S
    assert await run_with(world, (60, person.resume)) is RunEnding.FINISHED
    assert min(placed.at_s for placed in world.api.placements) >= 120


# --- the ledger and what the run says of itself ------------------------------------------------


async def test_a_run_says_that_it_is_alive_every_few_seconds_and_news_at_once(
    world: World,
) -> None:
    person = Person(world, CAMPAIGN)
    world.api.default = Step(does=CONFIRMED, after_s=100)
    await world.enrol(1)
    seen: list[Any] = []

    async def look() -> None:
        record = await person.look()
        assert record is not None
        assert record.doing is not None
        seen.append((record.seen_at, record.doing.note))

    async def change() -> None:
        world.note = "something else"

    await run_with(world, (0.5, look), (52.5, look), (53.5, change), (54.6, look))
    assert 20 <= world.done["beat"] <= 22
    assert 100 <= world.done["orders"] <= 102
    at = [START + timedelta(seconds=seconds) for seconds in (0, 50, 54)]
    assert seen == [(at[0], ""), (at[1], ""), (at[2], "something else")]


async def test_a_ledger_that_is_slow_to_write_keeps_nobody_from_pausing(world: World) -> None:
    person = Person(world, CAMPAIGN)
    world.slow_s["beat"] = 10_000
    await world.enrol(3)
    await run_with(world, (10, person.pause), (100, person.resume), concurrency=1)
    assert world.api.times(number(1)) == [pytest.approx(100, abs=SEEN_S)]


async def test_a_ledger_that_takes_no_word_of_the_run_does_not_break_it(world: World) -> None:
    def fail() -> None:
        raise LedgerUnwritableError("the disk is full")

    world.before["beat"] = fail
    await world.enrol(3)
    assert await run_with(world) is RunEnding.FINISHED
    assert world.states(3) == [DONE] * 3
    assert world.done["beat"] == 0


async def test_a_pause_stands_while_nobody_can_read_whether_it_does(world: World) -> None:
    person = Person(world, CAMPAIGN)

    def fail() -> None:
        raise LedgerUnwritableError("the disk failed to read")

    async def break_off_reading() -> None:
        world.before["orders"] = fail

    async def read_again() -> None:
        world.before.clear()

    await world.enrol(3)
    acts = (
        *((10, person.pause), (20, break_off_reading), (50, person.resume)),
        (100, read_again),
    )
    assert await run_with(world, *acts, concurrency=1) is RunEnding.FINISHED
    assert world.api.times(number(1)) == [pytest.approx(100, abs=SEEN_S)]


async def test_a_run_that_cannot_read_for_long_whether_it_is_paused_begins_no_call(
    world: World,
) -> None:
    def fail() -> None:
        raise LedgerUnwritableError("the disk failed to read")

    async def break_off_reading() -> None:
        world.before["orders"] = fail

    async def read_again() -> None:
        world.before.clear()

    await world.enrol(4)
    acts = ((20, break_off_reading), (200, read_again))
    assert await run_with(world, *acts, concurrency=1) is RunEnding.FINISHED
    times = [placed.at_s for placed in world.api.placements]
    assert times[:2] == [0, 30]
    assert times[2] == pytest.approx(200, abs=SEEN_S)
    [paused] = world.of(Paused)
    assert paused.by.startswith("the run itself")
    assert paused.at - START == pytest.approx(timedelta(seconds=50), abs=timedelta(seconds=2))


async def test_nobody_is_called_where_it_cannot_be_read_whether_the_campaign_is_paused(
    world: World,
) -> None:
    def fail() -> None:
        raise LedgerUnwritableError("the disk failed to read")

    world.before["orders"] = fail
    await world.enrol(1)
    with pytest.raises(LedgerUnwritableError):
        await world.run(attended=True)
    assert world.api.placements == []


# --- at any moment -----------------------------------------------------------------------------


async def paused_now_and_then(kinds: list[str], gaps: list[float], concurrency: int) -> None:
    """Pause and resume by turns, so many seconds apart; check every request that leaves."""
    with memory_folder() as folder:
        world = World(folder)
        scripted(world, kinds)
        await world.enrol(len(kinds))
        person = Person(world, CAMPAIGN)
        paused_s: list[float] = []

        def at_place(_to: str) -> None:
            assert world.gate is not None
            assert world.gate.pausing.pause is None
            assert not paused_s or world.clock.monotonic() <= paused_s[-1] + SEEN_S

        async def pause() -> None:
            paused_s.append(world.clock.monotonic())
            await person.pause()

        async def resume() -> None:
            await person.resume()
            paused_s.clear()

        world.api.at_place = at_place
        at_s, acts = 0.0, list[tuple[float, Act]]()
        for turn, gap in enumerate([*gaps, 5.0][: len(gaps) // 2 * 2 + 2]):
            at_s += gap
            acts.append((at_s, resume if turn % 2 else pause))
        if len(acts) % 2:
            acts.append((at_s + 30, resume))
        ending = await run_with(world, *acts, concurrency=concurrency, retries=RETRIES)
        assert ending is RunEnding.FINISHED
        for index, kind in enumerate(kinds):
            check(world, index, kind, in_doubt=set())
            assert world.api.count(number(index)) >= 1


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([*SCRIPTS, "started"]), min_size=1, max_size=10),
    st.lists(st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 60, allow_nan=False)), max_size=7),
    st.integers(1, 4),
)
def test_whenever_it_is_paused_no_request_leaves_and_in_the_end_everybody_is_called_once(
    kinds: list[str], gaps: list[float], concurrency: int
) -> None:
    anyio.run(paused_now_and_then, kinds, gaps, concurrency)
