"""What happens to a call, written to the ledger first and told to the listeners afterwards.

A run that is broken off still finishes the sentence it is writing, so that the ledger never says
less than was known: the run that is written for shields its writes (``lasting``).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from poku_batch.events import (
    ApiUnreached,
    CallEnded,
    CallFailed,
    CallHeld,
    CallLeft,
    CallPlaced,
    CallReleased,
    CallReread,
    CallStarted,
    CallTurnedAway,
    CallUnknown,
    ContactsDeferred,
    ContactSkipped,
    Event,
    ReaderTrouble,
)
from poku_batch.models import (
    Admission,
    AttemptId,
    CallResult,
    ContactState,
    Guard,
    InteractionId,
    Later,
    Never,
    OpenCall,
    Sequel,
)
from poku_batch.ports import Clock, EventSink, LedgerRun


@dataclass(slots=True, kw_only=True)
class Attempt:
    """An attempt under way: whose it is, its number from 1, when it was last placed (aware UTC).

    ``placement`` is the number of its last placement, from 1; None where others made that.
    Not ``told`` is one whose contact has gone on without it: a person decided it meanwhile.
    """

    id: AttemptId
    row: int
    key: str
    number: int
    placed_at: datetime
    placement: int | None = None
    told: bool = True


class Journal:
    """Writes and tells what happens to a run's calls; one serves all slots."""

    def __init__(
        self,
        run: LedgerRun,
        clock: Clock,
        sink: EventSink,
        *,
        keep_prompts: bool = False,
    ) -> None:
        """Take the run to write for, the time, and the listener."""
        self._run = run
        self._clock = clock
        self._sink = sink
        self._keep_prompts = keep_prompts

    async def begin(self, admission: Admission, prompt: str, guard: Guard) -> Attempt | None:
        """Record the intent to call; durable when it returns, and only then may the call leave.

        None where the ledger knows a rule against it: the contact is deferred, or skipped.
        """
        at = self._clock.now()
        digest = hashlib.sha256(prompt.encode()).hexdigest()
        begun = await self._run.begin(
            admission,
            prompt_sha256=digest,
            prompt=prompt if self._keep_prompts else None,
            guard=guard,
            at=at,
        )
        match begun:
            case Later(until=until, why=why):
                self._sink.emit(ContactsDeferred(at=at, contacts=1, until=until, why=why))
                return None
            case Never(why=why):
                self._tell_skipped(admission, why, at)
                return None
        self._sink.emit(
            CallStarted(at=at, row=admission.row, key=admission.key, attempt=admission.attempt)
        )
        return Attempt(
            id=begun,
            row=admission.row,
            key=admission.key,
            number=admission.attempt,
            # The ledger may have kept it waiting.
            placed_at=self._clock.now(),
            placement=admission.placements + 1,
        )

    async def deferred(self, waits: Sequence[tuple[Admission, Later]]) -> None:
        """Record that contacts may not be called yet."""
        at = self._clock.now()
        await self._run.defer(waits, at=at)
        first = min((later for _, later in waits), key=lambda later: later.until)
        self._sink.emit(
            ContactsDeferred(at=at, contacts=len(waits), until=first.until, why=first.why)
        )

    async def skipped(self, admission: Admission, why: str) -> None:
        """Record that a rule takes a contact out."""
        at = self._clock.now()
        await self._run.skip(admission, why, at=at)
        self._tell_skipped(admission, why, at)

    def follow(self, call: OpenCall) -> Attempt:
        """Take up an attempt whose call an earlier run placed."""
        attempt = Attempt(
            id=call.attempt_id,
            row=call.row,
            key=call.key,
            number=call.attempt,
            placed_at=call.placed_at,
            told=not call.decided,
        )
        started = CallStarted(
            at=self._clock.now(),
            row=call.row,
            key=call.key,
            attempt=call.attempt,
            followed=True,
            was_unknown=call.was_unknown,
        )
        self._tell(attempt, started)
        return attempt

    async def hold(self, attempt: Attempt, why: str) -> None:
        """Record that the placement was turned away and is tried again in a moment."""
        at = self._clock.now()
        await self._run.hold(attempt.id, why, placement=attempt.placement, at=at)
        self._sink.emit(
            CallHeld(at=at, row=attempt.row, key=attempt.key, attempt=attempt.number, why=why)
        )

    async def begin_again(self, attempt: Attempt) -> None:
        """Record the intent to place a held attempt once more."""
        await self._run.begin_again(attempt.id, placement=attempt.placement, at=self._clock.now())
        attempt.placed_at = self._clock.now()
        if attempt.placement is not None:
            attempt.placement += 1

    async def started(self, attempt: Attempt, interaction_id: InteractionId) -> None:
        """Record the interaction ID of a placed call."""
        at = self._clock.now()
        await self._run.started(attempt.id, interaction_id, at=at)
        self._sink.emit(
            CallPlaced(
                at=at,
                row=attempt.row,
                key=attempt.key,
                attempt=attempt.number,
                interaction_id=interaction_id,
            )
        )

    async def ended(
        self,
        attempt: Attempt,
        result: CallResult,
        sequel: Sequel,
        *,
        to_read: bool,
        at: datetime,
    ) -> bool:
        """Record what came of a call that ended ``at``; False where that was known before."""
        new = await self._run.finish(attempt.id, result, sequel=sequel, to_read=to_read, at=at)
        event = CallEnded(
            at=at,
            row=attempt.row,
            key=attempt.key,
            attempt=attempt.number,
            outcome=result.outcome,
            summary=result.summary,
            duration_s=max((at - attempt.placed_at).total_seconds(), 0.0),
            failed=sequel.state is ContactState.FAILED,
            # What is read again may not be redialled after all.
            redial_at=None if to_read else sequel.due_at,
        )
        self._tell(attempt, event)
        return new

    async def reread(
        self,
        attempt: Attempt,
        result: CallResult,
        sequel: Sequel,
        *,
        before: str,
        was_failed: bool,
    ) -> None:
        """Record what a closer reading of a call came to; ``before`` is what the rules had said."""
        at = self._clock.now()
        new = await self._run.reread(attempt.id, result, sequel=sequel, at=at)
        if new:
            event = CallReread(
                at=at,
                row=attempt.row,
                key=attempt.key,
                attempt=attempt.number,
                before=before,
                outcome=result.outcome,
                was_failed=was_failed,
                failed=sequel.state is ContactState.FAILED,
                redial_at=sequel.due_at,
                decided=not attempt.told,
            )
            self._sink.emit(event)

    def unread(self, attempt: Attempt, why: str) -> None:
        """Tell that a call could not be read more closely."""
        self._tell(
            attempt,
            ReaderTrouble(
                at=self._clock.now(),
                row=attempt.row,
                key=attempt.key,
                attempt=attempt.number,
                why=why,
            ),
        )

    async def turned_away(self, attempt: Attempt, why: str, *, wait_s: float) -> None:
        """Record that no phone rang and that the contact is due again in ``wait_s`` seconds."""
        at = self._clock.now()
        due_at = _later(at, wait_s)
        await self._run.turn_away(
            attempt.id, why, due_at=due_at, placement=attempt.placement, at=at
        )
        self._sink.emit(
            CallTurnedAway(
                at=at,
                row=attempt.row,
                key=attempt.key,
                attempt=attempt.number,
                why=why,
                due_at=due_at,
            )
        )

    async def unreached(self, attempt: Attempt, why: str, *, wait_s: float) -> None:
        """Record that the request did not leave; the contact is due again in ``wait_s`` seconds."""
        at = self._clock.now()
        due_at = _later(at, wait_s)
        await self._run.turn_away(
            attempt.id, why, due_at=due_at, sent=False, placement=attempt.placement, at=at
        )
        self._sink.emit(
            ApiUnreached(
                at=at,
                row=attempt.row,
                key=attempt.key,
                attempt=attempt.number,
                why=why,
                due_at=due_at,
            )
        )

    async def released(self, attempt: Attempt, why: str, *, sent: bool = True) -> None:
        """Record that no phone rang and that the contact waits for another run.

        A placement that was not even ``sent`` does not count as one.
        """
        at = self._clock.now()
        await self._run.turn_away(
            attempt.id, why, due_at=at, sent=sent, placement=attempt.placement, at=at
        )
        self._sink.emit(
            CallReleased(at=at, row=attempt.row, key=attempt.key, attempt=attempt.number, why=why)
        )

    async def rejected(self, attempt: Attempt, why: str) -> None:
        """Record that no phone rang and that placing again would not help."""
        at = self._clock.now()
        await self._run.reject(attempt.id, why, placement=attempt.placement, at=at)
        self._sink.emit(
            CallFailed(at=at, row=attempt.row, key=attempt.key, attempt=attempt.number, why=why)
        )

    async def doubted(self, attempt: Attempt, evidence: str) -> None:
        """Record that the call may or may not have rung."""
        at = self._clock.now()
        await self._run.doubt(attempt.id, evidence, at=at)
        self._tell(
            attempt,
            CallUnknown(
                at=at, row=attempt.row, key=attempt.key, attempt=attempt.number, evidence=evidence
            ),
        )

    async def unfit(self, admission: Admission, reason: str) -> None:
        """Record that a contact cannot be dialled as its row stands."""
        at = self._clock.now()
        await self._run.fail(admission, reason, at=at)
        self._sink.emit(
            CallFailed(
                at=at,
                row=admission.row,
                key=admission.key,
                attempt=admission.attempt,
                why=reason,
                dialled=False,
            )
        )

    def left(self, attempt: Attempt) -> None:
        """Tell that an open call is left to the next run; the ledger knows its interaction ID."""
        self._tell(
            attempt,
            CallLeft(
                at=self._clock.now(), row=attempt.row, key=attempt.key, attempt=attempt.number
            ),
        )

    def _tell_skipped(self, admission: Admission, why: str, at: datetime) -> None:
        self._sink.emit(ContactSkipped(at=at, row=admission.row, key=admission.key, why=why))

    def _tell(self, attempt: Attempt, event: Event) -> None:
        if attempt.told:
            self._sink.emit(event)


def _later(at: datetime, wait_s: float) -> datetime:
    try:
        return at + timedelta(seconds=wait_s)
    except OverflowError:
        return datetime.max.replace(tzinfo=at.tzinfo)
