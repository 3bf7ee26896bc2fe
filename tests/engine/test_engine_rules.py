"""The rules of a campaign at the moment of dialling: money, pace, trouble, lists, caller IDs."""

import sqlite3
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import anyio.lowlevel
import pytest

from poku_batch.events import (
    CallReread,
    CallStarted,
    CircuitClosed,
    CircuitOpened,
    CircuitProbed,
    ContactsDeferred,
    ContactSkipped,
    ReaderTrouble,
    SlotsChanged,
    Waiting,
)
from poku_batch.ledger import open_ledger
from poku_batch.models import (
    Cap,
    ContactState,
    DoNotCallEntry,
    Doubtful,
    Ended,
    RunEnding,
    TurnedAway,
)
from poku_batch.policy.hours import Hours
from poku_batch.policy.redials import RedialRule, RedialRules
from poku_batch.policy.spending import Budget
from poku_batch.ports import NotRead, SummaryReading
from tests.engine.engine_clock import START
from tests.engine.engine_world import CAMPAIGN, CONFIRMED, Bounds, Step, World, number

pytestmark = pytest.mark.anyio

DONE, PENDING, FAILED = ContactState.DONE, ContactState.PENDING, ContactState.FAILED
SKIPPED, UNKNOWN = ContactState.SKIPPED, ContactState.UNKNOWN

_NOBODY = Step(does=Ended(summary=None, error="human did not respond"), after_s=25.0)
_LOST = Step(does=Doubtful(evidence="the connection broke"), after_s=5.0)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


# --- money -------------------------------------------------------------------------------------


async def test_a_budget_is_not_overrun_by_calls_in_flight(world: World) -> None:
    """Ten minutes are affordable, and each call may last four: never more than two at once."""
    budget = Budget(limit=Decimal("1.00"), per_minute=Decimal("0.10"), longest_s=240.0)
    world.api.default = Step(does=CONFIRMED, after_s=100.0)  # two started minutes each
    await world.enrol(10)
    assert await world.run(concurrency=10, bounds=Bounds(budget=budget)) is RunEnding.BUDGET
    assert world.api.most_open == 2
    assert world.states(10).count(DONE) == 4, "eight minutes; a fifth could have cost four"


async def test_a_budget_counts_what_earlier_runs_have_spent(world: World) -> None:
    budget = Budget(limit=Decimal("0.50"), per_minute=Decimal("0.10"), longest_s=60.0)
    await world.enrol(10)
    assert await world.run(limit=3, bounds=Bounds(budget=budget)) is RunEnding.LIMIT
    assert await world.run(bounds=Bounds(budget=budget)) is RunEnding.BUDGET
    assert world.states(10).count(DONE) == 5
    assert await world.run(bounds=Bounds(budget=budget)) is RunEnding.BUDGET
    assert world.states(10).count(DONE) == 5


async def test_an_unknown_call_goes_on_counting_as_long_as_it_could_be(world: World) -> None:
    budget = Budget(limit=Decimal("0.60"), per_minute=Decimal("0.10"), longest_s=300.0)
    world.api.answers[number(0)] = [_LOST]
    await world.enrol(3)
    assert await world.run(concurrency=1, bounds=Bounds(budget=budget)) is RunEnding.BUDGET
    assert world.states(3) == [UNKNOWN, PENDING, PENDING]


# --- pace --------------------------------------------------------------------------------------


async def test_calls_begin_evenly(world: World) -> None:
    await world.enrol(30)
    assert (
        await world.run(concurrency=30, bounds=Bounds(calls_per_minute=120)) is RunEnding.FINISHED
    )
    times = sorted(placed.at_s for placed in world.api.placements)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert min(gaps) >= 0.499
    assert times[-1] == pytest.approx(29 * 0.5, abs=0.5)


async def test_the_slots_in_use_shrink_when_calls_are_turned_away_and_recover(
    world: World,
) -> None:
    away = Step(does=TurnedAway(why="too many", retry_after_s=20.0), after_s=0.1)
    for index in range(4, 8):
        world.api.answers[number(index)] = [away, Step(does=CONFIRMED)]
    await world.enrol(24)
    assert await world.run(concurrency=8) is RunEnding.FINISHED
    sizes = [event.slots for event in world.of(SlotsChanged)]
    assert sizes[0] == 4, "half of them, once, though four were turned away"
    assert sizes[-1] == 8
    assert world.states(24) == [DONE] * 24


# --- trouble -----------------------------------------------------------------------------------


async def test_the_breaker_pauses_tells_what_tripped_it_and_goes_on_with_one_probe(
    world: World,
) -> None:
    for index in range(4):
        world.api.answers[number(index)] = [_LOST]
    await world.enrol(10)
    bounds = Bounds(breaker=(4, 0.5, 300.0, 3))
    assert await world.run(concurrency=2, bounds=bounds) is RunEnding.FINISHED
    [opened] = world.of(CircuitOpened)
    assert [row for row, _ in opened.calls] == [2, 3, 4, 5]
    assert "the connection broke" in opened.calls[0][1]
    probe, *others = [event for event in world.of(CallStarted) if event.at >= opened.until]
    assert probe.at >= opened.at + timedelta(seconds=300)
    assert others[0].at >= probe.at + timedelta(seconds=30), "nobody before the probe is answered"
    assert len(world.of(CircuitProbed)) == len(world.of(CircuitClosed)) == 1
    assert world.states(10) == [UNKNOWN] * 4 + [DONE] * 6


async def test_a_breaker_that_opens_again_and_again_ends_the_run(world: World) -> None:
    world.api.default = _LOST
    await world.enrol(20)
    bounds = Bounds(breaker=(4, 0.5, 60.0, 3))
    assert await world.run(concurrency=1, bounds=bounds) is RunEnding.CIRCUIT_BREAKER
    assert len(world.of(CircuitOpened)) == 3
    assert len(world.api.placements) == 4 + 1 + 1
    assert world.states(20).count(PENDING) == 14


async def test_a_probe_that_is_turned_away_lets_another_find_out(world: World) -> None:
    for index in range(4):
        world.api.answers[number(index)] = [_LOST]
    away = Step(does=TurnedAway(why="busy", retry_after_s=5.0), after_s=0.1)
    world.api.answers[number(4)] = [away, Step(does=CONFIRMED)]
    await world.enrol(6)
    bounds = Bounds(breaker=(4, 0.5, 60.0, 3))
    assert await world.run(concurrency=1, bounds=bounds) is RunEnding.FINISHED
    assert world.states(6) == [UNKNOWN] * 4 + [DONE] * 2
    assert len(world.of(CircuitClosed)) == 1


# --- who may be called -------------------------------------------------------------------------


async def test_whoever_asks_not_to_be_called_is_called_by_no_row_any_more(world: World) -> None:
    """Two rows with one number: the opt-out of the first is heeded for the second, in a moment."""
    asked = Step(does=Ended(summary="She asked not to be called again."), after_s=5.0)
    world.api.answers[number(0)] = [asked]
    await world.enrol(2)
    _share_number(world, 1, number(0))
    assert await world.run(concurrency=1) is RunEnding.FINISHED
    assert world.api.count(number(0)) == 1
    [skipped] = world.of(ContactSkipped)
    assert skipped.row == 3
    assert "do-not-call list" in skipped.why


async def test_a_number_put_on_the_list_while_a_run_goes_on_is_not_called(world: World) -> None:
    async def add() -> None:
        async with open_ledger(world.path) as ledger:
            entry = DoNotCallEntry(number=number(2), source="added", at=START, by="me")
            await ledger.add_do_not_call([entry])

    world.after["finish"] = _once(add)
    await world.enrol(3)
    assert await world.run(concurrency=1) is RunEnding.FINISHED
    assert world.api.count(number(2)) == 0
    assert world.states(3) == [DONE, DONE, SKIPPED]


async def test_a_number_on_an_edited_file_is_not_called(world: World) -> None:
    listed: dict[str, str] = {}

    def add() -> None:
        listed[number(1)] = "do_not_call.csv"

    world.after["finish"] = add
    await world.enrol(2)
    bounds = Bounds(listed=listed.get)
    assert await world.run(concurrency=1, bounds=bounds) is RunEnding.FINISHED
    assert world.api.order() == [number(0)]
    assert world.states(2) == [DONE, SKIPPED]


async def test_a_number_is_called_no_oftener_than_its_cap_by_all_rows(world: World) -> None:
    await world.enrol(3)
    for index in (1, 2):
        _share_number(world, index, number(0))
    bounds = Bounds(number_caps=(Cap(calls=2, within=timedelta(days=1)),))
    assert await world.run(concurrency=1, bounds=bounds) is RunEnding.FINISHED
    first, second, third = world.api.times(number(0))
    assert second - first < 60
    assert third - first == pytest.approx(86_400, abs=1)
    assert [event.why for event in world.of(Waiting)] == ["limits.per_number"]


async def test_calling_hours_are_asked_again_after_a_call_was_turned_away(world: World) -> None:
    """Turned away half a second before the end of hours, it is not placed again in the evening."""
    noon = START.astimezone(ZoneInfo("America/Los_Angeles"))
    minute = noon.hour * 60 + noon.minute
    hours = Hours(week=(((minute, minute + 1),),) * 7)
    away = Step(does=TurnedAway(why="too many"), after_s=59.9)
    world.api.answers[number(0)] = [away, Step(does=CONFIRMED)]
    await world.enrol(1)
    assert await world.run(bounds=Bounds(hours=hours)) is RunEnding.FINISHED
    first, second = world.api.times(number(0))
    assert first < 1
    assert second == pytest.approx(86_400, abs=1)
    assert len(world.of(ContactsDeferred)) == 1


async def test_no_call_begins_after_until_and_nothing_is_waited_for_in_vain(world: World) -> None:
    world.api.default = Step(does=CONFIRMED, after_s=50.0)
    await world.enrol(10)
    until = START + timedelta(seconds=100)
    assert await world.run(concurrency=1, bounds=Bounds(until=until)) is RunEnding.DUE_LATER
    assert world.api.most_open == 1
    assert world.states(10).count(DONE) == 2
    redial = RedialRules(
        by_outcome={"no_answer": RedialRule(attempts=2, after=(timedelta(hours=2),), jitter=0.0)}
    )
    world.api.default = _NOBODY
    later = START + timedelta(hours=1)
    bounds = Bounds(until=later, redials=redial)
    assert await world.run(concurrency=10, bounds=bounds) is RunEnding.DUE_LATER
    assert world.clock.now() < later, "whoever is due later is not waited for"


# --- caller IDs --------------------------------------------------------------------------------

_POOL = ("+14155550190", "+14155550191", "+14155550192")


async def test_a_contact_keeps_its_caller_id_and_each_is_used_so_often_a_day(
    world: World,
) -> None:
    redials = RedialRules(
        by_outcome={"no_answer": RedialRule(attempts=2, after=(timedelta(minutes=1),), jitter=0.0)}
    )
    for index in range(9):
        world.api.answers[number(index)] = [_NOBODY, Step(does=CONFIRMED)]
    await world.enrol(9)
    bounds = Bounds(pool=_POOL, calls_a_day=6, redials=redials)
    assert await world.run(concurrency=1, bounds=bounds) is RunEnding.FINISHED
    by_contact: dict[str, set[str | None]] = {}
    for placed in world.api.placements:
        by_contact.setdefault(placed.request.to, set()).add(placed.request.from_)
    assert all(len(numbers) == 1 for numbers in by_contact.values())
    today = Counter(p.request.from_ for p in world.api.placements if p.at_s < 86_400)
    assert set(today) <= set(_POOL)
    assert max(today.values()) <= 6


# --- readings ----------------------------------------------------------------------------------


class _Reader:
    """A ``ports.SummaryReader`` that reads each summary as it is told to."""

    def __init__(self, words: dict[str, SummaryReading | NotRead]) -> None:
        self._words = words
        self.asked: list[str | None] = []

    async def read(
        self,
        ended: Ended,
        *,
        ended_at: datetime | None = None,  # noqa: ARG002 – the port's
    ) -> SummaryReading | NotRead:
        self.asked.append(ended.summary)
        await anyio.lowlevel.checkpoint()
        return self._words[ended.summary or ""]


async def test_what_a_model_reads_takes_the_place_of_what_the_rules_read(world: World) -> None:
    reader = _Reader(
        {
            "He will come.": SummaryReading(outcome="confirmed", fields={"guests": 2}),
            "Hm.": NotRead(why="the model is away"),
        }
    )
    world.api.answers[number(0)] = [Step(does=Ended(summary="He will come."))]
    world.api.answers[number(1)] = [Step(does=Ended(summary="Hm."))]
    world.api.answers[number(2)] = [_NOBODY]
    await world.enrol(3)
    assert await world.run(bounds=Bounds(reader=reader)) is RunEnding.FINISHED
    assert sorted(map(str, reader.asked)) == ["He will come.", "Hm."]
    async with open_ledger(world.path) as ledger:
        records = [record async for batch in ledger.records(CAMPAIGN) for record in batch]
    assert [record.outcome for record in records] == ["confirmed", "completed", "no_answer"]
    assert records[0].fields == {"guests": 2}
    assert len(world.of(ReaderTrouble)) == 1
    assert len(world.of(CallReread)) == 2


async def test_nobody_is_redialled_before_the_model_has_read_the_call(world: World) -> None:
    """The rules hear a voicemail, and the model knows better."""
    summary = "Left a message with her husband on the answering machine; she will come."
    reader = _Reader({summary: SummaryReading(outcome="confirmed")})
    redials = RedialRules(
        by_outcome={"voicemail": RedialRule(attempts=3, after=(timedelta(seconds=1),), jitter=0.0)}
    )
    world.api.answers[number(0)] = [Step(does=Ended(summary=summary))]
    await world.enrol(1)
    bounds = Bounds(reader=reader, redials=redials)
    assert await world.run(bounds=bounds) is RunEnding.FINISHED
    assert world.api.count(number(0)) == 1
    assert world.states(1) == [DONE]


async def test_a_run_that_dies_before_a_reading_leaves_it_to_the_next(world: World) -> None:
    reader = _Reader({"He will come.": SummaryReading(outcome="confirmed")})
    world.api.answers[number(0)] = [Step(does=Ended(summary="He will come."))]
    await world.enrol(1)

    def die() -> None:
        world.kill_at = 0

    world.after["finish"] = die
    assert await world.run(bounds=Bounds(reader=reader)) is None
    assert reader.asked == []
    world.after.clear()
    world.kill_at = None
    assert await world.run(bounds=Bounds(reader=reader)) is RunEnding.FINISHED
    assert reader.asked == ["He will come."]
    assert world.contact(0).outcome == "confirmed"
    assert world.api.count(number(0)) == 1


# --- redials -----------------------------------------------------------------------------------


async def test_attempts_that_are_used_up_make_a_contact_failed(world: World) -> None:
    redials = RedialRules(
        by_outcome={"no_answer": RedialRule(attempts=3, after=(timedelta(minutes=5),), jitter=0.0)}
    )
    world.api.answers[number(0)] = [_NOBODY]
    await world.enrol(1)
    assert await world.run(bounds=Bounds(redials=redials)) is RunEnding.FINISHED
    assert world.states(1) == [FAILED]
    assert len(world.attempts(0)) == 3
    assert world.contact(0).reason == "no_answer after 3 attempts"


def _once(act: Callable[[], object]) -> Callable[[], object]:
    """The act, the first time; nothing afterwards."""
    acts = [act]
    return lambda: acts.pop()() if acts else None


def _share_number(world: World, index: int, to: str) -> None:
    """Give a row another's number."""
    with closing(sqlite3.connect(world.path)) as connection, connection:
        connection.execute("UPDATE contacts SET to_number = ? WHERE key = ?", (to, f"k{index}"))
