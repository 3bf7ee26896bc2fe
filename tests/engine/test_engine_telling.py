"""Others are told at least once of every result, in their own time, and no call waits for it."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poku_batch.engine.telling import finish_body
from poku_batch.errors import LedgerUnwritableError
from poku_batch.hooks import SilentSender
from poku_batch.models import (
    CallResult,
    CampaignId,
    ContactState,
    Counts,
    HookMessage,
    RunEnding,
)
from poku_batch.policy.telling import LONGEST_WAIT_S, wait_before_telling_s
from tests.engine.engine_clock import START
from tests.engine.engine_outbox import Deaf, down_until, open_outbox, running
from tests.engine.engine_outbox import OutboxWorld as World
from tests.engine.engine_world import memory_folder

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_outbox(tmp_path) as world:
        yield world


async def test_what_waits_is_told_in_order_and_leaves_the_outbox(world: World) -> None:
    await world.add(30)
    receiver = world.receiver()
    async with running(world.teller(receiver)):
        await world.until(world.nobody_left, within_s=1)
    assert receiver.numbers == list(range(1, 31))
    assert world.events == []


async def test_a_message_that_comes_while_nothing_is_due_is_told_when_notified(
    world: World,
) -> None:
    receiver = world.receiver()
    teller = world.teller(receiver)
    async with running(teller):
        await world.clock.sleep(1_000)
        await world.add()
        teller.notify()
        await world.until(world.nobody_left, within_s=1)
    assert receiver.heard == [(1, 1_000)]


async def test_no_more_than_four_are_told_at_once(world: World) -> None:
    await world.add(12)
    receiver = world.receiver()
    receiver.takes_s = 10
    async with running(world.teller(receiver)):
        await world.until(world.nobody_left, within_s=40)
    assert receiver.most == 4
    assert receiver.numbers == list(range(1, 13))
    assert world.clock.monotonic() < 31


async def test_a_receiver_that_was_down_for_an_hour_misses_nothing_and_was_not_pestered(
    world: World,
) -> None:
    await world.add(40)
    receiver = world.receiver(down_until(3_600, world.clock))
    async with running(world.teller(receiver)):
        await world.until(world.nobody_left, within_s=3_600 + LONGEST_WAIT_S + 10)
    assert set(receiver.numbers) == set(range(1, 41))
    tries = Counter(receiver.numbers)
    in_vain = [second for _, second in receiver.heard if second < 3_600]
    assert 5 <= len(in_vain) <= 30
    assert sum(tries.values()) == 40 + len(in_vain)
    assert all(len(ids) == 1 for ids in receiver.ids.values())


async def test_one_message_that_nobody_takes_holds_up_no_other(world: World) -> None:
    receiver = world.receiver(lambda number: "HTTP 400" if number == 1 else None)
    await world.add(50)
    async with running(world.teller(receiver)):
        await world.clock.sleep(1)
        assert await world.left() == 1
        await world.clock.sleep(7_000)
    refused = [second for number, second in receiver.heard if number == 1]
    waits = [later - earlier for earlier, later in pairwise(refused)]
    assert waits[0] >= 0.5
    assert waits == sorted(waits)
    assert LONGEST_WAIT_S / 2 <= waits[-1] <= LONGEST_WAIT_S + 1


async def test_messages_that_take_long_hold_up_no_others(world: World) -> None:
    await world.add(12)
    receiver = world.receiver()

    class Uneven:
        async def send(self, message: HookMessage) -> str | None:
            receiver.takes_s = 60.0 if message.body["n"] <= 3 else 0.1
            return await receiver.send(message)

    async with running(world.teller(Uneven())):
        await world.clock.sleep(4)
        assert len(receiver.heard) == 12


async def test_a_message_is_told_more_and_more_seldom_to_a_receiver_that_takes_others(
    world: World,
) -> None:
    await world.add()
    receiver = world.receiver(lambda number: "HTTP 422" if number == 1 else None)
    async with running(world.teller(receiver)):
        for _ in range(60):
            await world.clock.sleep(60)
            await world.add()
    assert receiver.numbers.count(1) < 20


async def test_calls_go_on_while_a_receiver_does_not_answer(world: World) -> None:
    teller = world.teller(results=Deaf())
    async with running(teller):
        for _ in range(50):
            (admission,) = await world.run.admit(1, now=world.clock.now())
            begun = await world.run.begin(admission, prompt_sha256="p", at=world.clock.now())
            assert isinstance(begun, int)
            await world.run.finish(begun, CallResult(outcome="ok"), at=world.clock.now())
            teller.notify()
        assert world.clock.monotonic() == 0
        assert await world.left() == 50


async def test_trouble_is_told_every_ten_seconds_at_most_and_says_how_many_wait(
    world: World,
) -> None:
    await world.add(9)
    async with running(world.teller(world.receiver(lambda _: "HTTP 500: no"))):
        await world.clock.sleep(300)
    times = [event.at for event in world.troubles]
    assert len(times) > 3
    assert all(b - a >= timedelta(seconds=10) for a, b in pairwise(times))
    assert {(event.why, event.waiting) for event in world.troubles} == {
        ("on_finish: HTTP 500: no", 9)
    }


async def test_a_sender_that_breaks_does_not_break_the_run(world: World) -> None:
    def broken(number: int) -> str | None:
        raise ValueError("the secret is here")

    await world.add()
    async with running(world.teller(world.receiver(broken))):
        await world.clock.sleep(5)
    assert world.troubles[0].why == "on_finish: telling it broke off: ValueError"
    assert await world.left() == 1


async def test_a_ledger_that_cannot_be_read_does_not_break_the_run(world: World) -> None:
    async def fails() -> None:
        if world.clock.monotonic() < 60:
            raise LedgerUnwritableError("the disk is away")

    world.before = {"messages": fails}
    await world.add()
    receiver = world.receiver()
    async with running(world.teller(receiver)):
        await world.until(world.nobody_left, within_s=70)
    assert receiver.numbers == [1]
    assert "the disk is away" in world.troubles[0].why


@pytest.mark.parametrize(("method", "answer"), [("told", None), ("untold", "HTTP 500")])
async def test_what_the_ledger_does_not_take_is_not_sent_over_and_over(
    world: World, method: str, answer: str | None
) -> None:
    async def fails() -> None:
        if world.clock.monotonic() < 60:
            raise LedgerUnwritableError("the disk is full")

    world.before = {method: fails}
    await world.add()
    receiver = world.receiver(lambda _: answer if world.clock.monotonic() < 60 else None)
    async with running(world.teller(receiver)):
        await world.until(world.nobody_left, within_s=80)
    assert len(receiver.heard) == 1 if answer is None else 2 <= len(receiver.heard) <= 14


async def test_an_event_without_a_sender_stays_in_the_outbox(world: World) -> None:
    await world.add(3)
    results = world.receiver()
    teller = world.teller(results=results)
    async with running(teller):
        await world.clock.sleep(5)
    assert await teller.drain(5) == 0
    assert results.heard == []
    assert await world.left() == 3


async def test_the_end_is_told_although_the_receiver_of_results_is_away(world: World) -> None:
    for _ in range(20):
        (admission,) = await world.run.admit(1, now=START)
        await world.run.skip(admission, "a rule", at=START)
    await world.add()
    finish = world.receiver()
    teller = world.teller(finish, results=Deaf())
    async with running(teller):
        assert await teller.drain(3) == 20
    assert finish.numbers == [1]


async def test_a_rehearsal_takes_everything_and_tells_nobody(world: World) -> None:
    await world.add(7)
    silent = SilentSender()
    assert await world.teller(silent).drain(0.1) == 0
    assert silent.taken == 7


async def test_with_nobody_to_tell_there_is_nothing_to_do(world: World) -> None:
    teller = world.teller()
    teller.notify()
    await teller.run()
    assert await teller.drain(60) == 0
    assert world.clock.monotonic() == 0


@given(
    fates=st.lists(st.lists(st.sampled_from(["no", "broken"]), max_size=6), max_size=12),
    pauses=st.lists(st.integers(0, 40), min_size=12, max_size=12),
)
@settings(max_examples=20, deadline=None)
async def test_whatever_a_receiver_does_it_hears_of_each_message_until_it_takes_it(
    fates: list[list[str]], pauses: list[int]
) -> None:
    left = dict(enumerate(map(list, fates), 1))

    def answer(number: int) -> str | None:
        if not left[number]:
            return None
        if left[number].pop() == "broken":
            raise ValueError
        return "no"

    with memory_folder() as folder:
        async with open_outbox(folder) as world:
            receiver = world.receiver(answer)
            teller = world.teller(receiver)
            async with running(teller):
                for _, pause in zip(fates, pauses, strict=False):
                    await world.add()
                    teller.notify()
                    await world.clock.sleep(pause)
                await world.until(world.nobody_left, within_s=10_000)
            assert Counter(receiver.numbers) == {
                number: len(fate) + 1 for number, fate in enumerate(fates, 1)
            }


@given(st.integers(1, 10_000), st.floats(0, 1, exclude_max=True))
def test_waits_grow_from_a_second_to_ten_minutes(failures: int, chance: float) -> None:
    wait_s = wait_before_telling_s(failures, chance=chance)
    step = min(2.0 ** min(failures - 1, 40), 600)
    assert step / 2 <= wait_s <= step


def test_the_end_of_a_run_is_told_in_jsons_types_alone() -> None:
    counts = Counts(
        states={ContactState.DONE: 2, ContactState.PENDING: 1},
        outcomes={"confirmed": 2},
        failures={},
        skip_reasons={},
        countries={"US": 1},
        due=0,
        next_due_at=START,
    )
    body: Mapping[str, Any] = finish_body(
        CampaignId(name="clinic", wave="w"),
        RunEnding.DUE_LATER,
        counts,
        why=None,
        started_at=START,
        ended_at=datetime.fromisoformat("2026-11-22T11:00:00+00:00"),
    )
    assert json.loads(json.dumps(body)) == {
        "campaign": "clinic",
        "wave": "w",
        "ending": "due_later",
        "why": None,
        "started_at": "2026-11-22T10:00:00+00:00",
        "ended_at": "2026-11-22T11:00:00+00:00",
        "contacts": 3,
        "states": {"done": 2, "pending": 1},
        "outcomes": {"confirmed": 2},
        "failures": {},
        "skip_reasons": {},
        "due": 0,
        "next_due_at": "2026-11-22T10:00:00+00:00",
    }
