"""Ends of calls, recorded for all that wait in the same few statements.

Every end touches the attempt, its answer, its history and its contact; for calls that end at the
same time that is one statement a table. What few of them need (an opt-out, a person's word, a
message) is done for each by its own.

Invariants: as those of ``transitions``; ends are recorded in the order in which they are given.
"""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from poku_batch.errors import LedgerError
from poku_batch.ledger import instants, outbox, sequels, statements
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.happenings import do
from poku_batch.ledger.holds import Hold
from poku_batch.ledger.many import do_each
from poku_batch.ledger.transitions import Standing, find_all
from poku_batch.models import (
    AttemptId,
    AttemptState,
    CallResult,
    ContactState,
    Outcome,
    Sequel,
)

#: A row an end, as the statements below read it.
_ENDS = (
    *("attempt", "run", "at", "outcome", "evidence", "interaction", "summary", "recording"),
    *("fields", "opted_out", "to_read", "kept"),
)

_END = """
    UPDATE attempts SET state = 'ended', ended_at = w.at, outcome = w.outcome,
        evidence = w.evidence, interaction_id = COALESCE(interaction_id, w.interaction)
    FROM w WHERE attempts.id = w.attempt
"""

_ADD_ANSWERS = """
    INSERT INTO answers (attempt_id, summary, recording_url, fields, opted_out, to_read,
        kept_sequel)
    SELECT attempt, summary, recording, fields, opted_out, to_read, kept FROM w
"""

_ADD_EVENTS = """
    INSERT INTO attempt_events (contact_id, attempt_id, run_id, at, what, detail)
    SELECT a.contact_id, a.id, w.run, w.at, 'ended', w.outcome
    FROM w CROSS JOIN attempts a ON a.id = w.attempt
"""

#: A row a contact that an ended call is the end of; as ``SET_CONTACT`` for each.
_CONTACTS = ("contact", "new_state", "why", "kind", "result")

_END_CONTACTS = """
    UPDATE contacts SET state = w.new_state, reason = w.why, reason_kind = w.kind,
        outcome = w.result, reserved_by = NULL
    FROM w WHERE contacts.id = w.contact
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """A call that ended ``at``; ``to_read``: somebody is still to read its summary."""

    attempt_id: AttemptId
    result: CallResult
    sequel: Sequel
    to_read: bool
    at: datetime


def finish(connection: Connection, ends: Sequence[End], *, hold: Hold) -> Sequence[bool]:
    """Record calls' ends, each attempt's first; False where one was recorded before."""
    standings = find_all(connection, hold.campaign, [end.attempt_id for end in ends])
    fresh: dict[AttemptId, tuple[End, Standing]] = {}
    new: list[bool] = []
    for end in ends:
        standing = standings.get(end.attempt_id)
        if standing is None:
            raise LedgerError(f"attempt {end.attempt_id} is not one of this campaign's")
        is_new = standing.state is not AttemptState.ENDED and end.attempt_id not in fresh
        new.append(is_new)
        if is_new:
            standing.require(
                "end", AttemptState.DIALING, AttemptState.IN_CALL, AttemptState.UNKNOWN
            )
            fresh[end.attempt_id] = (end, standing)
    if fresh:
        _end_attempts(connection, hold, [end for end, _ in fresh.values()])
        _end_contacts(connection, hold, fresh.values())
    return new


def _end_attempts(connection: Connection, hold: Hold, ends: Iterable[End]) -> None:
    rows = [_row(hold, end) for end in ends]
    do_each(connection, _END, _ENDS, rows)
    do_each(connection, _ADD_ANSWERS, _ENDS, rows)
    do_each(connection, _ADD_EVENTS, _ENDS, rows)


def _row(hold: Hold, end: End) -> tuple[object, ...]:
    result = end.result
    kept = sequels.allowed(result, end.sequel) if end.to_read else None
    return (
        end.attempt_id,
        hold.run,
        instants.to_stored(end.at),
        result.outcome,
        result.evidence,
        result.interaction_id,
        result.summary,
        result.recording_url,
        json.dumps(dict(result.fields)) if result.fields else None,
        result.opted_out,
        int(end.to_read),
        None if kept is None else sequels.to_stored(kept),
    )


def _end_contacts(
    connection: Connection, hold: Hold, ended: Collection[tuple[End, Standing]]
) -> None:
    """Give contacts their ends, put who asked for it onto the list, and fill the outbox."""
    done: list[tuple[object, ...]] = []
    for end, standing in ended:
        sequels.heed(connection, standing.to, end.result, at=end.at)
        sequel = _sequel(end)
        if _is_its_contacts_end(standing) and sequel.state is not ContactState.PENDING:
            done.append((standing.contact_id, *sequels.settled(end.result, sequel)))
        elif standing.is_last:
            _end_contact(connection, standing, end.result, sequel, at=end.at)
    do_each(connection, _END_CONTACTS, _CONTACTS, done)
    for end, standing in ended if hold.tell_results else ():
        if not end.to_read:
            outbox.add_result(connection, standing.contact_id, end.attempt_id, at=end.at)


def _sequel(end: End) -> Sequel:
    """What becomes of the contact now: one that is to be read is not called again before."""
    sequel = sequels.allowed(end.result, end.sequel)
    return Sequel() if end.to_read and sequel.state is ContactState.PENDING else sequel


def _is_its_contacts_end(standing: Standing) -> bool:
    return standing.is_last and standing.contact_state is ContactState.DIALING


def _end_contact(
    connection: Connection,
    standing: Standing,
    result: CallResult,
    sequel: Sequel,
    *,
    at: datetime,
) -> None:
    """Give the contact of an ended last attempt its end, as far as no person has decided it."""
    # A contact that was put back to pending is not called after all: its call has ended.
    open_ = (ContactState.DIALING, ContactState.UNKNOWN, ContactState.PENDING)
    if standing.contact_state in open_ or result.outcome == Outcome.DO_NOT_CALL:
        sequels.settle(connection, standing.contact_id, result, sequel, at=at)
        return
    do(
        connection,
        statements.FILL_OUTCOME,
        {"contact": standing.contact_id, "outcome": result.outcome},
    )
