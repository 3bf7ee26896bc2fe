"""A run that looks for what people ask of it, and people who ask from another process."""

from functools import partial
from typing import TYPE_CHECKING

import anyio

from poku_batch.engine.attending import Attending
from poku_batch.engine.gate import Gate
from poku_batch.ledger import open_ledger
from poku_batch.models import CampaignId, Doing, RunEnding, RunRecord
from poku_batch.ports import Clock

if TYPE_CHECKING:
    from tests.engine.engine_world import World


async def run_attended(world: "World", gate: Gate, clock: Clock) -> RunEnding:
    """Run as the program does: look first, then go on looking beside the calls."""
    assert world.lasting is not None
    attending = Attending(
        world.lasting,
        ask_to_stop=partial(world.going.stop.request, RunEnding.STOPPED),
        pausing=gate.pausing,
        doing=lambda: Doing(now=clock.now(), concurrency=2, slots=2, note=world.note),
        clock=clock,
        real=clock,
        sink=world,
    )
    world.attending = attending
    await attending.look()
    async with anyio.create_task_group() as watchers:
        watchers.start_soon(attending.run)
        ending = await world.going.runner.run()
        watchers.cancel_scope.cancel()
    return ending


class Person:
    """Somebody at another terminal, whose commands take no time."""

    def __init__(self, world: "World", campaign: CampaignId) -> None:
        self._world = world
        self._campaign = campaign

    async def pause(self, by: str = "ann") -> bool:
        with self._world.clock.working():
            async with open_ledger(self._world.path) as ledger:
                return await ledger.controls.pause(
                    self._campaign, by=by, at=self._world.clock.now()
                )

    async def resume(self) -> bool:
        with self._world.clock.working():
            async with open_ledger(self._world.path) as ledger:
                return await ledger.controls.resume(self._campaign)

    async def stop(self, by: str = "ann") -> RunRecord | None:
        with self._world.clock.working():
            async with open_ledger(self._world.path) as ledger:
                return await ledger.controls.ask_to_stop(
                    self._campaign, by=by, at=self._world.clock.now()
                )

    async def look(self) -> RunRecord | None:
        with self._world.clock.working():
            async with open_ledger(self._world.path) as ledger:
                return await ledger.controls.latest_run(self._campaign)
