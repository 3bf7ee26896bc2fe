"""Workers that are given up and come back: whatever they still believe, nobody is called twice."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from poku_batch.errors import NotReservedError
from poku_batch.models import (
    ApiNews,
    AttemptId,
    BreakerRules,
    CallNews,
    CallResult,
    ContactState,
    Guard,
    InteractionId,
    OpenCall,
    RunEnding,
    Sequel,
    UnreadCall,
)
from tests.ledger.shared import CLINIC, DIGEST, SLOT, STALLED, Shared, now, shared
from tests.postgresql import Server

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(postgresql_server: Server) -> AsyncIterator[Shared]:
    async with shared(postgresql_server) as made:
        yield made


async def held_by_a_lost_worker(world: Shared) -> AttemptId:
    """One call was turned away, and its worker was given up while it waited to place it again."""
    await world.admit(slots=1)
    attempt = await world.begin(1, worker=0)
    await world.joined(0).hold(attempt, "429", at=now())
    await world.lose(0)
    assert await world.state(1) == ContactState.PENDING
    return attempt


@pytest.mark.parametrize("other", [0, 1])
async def test_one_that_comes_back_does_not_undo_the_call_that_went_on_without_it(
    world: Shared, other: int
) -> None:
    attempt = await held_by_a_lost_worker(world)
    await world.distribution.beat(world.workers[0], draining=False)
    await world.admit(slots=1)
    assert await world.begin(1, worker=other) == attempt
    # The second request is open. The one that was given up still means to place the first again.
    with pytest.raises(NotReservedError, match="somebody else has gone on with it"):
        await world.joined(0).begin_again(attempt, placement=1, at=now())
    await world.joined(0).turn_away(
        attempt, "not left", due_at=now(), sent=False, placement=1, at=now()
    )
    await world.joined(0).reject(attempt, "turned away too often", placement=1, at=now())
    assert await world.state(1) == ContactState.DIALING
    assert await world.admit(slots=1) == 0


@pytest.mark.parametrize("other", [0, 1])
async def test_one_that_comes_back_does_not_place_what_another_holds(
    world: Shared, other: int
) -> None:
    attempt = await held_by_a_lost_worker(world)
    await world.distribution.beat(world.workers[0], draining=False)
    await world.admit(slots=1)
    assert await world.begin(1, worker=other) == attempt
    await world.joined(other).hold(attempt, "429", at=now())
    with pytest.raises(NotReservedError):
        await world.joined(0).begin_again(attempt, placement=1, at=now())
    await world.joined(other).begin_again(attempt, placement=2, at=now())


@pytest.mark.parametrize("guard", [Guard(), Guard(from_number="+14155550100")])
async def test_what_was_handed_over_before_another_called_is_not_begun(
    world: Shared, guard: Guard
) -> None:
    await held_by_a_lost_worker(world)
    await world.admit(slots=1)
    stale = await world.handed(1)
    await world.joined(1).release(stale)
    await world.admit(slots=1)
    attempt = await world.begin(1, worker=1)
    await world.joined(1).turn_away(attempt, "429", due_at=now(), placement=2, at=now())
    await world.admit(slots=1)
    with pytest.raises(NotReservedError):
        await world.joined(0).begin(stale, prompt_sha256=DIGEST, guard=guard, at=now())


async def test_an_id_that_is_written_late_is_kept_and_the_call_followed_to_its_end(
    world: Shared,
) -> None:
    await world.admit(slots=1)
    attempt = await world.begin(1, worker=0)
    await world.lose(0)
    assert await world.state(1) == ContactState.UNKNOWN
    await world.joined(0).started(attempt, InteractionId("call-1"), at=now())
    await world.joined(0).started(attempt, InteractionId("call-1"), at=now())
    # It is not called again for that, and whoever runs next can ask for it.
    assert await world.state(1) == ContactState.UNKNOWN
    await world.held.close(RunEnding.STOPPED, at=now())
    held = await world.ledger.open_run(CLINIC, at=now())
    run = await held.share("{}", slot=SLOT)
    assert await world.distribution.hand_over_open_calls(run.id) == 1
    call = await world.distribution.take_call(run.id, attempt, world.workers[1])
    assert isinstance(call, OpenCall)
    assert (call.interaction_id, call.was_unknown) == ("call-1", True)
    await world.joined(0).finish(attempt, CallResult(outcome="completed"), at=now())
    assert await world.state(1) == ContactState.DONE


@pytest.mark.parametrize("asked", ["pause", "stop", "end", "shut", "close"])
async def test_no_worker_begins_a_call_that_has_not_heard_yet_what_was_asked(
    world: Shared, asked: str
) -> None:
    await world.admit(slots=2)
    first, second = await world.handed(1), await world.handed(2)
    attempt = await world.begin_as(first)
    await world.joined().hold(attempt, "429", at=now())
    if asked == "pause":
        await world.ledger.controls.pause(CLINIC, by="ada", at=now())
    elif asked == "stop":
        await world.ledger.controls.ask_to_stop(CLINIC, by="ada", at=now())
    elif asked == "end":
        await world.distribution.ask_to_end(world.run.id, RunEnding.REFUSED, "402")
    elif asked == "shut":
        rules = BreakerRules(last=2, share=0.5, cool_down=timedelta(minutes=1), trips=2)
        bad = tuple(CallNews(row=row, what="500", bad=True) for row in (7, 8))
        assert await world.admit(slots=9, news=ApiNews(calls=bad), breaker=rules) == 0
    else:
        await world.held.close(RunEnding.STOPPED, at=now())
    with pytest.raises(NotReservedError):
        await world.begin_as(second)
    guard = Guard(from_number="+14155550100")
    with pytest.raises(NotReservedError):
        await world.joined().begin(second, prompt_sha256=DIGEST, guard=guard, at=now())
    with pytest.raises(Exception, match=r"nobody may be called now|this run has ended"):
        await world.joined().begin_again(attempt, placement=1, at=now())
    assert world.ask("SELECT COUNT(*) FROM attempts") == [(1,)]


async def taken_from_an_earlier_run(world: Shared) -> AttemptId:
    """A call of an earlier run is followed in another by a worker that is lost then."""
    await world.admit(slots=1)
    attempt = await world.begin(1, worker=0)
    await world.joined(0).started(attempt, InteractionId("call-1"), at=now())
    await world.distribution.leave(world.workers[0])
    await world.held.close(RunEnding.ABANDONED, at=now())
    held = await world.ledger.open_run(CLINIC, at=now())
    world.run = await held.share("{}", slot=SLOT)
    world.held = held
    assert await world.distribution.hand_over_open_calls(world.run.id) == 1
    return attempt


async def test_a_lost_workers_call_of_an_earlier_run_is_handed_to_another(world: Shared) -> None:
    attempt = await taken_from_an_earlier_run(world)
    await world.distribution.take_call(world.run.id, attempt, world.workers[1])
    assert (await world.distribution.sweep(stalled=STALLED)).handed_on == 0
    await world.distribution.leave(world.workers[1])
    world.lose_jobs()
    assert (await world.distribution.sweep(stalled=STALLED)).handed_on == 1
    assert (await world.distribution.sweep(stalled=STALLED)).handed_on == 0


async def test_a_call_of_an_earlier_run_whose_job_is_lost_is_handed_over_again(
    world: Shared,
) -> None:
    await taken_from_an_earlier_run(world)
    world.lose_jobs()
    assert (await world.distribution.sweep(stalled=STALLED)).handed_on == 1


async def test_a_call_that_its_worker_let_go_of_is_handed_on_once_its_time_is_over(
    world: Shared,
) -> None:
    await world.admit(slots=1)
    attempt = await world.begin(1, worker=0)
    await world.joined(0).started(attempt, InteractionId("call-1"), at=now())
    world.ask("UPDATE attempts SET placed_at = placed_at - 91000000")
    # While the engine's job of the call is there, somebody has it in hand.
    assert (await world.distribution.sweep(stalled=STALLED)).handed_on == 0
    world.lose_jobs()
    world.ask("UPDATE attempts SET placed_at = placed_at + 10000000")
    assert (await world.distribution.sweep(stalled=STALLED)).handed_on == 0
    world.ask("UPDATE attempts SET placed_at = placed_at - 10000000")
    assert (await world.distribution.sweep(stalled=STALLED)).handed_on == 1
    assert await world.distribution.take_call(world.run.id, attempt, world.workers[1]) is not None
    assert (await world.distribution.sweep(stalled=STALLED)).handed_on == 0


async def test_a_run_that_is_to_end_does_not_wait_for_a_call_that_nobody_follows(
    world: Shared,
) -> None:
    await world.admit(slots=1)
    attempt = await world.begin(1, worker=0)
    await world.joined(0).started(attempt, InteractionId("call-1"), at=now())
    await world.distribution.ask_to_end(world.run.id, RunEnding.REFUSED, "401")
    world.lose_jobs()
    room = await world.room()
    assert (room.live, room.over) == (1, RunEnding.REFUSED)
    world.ask("UPDATE attempts SET placed_at = placed_at - 91000000")
    assert (await world.distribution.sweep(stalled=STALLED)).handed_on == 0
    assert (await world.room()).live == 0
    # Its slot is kept as long as it is not known to have ended.
    assert (await world.room()).held == 1
    await world.held.close(RunEnding.REFUSED, at=now())
    held = await world.ledger.open_run(CLINIC, at=now())
    run = await held.share("{}", slot=SLOT)
    assert await world.distribution.hand_over_open_calls(run.id) == 1


async def test_a_run_goes_on_while_a_call_that_ended_is_read(world: Shared) -> None:
    await world.admit(slots=1)
    attempt = await world.begin(1, worker=0)
    await world.joined(0).finish(
        attempt, CallResult(outcome="completed", summary="Call me later."), to_read=True, at=now()
    )
    room = await world.room()
    assert (room.live, room.held) == (1, 0)
    await world.joined(0).reread(attempt, CallResult(outcome="confirmed"), at=now())
    assert (await world.room()).live == 0


async def test_a_call_that_nobody_goes_on_reading_is_handed_to_another(world: Shared) -> None:
    await world.admit(slots=1)
    attempt = await world.begin(1, worker=0)
    await world.joined(0).finish(
        attempt, CallResult(outcome="completed", summary="Call me later."), to_read=True, at=now()
    )
    world.lose_jobs()
    assert (await world.distribution.sweep(stalled=STALLED)).handed_on == 0
    world.ask("UPDATE attempts SET ended_at = ended_at - 301000000")
    assert (await world.distribution.sweep(stalled=STALLED)).handed_on == 1
    found = await world.distribution.take_call(world.run.id, attempt, world.workers[1])
    assert isinstance(found, UnreadCall)
    assert (await world.distribution.sweep(stalled=STALLED)).handed_on == 0


async def test_a_held_call_that_its_worker_forgot_is_given_out_again_in_the_end(
    world: Shared,
) -> None:
    await world.admit(slots=1)
    attempt = await world.begin(1, worker=0)
    await world.joined(0).hold(attempt, "429", at=now())
    await world.distribution.sweep(stalled=STALLED)
    assert await world.state(1) == ContactState.DIALING
    world.ask("UPDATE attempts SET placed_at = placed_at - 91000000")
    await world.distribution.sweep(stalled=STALLED)
    assert await world.state(1) == ContactState.PENDING


async def test_a_contact_that_was_given_back_is_not_begun(world: Shared) -> None:
    await world.admit(slots=1)
    stale = await world.handed(1)
    world.lose_jobs()
    assert (await world.distribution.sweep(stalled=STALLED)).given_back == 1
    with pytest.raises(NotReservedError, match="not reserved by this run"):
        await world.begin_as(stale)
    # Given out again, it is begun by whoever comes first; the other is refused.
    await world.admit(slots=1)
    await world.begin_as(stale)
    with pytest.raises(NotReservedError):
        await world.begin_as(stale)


async def test_what_was_handed_over_before_a_call_that_ended_is_not_begun(world: Shared) -> None:
    await world.admit(slots=1)
    stale = await world.handed(1)
    attempt = await world.begin(1, worker=1)
    again = Sequel(state=ContactState.PENDING, due_at=now())
    await world.joined(1).finish(attempt, CallResult(outcome="busy"), sequel=again, at=now())
    await world.admit(slots=20)
    assert (await world.handed(1)).attempt == 2
    for guard in (Guard(), Guard(from_number="+14155550100")):
        with pytest.raises(NotReservedError):
            await world.joined(0).begin(stale, prompt_sha256=DIGEST, guard=guard, at=now())
    await world.begin(1, worker=1)


async def test_a_call_of_a_run_that_has_ended_is_nobodys_to_take(world: Shared) -> None:
    await world.admit(slots=1)
    attempt = await world.begin(1, worker=0)
    await world.joined(0).started(attempt, InteractionId("call-1"), at=now())
    await world.held.close(RunEnding.ABANDONED, at=now())
    taken = await world.distribution.take_call(world.run.id, attempt, world.workers[1])
    assert taken is None
    assert world.ask("SELECT worker_id FROM attempts") == [(world.workers[0],)]
