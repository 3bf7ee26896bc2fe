"""A ledger that cannot be written and a clock that is set back, in a time that passes by itself."""

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest

from poku_batch.clock import SteadyClock
from poku_batch.errors import LedgerError, LedgerUnwritableError
from poku_batch.events import CallEnded, CallTurnedAway, Event, LedgerTrouble, LedgerWorks
from poku_batch.models import (
    Answer,
    ContactRecord,
    ContactState,
    Doubtful,
    InteractionId,
    Rejected,
    RunEnding,
    Started,
    StillInCall,
    TurnedAway,
)
from poku_batch.results import results_frame
from tests.engine.engine_clock import START, VirtualClock
from tests.engine.engine_world import CONFIRMED, Step, World, number

pytestmark = pytest.mark.anyio

DONE, PENDING, DIALING = ContactState.DONE, ContactState.PENDING, ContactState.DIALING


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def _fails(world: World, *, until_s: float = float("inf")) -> Callable[[], None]:
    def fail() -> None:
        if world.clock.monotonic() < until_s:
            raise LedgerUnwritableError("the disk is full")

    return fail


def _at_trouble(world: World, act: Callable[[], None]) -> None:
    def hear(event: Event) -> None:
        if isinstance(event, LedgerTrouble):
            act()

    world.on_event = hear


async def test_a_result_is_written_again_and_again_until_it_is_in_and_nobody_is_called_meanwhile(
    world: World,
) -> None:
    tries: list[float] = []

    def fail() -> None:
        tries.append(world.clock.monotonic())
        _fails(world, until_s=630.0)()

    world.before["finish"] = fail
    await world.enrol(3)
    assert await world.run(concurrency=1) is RunEnding.FINISHED
    assert world.states(3) == [DONE] * 3
    assert world.api.order() == [number(0), number(1), number(2)]
    waits = [after - before for before, after in itertools.pairwise(tries)]
    assert waits[:6] == pytest.approx([0.5, 1, 2, 4, 8, 10], abs=0.01)
    assert max(waits[5:60]) == pytest.approx(10, abs=0.01)
    assert world.api.times(number(1))[0] >= 630
    assert world.lasting is not None
    assert world.lasting.unwritten == []


async def test_trouble_with_the_ledger_is_told_with_what_waits_and_so_is_its_end(
    world: World,
) -> None:
    world.before["finish"] = _fails(world, until_s=100.0)
    await world.enrol(2)
    await world.run(concurrency=2)
    told = world.of(LedgerTrouble)
    assert 2 <= len(told) <= 12
    assert told[-1].waiting == 2
    assert "the disk is full" in told[0].why
    assert len(world.of(LedgerWorks)) == 1
    last = max(i for i, event in enumerate(world.events) if isinstance(event, LedgerTrouble))
    assert any(isinstance(event, LedgerWorks) for event in world.events[last:])


@pytest.mark.parametrize("operation", ["admit", "begin", "begin_again"])
async def test_an_intent_that_cannot_be_written_is_waited_for_and_nobody_is_dialled_before(
    world: World, operation: str
) -> None:
    if operation == "begin_again":
        world.api.answers[number(0)] = [
            Step(does=TurnedAway(why="HTTP 429"), after_s=0),
            Step(does=CONFIRMED),
        ]
    world.before[operation] = _fails(world, until_s=60.0)
    await world.enrol(1)
    assert await world.run() is RunEnding.FINISHED
    assert world.states(1) == [DONE]
    assert world.api.times(number(0))[-1] >= 60
    assert world.api.count(number(0)) == (2 if operation == "begin_again" else 1)


@pytest.mark.parametrize("operation", ["admit", "begin"])
async def test_a_run_that_is_stopped_gives_an_intent_up_and_nobody_is_dialled(
    world: World, operation: str
) -> None:
    world.before[operation] = _fails(world)
    _at_trouble(world, world.stop)
    await world.enrol(2)
    assert await world.run() is RunEnding.STOPPED
    assert world.api.placements == []
    world.before.clear()
    assert await world.run() is RunEnding.FINISHED
    assert world.states(2) == [DONE] * 2


async def test_a_run_that_is_told_to_end_tries_a_while_and_then_keeps_the_result_for_a_file(
    world: World,
) -> None:
    world.before["finish"] = _fails(world)
    _at_trouble(world, world.stop)
    await world.enrol(2)
    assert await world.run(concurrency=1) is RunEnding.STOPPED
    assert 40 <= world.clock.monotonic() <= 60
    assert world.lasting is not None
    [kept] = world.lasting.unwritten
    assert (kept.what, kept.row, kept.key) == ("ended", 2, "k0")
    assert kept.said["summary"] == CONFIRMED.summary
    assert number(0) not in kept.as_json(key=False)
    assert world.api.order() == [number(0)]
    world.before.clear()
    assert await world.run() is RunEnding.FINISHED
    assert world.states(2) == [ContactState.UNKNOWN, DONE]
    assert world.api.order() == [number(0), number(1)]


@pytest.mark.parametrize("operation", ["started", "doubt", "turn_away", "reject", "hold"])
async def test_whatever_became_of_a_request_is_kept_when_the_run_is_left(
    world: World, operation: str
) -> None:
    answers: dict[str, Answer] = {
        "started": Started(interaction_id=InteractionId("one")),
        "doubt": Doubtful(evidence="it broke"),
        "turn_away": TurnedAway(why="HTTP 429", retry_after_s=60.0),
        "reject": Rejected(why="HTTP 400"),
        "hold": TurnedAway(why="HTTP 429"),
    }
    world.api.answers[number(0)] = [Step(does=answers[operation], after_s=1)]
    world.api.standings["one"] = [StillInCall()]
    for name in (operation, "turn_away", "doubt"):
        world.before[name] = _fails(world)
    _at_trouble(world, world.abandon)
    await world.enrol(1)
    assert await world.run() is RunEnding.ABANDONED
    assert world.lasting is not None
    assert world.lasting.unwritten
    assert {kept.row for kept in world.lasting.unwritten} == {2}
    world.before.clear()
    await world.run()
    assert world.api.count(number(0)) == 1


async def test_a_result_that_no_waiting_will_get_in_is_kept_and_the_fault_is_told(
    world: World,
) -> None:
    def fail() -> None:
        raise LedgerError("the ledger is damaged")

    world.before["finish"] = fail
    await world.enrol(1)
    with pytest.raises(LedgerError, match="the ledger is damaged"):
        await world.run()
    assert world.lasting is not None
    [kept] = world.lasting.unwritten
    assert kept.said["summary"] == CONFIRMED.summary


async def test_a_clock_that_is_set_back_makes_nobody_wait_longer(world: World) -> None:
    def set_back(_to: str) -> None:
        world.clock.set_back = timedelta(hours=1)

    world.api.at_place = set_back
    world.api.answers[number(0)] = [
        Step(does=TurnedAway(why="HTTP 429", retry_after_s=5.0), after_s=0),
        Step(does=CONFIRMED),
    ]
    await world.enrol(1)
    assert await world.run() is RunEnding.FINISHED
    assert len(world.of(CallTurnedAway)) == 1
    first, second = world.api.times(number(0))
    assert 5 <= second - first <= 7
    [ended] = world.of(CallEnded)
    assert ended.duration_s == pytest.approx(30, abs=0.1)


async def test_a_clock_that_is_set_back_while_somebody_waits_changes_nothing(world: World) -> None:
    world.api.answers[number(0)] = [
        Step(does=TurnedAway(why="HTTP 429", retry_after_s=60.0), after_s=0),
        Step(does=CONFIRMED),
    ]
    await world.enrol(1)

    async def set_back() -> None:
        await world.clock.sleep(20)
        world.clock.set_back = timedelta(hours=1)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(set_back)
        await world.run()
    first, second = world.api.times(number(0))
    assert 60 <= second - first <= 70


async def test_a_steady_clock_never_goes_back_and_follows_a_clock_that_is_set_forward() -> None:
    real = VirtualClock()
    clock = SteadyClock(real)
    await real.sleep(10)
    assert clock.now() == START + timedelta(seconds=10)
    real.set_back = timedelta(hours=1)
    await real.sleep(10)
    assert clock.now() == START + timedelta(seconds=20)
    real.set_back = timedelta(hours=-2)
    assert clock.now() == START + timedelta(hours=2, seconds=20)


def test_a_call_that_ended_before_it_began_has_no_length_in_the_results() -> None:
    at = datetime(2026, 11, 22, 10, tzinfo=UTC)
    record = ContactRecord(
        row=2,
        cells=("x",),
        key="k",
        state=DONE,
        to="+14155550100",
        attempts=1,
        outcome="completed",
        summary="Hello.",
        recording_url=None,
        interaction_id=None,
        started_at=at,
        ended_at=at - timedelta(hours=1),
        error=None,
    )
    assert results_frame(["name"], [record])["call_duration_s"].isna().all()
