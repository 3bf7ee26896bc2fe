"""The clock that machines share: the database's time, whatever a machine's own says."""

from datetime import timedelta

import pytest

from poku_batch.app.lease import Lease
from poku_batch.clock import SharedClock, SteadyClock
from tests.engine.engine_clock import START, VirtualClock

pytestmark = pytest.mark.anyio


@pytest.fixture
def life() -> VirtualClock:
    return VirtualClock()


async def test_it_goes_by_the_machine_until_it_is_set(life: VirtualClock) -> None:
    clock = SharedClock(life, life.monotonic)
    await life.sleep(3)
    assert clock.now() == START + timedelta(seconds=3)


async def test_it_goes_by_the_database_from_then_on(life: VirtualClock) -> None:
    clock = SharedClock(life, life.monotonic)
    ahead = START + timedelta(minutes=5)
    asked_s = life.monotonic()
    await life.sleep(2)  # the answer is on its way for half of this
    clock.set(ahead, asked_s=asked_s)
    assert clock.now() == ahead + timedelta(seconds=1)
    assert clock.ahead_s() == -299
    await life.sleep(60)
    assert clock.now() == ahead + timedelta(seconds=61)


async def test_an_answer_that_was_long_on_its_way_does_not_undo_one_that_was_not(
    life: VirtualClock,
) -> None:
    clock = SharedClock(life, life.monotonic)
    clock.set(START, asked_s=life.monotonic())
    asked_s = life.monotonic()
    await life.sleep(8)  # the database was away, and answered at the end of it
    clock.set(START + timedelta(seconds=8), asked_s=asked_s)
    assert clock.now() == START + timedelta(seconds=8)
    clock.set(START + timedelta(seconds=9), asked_s=life.monotonic())
    assert clock.now() == START + timedelta(seconds=9)


async def test_set_back_it_stands_for_who_goes_by_it_steadily(life: VirtualClock) -> None:
    shared = SharedClock(life, life.monotonic)
    clock = SteadyClock(shared)
    before = clock.now()
    shared.set(START - timedelta(hours=1), asked_s=life.monotonic())
    await life.sleep(1)
    assert clock.now() == before + timedelta(seconds=1)


async def test_a_lease_is_held_for_its_length_after_a_heartbeat_was_sent(
    life: VirtualClock,
) -> None:
    lease = Lease(20, life.monotonic)
    assert lease.lapsed() is not None, "nobody has heard of it yet"
    asked_s = life.monotonic()
    await life.sleep(5)
    lease.renew(asked_s)
    await life.sleep(14.5)
    assert lease.lapsed() is None
    await life.sleep(0.5)
    assert lease.lapsed() == "its worker could not say in time that it is alive"
    lease.renew(life.monotonic())
    assert lease.lapsed() is None
