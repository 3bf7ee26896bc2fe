"""A run: open calls of earlier runs first, then whoever is due, in a bounded number of slots.

Contacts are admitted for slots that are free, and a few ahead of them (``ahead``): a million may
wait in the ledger, and none of them in memory. Each is asked about at the moment it would be
dialled: whoever may not be called yet is deferred, whoever may not be called at all is skipped.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

import anyio

from poku_batch.engine.ahead import Ahead
from poku_batch.engine.calling import Caller
from poku_batch.engine.gate import End, Gate, Open, Pause, Shut
from poku_batch.engine.journal import Journal
from poku_batch.engine.lasting import LastingRun
from poku_batch.engine.permits import Permits
from poku_batch.engine.race import first_of
from poku_batch.engine.reach import Reach
from poku_batch.engine.reports import CallReport
from poku_batch.engine.slots import Slots
from poku_batch.engine.stops import Stop
from poku_batch.engine.unwritten import UnwrittenError
from poku_batch.engine.workers import Workers
from poku_batch.errors import NotReservedError
from poku_batch.events import Draining, Waiting
from poku_batch.models import (
    Admission,
    ContactState,
    Counts,
    Later,
    Never,
    OpenCall,
    RunEnding,
    UnreadCall,
    WaitKind,
)
from poku_batch.ports import Clock, EventSink

#: A run that is told not to wait still sits out waits as short as this, in seconds.
_SHORT_WAIT_S = 10.0

#: How often a run with open calls looks whether somebody else is due, in seconds.
_LOOK_AGAIN_S = 15.0

#: While nobody of those who are due may be called, so many are judged in one step at the most: at
#: the end of calling hours all who are left are put off, and a slot each would take too long.
_JUDGED_AT_ONCE = 256

#: What contacts wait for, in words.
_WAITS_FOR = {
    WaitKind.REDIAL: "a redial",
    WaitKind.TURNED_AWAY: "the API, which turned the call away",
    WaitKind.CALLING_HOURS: "calling hours",
    WaitKind.NOT_BEFORE: "the time that its row names",
    WaitKind.NUMBER_CAP: "limits.per_number",
    WaitKind.CALLER_ID_CAP: "limits.per_caller_id",
}

Job = Admission | OpenCall | UnreadCall


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRules:
    """``concurrency`` slots; ``wait`` for contacts that are due later, else end ``DUE_LATER``."""

    concurrency: int = 10
    wait: bool = True


class Runner:
    """Feeds the slots until nobody is left, or the run is told to stop."""

    def __init__(  # noqa: PLR0913 – the parts of a run
        self,
        *,
        run: LastingRun,
        caller: Caller,
        journal: Journal,
        permits: Permits,
        gate: Gate,
        reach: Reach,
        clock: Clock,
        sink: EventSink,
        stop: Stop,
        rules: RunRules,
    ) -> None:
        """Take the parts of the run."""
        self._run = run
        self._caller = caller
        self._journal = journal
        self._permits = permits
        self._gate = gate
        self._reach = reach
        self._clock = clock
        self._sink = sink
        self._stop = stop
        self._rules = rules
        self._slots = Slots(rules.concurrency)
        self._ahead = Ahead(run, clock, slots=rules.concurrency)
        # Whoever waits for a slot waits for the run's end too, and for a person to pause or resume.
        stop.tell(self._slots.wake)
        gate.pausing.tell(self._slots.wake)
        self._ending = RunEnding.FINISHED
        self.why: str | None = None
        self._told_waiting: datetime | None = None
        self._judged_at_once = 0
        self._scope = anyio.CancelScope()

    def abandon(self) -> None:
        """End the run now: open requests become ``unknown``, followed calls are left."""
        self._stop.request(RunEnding.ABANDONED)
        self._stop.ending = RunEnding.ABANDONED
        self._stop.leave()
        self._scope.cancel()

    async def run(self) -> RunEnding:
        """Call everybody who is due and return why it ended; ``why`` then says more, if it can.

        Raises what broke the run, where the program or the ledger failed; open calls are waited
        for first.
        """
        async with anyio.create_task_group() as watchers:
            self._run.attend(watchers)
            try:
                with self._scope:
                    async with anyio.create_task_group() as tasks:
                        workers = Workers(tasks, self._work)
                        await self._feed(workers)
                        workers.close()
            finally:
                self._run.attend(None)
                watchers.cancel_scope.cancel()
        if self._stop.fault is not None:
            raise self._stop.fault
        return self._stop.ending or self._ending

    async def _work(self, job: Job) -> None:
        with self._slots.giving_back():
            await self._handle(job)

    async def _handle(self, job: Job) -> None:
        """Take one job to its end; a failure of the program stops the run, gently."""
        try:
            match job:
                case OpenCall():
                    self._gate.reported(await self._caller.follow(job), followed=True)
                case UnreadCall():
                    await self._caller.read(job)
                case _:
                    self._gate.reported(await self._caller.call(job))
        except UnwrittenError:
            # The run ends already; what came of the job is kept by who raised this.
            return
        except Exception as fault:
            self._stop.request_by_fault(fault)

    async def _feed(self, workers: Workers[Job]) -> None:
        """Hand out jobs until there is none or the run is to stop; then say what is still open."""
        try:
            left_open: list[Job] = [*await self._run.open_calls(), *await self._run.unread_calls()]
            for call in left_open:
                if not await self._hand(workers, call):
                    break
            while not self._stop.requested and await self._feed_due(workers):
                pass
            await self._ahead.give_back()
        except UnwrittenError:
            pass
        except Exception as fault:
            self._stop.request_by_fault(fault)
        in_call = self._caller.open_calls
        if self._stop.requested and in_call:
            self._sink.emit(
                Draining(at=self._clock.now(), in_call=in_call, why=self._stop.why or "")
            )

    async def _hand(self, workers: Workers[Job], job: Job) -> bool:
        """Give a job to a free slot, waiting for one; False if the run is to stop instead."""
        while not self._slots.free and not self._stop.requested:
            await self._slots.next_freed().wait()
        if self._stop.requested:
            return False
        self._slots.take()
        workers.hand(job)
        return True

    async def _feed_due(self, workers: Workers[Job]) -> bool:
        """Admit for the free slots, or wait for something to change; False if nobody is left."""
        freed = self._slots.next_freed()
        match self._gate.room(self._slots):
            case Pause(seconds=seconds):
                await self._pause(seconds, freed)
                return True
            case Shut() as shut:
                return await self._sit_out(shut, freed)
            case End() as end:
                return await self._end(end, freed)
            case Open(calls=room):
                if self._reach.down:
                    return await self._feed_probe(workers)
                at_once = max(room, self._judged_at_once)
                due, _ = await self._admit(workers, at_once)
                return due or await self._wait_for_due(freed)

    async def _end(self, end: End, freed: anyio.Event) -> bool:
        """Wait for what is open; then end so, if anybody is left to call."""
        if self._slots.busy:
            await freed.wait()
            return True
        await self._ahead.give_back()
        if await self._run.next_due_at() is not None:
            self._ending, self.why = end.ending, end.why
        return False

    async def _sit_out(self, shut: Shut, freed: anyio.Event) -> bool:
        """Wait until a person resumes the campaign; False if nobody is left to wait with.

        No clock is put forward meanwhile: a rehearsal's night does not pass while it is paused.
        """
        await self._ahead.give_back()
        self._told_waiting = None
        if not self._slots.busy:
            left = await self._run.next_due_at() is not None
            if left and not self._rules.wait and not freed.is_set():
                self._ending, self.why = RunEnding.DUE_LATER, _paused_words(shut)
                return False
            if not left:
                # A call may have come to something meanwhile; its contact may be due again.
                return freed.is_set()
        await self._pass_time(freed)
        return True

    async def _pass_time(self, freed: anyio.Event) -> None:
        """Wait for something to change, or for the run's last hour to pass."""
        until = self._gate.rules.until
        if until is None:
            await freed.wait()
        else:
            wait_s = min(self._seconds_until(until), _LOOK_AGAIN_S)
            await first_of(freed.wait, partial(self._clock.sleep, wait_s))

    async def _pause(self, seconds: float | None, freed: anyio.Event) -> None:
        """Wait for a slot, for the run to be told to end, or for so many seconds."""
        if seconds is None:
            await freed.wait()
            return
        await self._ahead.give_back()
        pass_time = self._clock.sleep if self._slots.busy else self._clock.idle
        await first_of(freed.wait, partial(pass_time, seconds))

    async def _feed_probe(self, workers: Workers[Job]) -> bool:
        """While the API cannot be reached: let one contact find out, when it is time."""
        changed, wait_s = self._reach.changed(), self._reach.wait_s()
        if wait_s > 0:
            await self._ahead.give_back()
            await first_of(changed.wait, self._stop.wait, partial(self._clock.sleep, wait_s))
            return True
        freed = self._slots.next_freed()
        self._reach.probe()
        due, handed = await self._admit(workers, 1, probe=True)
        if not handed:
            self._reach.no_probe()
        return due or await self._wait_for_due(freed)

    async def _admit(
        self, workers: Workers[Job], most: int, *, probe: bool = False
    ) -> tuple[bool, bool]:
        """Admit so many; gives whether anybody was due, and whether anybody is being called.

        Calls end meanwhile, and may close the gate: it is asked again for each of them.
        """
        admitted = await self._ahead.admit(most, alone=probe)
        if admitted:
            self._told_waiting = None
        allowed = await self._allowed(admitted)
        in_vain = bool(admitted) and not allowed
        self._judged_at_once = min(2 * most, _JUDGED_AT_ONCE) if in_vain else 0
        handed = False
        for admission in allowed:
            if not self._may_hand(probe=probe):
                await self._run.release(admission)
                continue
            self._gate.handed(admission.row)
            if await self._hand(workers, admission):
                handed = True
            else:
                self._gate.reported(CallReport(row=admission.row))
                await self._run.release(admission)
        return bool(admitted), handed

    def _may_hand(self, *, probe: bool) -> bool:
        """Whether one more call may be begun now."""
        if self._reach.down and not probe:
            return False
        return isinstance(self._gate.room(self._slots), Open)

    async def _allowed(self, admitted: list[Admission]) -> list[Admission]:
        """Those who may be called now; the others are deferred or skipped."""
        now = self._clock.now()
        allowed: list[Admission] = []
        waits: list[tuple[Admission, Later]] = []
        for admission in admitted:
            permission = self._permits.judge_admitted(admission, now=now)
            match permission:
                case Later():
                    waits.append((admission, permission))
                case Never(why=why):
                    await self._skip(admission, why)
                case _:
                    allowed.append(admission)
        if waits:
            await self._journal.deferred(waits)
        return allowed

    async def _skip(self, admission: Admission, why: str) -> None:
        try:
            await self._journal.skipped(admission, why)
        except NotReservedError:
            # A late answer has decided about the contact since it was admitted.
            return

    async def _wait_for_due(self, freed: anyio.Event) -> bool:
        """Wait until somebody may have become due; False if nobody will be in this run."""
        due_at = await self._run.next_due_at()
        if freed.is_set():
            # A call came to something meanwhile; its contact may be due again.
            return True
        if due_at is None and not self._slots.busy:
            return False
        if due_at is None or self._slots.busy:
            # Meanwhile a person may put somebody back.
            soon_s = _LOOK_AGAIN_S if due_at is None else self._seconds_until(due_at)
            await self._pause(min(soon_s, _LOOK_AGAIN_S), freed)
            return True
        until = self._gate.rules.until
        if until is not None and due_at >= until:
            self._ending, self.why = RunEnding.DUE_LATER, "nobody else is due before --until"
            return False
        if self._seconds_until(due_at) > _SHORT_WAIT_S:
            if not self._rules.wait:
                self._ending = RunEnding.DUE_LATER
                return False
            await self._tell_waiting(due_at)
        await self._pause(self._seconds_until(due_at), freed)
        return True

    def _seconds_until(self, due_at: datetime) -> float:
        return max((due_at - self._clock.now()).total_seconds(), 0.0)

    async def _tell_waiting(self, due_at: datetime) -> None:
        """Tell that nobody is due before; once, since counting looks at every contact."""
        if due_at == self._told_waiting:
            return
        self._told_waiting = due_at
        # Nothing is open, so nothing changes while it is counted.
        now = self._clock.now()
        counts = await self._run.counts(now=now)
        self._sink.emit(
            Waiting(
                at=now,
                until=due_at,
                contacts=counts.of(ContactState.PENDING),
                why=_waits_for(counts, due_at),
            )
        )


def _paused_words(shut: Shut) -> str:
    """Why a run that does not wait ends while its campaign is paused."""
    return (
        f"paused by {shut.by} since {shut.since:%Y-%m-%d %H:%M:%S} UTC; "
        "resume with poku-batch resume CAMPAIGN (a rehearsal: --simulate)"
    )


def _waits_for(counts: Counts, due_at: datetime) -> str:
    """What the first contact that is due waits for, in words."""
    kinds = [kind for kind, wait in counts.waits.items() if wait.first_at == due_at]
    return next((_WAITS_FOR[kind] for kind in map(WaitKind, kinds)), "")
