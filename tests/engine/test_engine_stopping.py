"""How a run is ended before its end: asked to, abandoned, refused, or by a fault of its own."""

from collections.abc import Iterator

import anyio
import pytest

from poku_batch.errors import LedgerError
from poku_batch.events import (
    CallEnded,
    CallHeld,
    CallLeft,
    CallPlaced,
    CallReleased,
    CallStarted,
    CallUnknown,
    Draining,
    Event,
)
from poku_batch.models import (
    AttemptState,
    ContactState,
    Doubtful,
    Ended,
    InteractionId,
    Refused,
    RunEnding,
    Started,
    StillInCall,
    TurnedAway,
)
from tests.engine.engine_world import CONFIRMED, Step, World, memory_folder, number

pytestmark = pytest.mark.anyio


@pytest.fixture
def world() -> Iterator[World]:
    with memory_folder() as folder:
        yield World(folder)


DONE, PENDING, UNKNOWN = ContactState.DONE, ContactState.PENDING, ContactState.UNKNOWN
ID = InteractionId("call-1")


async def stopped_after(world: World, seconds: float, concurrency: int = 2) -> RunEnding | None:
    """Run, and ask the run to end after so many seconds of its time."""
    ending = None

    async def stop() -> None:
        await world.clock.sleep(seconds)
        world.stop()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(stop)
        ending = await world.run(concurrency=concurrency)
        tasks.cancel_scope.cancel()
    return ending


# --- a stop that was asked for -----------------------------------------------------------------


async def test_while_all_slots_are_busy_open_calls_are_waited_for_and_nobody_else_is_called(
    world: World,
) -> None:
    await world.enrol(5)
    assert await stopped_after(world, 10, concurrency=2) is RunEnding.STOPPED
    assert world.states(5) == [DONE, DONE, PENDING, PENDING, PENDING]
    [draining] = world.of(Draining)
    assert draining.in_call == 2
    assert world.api.count(number(2)) == 0
    assert [world.contact(index).attempts for index in range(5)] == [1, 1, 0, 0, 0]


async def test_while_open_calls_are_fewer_than_slots_draining_counts_the_open_ones(
    world: World,
) -> None:
    world.api.answers[number(0)] = [Step(does=CONFIRMED, after_s=5)]
    await world.enrol(3)
    assert await stopped_after(world, 10, concurrency=8) is RunEnding.STOPPED
    assert [told.in_call for told in world.of(Draining)] == [2]
    assert world.states(3) == [DONE] * 3


async def test_while_waiting_for_due_contacts_the_run_ends_at_once(world: World) -> None:
    world.api.answers[number(0)] = [
        Step(does=TurnedAway(why="HTTP 429", retry_after_s=3600), after_s=0)
    ]
    await world.enrol(1)
    assert await stopped_after(world, 60) is RunEnding.STOPPED
    assert world.clock.monotonic() == pytest.approx(60)
    assert world.of(Draining) == []
    assert world.states(1) == [PENDING]


async def test_no_call_leaves_from_a_process_that_others_may_have_given_up(world: World) -> None:
    def hear(event: Event) -> None:
        if isinstance(event, CallStarted):
            # Frozen while the intent was written, and heard of again at the second try.
            world.lost = None if world.lost else "frozen"

    world.on_event = hear
    await world.enrol(1)
    assert await world.run() is RunEnding.FINISHED
    [released] = world.of(CallReleased)
    assert released.why == "before the call left: frozen"
    assert world.api.count(number(0)) == 1
    [attempt] = world.attempts(0)
    assert attempt.placements == 1


async def test_a_held_call_does_not_leave_either_once_others_may_have_given_it_up(
    world: World,
) -> None:
    def hear(event: Event) -> None:
        if isinstance(event, CallHeld):
            world.lost = "frozen"
        if isinstance(event, CallReleased):
            world.lost = None

    world.on_event = hear
    world.api.answers[number(0)] = [
        Step(does=TurnedAway(why="HTTP 429"), after_s=0),
        Step(does=CONFIRMED, after_s=0),
    ]
    await world.enrol(1)
    assert await world.run() is RunEnding.FINISHED
    [released] = world.of(CallReleased)
    assert released.why == "before the call left: frozen"
    assert world.api.count(number(0)) == 2
    assert world.states(1) == [DONE]


async def test_while_feeding_admitted_contacts_are_given_back(world: World) -> None:
    world.after["admit"] = world.stop
    await world.enrol(4)
    assert await world.run(concurrency=4) is RunEnding.STOPPED
    assert world.api.placements == []
    assert world.done["release"] == 4
    assert world.states(4) == [PENDING] * 4
    assert not any(world.contact(index).reserved for index in range(4))
    assert all(world.attempts(index) == [] for index in range(4))


@pytest.mark.parametrize("when", ["before", "after"])
async def test_between_intent_and_request_the_request_never_leaves(world: World, when: str) -> None:
    getattr(world, when)["begin"] = world.stop
    await world.enrol(3)
    assert await world.run(concurrency=3) is RunEnding.STOPPED
    assert world.api.placements == []
    assert world.states(3) == [PENDING] * 3
    assert len(world.of(CallStarted)) == len(world.of(CallReleased))
    assert world.of(Draining) == []
    getattr(world, when).clear()
    assert await world.run(concurrency=3) is RunEnding.FINISHED
    assert sorted(world.api.order()) == [number(0), number(1), number(2)]
    assert world.states(3) == [DONE] * 3


async def test_draining_does_not_count_calls_whose_request_has_not_left(world: World) -> None:
    async def stop_at_the_second() -> None:
        if world.done["begin"] == 1:
            while not world.api.placements:
                await anyio.lowlevel.checkpoint()
            world.stop()

    world.after["begin"] = stop_at_the_second
    world.api.default = Step(does=CONFIRMED, after_s=30)
    await world.enrol(2)
    await world.run(concurrency=2)
    assert [told.in_call for told in world.of(Draining)] == [len(world.api.placements)]
    assert sorted(world.states(2)) == sorted([DONE, PENDING])


async def test_open_calls_of_earlier_runs_are_left_where_a_stop_comes_first(world: World) -> None:
    world.api.answers[number(0)] = [Step(does=Started(interaction_id=ID), after_s=1)]
    world.api.standings[ID] = [StillInCall()]
    await world.enrol(1)
    world.after["started"] = world.abandon
    await world.run()
    world.after.clear()
    world.after["open_calls"] = world.stop
    asked = len(world.api.asked)
    assert await world.run() is RunEnding.STOPPED
    assert len(world.api.asked) == asked
    assert world.attempts(0)[0].state is AttemptState.IN_CALL


async def test_a_started_call_is_followed_to_its_end_although_the_run_is_to_stop(
    world: World,
) -> None:
    world.api.answers[number(0)] = [Step(does=Started(interaction_id=ID), after_s=1)]
    world.api.standings[ID] = [
        *[StillInCall()] * 20,
        Ended(summary="Yes.", interaction_id=ID),
    ]
    await world.enrol(1)
    assert await stopped_after(world, 30) is RunEnding.STOPPED
    assert world.states(1) == [DONE]


# --- abandoned ---------------------------------------------------------------------------------


async def test_abandoned_open_requests_are_unknown_and_followed_calls_are_left(
    world: World,
) -> None:
    world.api.answers[number(0)] = [Step(does=Started(interaction_id=ID), after_s=1)]
    world.api.standings[ID] = [StillInCall()]
    await world.enrol(4)

    async def abandon() -> None:
        await world.clock.sleep(10)
        world.abandon()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(abandon)
        assert await world.run(concurrency=2) is RunEnding.ABANDONED
    assert world.clock.monotonic() == pytest.approx(10)
    assert world.states(4) == [ContactState.DIALING, UNKNOWN, PENDING, PENDING]
    assert [made.state for made in world.attempts(0)] == [AttemptState.IN_CALL]
    assert [told.key for told in world.of(CallLeft)] == ["k0"]
    assert [told.key for told in world.of(CallUnknown)] == ["k1"]
    assert "may have been placed" in (world.contact(1).reason or "")
    world.api.standings[ID] = [Ended(summary="Yes.", interaction_id=ID)]
    assert await world.run() is RunEnding.FINISHED
    assert world.states(4) == [DONE, UNKNOWN, DONE, DONE]
    assert sorted(world.api.order()) == [number(index) for index in range(4)]


async def test_abandoned_between_intent_and_request_nobody_is_called(world: World) -> None:
    world.after["begin"] = world.abandon
    await world.enrol(2)
    assert await world.run() is RunEnding.ABANDONED
    assert world.api.placements == []
    assert world.states(2) == [PENDING] * 2


async def test_broken_off_from_outside_between_intent_and_request_nobody_is_called(
    world: World,
) -> None:
    world.after["begin"] = world.break_off
    await world.enrol(2)
    assert await world.run() is None
    assert world.api.placements == []
    assert world.states(2) == [PENDING] * 2


async def test_abandoned_while_a_result_is_written_the_result_stands_and_is_told(
    world: World,
) -> None:
    world.before["finish"] = world.abandon
    await world.enrol(1)
    assert await world.run() is RunEnding.ABANDONED
    assert world.states(1) == [DONE]
    assert len(world.of(CallEnded)) == 1


async def test_abandoned_while_an_interaction_id_is_written_the_call_is_told_as_left(
    world: World,
) -> None:
    world.api.answers[number(0)] = [Step(does=Started(interaction_id=ID), after_s=1)]
    world.before["started"] = world.abandon
    await world.enrol(1)
    assert await world.run() is RunEnding.ABANDONED
    assert world.attempts(0)[0].interaction_id == ID
    told = [type(told) for told in world.events[1:]]
    assert told == [CallStarted, CallPlaced, CallLeft]


async def test_a_run_that_was_stopped_can_still_be_abandoned(world: World) -> None:
    await world.enrol(2)
    world.on_event = lambda told: world.abandon() if isinstance(told, Draining) else None
    assert await stopped_after(world, 10) is RunEnding.ABANDONED
    assert world.states(2) == [UNKNOWN] * 2


# --- refused -----------------------------------------------------------------------------------


async def test_refused_nobody_else_is_called_open_calls_are_heard_and_the_rest_is_pending(
    world: World,
) -> None:
    world.api.answers[number(1)] = [
        Step(does=Refused(why="HTTP 402: no credits left"), after_s=5),
        Step(does=CONFIRMED),
    ]
    await world.enrol(5)
    assert await world.run(concurrency=2) is RunEnding.REFUSED
    assert world.going.stop.why == "HTTP 402: no credits left"
    assert world.states(5) == [DONE, PENDING, PENDING, PENDING, PENDING]
    assert world.api.order() == [number(0), number(1)]
    [draining] = world.of(Draining)
    assert (draining.in_call, draining.why) == (1, "HTTP 402: no credits left")
    assert [told.key for told in world.of(CallReleased)] == ["k1"]
    assert await world.run(concurrency=2) is RunEnding.FINISHED
    assert world.states(5) == [DONE] * 5
    assert [world.api.count(number(index)) for index in range(5)] == [1, 2, 1, 1, 1]


async def test_doubtful_calls_are_never_placed_again(world: World) -> None:
    world.api.answers[number(0)] = [Step(does=Doubtful(evidence="HTTP 502")), Step(does=CONFIRMED)]
    await world.enrol(2)
    for _ in range(3):
        assert await world.run() is RunEnding.FINISHED
    assert world.states(2) == [UNKNOWN, DONE]
    assert world.api.count(number(0)) == 1


# --- faults ------------------------------------------------------------------------------------


async def test_a_defect_in_one_call_stops_the_run_gently_and_is_raised(world: World) -> None:
    world.api.answers[number(0)] = [Step(does=RuntimeError("a defect"), after_s=5)]
    await world.enrol(4)
    with pytest.raises(RuntimeError, match="a defect"):
        await world.run(concurrency=2)
    assert world.states(4) == [UNKNOWN, DONE, PENDING, PENDING]
    assert len(world.of(CallEnded)) == 1
    assert "RuntimeError" in (world.contact(0).reason or "")
    assert "a defect" not in (world.contact(0).reason or "")


async def test_a_fault_while_a_stopped_run_drains_is_raised_all_the_same(world: World) -> None:
    def fail() -> None:
        raise LedgerError("the disk is full")

    world.before["finish"] = fail
    world.api.at_place = lambda _to: world.stop()
    await world.enrol(2)
    with pytest.raises(LedgerError, match="the disk is full"):
        await world.run(concurrency=1)
    assert world.contact(1).state is PENDING


async def test_nobody_is_dialled_where_the_intent_cannot_be_written(world: World) -> None:
    def fail() -> None:
        raise LedgerError("the disk is full")

    world.before["begin"] = fail
    await world.enrol(3)
    with pytest.raises(LedgerError, match="the disk is full"):
        await world.run()
    assert world.api.placements == []
    assert world.states(3) == [PENDING] * 3


async def test_nobody_is_dialled_again_where_the_second_intent_cannot_be_written(
    world: World,
) -> None:
    def fail() -> None:
        raise LedgerError("the disk is full")

    world.before["begin_again"] = fail
    world.api.answers[number(0)] = [
        Step(does=TurnedAway(why="HTTP 429"), after_s=0),
        Step(does=CONFIRMED),
    ]
    await world.enrol(1)
    with pytest.raises(LedgerError, match="the disk is full"):
        await world.run()
    assert world.api.count(number(0)) == 1
    assert world.states(1) == [PENDING]


@pytest.mark.parametrize("operation", ["open_calls", "admit", "next_due_at"])
async def test_a_ledger_that_cannot_be_read_ends_the_run_after_its_open_calls(
    world: World, operation: str
) -> None:
    def fail() -> None:
        raise LedgerError("the disk is gone")

    await world.enrol(1)
    world.before[operation] = fail
    with pytest.raises(LedgerError, match="the disk is gone"):
        await world.run(concurrency=1)
    assert world.states(1) == [DONE if operation == "next_due_at" else PENDING]
