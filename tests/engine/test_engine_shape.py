"""The shape of a run: what one call costs is the same with ten slots and with a thousand.

Nothing here is timed. A campaign runs on a real ledger, and what is done for it is counted:
statements and steps of SQLite, callbacks of the event loop, tasks, timers, waits.
"""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from poku_batch.engine.following import FollowRules
from poku_batch.models import (
    Answer,
    CallRequest,
    ContactState,
    Ended,
    InteractionId,
    RunEnding,
    Standing,
    Started,
    StillInCall,
)
from tests.engine.engine_api import ScriptedApi
from tests.engine.engine_clock import VirtualClock
from tests.engine.engine_world import CONFIRMED, World, memory_folder

pytestmark = pytest.mark.anyio

#: A count may be so many times as high as with fewer slots or contacts.
_GROWTH = 1.15

#: So many a call are nothing: what a run does once, and what depends on how threads take turns.
_NOTHING = 0.5

#: Polls are not spread: calls that end together share their commits, with few slots as with many.
_FOLLOW = FollowRules(polls_a_second=(1e6, 1e6))

#: SQLite tells of its work every so many steps of its virtual machine.
_STEPS = 50

#: What groups of changes share: how many there are is up to the threads.
_SHARED = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")


@dataclass
class _Calls:
    """A ``ports.CallApi``: calls of 20, 25, 30 or 35 s, held open, or to be asked for.

    Many end at one instant, as they do in a thousand slots: the ledger waits for real time.
    """

    clock: VirtualClock
    asked_for: bool
    placed: int = 0
    ends_s: dict[str, float] = field(default_factory=dict)

    async def place(self, request: CallRequest) -> Answer:
        assert request.to
        self.placed += 1
        length_s = 20 + 5 * (self.placed * 7919 % 2000 // 500)
        if not self.asked_for:
            await self.clock.sleep(length_s)
            return CONFIRMED
        name = InteractionId(f"call-{self.placed}")
        # Else all would be asked for at the same instants.
        await self.clock.sleep(self.placed * 7919 % 5)
        self.ends_s[name] = self.clock.monotonic() + length_s
        return Started(interaction_id=name)

    async def standing(self, interaction_id: InteractionId) -> Standing:
        over = self.clock.monotonic() >= self.ends_s[interaction_id]
        return Ended(summary="Yes.", interaction_id=interaction_id) if over else StillInCall()


@contextmanager
def _counted_statements(monkeypatch: pytest.MonkeyPatch, counts: Counter[str]) -> Iterator[None]:
    """Count what every connection to SQLite does that is opened in the block."""
    connect = sqlite3.connect

    def statement(text: str) -> None:
        if not text.startswith(_SHARED):
            counts["statements"] += 1

    def step() -> int:
        counts["steps"] += _STEPS
        return 0

    def counting(*values: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*values, **named)
        connection.set_trace_callback(statement)
        connection.set_progress_handler(step, _STEPS)
        return connection

    with monkeypatch.context() as patched:
        patched.setattr(sqlite3, "connect", counting)
        yield


@contextmanager
def _counted_loop(counts: Counter[str]) -> Iterator[None]:
    """Count callbacks, timers and tasks of the running loop, but for the clock's of the tests."""
    loop = cast("Any", asyncio.get_running_loop())

    def counting(name: str, schedule: Callable[..., Any], *, at: int) -> Callable[..., Any]:
        def scheduled(*values: Any, **named: Any) -> Any:
            if not isinstance(getattr(values[at], "__self__", None), VirtualClock):
                counts[name] += 1
            return schedule(*values, **named)

        return scheduled

    def task(loop: asyncio.AbstractEventLoop, coroutine: Any, **named: Any) -> asyncio.Task[Any]:
        counts["tasks"] += 1
        return asyncio.Task(coroutine, loop=loop, **named)

    loop.call_soon = counting("callbacks", loop.call_soon, at=0)
    loop.call_soon_threadsafe = counting("wakings", loop.call_soon_threadsafe, at=0)
    loop.call_at = counting("timers", loop.call_at, at=1)
    loop.set_task_factory(task)
    try:
        yield
    finally:
        loop.set_task_factory(None)
        for name in ("call_soon", "call_soon_threadsafe", "call_at"):
            delattr(loop, name)


async def work_a_call(
    monkeypatch: pytest.MonkeyPatch, *, slots: int, contacts: int, asked_for: bool = False
) -> dict[str, float]:
    """Call so many contacts in so many slots; what was done for each of them."""
    counts: Counter[str] = Counter()
    with memory_folder() as folder:
        world = World(folder)
        calls = _Calls(world.clock, asked_for)
        world.api = cast("ScriptedApi", calls)
        await world.enrol(contacts)
        sleep = world.clock.sleep

        async def counted_sleep(seconds: float) -> None:
            counts["waits"] += 1
            await sleep(seconds)

        with monkeypatch.context() as patched:
            patched.setattr(world.clock, "sleep", counted_sleep)
            with _counted_statements(monkeypatch, counts), _counted_loop(counts):
                assert await world.run(concurrency=slots, follow=_FOLLOW) is RunEnding.FINISHED
        assert calls.placed == contacts
        assert (await world.counts()).of(ContactState.DONE) == contacts
    return {name: count / contacts for name, count in counts.items()}


def assert_flat(few: dict[str, float], many: dict[str, float]) -> None:
    """No kind of work is more a call than it was with fewer."""
    grown = {
        name: f"{few.get(name, 0.0):.2f} → {a_call:.2f}"
        for name, a_call in many.items()
        if a_call > few.get(name, 0.0) * _GROWTH + _NOTHING
    }
    assert not grown, f"a call costs more: {grown}"


@pytest.mark.parametrize(
    ("asked_for", "slots"),
    [(False, (10, 100)), (False, (100, 1_000)), (True, (100, 1_000))],
    ids=["held open, 10 → 100", "held open, 100 → 1,000", "asked for, 100 → 1,000"],
)
async def test_a_call_costs_no_more_in_ten_times_as_many_slots(
    monkeypatch: pytest.MonkeyPatch, *, asked_for: bool, slots: tuple[int, int]
) -> None:
    # Slots cost something once each, so that all have the same share of the calls.
    few, many = [
        await work_a_call(monkeypatch, slots=size, contacts=2 * size, asked_for=asked_for)
        for size in slots
    ]
    assert_flat(few, many)


async def test_a_call_costs_no_more_in_a_sheet_of_thousands_than_in_one_of_hundreds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    few = await work_a_call(monkeypatch, slots=50, contacts=250)
    many = await work_a_call(monkeypatch, slots=50, contacts=2_500)
    assert_flat(few, many)
