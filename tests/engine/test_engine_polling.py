"""Many open calls at once: how often they are asked for in all, and how late an end is seen."""

import itertools
import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from statistics import fmean

import anyio
import pytest

from poku_batch.engine.following import AccountRefused, Follower, FollowRules, Lost
from poku_batch.models import (
    Answer,
    CallRequest,
    Ended,
    InteractionId,
    NotTold,
    Standing,
    StillInCall,
)
from tests.engine.engine_clock import VirtualClock

pytestmark = pytest.mark.anyio

_RATE = 20.0
_INTERVAL_S = 5.0


@dataclass
class _Api:
    """A ``ports.CallApi`` whose calls end when they are said to; it notes who asked when."""

    clock: VirtualClock
    ends_s: dict[str, float] = field(default_factory=dict)
    asked: list[tuple[float, str]] = field(default_factory=list)
    hurried: bool = False

    async def place(self, request: CallRequest) -> Answer:
        raise NotImplementedError

    async def standing(self, interaction_id: InteractionId) -> Standing:
        now_s = self.clock.monotonic()
        self.asked.append((now_s, interaction_id))
        await anyio.lowlevel.checkpoint()
        if self.hurried:
            return NotTold(why="HTTP 429", retry_after_s=1.0)
        return Ended(summary="Yes.") if now_s >= self.ends_s[interaction_id] else StillInCall()

    def asked_in(self, from_s: float, to_s: float) -> int:
        return sum(from_s <= at_s < to_s for at_s, _ in self.asked)


@dataclass
class _Line:
    """Slots that take a call each, one after the other, and follow it."""

    slots: int
    rules: FollowRules
    clock: VirtualClock = field(default_factory=VirtualClock)
    late_s: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        dice = random.Random(3)  # noqa: S311 – spreads polls
        self.api = _Api(self.clock)
        self.follower = Follower(self.api, self.clock, self.rules, chance=dice.random)

    async def follow(
        self, name: str, length_s: float, *, age_s: float = 0.0, ask_first: bool = False
    ) -> Ended | Lost | AccountRefused:
        ends_s = self.clock.monotonic() - age_s + length_s
        self.api.ends_s[name] = ends_s
        placed_at = self.clock.now() - timedelta(seconds=age_s)
        end = await self.follower.follow(
            InteractionId(name), placed_at=placed_at, ask_first=ask_first
        )
        self.late_s.append(self.clock.monotonic() - ends_s)
        return end

    async def run(self, *, each: int, shortest_s: float, longest_s: float) -> None:
        dice = random.Random(5)  # noqa: S311 – lengths of calls

        async def slot(index: int) -> None:
            for turn in range(each):
                await self.follow(f"{index}-{turn}", dice.uniform(shortest_s, longest_s))

        async with anyio.create_task_group() as tasks:
            for index in range(self.slots):
                tasks.start_soon(slot, index)


def line(slots: int, *, call_timeout_s: float = 900.0) -> _Line:
    return _Line(
        slots,
        FollowRules(
            poll_interval_s=_INTERVAL_S,
            call_timeout_s=call_timeout_s,
            polls_a_second=(1.0, _RATE),
        ),
    )


async def test_as_long_as_all_can_be_asked_for_each_is_at_its_interval() -> None:
    calls = line(50)
    await calls.run(each=3, shortest_s=60, longest_s=120)
    last: dict[str, float] = {}
    for at_s, name in calls.api.asked:
        if name in last:
            assert _INTERVAL_S * 0.9 <= at_s - last[name] <= _INTERVAL_S * 1.1 + 1
        last[name] = at_s
    assert max(calls.late_s) <= _INTERVAL_S * 1.1 + 1


async def test_however_many_calls_are_open_no_second_has_more_polls_than_the_rate() -> None:
    calls = line(400)
    await calls.run(each=2, shortest_s=60, longest_s=120)
    seconds = Counter(int(at_s) for at_s, _ in calls.api.asked)
    assert max(seconds.values()) <= _RATE + 11


async def test_once_lengths_are_known_ends_are_seen_sooner_than_by_asking_all_in_turn() -> None:
    calls = line(300)
    await calls.run(each=4, shortest_s=60, longest_s=120)
    in_turn_s = 300 / _RATE / 2
    assert fmean(calls.late_s[600:]) < in_turn_s * 0.7


async def test_young_calls_are_left_alone_once_lengths_are_known() -> None:
    calls = line(300)
    await calls.run(each=4, shortest_s=60, longest_s=120)
    # Of the third call of each slot, by the age at which it was asked for.
    young = old = 0
    for at_s, name in calls.api.asked:
        if name.endswith("-2"):
            age_s = at_s - calls.api.ends_s[name] + 120
            young, old = young + (age_s < 55), old + (age_s >= 55)
    assert young < old / 2


async def test_nobody_waits_longer_than_some_rounds_through_all_open_calls() -> None:
    calls = line(300)
    await calls.run(each=3, shortest_s=20, longest_s=400)
    last: dict[str, float] = {}
    most_s = 0.0
    for at_s, name in calls.api.asked:
        most_s = max(most_s, at_s - last.get(name, at_s))
        last[name] = at_s
    assert most_s <= (4 * 1.1 + 1) * 300 / _RATE


async def test_open_calls_of_an_earlier_run_are_asked_for_at_once_but_not_all_together() -> None:
    calls = line(200)
    async with anyio.create_task_group() as tasks:
        for index in range(200):

            async def slot(name: str) -> None:
                await calls.follow(name, 100, age_s=500, ask_first=True)

            tasks.start_soon(slot, str(index))
    assert calls.api.asked[0][0] == 0
    assert calls.api.asked_in(0, 1) <= _RATE + 11
    assert calls.clock.monotonic() == pytest.approx(200 / _RATE, abs=1)
    assert len(calls.api.asked) == 200


async def test_a_call_that_is_left_alone_is_asked_for_when_its_time_is_up() -> None:
    calls = line(400, call_timeout_s=100.0)
    ends: list[Ended | Lost | AccountRefused] = []
    async with anyio.create_task_group() as tasks:
        for index in range(400):

            async def slot(name: str) -> None:
                ends.append(await calls.follow(name, 10_000))

            tasks.start_soon(slot, str(index))
    assert all(isinstance(end, Lost) for end in ends)
    # All are due at one time, and take turns.
    assert 100 <= calls.clock.monotonic() <= 100 + 2 * 400 / _RATE


async def test_an_api_that_asks_to_wait_is_asked_less() -> None:
    calls = line(200, call_timeout_s=60.0)
    calls.api.hurried = True
    async with anyio.create_task_group() as tasks:
        for index in range(200):

            async def slot(name: str) -> None:
                await calls.follow(name, 10)

            tasks.start_soon(slot, str(index))
    assert calls.api.asked_in(30, 60) < 30 * _RATE / 2


async def test_a_call_that_is_followed_no_longer_leaves_the_others_as_they_were() -> None:
    calls = line(20)
    with anyio.move_on_after(0.2):
        async with anyio.create_task_group() as tasks:
            for index in range(400):

                async def slot(name: str) -> None:
                    await calls.follow(name, 10_000)

                tasks.start_soon(slot, str(index))
            tasks.cancel_scope.cancel()
    calls.api.asked.clear()
    await calls.follow("alone", 60)
    times = [at_s for at_s, name in calls.api.asked if name == "alone"]
    assert max(after - before for before, after in itertools.pairwise(times)) <= 6.5
