"""A run: open calls of earlier runs first, then whoever is due, in a bounded number of slots.

A fixed number of workers is fed through a stream without a buffer, and contacts are admitted only
for slots that are free: a million may wait in the ledger, and none of them in memory.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from poku_batch.engine.calling import Caller
from poku_batch.engine.lasting import UnwrittenError
from poku_batch.engine.race import first_of
from poku_batch.engine.reach import Reach
from poku_batch.engine.slots import Slots
from poku_batch.engine.stops import Stop
from poku_batch.events import Draining, Waiting
from poku_batch.models import Admission, ContactState, OpenCall, RunEnding
from poku_batch.ports import Clock, EventSink, LedgerRun

#: Contacts admitted in one step at the most, however many slots are free.
_ADMIT_AT_ONCE = 256

#: A run that is told not to wait still sits out waits as short as this, in seconds.
_SHORT_WAIT_S = 10.0

#: How often a waiting run looks whether a person has put contacts back meanwhile, in seconds.
_LOOK_AGAIN_S = 15.0

Job = Admission | OpenCall


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRules:
    """``limit`` contacts are newly called at most (None: no limit).

    ``wait`` for contacts that are due later; without it the run ends as ``DUE_LATER``.
    """

    concurrency: int = 10
    limit: int | None = None
    wait: bool = True


class Runner:
    """Feeds the slots until nobody is left, or the run is told to stop."""

    def __init__(
        self,
        *,
        run: LedgerRun,
        caller: Caller,
        reach: Reach,
        clock: Clock,
        sink: EventSink,
        stop: Stop,
        rules: RunRules,
    ) -> None:
        """Take the parts of the run."""
        self._run = run
        self._caller = caller
        self._reach = reach
        self._clock = clock
        self._sink = sink
        self._stop = stop
        self._rules = rules
        self._slots = Slots(rules.concurrency)
        self._called = 0
        self._ending = RunEnding.FINISHED
        self._told_waiting: tuple[datetime, int] | None = None
        self._scope = anyio.CancelScope()

    def abandon(self) -> None:
        """End the run now: open requests become ``unknown``, followed calls are left."""
        self._stop.request(RunEnding.ABANDONED)
        self._stop.ending = RunEnding.ABANDONED
        self._stop.leave()
        self._scope.cancel()

    async def run(self) -> RunEnding:
        """Call everybody who is due and return why it ended.

        Raises what broke the run, where the program or the ledger failed; open calls are waited
        for first.
        """
        send, receive = anyio.create_memory_object_stream[Job](0)
        with self._scope:
            async with anyio.create_task_group() as tasks, receive:
                for _ in range(self._rules.concurrency):
                    tasks.start_soon(self._work, receive.clone())
                async with send:
                    await self._feed(send)
        if self._stop.fault is not None:
            raise self._stop.fault
        return self._stop.ending or self._ending

    async def _work(self, jobs: MemoryObjectReceiveStream[Job]) -> None:
        async with jobs:
            async for job in jobs:
                with self._slots.giving_back():
                    await self._handle(job)

    async def _handle(self, job: Job) -> None:
        """Take one job to its end; a failure of the program stops the run, gently."""
        try:
            if isinstance(job, OpenCall):
                await self._caller.follow(job)
            elif not await self._caller.call(job):
                self._called -= 1
        except UnwrittenError:
            # The run ends already; what came of the job is kept by who raised this.
            return
        except Exception as fault:
            self._stop.request_by_fault(fault)

    async def _feed(self, send: MemoryObjectSendStream[Job]) -> None:
        """Hand out jobs until there is none or the run is to stop; then say what is still open."""
        try:
            for call in await self._run.open_calls():
                if not await self._hand(send, call):
                    break
            while not self._stop.requested and await self._feed_due(send):
                pass
        except UnwrittenError:
            pass
        except Exception as fault:
            self._stop.request_by_fault(fault)
        in_call = self._caller.open_calls
        if self._stop.requested and in_call:
            self._sink.emit(
                Draining(at=self._clock.now(), in_call=in_call, why=self._stop.why or "")
            )

    async def _hand(self, send: MemoryObjectSendStream[Job], job: Job) -> bool:
        """Give a job to a free slot, waiting for one; False if the run is to stop instead."""
        while not self._slots.free and not self._stop.requested:
            await first_of(self._slots.next_freed().wait, self._stop.wait)
        if self._stop.requested:
            return False
        self._slots.take()
        await send.send(job)
        return True

    async def _feed_due(self, send: MemoryObjectSendStream[Job]) -> bool:
        """Admit for the free slots, or wait for something to change; False if nobody is left."""
        freed = self._slots.next_freed()
        if not self._slots.free:
            await first_of(freed.wait, self._stop.wait)
            return True
        room = min(self._slots.free, _ADMIT_AT_ONCE, self._left_by_limit())
        if room == 0:
            if self._slots.busy:
                # Whether contacts are left is known when the open calls have come to something.
                await first_of(freed.wait, self._stop.wait)
                return True
            if await self._run.next_due_at() is not None:
                self._ending = RunEnding.LIMIT
            return False
        if self._reach.down:
            return await self._feed_probe(send)
        return bool(await self._admit(send, room)) or await self._wait_for_due(freed)

    async def _feed_probe(self, send: MemoryObjectSendStream[Job]) -> bool:
        """While the API cannot be reached: let one contact find out, when it is time."""
        changed, wait_s = self._reach.changed(), self._reach.wait_s()
        if wait_s > 0:
            await first_of(changed.wait, self._stop.wait, partial(self._clock.sleep, wait_s))
            return True
        freed = self._slots.next_freed()
        self._reach.probe()
        if await self._admit(send, 1):
            return True
        self._reach.no_probe()
        return await self._wait_for_due(freed)

    async def _admit(self, send: MemoryObjectSendStream[Job], room: int) -> int:
        """Admit for ``room`` slots and hand them out; gives how many were due."""
        admitted = await self._run.admit(room, now=self._clock.now())
        self._called += len(admitted)
        if admitted:
            self._told_waiting = None
        for admission in admitted:
            if not await self._hand(send, admission):
                await self._run.release(admission)
        return len(admitted)

    def _left_by_limit(self) -> int:
        limit = self._rules.limit
        return _ADMIT_AT_ONCE if limit is None else max(limit - self._called, 0)

    async def _wait_for_due(self, freed: anyio.Event) -> bool:
        """Wait until somebody may have become due; False if nobody will be."""
        due_at = await self._run.next_due_at()
        if freed.is_set():
            # A call came to something meanwhile; its contact may be due again.
            return True
        if due_at is None:
            if not self._slots.busy:
                return False
            await first_of(freed.wait, self._stop.wait)
            return True
        now = self._clock.now()
        wait_s = max((due_at - now).total_seconds(), 0.0)
        if not self._slots.busy and wait_s > _SHORT_WAIT_S:
            if not self._rules.wait:
                self._ending = RunEnding.DUE_LATER
                return False
            # Nothing is open, so nothing changes while it is counted.
            waiting = (await self._run.counts(now=now)).of(ContactState.PENDING)
            if (due_at, waiting) != self._told_waiting:
                self._told_waiting = (due_at, waiting)
                self._sink.emit(Waiting(at=now, until=due_at, contacts=waiting))
        sleep = partial(self._clock.sleep, min(wait_s, _LOOK_AGAIN_S))
        await first_of(freed.wait, self._stop.wait, sleep)
        return True
