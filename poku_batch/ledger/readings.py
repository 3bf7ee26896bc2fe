"""Calls that ended and are still to be read by somebody else, and what the reading makes of them.

Invariants: a call is read once; an answer that somebody must not be called again is never taken
back, whoever reads it; what a person has decided stands, and a later attempt is left alone. What
writes is called inside a writing transaction.
"""

import json
from dataclasses import dataclass, replace
from datetime import datetime

from poku_batch.errors import LedgerError
from poku_batch.ledger import instants, outbox, sequels
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.happenings import do, record
from poku_batch.ledger.holds import Hold
from poku_batch.models import (
    AttemptId,
    CallResult,
    ContactId,
    ContactKey,
    Happening,
    InteractionId,
    Outcome,
    Sequel,
    UnreadCall,
)

#: Whether the contact went on without the reading. What a person put back and what a corrected row
#: reopened may have failed since without an attempt, which the history alone tells.
_DECIDED = """
    (
        a.number <> c.attempts
        OR c.state NOT IN ('done', 'failed')
        OR EXISTS (SELECT 1 FROM verdicts v WHERE v.attempt_id = a.id)
        OR EXISTS (
            SELECT 1 FROM attempt_events d
            WHERE d.contact_id = c.id AND d.id > e.id
                AND d.what IN ('put_back', 'resolved', 'skipped', 'unfit')
        )
    )
"""

#: ``to_read`` as the index ``answers_to_read`` has it. The run that recorded the end may be another
#: than the one that placed the call: the history knows.
_FIND_UNREAD = f"""
    SELECT a.id, c.id, c.key, c.sheet_row, a.number, COALESCE(n.summary, ''), n.recording_url,
        a.interaction_id, a.placed_at, a.ended_at, {_DECIDED} OR c.position IS NULL
    FROM answers n INDEXED BY answers_to_read
    CROSS JOIN attempts a ON a.id = n.attempt_id
    CROSS JOIN contacts c ON c.id = a.contact_id
    CROSS JOIN attempt_events e ON e.contact_id = c.id AND e.attempt_id = a.id AND e.what = 'ended'
    WHERE n.to_read = 1 AND c.campaign_id = :campaign AND e.run_id IS NOT :run
    ORDER BY a.ended_at, a.id
"""  # noqa: S608  # put together from the parts above alone

_FIND = f"""
    SELECT a.contact_id, a.to_number, a.outcome, a.evidence, n.opted_out, a.number = c.attempts,
        {_DECIDED}
    FROM attempts a
    JOIN contacts c ON c.id = a.contact_id
    LEFT JOIN answers n ON n.attempt_id = a.id
    LEFT JOIN attempt_events e
        ON e.contact_id = c.id AND e.attempt_id = a.id AND e.what = 'ended'
    WHERE a.id = :attempt AND c.campaign_id = :campaign
"""  # noqa: S608  # put together from the parts above alone

_READ = """
    UPDATE answers SET to_read = 0, kept_sequel = NULL, fields = :fields, opted_out = :opted_out
    WHERE attempt_id = :attempt AND to_read = 1
"""

_SET_OUTCOME = "UPDATE attempts SET outcome = :outcome, evidence = :evidence WHERE id = :attempt"

#: What a person left open the rules have filled in, and the reading knows better.
_FILL_OUTCOME = """
    UPDATE contacts SET outcome = :outcome
    WHERE id = :contact AND state IN ('done', 'failed') AND outcome = :before
        AND EXISTS (
            SELECT 1 FROM verdicts v WHERE v.attempt_id = :attempt AND v.outcome IS NULL
        )
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """How the attempt that is read stands; ``outcome`` is NULL where it has not ended."""

    contact_id: int
    to: str
    outcome: str | None
    evidence: str | None
    opted_out: str | None
    is_last: bool
    decided: bool

    def heeded(self, result: CallResult) -> CallResult:
        """The result, without taking back what the callee asked for."""
        if self.outcome == Outcome.DO_NOT_CALL and result.outcome != Outcome.DO_NOT_CALL:
            result = replace(result, outcome=self.outcome, evidence=self.evidence)
        return replace(result, opted_out=result.opted_out or self.opted_out)


def unread_calls(connection: Connection, hold: Hold) -> list[UnreadCall]:
    """Calls whose end an earlier run recorded and nobody has read, oldest first."""
    rows = do(connection, _FIND_UNREAD, {"campaign": hold.campaign, "run": hold.run})
    return [
        UnreadCall(
            attempt_id=AttemptId(attempt_id),
            contact_id=ContactId(contact_id),
            key=ContactKey(key),
            row=row,
            attempt=attempt,
            summary=summary,
            recording_url=recording_url,
            interaction_id=None if interaction_id is None else InteractionId(interaction_id),
            placed_at=instants.from_stored(placed_at),
            ended_at=instants.from_stored(ended_at),
            decided=bool(decided),
        )
        for (
            attempt_id,
            contact_id,
            key,
            row,
            attempt,
            summary,
            recording_url,
            interaction_id,
            placed_at,
            ended_at,
            decided,
        ) in rows
    ]


def reread(
    connection: Connection,
    hold: Hold,
    attempt_id: AttemptId,
    result: CallResult,
    *,
    sequel: Sequel,
    at: datetime,
) -> bool:
    """Record the reading of a call; False where it was read before, or nobody wanted it read."""
    found = _find(connection, hold, attempt_id)
    result = found.heeded(result)
    values = {
        "attempt": attempt_id,
        "contact": found.contact_id,
        "outcome": result.outcome,
        "before": found.outcome,
        "evidence": result.evidence,
        "fields": json.dumps(dict(result.fields)) if result.fields else None,
        "opted_out": result.opted_out,
    }
    if not do(connection, _READ, values).rowcount:
        return False
    do(connection, _SET_OUTCOME, values)
    record(connection, Happening.READ, attempt_id, at=at, run=hold.run, detail=result.outcome)
    sequels.heed(connection, found.to, result, at=at)
    # A person's word stands, but for the one that guards somebody: see LedgerRun.finish.
    guards = result.outcome == Outcome.DO_NOT_CALL
    if found.is_last and (guards or not found.decided):
        sequel = Sequel() if guards else sequels.allowed(result, sequel)
        sequels.settle(connection, found.contact_id, result, sequel, at=at)
    else:
        do(connection, _FILL_OUTCOME, values)
    if hold.tell_results:
        outbox.add_result(connection, found.contact_id, attempt_id, at=at)
    return True


def _find(connection: Connection, hold: Hold, attempt_id: AttemptId) -> _Read:
    row = do(connection, _FIND, {"attempt": attempt_id, "campaign": hold.campaign}).fetchone()
    if row is None:
        raise LedgerError(f"attempt {attempt_id} is not one of this campaign's")
    contact_id, to, outcome, evidence, opted_out, is_last, decided = row
    if outcome is None:
        raise LedgerError(f"attempt {attempt_id} cannot be read: it has not ended")
    return _Read(
        contact_id=contact_id,
        to=to,
        outcome=outcome,
        evidence=evidence,
        opted_out=opted_out,
        is_last=bool(is_last),
        decided=bool(decided),
    )
