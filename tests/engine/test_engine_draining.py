"""At the end of a run what can be told in time is told, and what is left is known."""

from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest

from poku_batch.errors import LedgerUnwritableError
from tests.engine.engine_outbox import OutboxWorld as World
from tests.engine.engine_outbox import down_until, open_outbox, running

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with open_outbox(tmp_path) as world:
        yield world


async def test_draining_tells_what_is_left_and_says_that_nothing_is(world: World) -> None:
    await world.add(20)
    receiver = world.receiver()
    receiver.takes_s = 1
    assert await world.teller(receiver).drain(10) == 0
    assert receiver.numbers == list(range(1, 21))
    assert world.clock.monotonic() < 6


async def test_draining_ends_in_time_and_says_how_many_are_left(world: World) -> None:
    await world.add(20)
    receiver = world.receiver()
    receiver.takes_s = 4
    assert await world.teller(receiver).drain(10) == 12
    assert world.clock.monotonic() == 10
    assert await world.left() == 12


async def test_draining_does_not_sit_out_what_is_due_too_late(world: World) -> None:
    await world.add()
    receiver = world.receiver(lambda _: "HTTP 500")
    teller = world.teller(receiver)
    async with running(teller):
        await world.clock.sleep(2_000)
    began, heard = world.clock.monotonic(), len(receiver.heard)
    assert await teller.drain(10) == 1
    assert world.clock.monotonic() - began < 10
    assert len(receiver.heard) - heard <= 1


async def test_draining_tries_once_more_a_receiver_that_was_away(world: World) -> None:
    await world.add(30)
    receiver = world.receiver(down_until(1_000, world.clock))
    teller = world.teller(receiver)
    async with running(teller):
        await world.clock.sleep(1_000)
    assert await teller.drain(1) < 20


async def test_draining_beside_the_run_tells_nothing_twice(world: World) -> None:
    await world.add(30)
    receiver = world.receiver()
    receiver.takes_s = 0.25
    teller = world.teller(receiver)
    async with running(teller):
        await world.clock.sleep(0.3)
        assert await teller.drain(10) == 0
    assert sorted(receiver.numbers) == list(range(1, 31))


async def test_what_was_being_told_when_the_run_was_cancelled_is_told_again_under_its_id(
    world: World,
) -> None:
    await world.add(2)
    receiver = world.receiver()
    receiver.takes_s = 60
    teller = world.teller(receiver)
    async with running(teller):
        await world.clock.sleep(1)
    receiver.takes_s = 0
    assert await teller.drain(5) == 0
    assert sorted(receiver.numbers) == [1, 1, 2, 2]
    assert all(len(ids) == 1 for ids in receiver.ids.values())


async def test_what_was_taken_is_not_told_again_although_its_recording_was_cancelled(
    world: World,
) -> None:
    await world.add()
    receiver = world.receiver()
    teller = world.teller(receiver)
    async with anyio.create_task_group() as tasks:
        world.before = {"told": lambda: _cancel(tasks.cancel_scope)}
        tasks.start_soon(teller.run)
    world.before = {}
    assert await teller.drain(5) == 0
    assert receiver.numbers == [1]


async def _cancel(scope: anyio.CancelScope) -> None:
    scope.cancel()
    await anyio.lowlevel.checkpoint()


async def test_what_was_taken_is_not_among_what_is_left_although_the_ledger_still_has_it(
    world: World,
) -> None:
    async def fails() -> None:
        raise LedgerUnwritableError("the disk is full")

    world.before = {"told": fails}
    await world.add(2)
    receiver = world.receiver(lambda number: "HTTP 500" if number == 2 else None)
    assert await world.teller(receiver).drain(3) == 1
    assert await world.left() == 2


async def test_an_outbox_that_cannot_be_read_at_all_does_not_break_the_end_of_a_run(
    world: World,
) -> None:
    async def fails() -> None:
        raise LedgerUnwritableError("the disk is away")

    world.before = {"messages": fails, "waiting_messages": fails}
    await world.add()
    assert await world.teller(world.receiver()).drain(3) == 0
    assert "the disk is away" in world.troubles[0].why
