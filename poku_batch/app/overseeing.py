"""A distributed run as the process sees it that began it, or came to watch it.

Workers call; here it is told what they do, people's wishes are passed on, and it is found out when
the run has come to its end. Whoever dies here takes nothing along: the run goes on, and the next
one to watch it finds it in the ledger.
"""

import math
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial

import anyio

from poku_batch.app import definitions, rules, sharing
from poku_batch.app.api_told import ApiTold
from poku_batch.app.listing import Listing
from poku_batch.app.outside import Outside
from poku_batch.app.preparing import Prepared
from poku_batch.app.sharing import distribution_of, swept_words
from poku_batch.app.wishes import Wishes
from poku_batch.engine.lasting import LastingRun
from poku_batch.engine.race import first_of
from poku_batch.engine.stops import Stop
from poku_batch.errors import LedgerError
from poku_batch.events import (
    CallEnded,
    CallFailed,
    CallStarted,
    CallUnknown,
    LedgerTrouble,
    ListTrouble,
    RunKept,
    WorkerRefused,
    WorkersLost,
    WorkersSeen,
)
from poku_batch.models import Refusal, Room, RunEnding, RunId, SharedRun
from poku_batch.ports import Clock, Distribution, EventSink, LedgerRun

#: How often it is looked at a run, in seconds.
_LOOK_S = 0.5

#: So long, in seconds, a second signal waits until the workers are asked to stop.
_LAST_WORD_S = 3.0

#: So many calls that go on already are told of, to who comes to watch.
_MOST_TOLD = 10_000

#: Ends of runs in which whoever is reserved is still called.
_WITH_ROOM = (RunEnding.LIMIT, RunEnding.BUDGET, RunEnding.DUE_LATER, RunEnding.CANARY)

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
        self._listing = Listing(outside.lists, self._distribution)
        self._run: SharedRun | None = None
        self.goes_on = False

    async def attach(self) -> LedgerRun | None:
        """Take the campaign's run that goes on already, if there is one.

        Whoever is on its do-not-call files by now is put in before anything else is done.
        """
        await self._distribution.prepare()
        self._run = await self._distribution.open_run(self._prepared.campaign.identity)
        if self._run is None:
            return None
        self.goes_on = True
        held = await self._distribution.watch(self._run)
        await self._listing.put(self._run.id)
        return held

    async def begin(self, lasting: LastingRun) -> "Overseer":
        """Let workers call, unless they do already; gives who watches them."""
        after = await self._distribution.latest()
        if self._run is None:
            self._run, text = await self._share(lasting, history=after)
        else:
            text = await self._as_begun(self._run)
            await self._tell_open_calls(self._run)
        with definitions.opened(text) as definition:
            bounds = sharing.bounds(
                definition.campaign, limit=definition.limit, until=definition.until
            )
            history = definition.history
        await self._distribution.hand_over_open_calls(self._run.id)
        overseer = Overseer(
            self,
            self._run,
            lasting,
            self._distribution,
            bounds=bounds,
            wait=self._wishes.wait,
            after=after,
            clock=self._outside.clock,
            sink=self._sink,
            stop=self._stop,
            heartbeat_s=self._heartbeat_s,
        )
        await overseer.look_back(history)
        return overseer

    async def _share(self, lasting: LastingRun, *, history: int) -> tuple[SharedRun, str]:
        """Let workers have the run that was begun; gives it, and what they know of it."""
        campaign, wishes = self._prepared.campaign, self._wishes
        text = definitions.definition_text(
            self._prepared, limit=wishes.limit, until=wishes.until, history=history
        )
        # It may have been asked for long whether to call.
        await self._outside.lists.look(self._tell_trouble)
        await self._listing.put(RunId(lasting.number))
        whole = rules.gate_rules(campaign, wishes.limit, wishes.until).limit
        canary = wishes.canary
        if canary is not None and whole is not None and canary >= whole:
            canary = None
        run = await lasting.share(text, slot=sharing.slot_of(campaign), canary=canary)
        self.goes_on = True
        return run, text

    async def _as_begun(self, run: SharedRun) -> str:
        """What workers know of a run that goes on; it is told what would be otherwise now."""
        text = await self._distribution.definition(run.id)
        if text is None:
            self.goes_on = False
            raise LedgerError(
                f"the run of {run.campaign} has just ended; run again to call whoever is left"
            )
        wishes = self._wishes
        with definitions.opened(text) as begun:
            now = definitions.definition_text(
                self._prepared,
                limit=wishes.limit or begun.limit,
                until=wishes.until or begun.until,
                history=begun.history,
            )
        changed = definitions.changes(text, now)
        if wishes.canary not in (None, await self._distribution.canary(run.id)):
            changed.append("--canary")
        if changed:
            self._sink.emit(RunKept(at=self._outside.clock.now(), changed=tuple(changed)))
        return text

    async def _tell_open_calls(self, run: SharedRun) -> None:
        """Tell of the calls that go on already, whose ends will be told."""
        calls, _ = await self._outside.ledger.browsing.calls_now(run.campaign, limit=_MOST_TOLD)
        at = self._outside.clock.now()
        for call in calls:
            self._sink.emit(CallStarted(at=at, row=call.row, key=call.key, followed=True))

    async def list_again(self) -> None:
        """Let workers know of do-not-call files that were edited; tried until it is in."""
        while self._run is not None:
            try:
                await self._listing.put(self._run.id)
            except LedgerError as error:
                at = self._outside.clock.now()
                self._sink.emit(LedgerTrouble(at=at, why=str(error), waiting=0))
                await self._outside.clock.sleep(_LOOK_S)
            else:
                return

    async def look_at_lists(self) -> None:
        """Read do-not-call files that were edited, and let workers know."""
        await self._outside.lists.look(self._tell_trouble)
        await self.list_again()

    def _tell_trouble(self, why: str) -> None:
        self._sink.emit(ListTrouble(at=self._outside.clock.now(), why=why))


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
        self._refused: set[Refusal] = set()
        self.why: str | None = None
        #: Whether not everybody is called before somebody has said that it is gone on.
        self.is_canary = False
        self._goes_on = False
        #: What came back of the canary's calls before it was watched here, as it came.
        self.earlier: list[CallEnded | CallFailed | CallUnknown] = []

    def abandon(self) -> None:
        """Leave the run to its workers."""
        self._stop.leave()

    async def look_back(self, history: int) -> None:
        """See whether the run has a canary, and what it came to since a place in the history."""
        self.is_canary = await self._distribution.canary(self._run.id) is not None
        if not self.is_canary:
            return
        self._after = history
        while True:
            events, self._after = await self._distribution.happened(self._run.id, after=self._after)
            self.earlier += [
                event for event in events if isinstance(event, CallEnded | CallFailed | CallUnknown)
            ]
            if not events:
                return

    async def go_on(self) -> None:
        """Let everybody else be called, after the canary; see ``watch`` then."""
        # While it was asked, nobody looked at files.
        await self._shared.look_at_lists()
        self._goes_on = True

    def decline(self) -> None:
        """Let the run end after its canary."""
        self._shared.goes_on = False

    async def watch(self) -> RunEnding | None:
        """Watch until the run's end, and give it; None where the run was left to its workers.

        ``CANARY`` while ``is_canary``: the first calls have ended, and the run waits until somebody
        says whether it is gone on.
        """
        while True:
            try:
                if (ending := await self._look()) is not None:
                    self._shared.goes_on = self.is_canary and ending is RunEnding.CANARY
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
        if self._goes_on:
            await self._distribution.go_on(self._run.id)
            self._goes_on = self.is_canary = False
        if self._clock.monotonic() - self._swept_s >= self._heartbeat_s:
            await self._sweep()
        room = await self._room()
        await self._tell()
        if room is None:
            return await self._ended_elsewhere()
        self._api_told.look(room)
        return await self._ending(room)

    async def _room(self) -> Room | None:
        return await self._distribution.room(
            self._run.id,
            self._bounds.rules,
            budget=self._bounds.budget,
            longest=self._bounds.longest,
        )

    async def _ended_elsewhere(self) -> RunEnding:
        """How a run has ended that somebody else has: workers close one that nobody watches."""
        self.is_canary = False
        ending, why = await self._distribution.ended(self._run.id) or (None, None)
        self.why = why or "somebody else has ended the run"
        return ending or RunEnding.ABANDONED

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
        refusals = await self._distribution.refusals(self._run.id)
        self._tell_refusals(refusals)
        calling = len(await self._distribution.workers()) - len(refusals)
        if calling != self._workers:
            self._workers = calling
            self._sink.emit(WorkersSeen(at=self._clock.now(), workers=calling))

    def _tell_refusals(self, refusals: Sequence[Refusal]) -> None:
        """Tell, once for each worker, why it takes no part."""
        for refusal in refusals:
            if refusal not in self._refused:
                self._refused.add(refusal)
                at = self._clock.now()
                self._sink.emit(WorkerRefused(at=at, worker=refusal.worker, why=refusal.why))

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
        if over in _WITH_ROOM:
            if room.reserved:
                return None
            if await self._lasting.next_due_at() is None:
                return RunEnding.FINISHED
        self.why = room.why
        return over

    async def _waiting(self) -> RunEnding | None:
        due_at = await self._lasting.next_due_at()
        if due_at is None:
            # Whoever was due may have been admitted since the run was looked at.
            room = await self._room()
            is_quiet = room is not None and not (room.live or room.reserved)
            return RunEnding.FINISHED if is_quiet else None
        wait_s = (due_at - self._clock.now()).total_seconds()
        until = self._bounds.rules.until
        if until is not None and due_at >= until:
            self.why = "nobody else is due before --until"
            return RunEnding.DUE_LATER
        if wait_s > _SHORT_WAIT_S and not self._wait:
            return RunEnding.DUE_LATER
        return None
