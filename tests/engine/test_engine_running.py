"""A run as a whole: slots, order, limits, waiting for those who are due later, memory."""

import asyncio
import gc
import sqlite3
from collections.abc import Iterator
from datetime import timedelta

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poku_batch.engine.placing import RetryRules
from poku_batch.events import CallEnded, CallFailed, CallStarted, Event, Waiting
from poku_batch.models import ContactState, RunEnding, TurnedAway
from poku_batch.progress.tally import Tally
from tests.engine.engine_world import CONFIRMED, Step, World, memory_folder, number

pytestmark = pytest.mark.anyio


@pytest.fixture
def world() -> Iterator[World]:
    with memory_folder() as folder:
        yield World(folder)


DONE, PENDING, FAILED = ContactState.DONE, ContactState.PENDING, ContactState.FAILED


def away(retry_after_s: float) -> Step:
    return Step(does=TurnedAway(why="HTTP 429", retry_after_s=retry_after_s), after_s=0)


async def test_an_empty_sheet_is_finished_at_once(world: World) -> None:
    await world.enrol(0)
    assert await world.run() is RunEnding.FINISHED
    assert len(world.events) == 1


async def call_all(lengths: list[float], concurrency: int) -> None:
    with memory_folder() as folder:
        world = World(folder)
        world.api.answers = {
            number(index): [Step(does=CONFIRMED, after_s=length)]
            for index, length in enumerate(lengths)
        }
        tally = Tally()
        most_in_call = 0

        def watch(told: Event) -> None:
            nonlocal most_in_call
            tally.add(told)
            most_in_call = max(most_in_call, tally.in_call)

        world.on_event = watch
        await world.enrol(len(lengths))
        assert await world.run(concurrency=concurrency) is RunEnding.FINISHED
        expected = [number(index) for index in range(len(lengths))]
        assert world.api.most_open <= concurrency
        assert most_in_call <= concurrency
        assert sorted(world.api.order()) == expected
        assert [told.row for told in world.of(CallStarted)] == sorted(
            told.row for told in world.of(CallStarted)
        )
        assert world.states(len(lengths)) == [DONE] * len(lengths)
        # Nobody waits while a slot is free: the schedule is the greedy one.
        slots = [0.0] * concurrency
        for length in lengths:
            slots[slots.index(min(slots))] += length
        assert world.clock.monotonic() == pytest.approx(max(slots, default=0), abs=1e-3)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.5, 3, 30, 600]), max_size=40), st.integers(1, 20))
def test_everybody_is_called_once_in_order_and_never_more_at_once_than_slots(
    lengths: list[float], concurrency: int
) -> None:
    anyio.run(call_all, lengths, concurrency)


# --- limits ------------------------------------------------------------------------------------


async def test_a_limit_calls_so_many_and_no_more(world: World) -> None:
    await world.enrol(5)
    assert await world.run(limit=3) is RunEnding.LIMIT
    assert world.states(5) == [DONE, DONE, DONE, PENDING, PENDING]
    assert await world.run(limit=3) is RunEnding.FINISHED
    assert world.states(5) == [DONE] * 5


async def test_a_limit_that_takes_in_everybody_ends_as_finished(world: World) -> None:
    await world.enrol(3)
    assert await world.run(limit=3) is RunEnding.FINISHED


async def test_a_limit_of_nobody_calls_nobody(world: World) -> None:
    await world.enrol(3)
    assert await world.run(limit=0) is RunEnding.LIMIT
    assert world.api.placements == []


async def test_a_contact_that_was_turned_away_does_not_count_towards_the_limit(
    world: World,
) -> None:
    world.api.answers[number(0)] = [away(600), Step(does=CONFIRMED)]
    await world.enrol(3)
    assert await world.run(limit=2) is RunEnding.LIMIT
    assert world.states(3) == [PENDING, DONE, DONE]


async def test_a_contact_that_goes_another_way_before_its_call_does_not_stop_the_run(
    world: World,
) -> None:
    await world.enrol(3)

    def take_back() -> None:
        world.before.pop("begin")
        with sqlite3.connect(world.path) as ledger:
            ledger.execute("UPDATE contacts SET reserved_by = NULL")
        ledger.close()

    world.before["begin"] = take_back
    assert await world.run(concurrency=1) is RunEnding.FINISHED
    assert world.states(3) == [DONE] * 3
    assert len(world.api.placements) == 3


# --- those who are due later -------------------------------------------------------------------


async def test_without_waiting_the_run_ends_where_the_rest_is_due_later(world: World) -> None:
    world.api.answers[number(0)] = [away(600), Step(does=CONFIRMED)]
    await world.enrol(2)
    assert await world.run(wait=False) is RunEnding.DUE_LATER
    assert world.states(2) == [PENDING, DONE]
    assert world.of(Waiting) == []
    await world.clock.sleep(700)
    assert await world.run(wait=False) is RunEnding.FINISHED
    assert world.states(2) == [DONE, DONE]


async def test_without_waiting_a_short_wait_is_sat_out(world: World) -> None:
    world.api.answers[number(0)] = [away(8), Step(does=CONFIRMED)]
    await world.enrol(1)
    assert await world.run(wait=False) is RunEnding.FINISHED
    assert world.of(Waiting) == []


async def test_waiting_is_told_once_a_wait_and_the_contact_is_called_then(world: World) -> None:
    world.api.answers[number(0)] = [away(600), away(900), Step(does=CONFIRMED)]
    await world.enrol(1)
    assert await world.run() is RunEnding.FINISHED
    first, second = world.of(Waiting)
    assert first.contacts == second.contacts == 1
    waited = [(told.until - told.at).total_seconds() for told in (first, second)]
    assert waited == pytest.approx([630, 945], abs=1)  # a tenth later at the most, by chance
    times = world.api.times(number(0))
    assert [times[1] - times[0], times[2] - times[1]] == pytest.approx(waited, abs=0.01)


async def test_a_call_that_is_turned_away_while_the_ledger_is_asked_is_not_forgotten(
    world: World,
) -> None:
    """The ledger knew of nobody, and when its word arrived nobody was in call any more."""

    turned_away = anyio.Event()

    async def until_turned_away() -> None:
        await turned_away.wait()
        await anyio.wait_all_tasks_blocked()

    world.after["turn_away"] = turned_away.set
    world.after["next_due_at"] = until_turned_away
    world.api.answers[number(0)] = [away(60), Step(does=CONFIRMED)]
    await world.enrol(1)
    assert await world.run(concurrency=2) is RunEnding.FINISHED
    assert world.states(1) == [DONE]
    assert len(world.of(Waiting)) == 1


async def test_a_contact_that_becomes_due_while_others_are_in_call_is_called_at_once(
    world: World,
) -> None:
    world.api.answers[number(0)] = [away(60), Step(does=CONFIRMED)]
    world.api.answers[number(1)] = [Step(does=CONFIRMED, after_s=900)]
    await world.enrol(2)
    assert await world.run(concurrency=2) is RunEnding.FINISHED
    assert world.api.times(number(0))[1] == pytest.approx(63, abs=0.1)
    assert world.of(Waiting) == []


async def test_a_clock_that_is_set_back_does_not_call_anybody_twice(world: World) -> None:
    def set_back(_to: str) -> None:
        world.clock.set_back += timedelta(hours=2)

    world.api.at_place = set_back
    world.api.answers[number(1)] = [away(5), Step(does=CONFIRMED)]
    await world.enrol(6)
    assert await world.run() is RunEnding.FINISHED
    assert [world.api.count(number(index)) for index in range(6)] == [1, 2, 1, 1, 1, 1]


async def test_an_api_that_is_busy_for_long_gets_through_everybody_in_the_end(world: World) -> None:
    for index in range(12):
        world.api.answers[number(index)] = [away(30 * (index % 4)), Step(does=CONFIRMED)]
    await world.enrol(12)
    assert await world.run(concurrency=3, retries=RetryRules(attempts=2)) is RunEnding.FINISHED
    assert world.states(12) == [DONE] * 12
    assert world.api.most_open <= 3


# --- rows that cannot be called ----------------------------------------------------------------


async def test_a_prompt_that_does_not_render_fails_its_contact_and_nobody_is_dialled(
    world: World,
) -> None:
    await world.enrol(2, names={0: "bad"})
    prompt = "{% if name == 'bad' %}{{ 1 / 0 }}{% endif %}Hello {{ name }}."
    assert await world.run(prompt=prompt) is RunEnding.FINISHED
    assert world.states(2) == [FAILED, DONE]
    assert world.api.order() == [number(1)]
    [failed] = world.of(CallFailed)
    assert (failed.row, failed.dialled) == (2, False)
    assert "row 2" in (world.contact(0).reason or "")
    assert "division by zero" in (world.contact(0).reason or "")
    assert world.attempts(0) == []


async def test_a_call_value_that_the_api_does_not_take_fails_its_contact(world: World) -> None:
    await world.enrol(2, names={0: "klingon", 1: "en_gb"})
    await world.run(call={"language": "{{ name }}"})
    assert world.states(2) == [FAILED, DONE]
    assert "'klingon' is not a language" in (world.contact(0).reason or "")
    [placed] = world.api.placements
    assert placed.request.language == "en-GB"


# --- memory ------------------------------------------------------------------------------------


async def test_contacts_that_wait_cost_neither_tasks_nor_objects(world: World) -> None:
    await world.enrol(50_000)
    tasks: list[int] = []
    objects: list[int] = []

    def count(told: Event) -> None:
        if isinstance(told, CallEnded) and told.row % 20 == 0:
            tasks.append(len(asyncio.all_tasks()))
            gc.collect()
            objects.append(len(gc.get_objects()))

    world.on_event = count
    before = len(asyncio.all_tasks())
    assert await world.run(concurrency=10, limit=100) is RunEnding.LIMIT
    assert len(tasks) == 5
    assert max(tasks) - before <= 10 + 4
    assert objects[-1] - objects[0] < 3_000
    assert len(world.of(CallEnded)) == 100
