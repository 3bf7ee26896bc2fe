"""Runs whose calls workers make: lists that are edited, canaries, runs that nobody watches."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from poku_batch.errors import CampaignBusyError, NotReservedError
from poku_batch.ledger import erase, open_ledger
from poku_batch.models import (
    AttemptId,
    CallResult,
    Cap,
    ContactId,
    ContactState,
    Guard,
    Never,
    Refusal,
    RunEnding,
    RunId,
)
from poku_batch.ports import LedgerRun
from tests.ledger.shared import CLINIC, DIGEST, STALLED, Shared, now, shared
from tests.postgresql import Server

pytestmark = pytest.mark.anyio

CAPPED = Guard(number_caps=(Cap(calls=9, within=timedelta(days=1)),))


@pytest.fixture
async def world(postgresql_server: Server) -> AsyncIterator[Shared]:
    async with shared(postgresql_server) as made:
        yield made


def number(contact: int) -> str:
    return f"+1415555{contact:04d}"


def joined(world: Shared) -> LedgerRun:
    return world.distribution.join(world.run, world.workers[0])


async def forbid(world: Shared, *contacts: int) -> None:
    rows = [(number(contact), "stop.txt") for contact in contacts]
    await world.distribution.list_numbers(world.run.id, rows)


async def tried(world: Shared, contact: int, guard: Guard = Guard()) -> object:  # noqa: B008 – frozen
    """What comes of the intent to call somebody."""
    handed = await world.distribution.take(world.run.id, ContactId(contact))
    assert handed is not None
    return await joined(world).begin(handed.admission, prompt_sha256=DIGEST, guard=guard, at=now())


async def finish(world: Shared, contact: int) -> None:
    attempt = await world.begin(contact)
    await joined(world).finish(attempt, CallResult(outcome="completed"), at=now())


async def test_from_the_commit_on_that_lists_a_number_no_worker_begins_a_call_to_it(
    world: Shared,
) -> None:
    await world.admit()
    await forbid(world, 1, 2)
    refused = Never(why="on the do-not-call list: stop.txt")
    assert await tried(world, 1) == refused
    assert await tried(world, 2, CAPPED) == refused
    assert isinstance(await tried(world, 3), int)
    assert await world.state(1) == await world.state(2) == ContactState.SKIPPED
    record = await world.ledger.contact(CLINIC, "k1")
    assert record is not None
    assert record.error == refused.why


async def test_a_call_that_was_turned_away_is_not_placed_again_once_its_number_is_listed(
    world: Shared,
) -> None:
    await world.admit()
    attempt = await world.begin(1)
    await joined(world).hold(attempt, "429", at=now())
    await forbid(world, 1)
    with pytest.raises(NotReservedError, match=r"do-not-call list: stop\.txt"):
        await joined(world).begin_again(attempt, at=now())


async def test_a_number_may_be_listed_twice_and_taken_off_and_the_list_ends_with_its_run(
    world: Shared,
) -> None:
    distribution, run = world.distribution, world.run.id
    await forbid(world, 1, 2)
    await forbid(world, 2, 3)
    await distribution.list_numbers(RunId(run + 1), [(number(4), "stop.txt")])
    await distribution.unlist_numbers(run, [number(1), number(9)])
    assert await distribution.listed(run) == {number(2), number(3)}
    await world.admit()
    assert isinstance(await tried(world, 1), int)
    await world.held.close(RunEnding.STOPPED, at=now())
    await forbid(world, 5)
    assert world.ask("SELECT COUNT(*) FROM listed") == [(0,)]


async def test_a_run_of_its_own_process_asks_only_for_lists_of_its_own(world: Shared) -> None:
    await forbid(world, 1)
    await world.held.close(RunEnding.STOPPED, at=now())
    held = await world.ledger.open_run(CLINIC, at=now())
    rows = [(number(2), "stop.txt"), (number(3), "stop.txt")]
    await world.distribution.list_numbers(RunId(held.number), rows)
    # It died before it was shared; the next one knows nothing of it.
    await held.let_go()
    erase(world.url, number(2), keep_hash=False, by="ada", at=now())
    assert world.ask("SELECT number FROM listed") == [(number(3),)]
    await world.ledger.open_run(CLINIC, at=now())
    assert world.ask("SELECT COUNT(*) FROM listed") == [(0,)]


async def test_no_more_than_the_canary_are_called_until_it_is_gone_on(world: Shared) -> None:
    world.ask("UPDATE runs SET canary = 2")
    assert await world.distribution.canary(world.run.id) == 2
    assert await world.admit(limit=4) == 2
    assert (await world.room(limit=4)).over is RunEnding.CANARY
    await finish(world, 1)
    assert await world.admit(limit=4) == 0
    await world.distribution.go_on(world.run.id)
    assert await world.distribution.canary(world.run.id) is None
    assert await world.admit(limit=4) == 2
    assert (await world.room(limit=4, limit_why="--limit")).over is RunEnding.LIMIT


async def test_a_run_that_is_to_end_is_closed_by_workers_only_where_nobody_watches_or_is_called(
    world: Shared,
) -> None:
    await world.admit()
    attempt = await world.begin(1)
    handed = await world.distribution.take(world.run.id, ContactId(2))
    assert handed is not None
    await world.ledger.controls.ask_to_stop(CLINIC, by="ann", at=now())
    await world.held.let_go()
    assert (await world.distribution.sweep(stalled=STALLED)).closed == 0
    watched = await world.distribution.watch(world.run)
    await joined(world).finish(attempt, CallResult(outcome="completed"), at=now())
    # Whoever watches it ends it.
    assert (await world.distribution.sweep(stalled=STALLED)).closed == 0
    assert await world.distribution.ended(world.run.id) is None
    await watched.let_go()
    assert (await world.distribution.sweep(stalled=STALLED)).closed == 1
    assert await world.distribution.ended(world.run.id) == (
        RunEnding.STOPPED,
        "ann asked it to stop",
    )
    with pytest.raises(NotReservedError):
        await world.begin_as(handed.admission)
    await world.ledger.open_run(CLINIC, at=now())


async def test_a_run_that_nobody_wants_to_end_stays_open_though_nobody_watches(
    world: Shared,
) -> None:
    await world.held.let_go()
    assert (await world.distribution.sweep(stalled=STALLED)).closed == 0
    await world.distribution.ask_to_end(world.run.id, RunEnding.REFUSED, "402")
    assert await world.distribution.close_left() == 1
    assert await world.distribution.ended(world.run.id) == (RunEnding.REFUSED, "402")


async def test_it_is_known_whether_a_run_is_watched_and_whether_anybody_is_left(
    world: Shared,
) -> None:
    async with open_ledger(world.url) as other:
        assert other.distribution is not None
        there = await other.distribution.attendance(world.run)
        assert (there.watched, there.quiet, there.is_over) == (True, False, False)
        await world.held.let_go()
        world.ask("UPDATE contacts SET state = 'done' WHERE key <> 'k1'")
        await world.admit()
        assert not (await other.distribution.attendance(world.run)).quiet
        attempt = AttemptId(await world.begin(1))
        assert not (await other.distribution.attendance(world.run)).quiet
        await joined(world).finish(attempt, CallResult(outcome="completed"), at=now())
        there = await other.distribution.attendance(world.run)
        assert (there.watched, there.quiet, there.is_over) == (False, True, True)
        await other.distribution.watch(world.run)
        with pytest.raises(CampaignBusyError, match="poku-batch status"):
            await world.distribution.watch(world.run)
        await world.ledger.controls.ask_to_stop(CLINIC, by="ann", at=now())
        assert await world.distribution.close_left() == 0
    assert await world.distribution.close_left() == 1
    ended = await world.distribution.ended(world.run.id)
    assert ended == (RunEnding.FINISHED, "ann asked it to stop")


async def test_it_is_known_which_workers_take_no_part_as_long_as_they_are_there(
    world: Shared,
) -> None:
    distribution, run = world.distribution, world.run.id
    await distribution.refuse(run, world.workers[1], "a key is missing")
    await distribution.refuse(run, world.workers[0], "…")
    await distribution.refuse(run, world.workers[0], "another version" + "!" * 1_000)
    first, second = await distribution.refusals(run)
    assert (first.worker, first.why[:16], len(first.why)) == ("one", "another version!", 400)
    assert second == Refusal(worker="two", why="a key is missing")
    await distribution.leave(world.workers[0])
    assert await distribution.refusals(run) == [second]
    await world.held.close(RunEnding.STOPPED, at=now())
    await distribution.refuse(run, world.workers[1], "a key is missing")
    assert world.ask("SELECT COUNT(*) FROM refusals") == [(0,)]
