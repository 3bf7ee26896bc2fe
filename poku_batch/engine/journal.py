"""What happens to a call, written to the ledger first and told to the listeners afterwards.

Every write is shielded: a run that is broken off still finishes the sentence it is writing, so that
the ledger never says less than was known.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

import anyio

from poku_batch.events import (
    ApiUnreached,
    CallEnded,
    CallFailed,
    CallLeft,
    CallReleased,
    CallStarted,
    CallTurnedAway,
    CallUnknown,
    Event,
)
from poku_batch.models import (
    Admission,
    AttemptId,
    CallResult,
    Ended,
    InteractionId,
    OpenCall,
)
from poku_batch.policy.outcomes import OutcomeRules
from poku_batch.ports import Clock, EventSink, LedgerRun


@dataclass(slots=True, kw_only=True)
class Attempt:
    """An attempt under way: whose it is, and when it was last placed (aware UTC).

    Not ``told`` is one whose contact has gone on without it: a person decided it meanwhile.
    """

    id: AttemptId
    row: int
    key: str
    placed_at: datetime
    told: bool = True


class Journal:
    """Writes and tells what happens to a run's calls; one serves all slots."""

    def __init__(
        self,
        run: LedgerRun,
        clock: Clock,
        sink: EventSink,
        outcomes: OutcomeRules,
        *,
        keep_prompts: bool = False,
    ) -> None:
        """Take the run to write for, the time, the listener and the rules that name outcomes."""
        self._run = run
        self._clock = clock
        self._sink = sink
        self._outcomes = outcomes
        self._keep_prompts = keep_prompts

    async def begin(self, admission: Admission, prompt: str) -> Attempt:
        """Record the intent to call; durable when it returns, and only then may the call leave."""
        at = self._clock.now()
        digest = hashlib.sha256(prompt.encode()).hexdigest()
        with anyio.CancelScope(shield=True):
            attempt_id = await self._run.begin(
                admission,
                prompt_sha256=digest,
                prompt=prompt if self._keep_prompts else None,
                at=at,
            )
        self._sink.emit(CallStarted(at=at, row=admission.row, key=admission.key))
        return Attempt(id=attempt_id, row=admission.row, key=admission.key, placed_at=at)

    def follow(self, call: OpenCall) -> Attempt:
        """Take up an attempt whose call an earlier run placed."""
        attempt = Attempt(
            id=call.attempt_id,
            row=call.row,
            key=call.key,
            placed_at=call.placed_at,
            told=not call.decided,
        )
        started = CallStarted(
            at=self._clock.now(),
            row=call.row,
            key=call.key,
            followed=True,
            was_unknown=call.was_unknown,
        )
        self._tell(attempt, started)
        return attempt

    async def hold(self, attempt: Attempt, why: str) -> None:
        """Record that the placement was turned away and is tried again in a moment."""
        with anyio.CancelScope(shield=True):
            await self._run.hold(attempt.id, why, at=self._clock.now())

    async def begin_again(self, attempt: Attempt) -> None:
        """Record the intent to place a held attempt once more."""
        attempt.placed_at = self._clock.now()
        with anyio.CancelScope(shield=True):
            await self._run.begin_again(attempt.id, at=attempt.placed_at)

    async def started(self, attempt: Attempt, interaction_id: InteractionId) -> None:
        """Record the interaction ID of a placed call."""
        with anyio.CancelScope(shield=True):
            await self._run.started(attempt.id, interaction_id, at=self._clock.now())

    async def ended(self, attempt: Attempt, ended: Ended) -> None:
        """Record what came of a call that ended."""
        at = self._clock.now()
        reading = self._outcomes.read(ended)
        result = CallResult(
            outcome=reading.outcome,
            summary=ended.summary,
            recording_url=ended.recording_url,
            interaction_id=ended.interaction_id,
            evidence=reading.evidence,
        )
        with anyio.CancelScope(shield=True):
            await self._run.finish(attempt.id, result, failed=reading.failed, at=at)
        event = CallEnded(
            at=at,
            row=attempt.row,
            key=attempt.key,
            outcome=reading.outcome,
            summary=ended.summary,
            duration_s=max((at - attempt.placed_at).total_seconds(), 0.0),
            failed=reading.failed,
        )
        self._tell(attempt, event)

    async def turned_away(self, attempt: Attempt, why: str, *, wait_s: float) -> None:
        """Record that no phone rang and that the contact is due again in ``wait_s`` seconds."""
        at = self._clock.now()
        due_at = _later(at, wait_s)
        with anyio.CancelScope(shield=True):
            await self._run.turn_away(attempt.id, why, due_at=due_at, at=at)
        self._sink.emit(
            CallTurnedAway(at=at, row=attempt.row, key=attempt.key, why=why, due_at=due_at)
        )

    async def unreached(self, attempt: Attempt, why: str, *, wait_s: float) -> None:
        """Record that the request did not leave; the contact is due again in ``wait_s`` seconds."""
        at = self._clock.now()
        due_at = _later(at, wait_s)
        with anyio.CancelScope(shield=True):
            await self._run.turn_away(attempt.id, why, due_at=due_at, sent=False, at=at)
        self._sink.emit(
            ApiUnreached(at=at, row=attempt.row, key=attempt.key, why=why, due_at=due_at)
        )

    async def released(self, attempt: Attempt, why: str, *, sent: bool = True) -> None:
        """Record that no phone rang and that the contact waits for another run.

        A placement that was not even ``sent`` does not count as one.
        """
        at = self._clock.now()
        with anyio.CancelScope(shield=True):
            await self._run.turn_away(attempt.id, why, due_at=at, sent=sent, at=at)
        self._sink.emit(CallReleased(at=at, row=attempt.row, key=attempt.key, why=why))

    async def rejected(self, attempt: Attempt, why: str) -> None:
        """Record that no phone rang and that placing again would not help."""
        at = self._clock.now()
        with anyio.CancelScope(shield=True):
            await self._run.reject(attempt.id, why, at=at)
        self._sink.emit(CallFailed(at=at, row=attempt.row, key=attempt.key, why=why))

    async def doubted(self, attempt: Attempt, evidence: str) -> None:
        """Record that the call may or may not have rung."""
        at = self._clock.now()
        with anyio.CancelScope(shield=True):
            await self._run.doubt(attempt.id, evidence, at=at)
        self._tell(attempt, CallUnknown(at=at, row=attempt.row, key=attempt.key, evidence=evidence))

    async def unfit(self, admission: Admission, reason: str) -> None:
        """Record that a contact cannot be dialled as its row stands."""
        at = self._clock.now()
        with anyio.CancelScope(shield=True):
            await self._run.fail(admission, reason, at=at)
        self._sink.emit(
            CallFailed(at=at, row=admission.row, key=admission.key, why=reason, dialled=False)
        )

    def left(self, attempt: Attempt) -> None:
        """Tell that an open call is left to the next run; the ledger knows its interaction ID."""
        self._tell(attempt, CallLeft(at=self._clock.now(), row=attempt.row, key=attempt.key))

    def _tell(self, attempt: Attempt, event: Event) -> None:
        if attempt.told:
            self._sink.emit(event)


def _later(at: datetime, wait_s: float) -> datetime:
    try:
        return at + timedelta(seconds=wait_s)
    except OverflowError:
        return datetime.max.replace(tzinfo=at.tzinfo)
