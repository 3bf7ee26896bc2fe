"""Placements that were turned away: where they wait, how often they are tried, what is counted."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poku_batch.engine.placing import RetryRules
from poku_batch.events import (
    CallEnded,
    CallFailed,
    CallHeld,
    CallReleased,
    CallStarted,
    CallTurnedAway,
)
from poku_batch.models import AttemptState, ContactState, RunEnding, TurnedAway
from poku_batch.policy.waits import FIRST_WAIT_S, wait_before_retry_s
from tests.engine.engine_world import CONFIRMED, Step, World, memory_folder, number

pytestmark = pytest.mark.anyio


@pytest.fixture
def world() -> Iterator[World]:
    with memory_folder() as folder:
        yield World(folder)


OK = Step(does=CONFIRMED)
BUSY = Step(does=TurnedAway(why="HTTP 429"), after_s=0)


def busy(retry_after_s: float) -> Step:
    return Step(does=TurnedAway(why="HTTP 429", retry_after_s=retry_after_s), after_s=0)


async def test_a_short_wait_stays_in_the_slot_and_nobody_else_is_called_meanwhile(
    world: World,
) -> None:
    world.api.answers[number(0)] = [busy(0.8), OK]
    await world.enrol(2)
    await world.run(concurrency=1)
    assert world.api.order() == [number(0), number(0), number(1)]
    first, second = world.api.times(number(0))
    assert second - first >= 0.8
    assert [type(told) for told in world.events[1:4]] == [CallStarted, CallHeld, CallEnded]
    assert world.attempts(0)[0].placements == 2


async def test_a_long_wait_gives_the_slot_to_others_and_is_not_cut_short(world: World) -> None:
    world.api.answers[number(0)] = [busy(300), OK]
    await world.enrol(3)
    assert await world.run(concurrency=1) is RunEnding.FINISHED
    assert world.api.order() == [number(0), number(1), number(2), number(0)]
    first, second = world.api.times(number(0))
    assert second - first >= 300
    [told] = world.of(CallTurnedAway)
    assert told.due_at - told.at >= timedelta(seconds=300)
    [made] = world.attempts(0)
    assert (made.state, made.placements) == (AttemptState.ENDED, 2)


async def test_a_held_placement_is_written_as_turned_away_before_it_waits(world: World) -> None:
    seen = []
    world.after["hold"] = lambda: seen.append(world.attempts(0)[0])
    world.api.answers[number(0)] = [busy(0.5), OK]
    await world.enrol(1)
    await world.run()
    [held] = seen
    assert (held.state, held.contact_state) == (AttemptState.TURNED_AWAY, ContactState.DIALING)


@pytest.mark.parametrize("attempts", [1, 2, 5])
async def test_after_so_many_placements_the_contact_is_failed(world: World, attempts: int) -> None:
    world.api.answers[number(0)] = [BUSY]
    await world.enrol(1)
    await world.run(retries=RetryRules(attempts=attempts))
    assert world.api.count(number(0)) == attempts
    times = "once" if attempts == 1 else f"{attempts} times"
    assert world.contact(0).state is ContactState.FAILED
    assert world.contact(0).reason == f"turned away {times}, last by: HTTP 429"
    assert world.attempts(0)[0].state is AttemptState.REJECTED
    assert len(world.of(CallFailed)) == 1


async def test_placements_of_two_runs_are_counted_together(world: World) -> None:
    world.api.answers[number(0)] = [busy(60)]
    await world.enrol(1)
    rules = RetryRules(attempts=3)
    assert await world.run(wait=False, retries=rules) is RunEnding.DUE_LATER
    assert world.api.count(number(0)) == 1
    assert await world.run(retries=rules) is RunEnding.FINISHED
    assert world.api.count(number(0)) == 3
    assert world.contact(0).reason == "turned away 3 times, last by: HTTP 429"
    assert world.contact(0).attempts == 1


@pytest.mark.parametrize("chance", [0.0, 0.999])
async def test_waits_grow_twofold_and_vary_within_half_of_the_step(
    world: World, chance: float
) -> None:
    world.api.answers[number(0)] = [BUSY]
    await world.enrol(1)
    await world.run(retries=RetryRules(attempts=8, max_wait_s=10), chance=chance)
    times = world.api.times(number(0))
    steps = [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
    for step, before, after in zip(steps, times, times[1:], strict=False):
        assert step / 2 + step / 2 * chance - 1e-5 <= after - before <= step + 1e-4


@given(
    st.integers(1, 10_000),
    st.none() | st.floats(0, 1e12),
    st.floats(0.001, 1e6),
    st.floats(0, 1, exclude_max=True),
)
def test_no_wait_is_shorter_than_asked_for_or_longer_than_allowed(
    placements: int, asked: float | None, max_wait_s: float, chance: float
) -> None:
    wait_s = wait_before_retry_s(
        placements, retry_after_s=asked, max_wait_s=max_wait_s, chance=chance
    )
    if asked is not None:
        assert asked <= wait_s <= asked + min(asked * 0.1, max_wait_s) * (1 + 1e-9) + 1e-9
    else:
        assert min(FIRST_WAIT_S, max_wait_s) / 2 <= wait_s <= max_wait_s


@pytest.mark.parametrize("attempts", [2, 6])
async def test_a_run_that_is_stopped_does_not_place_a_held_call_again(
    world: World, attempts: int
) -> None:
    world.after["hold"] = world.stop
    world.api.answers[number(0)] = [busy(0.5), OK]
    await world.enrol(1)
    rules = RetryRules(attempts=attempts)
    assert await world.run(retries=rules) is RunEnding.STOPPED
    assert world.api.count(number(0)) == 1
    assert world.contact(0).state is ContactState.PENDING
    assert world.attempts(0)[0].placements == 1
    world.after.clear()
    assert await world.run(retries=rules) is RunEnding.FINISHED
    assert world.contact(0).state is ContactState.DONE


async def test_a_run_that_is_stopped_begins_no_wait_in_the_slot(world: World) -> None:
    world.api.at_place = lambda _to: world.stop()
    world.api.answers[number(0)] = [BUSY]
    await world.enrol(1)
    await world.run()
    assert world.done["hold"] == 0
    assert world.contact(0).state is ContactState.PENDING
    assert len(world.of(CallTurnedAway)) == 1


async def test_a_held_call_of_an_abandoned_run_is_pending_and_called_by_the_next(
    world: World,
) -> None:
    world.after["hold"] = world.abandon
    world.api.answers[number(0)] = [busy(0.5), OK]
    await world.enrol(1)
    assert await world.run() is RunEnding.ABANDONED
    assert world.contact(0).state is ContactState.PENDING
    assert len(world.of(CallReleased)) == 1
    world.after.clear()
    await world.run()
    assert world.api.count(number(0)) == 2
    assert world.contact(0).state is ContactState.DONE


async def test_a_retry_after_beyond_the_calendar_is_a_wait_and_not_a_fault(world: World) -> None:
    world.api.answers[number(0)] = [busy(float("9" * 12))]
    await world.enrol(1)
    assert await world.run(wait=False) is RunEnding.DUE_LATER
    assert world.contact(0).state is ContactState.PENDING
