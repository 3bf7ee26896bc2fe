"""A distributed run as the process sees it that began it, or came to watch it.

Workers call; here it is told what they do, people's wishes are passed on, and it is found out when
the run has come to its end. Whoever dies here takes nothing along: the run goes on, and the next
one to watch it finds it in the ledger.
"""

import math
from contextlib import suppress
from datetime import timedelta
from functools import partial

import anyio

from poku_batch.app import sharing
from poku_batch.app.api_told import ApiTold
from poku_batch.app.definitions import definition_text, wishes_of
from poku_batch.app.outside import Outside
from poku_batch.app.preparing import Prepared
from poku_batch.app.sharing import distribution_of, swept_words
from poku_batch.app.wishes import Wishes
from poku_batch.engine.lasting import LastingRun
from poku_batch.engine.race import first_of
from poku_batch.engine.stops import Stop
from poku_batch.errors import LedgerError
from poku_batch.events import LedgerTrouble, WorkersLost, WorkersSeen
from poku_batch.models import Room, RunEnding, SharedRun
from poku_batch.ports import Clock, Distribution, EventSink, LedgerRun

#: How often it is looked at a run, in seconds.
_LOOK_S = 0.5

#: So long, in seconds, a second signal waits until the workers are asked to stop.
_LAST_WORD_S = 3.0

#: A run that is told not to wait still sits out waits as short as this, in seconds.
_SHORT_WAIT_S = 10.0


class Sharing:
    """The part of a job that lets workers make its calls."""

    def __init__(
        self,
        prepared: Prepared,
        outside: Outside,
        wishes: Wishes,
        *,
        sink: EventSink,
        stop: Stop,
        heartbeat_s: float,
    ) -> None:
        """Take the parts of the job. Raises ``UsageError`` where workers cannot share its ledger.

        ``goes_on``: the run was shared, and has not ended.
        """
        self._prepared = prepared
        self._outside = outside
        self._wishes = wishes
        self._sink = sink
        self._stop = stop
        self._heartbeat_s = heartbeat_s
        self._distribution = distribution_of(outside.ledger)
        self._run: SharedRun | None = None
        self.goes_on = False

    async def attach(self) -> LedgerRun | None:
        """Take the campaign's run that goes on already, if there is one."""
        await self._distribution.prepare()
        self._run = await self._distribution.open_run(self._prepared.campaign.identity)
        if self._run is None:
            return None
        self.goes_on = True
        return await self._distribution.watch(self._run)

    async def begin(self, lasting: LastingRun) -> "Overseer":
        """Let workers call, unless they do already; gives who watches them."""
        campaign, wishes = self._prepared.campaign, self._wishes
        after = await self._distribution.latest()
        limit, until = wishes.limit, wishes.until
        if self._run is None:
            text = definition_text(self._prepared, self._outside.lists, limit=limit, until=until)
            self._run = await lasting.share(text, slot=sharing.slot_of(campaign))
            self.goes_on = True
        elif (text := await self._distribution.definition(self._run.id) or "") != "":
            limit, until = wishes_of(text)
        await self._distribution.hand_over_open_calls(self._run.id)
        return Overseer(
            self,
            self._run,
            lasting,
            self._distribution,
            bounds=sharing.bounds(campaign, limit=limit, until=until),
            wait=wishes.wait,
            after=after,
            clock=self._outside.clock,
            sink=self._sink,
            stop=self._stop,
            heartbeat_s=self._heartbeat_s,
        )


class Overseer:
    """Watches one distributed run until it has ended, or a second signal comes."""

    def __init__(  # noqa: PLR0913 – who is asked and told
        self,
        shared: Sharing,
        run: SharedRun,
        lasting: LastingRun,
        distribution: Distribution,
        *,
        bounds: sharing.Bounds,
        wait: bool,
        after: int,
        clock: Clock,
        sink: EventSink,
        stop: Stop,
        heartbeat_s: float,
    ) -> None:
        """Take the run, what bounds it, whether it waits for who is due later, and who listens."""
        self._shared = shared
        self._run = run
        self._lasting = lasting
        self._distribution = distribution
        self._bounds = bounds
        self._wait = wait
        self._clock = clock
        self._sink = sink
        self._stop = stop
        self._heartbeat_s = heartbeat_s
        self._swept_s = -math.inf
        self._after = after
        self._asked = False
        self._api_told = ApiTold(clock, sink, slots=bounds.rules.slots)
        self._workers: int | None = None
        self.why: str | None = None

    def abandon(self) -> None:
        """Leave the run to its workers."""
        self._stop.leave()

    async def watch(self) -> RunEnding | None:
        """Watch until the run's end, and give it; None where the run was left to its workers."""
        while True:
            try:
                if (ending := await self._look()) is not None:
                    self._shared.goes_on = False
                    return ending
            except LedgerError as error:
                self._sink.emit(LedgerTrouble(at=self._clock.now(), why=str(error), waiting=0))
            waits = [self._stop.wait_left]
            if not self._stop.requested:
                waits.append(self._stop.wait)
            await first_of(partial(self._clock.sleep, _LOOK_S), *waits)
            if self._stop.left:
                await self._ask_before_leaving()
                return None

    async def _look(self) -> RunEnding | None:
        await self._pass_on()
        if self._clock.monotonic() - self._swept_s >= self._heartbeat_s:
            await self._sweep()
        room = await self._distribution.room(
            self._run.id,
            self._bounds.rules,
            budget=self._bounds.budget,
            longest=self._bounds.longest,
        )
        await self._tell()
        if room is not None:
            self._api_told.look(room)
        if room is None:
            self.why = "somebody else has ended the run"
            return RunEnding.ABANDONED
        return await self._ending(room)

    async def _pass_on(self) -> None:
        """Ask the workers to stop, where somebody has asked here."""
        if self._stop.requested and not self._asked and self._stop.ending is not None:
            await self._distribution.ask_to_end(self._run.id, self._stop.ending, self._stop.why)
            self._asked = True

    async def _ask_before_leaving(self) -> None:
        """Whoever presses Ctrl-C twice at once wants an end too: workers are asked for it."""
        with suppress(LedgerError), anyio.move_on_after(_LAST_WORD_S):
            await self._pass_on()

    async def _sweep(self) -> None:
        self._swept_s = self._clock.monotonic()
        swept = await self._distribution.sweep(stalled=timedelta(seconds=3 * self._heartbeat_s))
        if swept.any:
            self._sink.emit(WorkersLost(at=self._clock.now(), what=swept_words(swept)))
        alive = len(await self._distribution.workers())
        if alive != self._workers:
            self._workers = alive
            self._sink.emit(WorkersSeen(at=self._clock.now(), workers=alive))

    async def _tell(self) -> None:
        """Tell what has happened since."""
        while True:
            events, self._after = await self._distribution.happened(self._run.id, after=self._after)
            for event in events:
                self._sink.emit(event)
            if not events:
                return

    async def _ending(self, room: Room) -> RunEnding | None:
        """How the run has ended, if so: nobody is called, or about to be, and nobody will be."""
        if room.live:
            return None
        if room.over is not None:
            return await self._bounded(room, room.over)
        if room.reserved:
            return None
        return await self._waiting()

    async def _bounded(self, room: Room, over: RunEnding) -> RunEnding | None:
        """How a run has ended of which a bound was reached, or that somebody has stopped."""
        if over in (RunEnding.LIMIT, RunEnding.BUDGET, RunEnding.DUE_LATER):
            if room.reserved:
                return None
            if await self._lasting.next_due_at() is None:
                return RunEnding.FINISHED
        self.why = room.why
        return over

    async def _waiting(self) -> RunEnding | None:
        due_at = await self._lasting.next_due_at()
        if due_at is None:
            return RunEnding.FINISHED
        wait_s = (due_at - self._clock.now()).total_seconds()
        until = self._bounds.rules.until
        if until is not None and due_at >= until:
            self.why = "nobody else is due before --until"
            return RunEnding.DUE_LATER
        if wait_s > _SHORT_WAIT_S and not self._wait:
            return RunEnding.DUE_LATER
        return None
