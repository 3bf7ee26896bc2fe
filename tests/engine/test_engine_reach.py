"""The API gone for a while: nobody fails for it, nobody is called twice, nobody is hammered."""

from pathlib import Path

import pytest

from poku_batch.engine.placing import RetryRules
from poku_batch.events import ApiUnreached, CallFailed
from poku_batch.models import ContactState, RunEnding, TurnedAway
from tests.engine.engine_world import CONFIRMED, Step, World, number

pytestmark = pytest.mark.anyio

DONE, PENDING = ContactState.DONE, ContactState.PENDING


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_a_minute_without_the_api_fails_nobody_and_everybody_is_called_once(
    world: World,
) -> None:
    world.api.outage_s = (40.0, 100.0)
    await world.enrol(30)
    assert await world.run(concurrency=5) is RunEnding.FINISHED
    assert world.states(30) == [DONE] * 30
    assert sorted(placed.request.to for placed in world.api.placements) == [
        number(index) for index in range(30)
    ]
    assert world.of(CallFailed) == []
    assert 5 <= len(world.api.missed) <= 20
    assert len(world.of(ApiUnreached)) == len(world.api.missed)


async def test_after_an_outage_calls_are_placed_within_half_a_minute(world: World) -> None:
    world.api.outage_s = (0.0, 120.0)
    await world.enrol(4)
    assert await world.run(concurrency=2) is RunEnding.FINISHED
    first = min(placed.at_s for placed in world.api.placements)
    assert 120 <= first <= 151


async def test_a_probe_that_is_held_open_lets_the_others_go(world: World) -> None:
    world.api.outage_s = (0.0, 5.0)
    world.api.default = Step(does=CONFIRMED, after_s=600.0)
    await world.enrol(6)
    assert await world.run(concurrency=6) is RunEnding.FINISHED
    starts = sorted(placed.at_s for placed in world.api.placements)
    assert len(starts) == 6
    assert starts[-1] - starts[0] < 30


async def test_placements_that_never_left_do_not_use_up_the_attempts(world: World) -> None:
    world.api.outage_s = (0.0, 60.0)
    world.api.answers[number(0)] = [
        Step(does=TurnedAway(why="HTTP 429", retry_after_s=20.0), after_s=1.0),
        Step(does=CONFIRMED),
    ]
    await world.enrol(1)
    assert await world.run(retries=RetryRules(attempts=2)) is RunEnding.FINISHED
    assert world.states(1) == [DONE]


async def test_an_api_that_stays_away_ends_the_run_and_leaves_everybody_pending(
    world: World,
) -> None:
    world.api.outage_s = (0.0, 3600.0)
    await world.enrol(3)
    assert await world.run() is RunEnding.REFUSED
    assert world.states(3) == [PENDING] * 3
    assert world.api.placements == []
    assert len(world.api.missed) < 30
    await world.clock.sleep(3600)
    assert await world.run() is RunEnding.FINISHED
    assert world.states(3) == [DONE] * 3
