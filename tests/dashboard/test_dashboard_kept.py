"""What is costly is made seldom, once for all who ask, and anew when it is of something new."""

from collections.abc import Callable

import anyio
import anyio.lowlevel
import pytest

from poku_batch.dashboard import kept
from poku_batch.dashboard.kept import Kept
from poku_batch.errors import LedgerError

pytestmark = pytest.mark.anyio


class Maker:
    """Makes numbers, each in so many seconds of a clock that only it moves."""

    def __init__(self, cost_s: float = 0.0) -> None:
        self.now_s = 100.0
        self.made = 0
        self._cost_s = cost_s

    async def make(self) -> int:
        await anyio.lowlevel.checkpoint()
        self.now_s += self._cost_s
        self.made += 1
        return self.made

    def kept(self, least_s: float = 1.0) -> "Kept[int]":
        return Kept(least_s=least_s, monotonic=lambda: self.now_s)


async def settled() -> None:
    await anyio.wait_all_tasks_blocked()


async def test_a_thing_is_made_once_while_it_is_made_of_the_same() -> None:
    maker = Maker()
    numbers = maker.kept()
    for _ in range(5):
        maker.now_s += 100
        assert await numbers.of("a", maker.make, stamp=1) == 1
    assert numbers.count == 1


async def test_an_old_thing_is_given_while_the_next_is_made() -> None:
    maker = Maker()
    numbers = maker.kept()
    assert await numbers.of("a", maker.make, stamp=1) == 1
    assert await numbers.of("a", maker.make, stamp=2) == 1
    maker.now_s += 1
    assert await numbers.of("a", maker.make, stamp=2) == 1
    await settled()
    assert await numbers.of("a", maker.make, stamp=2) == 2
    assert numbers.count == 2


async def test_what_takes_long_is_made_in_a_tenth_of_the_time() -> None:
    maker = Maker(cost_s=6)
    numbers = maker.kept()
    await numbers.of("a", maker.make, stamp=0)
    for stamp in range(1, 59):
        maker.now_s += 1
        await numbers.of("a", maker.make, stamp=stamp)
        await settled()
    assert maker.made == 1
    maker.now_s += 2
    await numbers.of("a", maker.make, stamp=60)
    await settled()
    assert maker.made == 2


async def test_many_who_ask_at_once_wait_for_one_making() -> None:
    maker = Maker()
    numbers = maker.kept()
    found: list[int | None] = []

    async def ask() -> None:
        found.append(await numbers.of("a", maker.make, stamp=1))

    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            tasks.start_soon(ask)
    assert found == [1] * 10


async def test_nobody_waits_long_for_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_WAIT_S", 0.01)
    done = anyio.Event()

    async def make() -> int:
        await done.wait()
        return 7

    numbers: Kept[int] = Kept(least_s=1.0)
    assert await numbers.of("a", make, stamp=1) is None
    done.set()
    await settled()
    assert await numbers.of("a", make, stamp=1) == 7


async def test_a_ledger_that_cannot_be_read_is_asked_again() -> None:
    async def fail() -> int:
        raise LedgerError("it cannot be read")

    maker = Maker()
    numbers = maker.kept()
    assert await numbers.of("a", fail, stamp=1) is None
    assert await numbers.of("a", maker.make, stamp=1) == 1


async def test_what_is_being_made_is_broken_off_at_the_end() -> None:
    numbers: Kept[int] = Kept(least_s=1.0)
    broken: list[str] = []

    def making(name: str) -> Callable[[], object]:
        async def make() -> int:
            try:
                await anyio.sleep_forever()
            finally:
                broken.append(name)
            raise AssertionError

        return make

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: numbers.of("a", making("a"), stamp=1))  # type: ignore[arg-type]
        await settled()
        await numbers.close()
    assert broken == ["a"]
