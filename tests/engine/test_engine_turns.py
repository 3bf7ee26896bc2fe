"""A queue for polls: first come, first served, whoever leaves it."""

import anyio
import pytest

from poku_batch.engine.turns import Turns
from poku_batch.policy.polls import PollRate
from tests.engine.engine_clock import VirtualClock

pytestmark = pytest.mark.anyio


class Queue:
    """People who wait for a turn, one each; ``had`` is who had it when, in seconds."""

    def __init__(self, *, least: float = 0.1, most: float = 1.0) -> None:
        self.clock = VirtualClock()
        self.rate = PollRate(least=least, most=most)
        self.turns = Turns(self.rate, self.clock)
        self.had: list[tuple[int, float]] = []
        self.leaving: dict[int, anyio.CancelScope] = {}

    async def wait(self, person: int) -> None:
        with anyio.CancelScope() as scope:
            self.leaving[person] = scope
            await self.turns.wait()
            self.had.append((person, self.clock.monotonic()))

    async def use_up(self) -> None:
        """Take what was saved while nobody came."""
        while self.rate.wait_s(self.clock.monotonic()) <= 0:
            self.rate.take(self.clock.monotonic())

    async def run(self, people: int, *, leaves: dict[float, list[int]] | None = None) -> None:
        await self.use_up()
        async with anyio.create_task_group() as tasks:
            for person in range(people):
                tasks.start_soon(self.wait, person)
            for at_s, leaving in sorted((leaves or {}).items()):
                await self.clock.sleep(at_s - self.clock.monotonic())
                for person in leaving:
                    self.leaving[person].cancel()


async def test_turns_come_one_after_the_other_in_the_order_of_coming() -> None:
    queue = Queue()
    await queue.run(5)
    assert [person for person, _ in queue.had] == [0, 1, 2, 3, 4]
    assert [at_s for _, at_s in queue.had] == pytest.approx([1, 2, 3, 4, 5], abs=0.01)


async def test_many_who_wait_need_one_timer() -> None:
    queue = Queue()
    slept = 0
    sleep = queue.clock.sleep

    async def counted(seconds: float) -> None:
        nonlocal slept
        slept += 1
        await sleep(seconds)

    queue.clock.sleep = counted  # type: ignore[method-assign]
    await queue.run(200)
    # One wait a turn, and no more: nobody but the first looks at the clock.
    assert slept <= 205


@pytest.mark.parametrize("leaving", [[0], [2], [0, 1, 2], [4], [1, 3]])
async def test_who_leaves_the_queue_holds_up_nobody(leaving: list[int]) -> None:
    queue = Queue()
    await queue.run(5, leaves={0.5: leaving})
    stayed = [person for person in range(5) if person not in leaving]
    assert [person for person, _ in queue.had] == stayed
    assert queue.clock.monotonic() == pytest.approx(len(stayed), abs=0.01)


async def test_a_rate_that_rises_is_felt_by_all_who_wait() -> None:
    queue = Queue(most=10.0)
    for _ in range(100):
        queue.rate.measured(1.0)
    assert queue.rate.a_second == 0.1
    await queue.use_up()
    async with anyio.create_task_group() as tasks:
        for person in range(20):
            tasks.start_soon(queue.wait, person)
        await queue.clock.sleep(1)
        for _ in range(100):
            queue.rate.measured(0.1)
    # The first had to sit out what the low rate had asked for; the others come at once then.
    first_s, last_s = queue.had[0][1], queue.had[-1][1]
    assert len(queue.had) == 20
    assert last_s - first_s <= 2.1
