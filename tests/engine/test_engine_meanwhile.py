"""What happens while a run waits, and what ended calls mean for the bounds of the others."""

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

import anyio
import pytest

from poku_batch.events import CircuitOpened
from poku_batch.ledger import open_ledger
from poku_batch.models import ContactKey, ContactState, Ended, RunEnding, Selection
from poku_batch.policy.redials import RedialRule, RedialRules
from poku_batch.policy.spending import Budget
from tests.engine.engine_world import (
    CAMPAIGN,
    CONFIRMED,
    Bounds,
    Step,
    World,
    memory_folder,
    number,
)

pytestmark = pytest.mark.anyio

DONE, PENDING = ContactState.DONE, ContactState.PENDING
_NOBODY = Ended(summary=None, error="human did not respond")
_INVALID = Step(does=Ended(summary=None, error="invalid to number"), after_s=1.0)


@pytest.fixture
def world() -> Iterator[World]:
    with memory_folder() as folder:
        yield World(folder)


def _redials(after: timedelta) -> RedialRules:
    return RedialRules(by_outcome={"no_answer": RedialRule(attempts=2, after=(after,), jitter=0.0)})


async def test_a_call_that_ends_while_the_run_looks_for_others_may_be_redialled(
    world: World,
) -> None:
    """Nobody was due when it looked, and nothing is open when it knows: it looks once more."""
    world.slow_s["next_due_at"] = 5.0
    world.api.answers[number(0)] = [Step(does=_NOBODY, after_s=3.0), Step(does=CONFIRMED)]
    await world.enrol(1)
    bounds = Bounds(redials=_redials(timedelta(minutes=1)))
    assert await world.run(bounds=bounds) is RunEnding.FINISHED
    assert world.api.count(number(0)) == 2
    assert world.states(1) == [DONE]


@pytest.mark.parametrize("waits", [True, False])
async def test_whom_a_person_puts_back_is_called_while_another_call_lasts(
    world: World, waits: bool
) -> None:
    world.api.answers[number(0)] = [Step(does=CONFIRMED, after_s=300.0)]
    world.api.answers[number(1)] = [Step(does=CONFIRMED, after_s=5.0)]
    world.api.answers[number(2)] = [Step(does=_NOBODY if waits else CONFIRMED, after_s=5.0)]
    await world.enrol(3)

    async def put_back() -> None:
        await world.clock.sleep(20)
        with world.clock.working():
            async with open_ledger(world.path) as ledger:
                chosen = Selection(keys=(ContactKey("k1"),))
                await ledger.put_back(CAMPAIGN, chosen, agreed=1, by="me", at=world.clock.now())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(put_back)
        bounds = Bounds(redials=_redials(timedelta(hours=1)))
        assert await world.run(concurrency=4, bounds=bounds) is RunEnding.FINISHED
    assert world.api.count(number(1)) == 2
    assert 20 <= world.api.times(number(1))[1] <= 36


async def test_time_is_passed_over_only_while_no_call_is_open(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rehearsal's clock jumps where it idles; a call that is open would be cut short."""
    idle, idled = world.clock.idle, []

    async def watched(seconds: float) -> None:
        assert not world.api.open_numbers
        idled.append(seconds)
        await idle(seconds)

    monkeypatch.setattr(world.clock, "idle", watched)
    world.api.answers[number(0)] = [Step(does=CONFIRMED, after_s=300.0)]
    world.api.answers[number(1)] = [Step(does=_NOBODY, after_s=5.0), Step(does=CONFIRMED)]
    await world.enrol(2)
    bounds = Bounds(redials=_redials(timedelta(hours=1)), calls_per_minute=30)
    assert await world.run(concurrency=4, bounds=bounds) is RunEnding.FINISHED
    assert idled


async def test_a_number_that_is_none_costs_nothing(world: World) -> None:
    for index in range(5):
        world.api.answers[number(index)] = [_INVALID]
    await world.enrol(8)
    budget = Budget(limit=Decimal("0.30"), per_minute=Decimal("0.10"), longest_s=60.0)
    assert await world.run(bounds=Bounds(budget=budget)) is RunEnding.FINISHED
    assert world.states(8)[5:] == [DONE] * 3


async def test_calls_that_fail_open_the_breaker_as_unknown_ones_do(world: World) -> None:
    for index in range(4):
        world.api.answers[number(index)] = [_INVALID]
    await world.enrol(8)
    assert await world.run(bounds=Bounds(breaker=(4, 0.5, 60.0, 3))) is RunEnding.FINISHED
    [opened] = world.of(CircuitOpened)
    assert [row for row, _ in opened.calls] == [2, 3, 4, 5]
