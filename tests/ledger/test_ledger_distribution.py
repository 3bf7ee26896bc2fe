"""Runs whose calls workers make, as the ledger keeps them: who is admitted, and what is settled."""

from collections.abc import AsyncIterator
from datetime import timedelta
from itertools import pairwise
from typing import Any

import anyio
import pytest

from poku_batch.errors import CampaignBusyError, LedgerError, NotReservedError
from poku_batch.events import CallEnded, CallStarted, CallUnknown
from poku_batch.ledger import erase, open_ledger
from poku_batch.models import (
    AdmissionRules,
    ApiNews,
    BreakerRules,
    CallNews,
    CallResult,
    ContactId,
    ContactState,
    Go,
    InteractionId,
    Later,
    Never,
    OpenCall,
    RunEnding,
    RunId,
    WaitKind,
)
from tests.ledger.shared import CLINIC, SLOT, STALLED, Shared, now, shared
from tests.postgresql import Server

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(postgresql_server: Server) -> AsyncIterator[Shared]:
    async with shared(postgresql_server) as made:
        yield made


async def test_as_many_are_admitted_as_there_are_slots_each_with_a_job(world: Shared) -> None:
    assert await world.admit() == 5
    assert await world.admit() == 0
    assert await world.jobs() == [1, 2, 3, 4, 5]
    await world.begin(1)
    assert await world.admit() == 0
    room = await world.room()
    assert (room.held, room.reserved, room.live) == (5, 4, 1)


async def test_an_unknown_call_keeps_its_slot_for_as_long_as_it_may_go_on(world: Shared) -> None:
    await world.admit(slots=1)
    attempt = await world.begin(1)
    await world.distribution.join(world.run, world.workers[0]).doubt(attempt, "500", at=now())
    assert await world.state(1) == ContactState.UNKNOWN
    assert await world.admit(slots=1) == 0
    assert await world.admit(slots=1, slot=timedelta()) == 1


async def test_a_delivered_contact_is_begun_once_whoever_has_it(world: Shared) -> None:
    await world.admit()
    handed = await world.distribution.take(world.run.id, ContactId(1))
    assert handed is not None
    await world.begin_as(handed.admission, 0)
    with pytest.raises(NotReservedError):
        await world.begin_as(handed.admission, 1)
    assert await world.distribution.take(world.run.id, ContactId(1)) is None


async def test_a_lost_workers_call_is_unknown_and_its_contact_is_not_given_out(
    world: Shared,
) -> None:
    await world.admit()
    await world.begin(1, worker=0)
    await world.begin(2, worker=1)
    await world.distribution.leave(world.workers[0])
    swept = await world.distribution.sweep(stalled=STALLED)
    assert (swept.unknown, swept.handed_on, swept.given_back) == (1, 0, 0)
    assert await world.state(1) == ContactState.UNKNOWN
    assert await world.state(2) == ContactState.DIALING
    record = await world.ledger.contact(CLINIC, "k1")
    assert record is not None
    assert (record.error or "").startswith("worker one was lost after 20")
    assert await world.admit() == 0


async def test_a_lost_workers_call_with_an_id_is_handed_to_another_once(world: Shared) -> None:
    await world.admit()
    attempt = await world.begin(1, worker=0)
    joined = world.distribution.join(world.run, world.workers[0])
    await joined.started(attempt, InteractionId("call-1"), at=now())
    await world.distribution.leave(world.workers[0])
    assert (await world.distribution.sweep(stalled=STALLED)).handed_on == 1
    assert (await world.distribution.sweep(stalled=STALLED)).handed_on == 0
    call = await world.distribution.take_call(world.run.id, attempt, world.workers[1])
    assert isinstance(call, OpenCall)
    assert call.interaction_id == "call-1"
    assert (await world.distribution.sweep(stalled=STALLED)).handed_on == 0
    await world.distribution.join(world.run, world.workers[1]).finish(
        attempt, CallResult(outcome="completed"), at=now()
    )
    assert await world.state(1) == ContactState.DONE


async def test_an_id_that_comes_after_its_worker_was_given_up_is_followed(world: Shared) -> None:
    await world.admit()
    attempt = await world.begin(1)
    frozen, other = world.workers
    await world.distribution.leave(frozen)
    assert (await world.distribution.sweep(stalled=STALLED)).unknown == 1
    thawed = world.distribution.join(world.run, frozen)
    await thawed.started(attempt, InteractionId("int_1"), at=now())
    assert await world.state(1) == ContactState.UNKNOWN
    assert (await world.room()).held == 5
    # Its worker is lost for good now: another one asks what came of the call.
    assert (await world.distribution.sweep(stalled=STALLED)).handed_on == 1
    assert not (await world.distribution.sweep(stalled=STALLED)).any
    call = await world.distribution.take_call(world.run.id, attempt, other)
    assert isinstance(call, OpenCall)
    assert call.interaction_id == "int_1"
    joined = world.distribution.join(world.run, other)
    assert await joined.finish(attempt, CallResult(outcome="done"), at=now())
    assert await world.state(1) == ContactState.DONE


async def test_a_worker_that_was_given_up_does_not_place_what_was_given_out_again(
    world: Shared,
) -> None:
    await world.admit(slots=1)
    frozen = world.distribution.join(world.run, world.workers[0])
    attempt = await world.begin(1)
    await frozen.hold(attempt, "429", placement=1, at=now())
    await world.distribution.leave(world.workers[0])
    await world.distribution.sweep(stalled=STALLED)
    with pytest.raises(NotReservedError, match="somebody else has gone on"):
        await frozen.begin_again(attempt, placement=1, at=now())
    await frozen.turn_away(attempt, "429", due_at=now(), placement=1, at=now())
    # Another worker has it, and is about to place it again in turn.
    await world.admit(slots=1)
    assert await world.begin(1, worker=1) == attempt
    other = world.distribution.join(world.run, world.workers[1])
    await frozen.turn_away(attempt, "429", due_at=now(), placement=1, at=now())
    await frozen.reject(attempt, "400", placement=1, at=now())
    assert await world.state(1) == ContactState.DIALING
    await other.hold(attempt, "429", placement=2, at=now())
    with pytest.raises(NotReservedError, match="somebody else has gone on"):
        await frozen.begin_again(attempt, placement=1, at=now())
    await other.begin_again(attempt, placement=2, at=now())
    with pytest.raises(NotReservedError, match="others have settled it"):
        await frozen.hold(attempt, "429", placement=1, at=now())
    assert await world.state(1) == ContactState.DIALING


async def test_what_a_lost_worker_is_told_late_is_evidence_and_calls_nobody(world: Shared) -> None:
    await world.admit(slots=1)
    attempt = await world.begin(1)
    frozen = world.distribution.join(world.run, world.workers[0])
    await world.distribution.leave(world.workers[0])
    await world.distribution.sweep(stalled=STALLED)
    await frozen.turn_away(attempt, "HTTP 429", due_at=now(), placement=1, at=now())
    assert await world.state(1) == ContactState.UNKNOWN
    told = "it was unknown, and late it was said: HTTP 429"
    assert world.ask("SELECT error FROM attempts") == [(told,)]
    assert await world.admit(slots=1) == 0


async def test_a_worker_that_is_silent_is_given_up_and_lives_when_it_is_heard_again(
    world: Shared,
) -> None:
    world.ask("UPDATE workers SET seen_at = seen_at - 31000000 WHERE name = 'one'")
    lost = await world.distribution.sweep(stalled=timedelta(seconds=0.05))
    assert lost.workers >= 1
    await world.distribution.beat(world.workers[0], draining=True)
    (worker,) = [each for each in await world.distribution.workers() if each.name == "one"]
    assert worker.draining


async def test_a_reservation_whose_job_is_lost_is_given_out_again(world: Shared) -> None:
    await world.admit()
    world.ask("DELETE FROM procrastinate_jobs WHERE (args->>'contact')::int IN (2, 3)")
    assert (await world.distribution.sweep(stalled=STALLED)).given_back == 2
    assert await world.admit() == 2
    assert await world.jobs() == [1, 4, 5, 2, 3]


async def test_calls_are_spaced_by_their_pace(world: Shared) -> None:
    assert await world.admit(slots=20, calls_per_minute=240) == 5
    # As many more as the time that has passed allows, after those that have theirs.
    more = await world.admit(slots=20, calls_per_minute=240)
    ((passed,),) = world.ask("SELECT MAX(admitted_at) - MIN(started_at) FROM runs")
    assert isinstance(passed, int)
    assert more <= passed // 250_000 + 1
    handed = await world.distribution.take(world.run.id, ContactId(5))
    assert handed is not None
    assert handed.wait_s <= 1.25
    starts = world.ask("SELECT starts_at FROM contacts WHERE starts_at > 0 ORDER BY id")
    times = [start for (start,) in starts if isinstance(start, int)]
    assert len(times) == 5 + more
    assert {later - sooner for sooner, later in pairwise(times[:5])} == {250_000}
    assert all(later - sooner >= 250_000 for sooner, later in pairwise(times))


async def test_the_limit_counts_whoever_was_begun_or_is_about_to_be(world: Shared) -> None:
    assert await world.admit(limit=3) == 3
    attempt = await world.begin(1)
    joined = world.distribution.join(world.run, world.workers[0])
    await joined.finish(attempt, CallResult(outcome="completed"), at=now())
    assert await world.admit(limit=3) == 0
    assert (await world.room(limit=3, limit_why="--limit")).left == 0
    assert (await world.room(limit=3, limit_why="--limit")).over is RunEnding.LIMIT
    # One that was turned away was not called.
    attempt = await world.begin(2)
    await joined.turn_away(attempt, "429", due_at=now() + timedelta(hours=1), at=now())
    assert await world.admit(limit=3) == 1


async def test_whoever_may_not_be_called_now_waits_and_whoever_never_may_is_skipped(
    world: Shared,
) -> None:
    until = now() + timedelta(hours=1)
    later = Later(until=until, kind=WaitKind.CALLING_HOURS, why="08:00")
    assert await world.admit(later) == 0
    counts = await world.ledger.counts(CLINIC, now=now())
    assert (counts.due, counts.waits[WaitKind.CALLING_HOURS].contacts) == (0, 20)
    world.ask("UPDATE contacts SET due_at = 0")
    assert await world.admit(Never(why="no consent")) == 0
    assert (await world.ledger.counts(CLINIC, now=now())).of(ContactState.SKIPPED) == 20
    assert await world.jobs() == []


async def test_nobody_is_admitted_while_paused_or_once_it_is_to_end(
    world: Shared,
) -> None:
    await world.ledger.controls.pause(CLINIC, by="ada", at=now())
    assert await world.admit() == 0
    await world.ledger.controls.resume(CLINIC)
    assert await world.admit() == 5
    await world.distribution.ask_to_end(world.run.id, RunEnding.REFUSED, "402")
    await world.distribution.ask_to_end(world.run.id, RunEnding.STOPPED, "later")
    assert await world.distribution.wanted_ending(world.run.id) == (RunEnding.REFUSED, "402")
    assert await world.admit(slots=9) == 0
    assert (await world.room()).over is RunEnding.REFUSED


async def test_what_one_worker_is_turned_away_with_has_all_of_them_make_fewer_calls(
    world: Shared,
) -> None:
    assert await world.admit(slots=8, news=ApiNews(turned_away=(0.1,))) == 4
    # What was sent before that says nothing of it.
    assert await world.admit(slots=8, news=ApiNews(turned_away=(3.0, 2.0))) == 0
    room = await world.room(slots=8)
    assert (room.slots, room.borne, room.held) == (8, 4, 4)
    assert await world.admit(slots=8, news=ApiNews(taken=4)) == 1
    assert (await world.room(slots=8)).borne == 5
    # They are heard where nobody may be called, too, and in a tick just after another.
    await world.ledger.controls.pause(CLINIC, by="ada", at=now())
    rules = AdmissionRules(slots=8, slot=SLOT)
    await world.distribution.admit(
        world.run.id, rules, judge=lambda _: Go(), news=ApiNews(taken=5), tick=True
    )
    assert (await world.room(slots=8)).borne == 6


BREAKER = BreakerRules(last=3, share=0.5, cool_down=timedelta(seconds=0.5), trips=2)


def calls(*rows: int, bad: bool | None) -> ApiNews:
    return ApiNews(calls=tuple(CallNews(row=row, what="500", bad=bad) for row in rows))


async def test_bad_calls_of_all_workers_open_one_circuit_breaker(world: Shared) -> None:
    bounds: dict[str, Any] = {"slots": 6, "breaker": BREAKER}
    assert await world.admit(**bounds) == 6
    for contact in (1, 2, 3):
        await world.end(contact)
    assert await world.admit(**bounds | {"slots": 4}, news=calls(2, bad=True)) == 1
    # The second of two workers tells; the last of these calls opens it, and nobody is admitted.
    assert await world.admit(**bounds, news=calls(3, 4, bad=True)) == 0
    circuit = (await world.room(**bounds)).circuit
    assert circuit is not None
    assert (circuit.why, circuit.calls, circuit.final, circuit.probing) == (
        "3 of the last 3 calls failed or are unknown",
        ((2, "500"), (3, "500"), (4, "500")),
        False,
        False,
    )
    assert circuit.until_s == pytest.approx(now().timestamp() + 0.5, abs=0.45)


async def opened(world: Shared, bounds: dict[str, Any]) -> None:
    """Open the breaker, and let it cool down; one slot of six is held then."""
    await world.admit(slots=4)
    for contact in (1, 2, 3):
        await world.end(contact)
    assert await world.admit(**bounds, news=calls(2, 3, 4, bad=True)) == 0
    await anyio.sleep(0.6)


async def test_after_the_cool_down_one_call_finds_out_for_all_workers(world: Shared) -> None:
    bounds: dict[str, Any] = {"slots": 6, "breaker": BREAKER}
    await opened(world, bounds)
    assert await world.admit(**bounds) == 1
    assert await world.admit(**bounds) == 0
    circuit = (await world.room(**bounds)).circuit
    assert circuit is not None
    assert circuit.probing
    # Another call, which was in flight, says nothing of it.
    await world.end(4)
    assert await world.admit(**bounds, news=calls(5, bad=False)) == 0
    await world.end(5)
    assert await world.admit(**bounds, news=calls(6, bad=False)) == 6
    assert (await world.room(**bounds)).circuit is None


async def test_a_probe_that_nobody_will_tell_of_is_made_again(world: Shared) -> None:
    bounds: dict[str, Any] = {"slots": 6, "breaker": BREAKER}
    await opened(world, bounds)
    assert await world.admit(**bounds) == 1
    world.ask("DELETE FROM procrastinate_jobs WHERE args->>'contact' = '5'")
    assert await world.admit(**bounds) == 0
    assert (await world.distribution.sweep(stalled=STALLED)).given_back == 1
    assert await world.admit(**bounds) == 1
    assert await world.admit(**bounds) == 0
    # It was turned away: the next one is to find out.
    await world.end(5)
    assert await world.admit(**bounds, news=calls(6, bad=None)) == 1


async def test_a_breaker_that_opens_too_often_ends_the_run_for_all_workers(world: Shared) -> None:
    bounds: dict[str, Any] = {"slots": 6, "breaker": BREAKER}
    await opened(world, bounds)
    assert await world.admit(**bounds) == 1
    await world.end(5)
    assert await world.admit(**bounds, news=calls(6, bad=True)) == 0
    why = "the call that tried again went wrong too"
    ending = (RunEnding.CIRCUIT_BREAKER, why)
    assert await world.distribution.wanted_ending(world.run.id) == ending
    room = await world.room(**bounds)
    assert (room.over, room.why) == ending
    assert room.circuit is not None
    assert room.circuit.final


async def test_a_budget_is_counted_anew_where_it_is_used_up(world: Shared) -> None:
    asked: list[tuple[int, int]] = []

    def room(minutes: int, open_: int) -> int:
        asked.append((minutes, open_))
        return 7 - open_

    rules = AdmissionRules(slots=20, slot=SLOT)
    admitted = await world.distribution.admit(
        world.run.id, rules, judge=lambda _: Go(), budget=room
    )
    assert (admitted, asked) == (7, [(0, 0)])
    again = await world.distribution.admit(world.run.id, rules, judge=lambda _: Go(), budget=room)
    assert (again, asked) == (0, [(0, 0), (0, 7)])


async def test_the_limit_counts_those_that_an_earlier_run_had_begun_and_this_one_calls(
    world: Shared,
) -> None:
    await world.admit()
    joined = world.distribution.join(world.run, world.workers[0])
    for contact in (1, 2):
        attempt = await world.begin(contact)
        await joined.turn_away(attempt, "429", due_at=now(), sent=True, at=now())
    await world.held.close(RunEnding.STOPPED, at=now())
    held = await world.ledger.open_run(CLINIC, at=now())
    world.run = await held.share("{}", slot=SLOT)
    assert await world.admit(slots=20, limit=20) == 20
    again = await world.begin(1)
    await world.begin(2)
    await world.begin(3)
    assert world.ask("SELECT COUNT(*) FROM attempts") == [(3,)]
    assert await world.admit(slots=30, limit=25) == 0
    assert (await world.room(limit=25)).left == 5
    # One that was turned away once more is not called, however long ago it was counted.
    joined = world.distribution.join(world.run, world.workers[0])
    await joined.turn_away(again, "429", due_at=now(), sent=True, at=now())
    assert (await world.room(limit=25)).left == 6


async def test_minutes_that_calls_took_are_added_to_what_the_budget_has_used(
    world: Shared,
) -> None:
    asked: list[tuple[int, int]] = []

    def room(minutes: int, open_: int) -> int:
        asked.append((minutes, open_))
        return 0 if asked[1:] else 3

    rules = AdmissionRules(slots=20, slot=SLOT)
    joined = world.distribution.join(world.run, world.workers[0])

    async def look(longest: timedelta | None = None) -> tuple[int, int]:
        await world.distribution.admit(
            world.run.id, rules, judge=lambda _: Go(), budget=room, longest=longest
        )
        return asked[-1]

    assert await look() == (0, 0)
    for contact, minutes in ((1, 3), (2, 1)):
        attempt = await world.begin(contact)
        ended = now() + timedelta(minutes=minutes) - timedelta(seconds=30)
        await joined.finish(attempt, CallResult(outcome="completed"), at=ended)
        await look()
    assert await look() == (4, 1)
    attempt = await world.begin(3)
    late = now() + timedelta(hours=1)
    await joined.finish(attempt, CallResult(outcome="completed"), at=late)
    found = await world.distribution.room(
        world.run.id, rules, budget=room, longest=timedelta(minutes=2)
    )
    assert found is not None
    assert found.over is RunEnding.BUDGET
    assert asked[-1] == (6, 0)
    assert await look(timedelta(minutes=2)) == (6, 0)


async def test_what_other_runs_did_is_passed_over_but_once(world: Shared) -> None:
    after = await world.distribution.latest()
    await world.admit()
    await world.begin(1)
    events, last = await world.distribution.happened(RunId(99), after=after)
    assert events == []
    assert last == await world.distribution.latest() > after


async def test_a_run_of_workers_is_no_other_runs_to_take_and_can_be_watched(
    world: Shared,
) -> None:
    await world.admit()
    attempt = await world.begin(1)
    await world.held.let_go()
    with pytest.raises(CampaignBusyError, match="run by workers"):
        await world.ledger.open_run(CLINIC, at=now())
    assert await world.state(1) == ContactState.DIALING
    with pytest.raises(LedgerError, match="is being run"):
        erase(world.url, "+14155550001", keep_hash=False, by="ada", at=now())
    found = await world.distribution.open_run(CLINIC)
    assert found == world.run
    watched = await world.distribution.watch(world.run)
    async with open_ledger(world.url) as other:
        assert other.distribution is not None
        with pytest.raises(CampaignBusyError, match="watched already"):
            await other.distribution.watch(world.run)
    joined = world.distribution.join(world.run, world.workers[0])
    await joined.finish(attempt, CallResult(outcome="completed"), at=now())
    await watched.close(RunEnding.STOPPED, at=now())
    assert await world.distribution.open_run(CLINIC) is None
    assert await world.distribution.definition(world.run.id) is None
    assert world.ask("SELECT COUNT(*) FROM contacts WHERE reserved_by IS NOT NULL") == [(0,)]


async def test_what_workers_do_is_told_in_order(world: Shared) -> None:
    after = await world.distribution.latest()
    await world.admit()
    first, second = await world.begin(1), await world.begin(2)
    joined = world.distribution.join(world.run, world.workers[0])
    await joined.finish(first, CallResult(outcome="completed", summary="Fine."), at=now())
    await joined.doubt(second, "500", at=now())
    events, last = await world.distribution.happened(world.run.id, after=after)
    assert [type(event) for event in events] == [CallStarted, CallStarted, CallEnded, CallUnknown]
    assert await world.distribution.happened(world.run.id, after=last) == ([], last)


async def test_calls_of_earlier_runs_are_handed_over(postgresql_server: Server) -> None:
    async with shared(postgresql_server) as world:
        await world.admit()
        attempt = await world.begin(1)
        joined = world.distribution.join(world.run, world.workers[0])
        await joined.started(attempt, InteractionId("call-1"), at=now())
        await world.distribution.leave(world.workers[0])
        await world.held.close(RunEnding.ABANDONED, at=now())
        held = await world.ledger.open_run(CLINIC, at=now())
        run = await held.share("{}", slot=SLOT)
        assert await world.distribution.hand_over_open_calls(run.id) == 1
        assert await world.distribution.hand_over_open_calls(run.id) == 0
        call = await world.distribution.take_call(run.id, attempt, world.workers[1])
        assert isinstance(call, OpenCall)
