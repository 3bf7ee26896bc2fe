"""What changes between the moment at which a contact is admitted and that at which it is called."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise

import anyio.lowlevel
import pytest

from poku_batch.engine.following import FollowRules
from poku_batch.errors import LedgerUnwritableError
from poku_batch.events import (
    CallEnded,
    CallReleased,
    CallReread,
    CallStarted,
    CircuitOpened,
    CircuitProbed,
    ContactsDeferred,
    ReaderTrouble,
    Waiting,
)
from poku_batch.ledger import open_ledger
from poku_batch.models import (
    AttemptState,
    Cap,
    ContactKey,
    ContactState,
    DoNotCallEntry,
    Doubtful,
    Ended,
    Enrolment,
    InteractionId,
    Later,
    NotTold,
    RunEnding,
    Selection,
    Started,
    StillInCall,
    TurnedAway,
    WaitKind,
)
from poku_batch.policy.hours import Hours
from poku_batch.policy.redials import RedialRule, RedialRules
from poku_batch.ports import SummaryReading
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

pytestmark = pytest.mark.anyio

DONE, PENDING, UNKNOWN = ContactState.DONE, ContactState.PENDING, ContactState.UNKNOWN
SKIPPED = ContactState.SKIPPED
ID = InteractionId("call-1")

#: Two in the morning in California is ten in Greenwich, when the tests begin.
_AN_HOUR = Hours(week=(((120, 180),),) * 7)
_AWAY = Step(does=TurnedAway(why="too many"), after_s=0.1)


@pytest.fixture
def world() -> Iterator[World]:
    with memory_folder() as folder:
        yield World(folder)


# --- a ledger that keeps calls waiting ---------------------------------------------------------


@pytest.mark.parametrize("operation", ["admit", "begin", "begin_again"])
async def test_whoever_the_ledger_kept_waiting_until_after_hours_is_not_called(
    world: World, operation: str
) -> None:
    world.before[operation] = _stuck(world, until_s=5400)
    world.api.answers[number(0)] = [_AWAY, Step(does=CONFIRMED)]
    await world.enrol(1)
    assert await world.run(bounds=Bounds(hours=_AN_HOUR)) is RunEnding.FINISHED
    for at_s in world.api.times(number(0)):
        assert at_s % 86_400 < 3600, f"called {at_s:.0f} s after hours began"
    assert world.api.times(number(0))[-1] == pytest.approx(86_400, abs=60)
    assert world.states(1) == [DONE]
    assert [attempt.placements for attempt in world.attempts(0)] == [2]


@pytest.mark.parametrize("operation", ["begin", "begin_again"])
async def test_whoever_the_ledger_kept_waiting_until_after_the_last_hour_is_not_called(
    world: World, operation: str
) -> None:
    world.before[operation] = _stuck(world, until_s=5400)
    world.api.answers[number(0)] = [_AWAY, Step(does=CONFIRMED)]
    await world.enrol(1)
    until = START + timedelta(hours=1)
    assert await world.run(bounds=Bounds(until=until)) is RunEnding.DUE_LATER
    assert all(at_s < 3600 for at_s in world.api.times(number(0)))
    assert world.states(1) == [PENDING]


async def test_a_call_that_waited_for_the_ledger_is_followed_as_long_as_others(
    world: World,
) -> None:
    world.before["begin"] = _stuck(world, until_s=3600)
    world.api.answers[number(0)] = [Step(does=Started(interaction_id=ID), after_s=0.1)]
    world.api.standings[ID] = [*[StillInCall()] * 10, CONFIRMED]
    await world.enrol(1)
    assert await world.run() is RunEnding.FINISHED
    assert world.states(1) == [DONE]
    [ended] = world.of(CallEnded)
    assert ended.duration_s < 120, "it began when it was placed"


async def test_a_cap_counts_from_when_a_call_was_placed_and_not_from_when_it_wanted_to(
    world: World,
) -> None:
    world.before["begin"] = _stuck(world, until_s=3600)
    world.api.answers[number(0)] = [Step(does=CONFIRMED)]
    await world.enrol_rows(
        [
            Enrolment(row=row, cells=("N",), key=ContactKey(f"k{row}"), to=number(0), country="US")
            for row in (2, 3)
        ]
    )
    bounds = Bounds(number_caps=(Cap(calls=1, within=timedelta(days=1)),))
    assert await world.run(concurrency=1, bounds=bounds) is RunEnding.FINISHED
    first, second = world.api.times(number(0))
    assert second - first >= 86_400


# --- a gate that closes meanwhile --------------------------------------------------------------


async def test_a_breaker_that_opens_while_contacts_are_admitted_holds_them_back(
    world: World,
) -> None:
    bad, good = Step(does=Doubtful(evidence="lost"), after_s=3.0), Step(does=CONFIRMED, after_s=2.0)
    for index in range(10):
        world.api.answers[number(index)] = [bad if index < 4 else good]
    world.slow_s["admit"] = 2.0
    await world.enrol(20)
    bounds = Bounds(breaker=(10, 0.3, 300.0, 3))
    assert await world.run(concurrency=10, bounds=bounds) is RunEnding.FINISHED
    [opened] = world.of(CircuitOpened)
    begun = [event.at for event in world.of(CallStarted)]
    assert not [at for at in begun if opened.at < at < opened.until]
    assert len(world.of(CircuitProbed)) == 1
    assert world.states(20) == [UNKNOWN] * 4 + [DONE] * 16


async def test_calls_that_an_earlier_run_has_lost_do_not_open_the_breaker_of_this_one(
    world: World,
) -> None:
    """They are asked for again by every run, and may never be told."""
    for index in range(6):
        name = InteractionId(f"call-{index}")
        world.api.answers[number(index)] = [Step(does=Started(interaction_id=name), after_s=0.1)]
        world.api.standings[name] = [NotTold(why="no such call", missing=True)]
    await world.enrol(6)
    await world.run(concurrency=6)
    assert world.states(6) == [UNKNOWN] * 6
    await world.enrol(12)
    assert await world.run(bounds=Bounds(breaker=(4, 0.5, 300.0, 2))) is RunEnding.FINISHED
    assert world.of(CircuitOpened) == []
    assert world.states(12) == [UNKNOWN] * 6 + [DONE] * 6


# --- an API that is gone -----------------------------------------------------------------------


async def test_contacts_that_are_admitted_while_the_api_goes_do_not_all_find_out(
    world: World,
) -> None:
    world.slow_s["admit"] = 2.0
    world.api.outage_s = (2.5, 60.0)
    for index in range(10):
        after_s = 1.0 if index == 0 else 2.0 if index < 6 else 300.0
        world.api.answers[number(index)] = [Step(does=CONFIRMED, after_s=after_s)]
    await world.enrol(20)
    assert await world.run(concurrency=10) is RunEnding.FINISHED
    assert max(Counter(round(at_s) for at_s in world.api.missed).values()) == 1
    assert world.states(20) == [DONE] * 20


async def test_rows_that_may_not_be_called_do_not_pass_for_an_api_that_is_back(
    world: World,
) -> None:
    """Every minute somebody is due who is on a list: five minutes of outage are still five."""
    world.api.outage_s = (0.0, 1e9)
    await world.enrol_rows(
        [
            Enrolment(
                row=index + 2,
                cells=("N",),
                key=ContactKey(f"k{index}"),
                to=number(index),
                country="US",
                later=Later(
                    until=START + timedelta(minutes=index), kind=WaitKind.NOT_BEFORE, why="not yet"
                ),
            )
            for index in range(8)
        ]
    )
    bounds = Bounds(listed=lambda to: None if to == number(0) else "a list")
    assert await world.run(bounds=bounds) is RunEnding.REFUSED
    assert world.clock.monotonic() < 340


async def test_a_probe_that_the_ledger_puts_off_lets_another_find_out_at_once(
    world: World,
) -> None:
    world.api.outage_s = (0.0, 61.0)

    async def list_it() -> None:
        async with open_ledger(world.path) as ledger:
            entry = DoNotCallEntry(number=number(1), source="added", at=START, by="me")
            await ledger.add_do_not_call([entry])

    await world.enrol_rows(
        [
            Enrolment(
                row=index + 2,
                cells=("N",),
                key=ContactKey(f"k{index}"),
                to=number(index),
                country="US",
                later=Later(
                    until=START + timedelta(minutes=index), kind=WaitKind.NOT_BEFORE, why="not yet"
                ),
            )
            for index in range(2)
        ]
    )
    await list_it()
    assert await world.run() is RunEnding.FINISHED
    assert world.states(2) == [DONE, SKIPPED]
    tries = [*world.api.missed, *world.api.times(number(0))]
    assert max(later - earlier for earlier, later in pairwise(tries)) <= 31


# --- a late answer -----------------------------------------------------------------------------


@pytest.mark.parametrize("why", ["listed", "unfit"])
async def test_a_late_answer_decides_about_a_contact_that_is_about_to_be_taken_out(
    world: World, why: str
) -> None:
    world.api.answers[number(0)] = [Step(does=Started(interaction_id=ID), after_s=0.1)]
    world.api.standings[ID] = [NotTold(why="500")]
    await world.enrol(1)
    await world.run(follow=FollowRules(call_timeout_s=10.0))
    assert world.states(1) == [UNKNOWN]
    async with open_ledger(world.path) as ledger:
        await ledger.put_back(CAMPAIGN, Selection(unknown=True), agreed=1, by="me", at=START)
    asked = len(world.api.asked)
    world.api.standings[ID] = [*[StillInCall()] * (asked + 1), CONFIRMED]
    world.slow_s["admit"] = 20.0
    bounds = Bounds(listed=lambda _to: "a list" if why == "listed" else None)
    call = {"language": "{{ name }}"} if why == "unfit" else {}
    assert await world.run(bounds=bounds, call=call) is RunEnding.FINISHED
    assert world.states(1) == [DONE]
    assert world.api.count(number(0)) == 1


# --- what is told of it ------------------------------------------------------------------------


async def test_a_number_that_came_onto_the_list_between_two_placements_is_told_so(
    world: World,
) -> None:
    async def list_it() -> None:
        async with open_ledger(world.path) as ledger:
            entry = DoNotCallEntry(number=number(0), source="added", at=START, by="me")
            await ledger.add_do_not_call([entry])

    world.after["hold"] = list_it
    world.api.answers[number(0)] = [_AWAY, Step(does=CONFIRMED)]
    await world.enrol(1)
    assert await world.run() is RunEnding.FINISHED
    assert world.api.count(number(0)) == 1
    assert world.states(1) == [SKIPPED]
    [released] = world.of(CallReleased)
    assert "do-not-call list" in released.why
    [attempt] = world.attempts(0)
    assert attempt.state is AttemptState.TURNED_AWAY


class _Deaf:
    """A ``ports.SummaryReader`` that hears a yes in everything."""

    async def read(
        self,
        ended: Ended,  # noqa: ARG002 – the port's
        *,
        ended_at: datetime | None = None,  # noqa: ARG002 – the port's
    ) -> SummaryReading:
        await anyio.lowlevel.checkpoint()
        return SummaryReading(outcome="confirmed")


async def test_what_is_told_of_a_reading_is_what_the_ledger_keeps_of_it(world: World) -> None:
    """That somebody is not to be called again is never taken back."""
    asked = Ended(summary="She asked not to be called again.")
    world.api.answers[number(0)] = [Step(does=asked)]
    await world.enrol(1)
    assert await world.run(bounds=Bounds(reader=_Deaf())) is RunEnding.FINISHED
    [reread] = world.of(CallReread)
    assert reread.outcome == world.contact(0).outcome == "do_not_call"


class _Broken:
    """A ``ports.SummaryReader`` with a defect."""

    async def read(
        self,
        ended: Ended,  # noqa: ARG002 – the port's
        *,
        ended_at: datetime | None = None,  # noqa: ARG002 – the port's
    ) -> SummaryReading:
        await anyio.lowlevel.checkpoint()
        raise ZeroDivisionError


async def test_a_reader_that_breaks_does_not_stop_the_run(world: World) -> None:
    await world.enrol(5)
    assert await world.run(bounds=Bounds(reader=_Broken())) is RunEnding.FINISHED
    assert world.states(5) == [DONE] * 5
    assert {event.why for event in world.of(ReaderTrouble)} == {
        "reading it broke off: ZeroDivisionError"
    }


# --- at little cost ----------------------------------------------------------------------------


async def test_at_the_end_of_hours_all_who_are_left_are_put_off_in_a_few_steps(
    world: World,
) -> None:
    """One call a second begins: so many contacts would take as many steps, one by one."""
    contacts = 1000
    await world.enrol(contacts)
    closed = Hours(week=(((300, 360),),) * 7)
    bounds = Bounds(hours=closed, calls_per_minute=60)
    assert await world.run(wait=False, bounds=bounds) is RunEnding.DUE_LATER
    assert sum(event.contacts for event in world.of(ContactsDeferred)) == contacts
    assert world.done["admit"] < 16
    assert world.clock.monotonic() == 0


async def test_a_night_is_waited_for_without_counting_everybody_again_and_again(
    world: World,
) -> None:
    """A real clock wakes an idle run every fifteen seconds, to look whether somebody is due."""
    world.clock.longest_idle_s = 15.0
    await world.enrol(3)
    opens = Hours(week=(((240, 300),),) * 7)
    assert await world.run(bounds=Bounds(hours=opens)) is RunEnding.FINISHED
    assert len(world.of(Waiting)) == world.done["counts"] == 1
    assert world.done["admit"] < 2 * 3600 / 15 + 20


async def test_nobody_is_reserved_in_vain_once_hours_have_begun(world: World) -> None:
    """Those put off in large steps were none; whoever may be called is admitted for a slot."""
    await world.enrol(300)
    opens = Hours(week=(((121, 180),),) * 7)
    bounds = Bounds(hours=opens, calls_per_minute=120)
    assert await world.run(concurrency=10, bounds=bounds, limit=20) is RunEnding.LIMIT
    assert world.states(300).count(DONE) == 20
    assert world.done["release"] < 20


async def test_a_contact_that_has_its_caller_id_costs_no_count_of_calls(world: World) -> None:
    pool = ("+14155550190", "+14155550191")
    nobody = Step(does=Ended(summary=None, error="human did not respond"))
    world.api.answers[number(0)] = [nobody, Step(does=CONFIRMED)]
    rule = RedialRule(attempts=2, after=(timedelta(minutes=1),), jitter=0.0)
    redials = RedialRules(by_outcome={"no_answer": rule})
    await world.enrol(1)
    bounds = Bounds(pool=pool, calls_a_day=5, redials=redials)
    assert await world.run(bounds=bounds) is RunEnding.FINISHED
    assert world.api.count(number(0)) == 2
    assert world.done["calls_from"] == 1


def _stuck(world: World, *, until_s: float) -> Callable[[], None]:
    """Nothing is written until then."""

    def refuse() -> None:
        if world.clock.monotonic() < until_s:
            raise LedgerUnwritableError("the disk is full")

    return refuse
