"""Telling others what came of the run's calls, beside the calls.

Invariants: a message leaves the outbox only once it was taken, so it is told at least once,
whatever breaks off when; no call waits for anybody who is told; nothing that goes wrong here ends
the run.
"""

import math
import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import anyio
from anyio.abc import TaskGroup

from poku_batch.engine.race import first_of
from poku_batch.errors import LedgerError
from poku_batch.events import HookTrouble
from poku_batch.models import CampaignId, Counts, HookEvent, HookMessage, MessageId, RunEnding
from poku_batch.policy.telling import wait_before_telling_s
from poku_batch.ports import Clock, EventSink, HookSender, LedgerRun

#: So many messages of one event are told at once. After as many failures in a row its receiver is
#: taken to be away: then one message at a time finds out whether it is back.
_AT_ONCE = 4

#: At the least so many seconds lie between two tellings of trouble.
_TELL_EVERY_S = 10.0

#: How often a lane looks into the outbox while messages are on their way, in seconds.
_LOOK_AGAIN_S = 5.0


class Teller:
    """Takes messages from a run's outbox to those who want them.

    Messages of an event that has no sender stay where they are.
    """

    def __init__(
        self,
        *,
        run: LedgerRun,
        senders: Mapping[HookEvent, HookSender],
        clock: Clock,
        sink: EventSink,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Take the run whose outbox it is, and a sender for each event that somebody hears of."""
        self._run = run
        self._clock = clock
        self._sink = sink
        self._trouble_at: float | None = None
        self._lanes = [
            _Lane(event, sender, run=run, clock=clock, chance=chance, trouble=self._trouble)
            for event, sender in senders.items()
        ]

    def notify(self) -> None:
        """Say that a message may have come into the outbox."""
        for lane in self._lanes:
            lane.look()

    async def run(self) -> None:
        """Tell messages as they come and as they are due, until cancelled."""
        async with anyio.create_task_group() as tasks:
            for lane in self._lanes:
                tasks.start_soon(lane.run)

    async def drain(self, within_s: float) -> int:
        """Tell what can be told within so many seconds, and say how many messages are left.

        Returns sooner where nothing is left, or nothing will be due in time. A receiver that was
        taken to be away is tried once more. ``run`` may go on meanwhile, or have been cancelled.
        """
        until = self._clock.monotonic() + within_s

        async def all_lanes() -> None:
            async with anyio.create_task_group() as tasks:
                for lane in self._lanes:
                    tasks.start_soon(lane.drain, until)

        if self._lanes:
            await first_of(all_lanes, partial(self._clock.sleep, within_s))
        return await self._left()

    async def _left(self) -> int:
        left = 0
        for lane in self._lanes:
            left += await lane.waiting()
        return left

    async def _trouble(self, why: str) -> None:
        now = self._clock.monotonic()
        if self._trouble_at is None or now - self._trouble_at >= _TELL_EVERY_S:
            self._trouble_at = now
            waiting = await self._left()
            self._sink.emit(HookTrouble(at=self._clock.now(), why=why, waiting=waiting))


class _Lane:
    """The messages of one event on their way to its sender."""

    def __init__(
        self,
        event: HookEvent,
        sender: HookSender,
        *,
        run: LedgerRun,
        clock: Clock,
        chance: Callable[[], float],
        trouble: Callable[[str], Awaitable[None]],
    ) -> None:
        self._event = event
        self._sender = sender
        self._run = run
        self._clock = clock
        self._chance = chance
        self._trouble = trouble
        self._turn = anyio.Lock()
        self._sending: set[MessageId] = set()
        #: taken by the receiver, and still in the outbox
        self._taken: set[MessageId] = set()
        #: in a row
        self._failures = 0
        #: monotonic; nothing is sent before
        self._away_until = -math.inf
        self._changed = anyio.Event()

    def look(self) -> None:
        """Let whoever waits look into the outbox."""
        self._changed.set()
        self._changed = anyio.Event()

    async def run(self) -> None:
        """Tell whatever is due, for ever."""
        async with anyio.create_task_group() as tasks:
            while True:
                changed = self._changed
                await self._wait(changed, await self._start_due(tasks))

    async def drain(self, until: float) -> None:
        """Tell until nothing is on its way, nor due before ``until`` (monotonic)."""
        self._away_until = -math.inf
        async with anyio.create_task_group() as tasks:
            while True:
                changed = self._changed
                wait_s = await self._start_due(tasks)
                late = wait_s is None or self._clock.monotonic() + wait_s > until
                if late and not self._sending:
                    return
                await self._wait(changed, wait_s)

    async def waiting(self) -> int:
        """How many messages were not taken yet; 0 where the outbox cannot be read."""
        try:
            waiting, _ = await self._run.waiting_messages(self._event)
        except LedgerError:
            return 0
        return max(waiting - len(self._taken), 0)

    async def _wait(self, changed: anyio.Event, wait_s: float | None) -> None:
        waits: list[Callable[[], Awaitable[object]]] = [changed.wait]
        if wait_s is not None:
            waits.append(partial(self._clock.sleep, wait_s))
        await first_of(*waits)

    async def _start_due(self, tasks: TaskGroup) -> float | None:
        """Send what may be sent now; gives when to look again, in seconds (None: when told to)."""
        try:
            async with self._turn:
                return await self._try_to_start(tasks)
        except Exception as fault:  # calls go on, whatever it is
            await self._trouble(f"the outbox cannot be read: {fault}")
            return _LOOK_AGAIN_S

    async def _try_to_start(self, tasks: TaskGroup) -> float | None:
        for message_id in self._taken - self._sending:
            await self._record(message_id)
        away_s = self._away_until - self._clock.monotonic()
        if away_s > 0:
            return away_s
        room = (1 if self._failures >= _AT_ONCE else _AT_ONCE) - len(self._sending)
        if room <= 0:
            return None
        # As it was before reading: what is told meanwhile may still be in what is read.
        known = frozenset(self._sending)
        found = await self._run.messages(
            room + len(known), event=self._event, now=self._clock.now()
        )
        new = [message for message in found if message.id not in known][:room]
        for message in new:
            self._sending.add(message.id)
            tasks.start_soon(self._tell, message)
        return None if len(new) == room else await self._next_s()

    async def _next_s(self) -> float | None:
        """When a message may be due that is not on its way, in seconds."""
        if self._sending:
            return _LOOK_AGAIN_S
        _, first_at = await self._run.waiting_messages(self._event)
        if first_at is None:
            return None
        return max((first_at - self._clock.now()).total_seconds(), 0.0)

    async def _tell(self, message: HookMessage) -> None:
        """Send one message and write down what came of it."""
        try:
            why = await self._send(message)
            if why is None:
                self._failures, self._away_until = 0, -math.inf
                self._taken.add(message.id)
                await self._record(message.id)
            else:
                await self._not_taken(message, why)
        except Exception as fault:  # calls go on, whatever it is
            # The message is due as long as the ledger says so: it would be sent on and on.
            self._away_until = self._clock.monotonic() + _LOOK_AGAIN_S
            await self._trouble(f"the outbox cannot be written: {fault}")
        finally:
            self._sending.discard(message.id)
            self.look()

    async def _send(self, message: HookMessage) -> str | None:
        try:
            return await self._sender.send(message)
        except Exception as fault:  # a sender's defect is no reason to stop calling
            return f"telling it broke off: {type(fault).__name__}"

    async def _record(self, message_id: MessageId) -> None:
        await self._run.told(message_id)
        self._taken.discard(message_id)

    async def _not_taken(self, message: HookMessage, why: str) -> None:
        self._failures += 1
        if self._failures >= _AT_ONCE:
            away_s = wait_before_telling_s(self._failures - _AT_ONCE + 1, chance=self._chance())
            self._away_until = self._clock.monotonic() + away_s
        wait_s = wait_before_telling_s(message.tries + 1, chance=self._chance())
        again_at = self._clock.now() + timedelta(seconds=wait_s)
        await self._run.untold(message.id, why, again_at=again_at)
        await self._trouble(f"on_{self._event}: {why}")


def finish_body(
    campaign: CampaignId,
    ending: RunEnding,
    counts: Counts,
    *,
    why: str | None,
    started_at: datetime,
    ended_at: datetime,
) -> dict[str, Any]:
    """What is told of a run's end: JSON's types alone, times as ISO 8601 in UTC."""
    return {
        "campaign": campaign.name,
        "wave": campaign.wave,
        "ending": ending.value,
        "why": why,
        "started_at": started_at.isoformat(),
        "ended_at": ended_at.isoformat(),
        "contacts": counts.total,
        "states": {state.value: number for state, number in counts.states.items()},
        "outcomes": dict(counts.outcomes),
        "failures": dict(counts.failures),
        "skip_reasons": dict(counts.skip_reasons),
        "due": counts.due,
        "next_due_at": counts.next_due_at.isoformat() if counts.next_due_at else None,
    }
