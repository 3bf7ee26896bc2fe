"""A run's hold on one campaign, in a ledger."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import anyio
import anyio.to_thread

from poku_batch.ledger import (
    beginnings,
    controls,
    endings,
    guards,
    holds,
    outbox,
    readings,
    runs,
    transitions,
)
from poku_batch.ledger.beginnings import Intent
from poku_batch.ledger.endings import End
from poku_batch.ledger.holds import Hold
from poku_batch.ledger.lock import Lease
from poku_batch.ledger.reading import Reader
from poku_batch.ledger.writer import Kind, Writer
from poku_batch.models import (
    Admission,
    AttemptId,
    CallResult,
    CampaignId,
    Counts,
    Doing,
    Guard,
    HookEvent,
    HookMessage,
    InteractionId,
    Later,
    MessageId,
    Never,
    OpenCall,
    Orders,
    RunEnding,
    RunId,
    Sequel,
    SharedRun,
    UnreadCall,
    Usage,
)


class SqlRun:
    """The implementation of ``ports.LedgerRun``.

    A call that is cancelled still happens, or fails, as a whole; only ``begin`` takes itself back:
    since its caller was not told the attempt, nobody dials, and the contact is pending again, not
    reserved. After ``close`` nobody is admitted or begun, but results are still taken.
    """

    def __init__(
        self, campaign: CampaignId, hold: Hold, writer: Writer, reader: Reader, lock: Lease
    ) -> None:
        self.campaign = campaign
        self._hold = hold
        self._writer = writer
        self._reader = reader
        self._lock = lock
        # Ends first: who asked not to be called is on the list before anybody else is begun.
        self._finish = Kind(partial(endings.finish, hold=hold), rank=0)
        self._begin = Kind(partial(beginnings.begin, hold=hold), rank=1)

    @property
    def number(self) -> int:
        """The run's number in the ledger."""
        return self._hold.run

    async def admit(self, limit: int, *, now: datetime) -> list[Admission]:
        """Reserve up to ``limit`` due contacts."""
        return await self._writer.run(
            lambda connection: holds.admit(connection, self._hold, limit, now=now)
        )

    async def begin(
        self,
        admission: Admission,
        *,
        prompt_sha256: str,
        prompt: str | None = None,
        guard: Guard = Guard(),  # noqa: B008 – frozen
        at: datetime,
    ) -> AttemptId | Later | Never:
        """Record the intent to call, unless the list or the guard's caps are against it."""
        intent = Intent(
            admission=admission, prompt_sha256=prompt_sha256, prompt=prompt, guard=guard, at=at
        )
        return await self._writer.run_together(
            self._begin,
            intent,
            undo=lambda connection, begun: (
                None
                if isinstance(begun, Later | Never)
                else transitions.withdraw(
                    connection, self._hold, begun, admission.contact_id, at=at
                )
            ),
        )

    async def hold(
        self,
        attempt_id: AttemptId,
        why: str,
        *,
        placement: int | None = None,
        at: datetime,
    ) -> None:
        """Record that no phone rang, and that this run will place again in a moment."""
        await self._writer.run(
            lambda connection: transitions.hold_back(
                connection, self._hold, attempt_id, why, placement=placement, at=at
            )
        )

    async def begin_again(
        self, attempt_id: AttemptId, *, placement: int | None = None, at: datetime
    ) -> None:
        """Record one more placement of a held attempt."""
        await self._writer.run(
            lambda connection: transitions.begin_again(
                connection, self._hold, attempt_id, placement=placement, at=at
            )
        )

    async def started(
        self,
        attempt_id: AttemptId,
        interaction_id: InteractionId,
        *,
        at: datetime,
    ) -> None:
        """Record the interaction ID."""
        await self._writer.run(
            lambda connection: transitions.started(
                connection, self._hold, attempt_id, interaction_id, at=at
            )
        )

    async def turn_away(
        self,
        attempt_id: AttemptId,
        why: str,
        *,
        due_at: datetime,
        sent: bool = True,
        placement: int | None = None,
        at: datetime,
    ) -> None:
        """Record that no phone rang, and from when the attempt may be placed again."""
        await self._writer.run(
            lambda connection: transitions.turn_away(
                connection,
                self._hold,
                attempt_id,
                why,
                due_at=due_at,
                sent=sent,
                placement=placement,
                at=at,
            )
        )

    async def reject(
        self, attempt_id: AttemptId, why: str, *, placement: int | None = None, at: datetime
    ) -> None:
        """Record that no phone rang and none will."""
        await self._writer.run(
            lambda connection: transitions.reject(
                connection, self._hold, attempt_id, why, placement=placement, at=at
            )
        )

    async def release(self, admission: Admission) -> None:
        """Give a reserved contact back; nothing changes where it is not reserved by this run."""
        await self._writer.run(lambda connection: holds.release(connection, self._hold, admission))

    async def defer(self, waits: Sequence[tuple[Admission, Later]], *, at: datetime) -> None:
        """Let reserved contacts wait, all in one step."""
        del at  # the history does not tell it
        await self._writer.run(lambda connection: holds.defer(connection, self._hold, waits))

    async def skip(self, admission: Admission, why: str, *, at: datetime) -> None:
        """Record that a rule takes a reserved contact out."""
        await self._writer.run(
            lambda connection: holds.skip(connection, self._hold, admission, why, at=at)
        )

    async def fail(
        self,
        admission: Admission,
        why: str,
        *,
        at: datetime,
    ) -> None:
        """Record that a reserved contact cannot be dialled."""
        await self._writer.run(
            lambda connection: holds.fail(connection, self._hold, admission, why, at=at)
        )

    async def finish(
        self,
        attempt_id: AttemptId,
        result: CallResult,
        *,
        sequel: Sequel = Sequel(),  # noqa: B008 – frozen
        to_read: bool = False,
        at: datetime,
    ) -> bool:
        """Record a call's end; False where one was recorded before."""
        end = End(attempt_id=attempt_id, result=result, sequel=sequel, to_read=to_read, at=at)
        return await self._writer.run_together(self._finish, end)

    async def unread_calls(self) -> list[UnreadCall]:
        """Calls of earlier runs that are still to be read, oldest first."""
        return await self._reader.run(partial(readings.unread_calls, hold=self._hold))

    async def reread(
        self,
        attempt_id: AttemptId,
        result: CallResult,
        *,
        sequel: Sequel = Sequel(),  # noqa: B008 – frozen
        at: datetime,
    ) -> bool:
        """Record the reading of a call; False where one was recorded before."""
        return await self._writer.run(
            lambda connection: readings.reread(
                connection, self._hold, attempt_id, result, sequel=sequel, at=at
            )
        )

    async def doubt(
        self,
        attempt_id: AttemptId,
        evidence: str,
        *,
        at: datetime,
    ) -> None:
        """Record that the call may or may not have rung."""
        await self._writer.run(
            lambda connection: transitions.doubt(
                connection, self._hold, attempt_id, evidence, at=at
            )
        )

    async def open_calls(self) -> list[OpenCall]:
        """Attempts of earlier runs with a known interaction ID and no end, oldest first."""
        return await self._reader.run(partial(runs.open_calls, hold=self._hold))

    async def next_due_at(self) -> datetime | None:
        """When the first contact that waits is due; None for nobody."""
        return await self._reader.next_due_at(self._hold.campaign)

    async def counts(self, *, now: datetime) -> Counts:
        """How the current sheet stands."""
        return await self._reader.counts(self.campaign, now=now)

    async def calls_from(self, numbers: Sequence[str], *, since: datetime) -> Mapping[str, int]:
        """How many calls were placed from each caller ID since then."""
        return await self._reader.run(partial(guards.calls_from, numbers=numbers, since=since))

    async def usage(self, *, longest: timedelta | None = None) -> Usage:
        """What the campaign has used up so far, over all its runs."""
        return await self._reader.run(
            lambda connection: runs.usage(connection, self._hold.campaign, longest=longest)
        )

    async def messages(self, limit: int, *, event: HookEvent, now: datetime) -> list[HookMessage]:
        """The first messages of an event that may be told now."""
        return await self._reader.run(
            lambda connection: outbox.messages(
                connection, self._hold.campaign, limit, event=event, now=now
            )
        )

    async def tell(self, body: Mapping[str, Any], *, at: datetime) -> None:
        """Put a message of the run's end into the outbox."""
        await self._writer.run(
            lambda connection: outbox.add_finish(connection, self._hold.campaign, body, at=at)
        )

    async def told(self, message_id: MessageId) -> None:
        """Take a message out of the outbox."""
        await self._writer.run(
            lambda connection: outbox.told(connection, self._hold.campaign, message_id)
        )

    async def untold(self, message_id: MessageId, why: str, *, again_at: datetime) -> None:
        """Keep a message for later."""
        await self._writer.run(
            lambda connection: outbox.untold(
                connection, self._hold.campaign, message_id, why, again_at=again_at
            )
        )

    async def waiting_messages(self, event: HookEvent | None = None) -> tuple[int, datetime | None]:
        """How many messages are in the outbox, and when the first may be told."""
        return await self._reader.run(
            lambda connection: outbox.waiting(connection, self._hold.campaign, event)
        )

    async def due_later(self, *, now: datetime) -> int:
        """How many pending contacts are due after ``now``."""
        return await self._reader.run(partial(controls.due_later, hold=self._hold, now=now))

    async def orders(self) -> Orders:
        """What people ask of the run at this moment."""
        return await self._reader.run(partial(controls.orders, hold=self._hold))

    async def beat(self, doing: Doing, *, seen_at: datetime) -> None:
        """Write that the run is alive, and what it does; see that the campaign is still held."""
        await anyio.to_thread.run_sync(self._lock.renew)
        await self._writer.run(
            lambda connection: controls.beat(connection, self._hold, doing, seen_at=seen_at)
        )

    async def share(
        self, definition: str, *, slot: timedelta, canary: int | None = None
    ) -> SharedRun:
        """Let workers make the calls of this run, which was just begun."""
        await self._writer.run(
            lambda connection: runs.share(
                connection, self._hold, definition=definition, slot=slot, canary=canary
            )
        )
        return SharedRun(
            id=RunId(self._hold.run),
            campaign=self.campaign,
            number=self._hold.campaign,
            tell_results=self._hold.tell_results,
        )

    async def close(self, ending: RunEnding, *, at: datetime) -> None:
        """End the run; closing it again changes nothing."""
        with anyio.CancelScope(shield=True):
            try:
                await self._writer.run(
                    lambda connection: runs.close_run(connection, self._hold, ending, at=at)
                )
            finally:
                await self.let_go()

    async def let_go(self) -> None:
        """Free the campaign without ending the run: the next one settles it, as after a crash."""
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(self._lock.release)
