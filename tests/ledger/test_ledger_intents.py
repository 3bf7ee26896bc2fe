"""What becomes of workers' intents that are heard of late, and of calls that end late."""

from collections.abc import AsyncIterator
from contextlib import closing
from typing import Any

import pytest

from poku_batch.errors import NotReservedError
from poku_batch.ledger.connection import transaction
from poku_batch.ledger.places import place_of
from poku_batch.ledger.postgresql import intents
from poku_batch.ledger.run import SqlRun
from poku_batch.models import CallResult, ContactState
from poku_batch.progress.tally import Tally
from tests.ledger.shared import STALLED, Shared, now, shared
from tests.postgresql import Server

pytestmark = pytest.mark.anyio


@pytest.fixture
async def world(postgresql_server: Server) -> AsyncIterator[Shared]:
    async with shared(postgresql_server) as made:
        yield made


async def test_the_late_end_of_a_call_that_was_unknown_is_told_as_that_of_one_taken_up_again(
    world: Shared,
) -> None:
    after = await world.distribution.latest()
    await world.admit()
    attempt = await world.begin(1)
    joined = world.distribution.join(world.run, world.workers[0])
    await joined.doubt(attempt, "its worker was lost", at=now())
    await joined.doubt(attempt, "its answer cannot be read", at=now())
    await joined.finish(attempt, CallResult(outcome="completed"), at=now())
    tally = Tally()
    for event in (await world.distribution.happened(world.run.id, after=after))[0]:
        tally.add(event)
    assert (tally.in_call, tally.unknown, tally.done) == (0, 0, 1)


async def test_an_intent_that_is_heard_of_too_late_is_taken_back(
    world: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.admit()
    with monkeypatch.context() as slow:
        slow.setattr(intents, "INTENT_LASTS_S", -1.0)
        with pytest.raises(NotReservedError, match="too long"):
            await world.begin(1)
    assert await world.state(1) == ContactState.PENDING
    assert await world.admit() == 1
    await world.begin(1)
    assert world.ask("SELECT number, placements, state FROM attempts") == [(1, 1, "dialing")]


async def test_an_intent_that_others_have_made_unknown_meanwhile_is_not_used(
    world: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.admit()
    begin = SqlRun.begin

    async def begin_and_be_lost(*arguments: Any, **named: Any) -> Any:
        begun = await begin(*arguments, **named)
        await world.distribution.leave(world.workers[0])
        assert (await world.distribution.sweep(stalled=STALLED)).unknown == 1
        return begun

    monkeypatch.setattr(SqlRun, "begin", begin_and_be_lost)
    monkeypatch.setattr(intents, "INTENT_LASTS_S", -1.0)
    with pytest.raises(NotReservedError, match="too long"):
        await world.begin(1)
    assert await world.state(1) == ContactState.UNKNOWN


async def test_one_more_placement_that_is_heard_of_too_late_is_taken_back(
    world: Shared, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.admit()
    attempt = await world.begin(1)
    joined = world.distribution.join(world.run, world.workers[0])
    await joined.hold(attempt, "429", placement=1, at=now())
    with monkeypatch.context() as slow:
        slow.setattr(intents, "INTENT_LASTS_S", -1.0)
        with pytest.raises(NotReservedError, match="too long"):
            await joined.begin_again(attempt, placement=1, at=now())
    assert await world.state(1) == ContactState.PENDING
    # As whoever places it says then; it changes nothing more.
    await joined.turn_away(attempt, "late", due_at=now(), sent=False, placement=1, at=now())
    assert await world.state(1) == ContactState.PENDING


async def test_whoever_is_silent_while_alone_with_the_ledger_does_not_keep_it(
    postgresql_server: Server,
) -> None:
    setting = "SELECT current_setting('idle_in_transaction_session_timeout')"
    with closing(place_of(postgresql_server.new_ledger()).connect()) as connection:
        assert connection.execute(setting).fetchone()[0] == "1min"
        with transaction(connection, writing=True):
            assert connection.execute(setting).fetchone()[0] == "15s"
        assert connection.execute(setting).fetchone()[0] == "1min"
