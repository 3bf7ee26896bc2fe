"""Messages that somebody else's program is to be told, kept until they were taken.

Invariants: a message of a result is added in the transaction that makes the result true, and holds
ids and the contact's new state alone; everything else is joined when it is told, so that what was
erased meanwhile is not told. What writes is called inside a writing transaction.
"""

import json
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from poku_batch.ledger import cells, instants
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.happenings import do
from poku_batch.models import ContactState, HookEvent, HookMessage, MessageId

#: A state is a plain word: it needs no escapes in JSON.
_ADD_RESULT = """
    INSERT INTO outbox (id, campaign_id, event, contact_id, attempt_id, body, at, due_at)
    SELECT :id, campaign_id, 'result', id, :attempt, '{"state":"' || state || '"}', :at, :at
    FROM contacts WHERE id = :contact
"""

_ADD_FINISH = """
    INSERT INTO outbox (id, campaign_id, event, body, at, due_at)
    VALUES (:id, :campaign, 'finish', :body, :at, :at)
"""

#: Outcome and summary are those of the results (``statements``): a person's word stands before a
#: late answer, unless that says not to call again. The contact's reason is this message's only as
#: long as the contact stands as it did.
_READ = """
    SELECT o.id, o.at, o.tries, o.body,
        g.columns, CASE WHEN c.position IS NOT NULL THEN c.cells END,
        a.placed_at, a.ended_at, n.fields,
        g.name, g.wave, c.sheet_row, c.key, NULLIF(COALESCE(a.to_number, c.to_number), ''),
        o.state,
        CASE WHEN a.outcome = 'do_not_call' THEN a.outcome ELSE COALESCE(v.outcome, a.outcome) END,
        a.evidence,
        CASE WHEN a.outcome = 'do_not_call' THEN n.summary ELSE COALESCE(v.summary, n.summary) END,
        n.recording_url, a.interaction_id, a.number,
        CASE
            WHEN a.state IN ('rejected', 'unknown') OR o.state = 'unknown' THEN a.error
            WHEN c.state = o.state AND (a.number IS NULL OR a.number = c.attempts) THEN c.reason
        END
    FROM (
        SELECT m.*, CASE WHEN m.event = 'result' THEN json_extract(m.body, '$.state') END AS state
        FROM outbox m
    ) AS o
    JOIN campaigns g ON g.id = o.campaign_id
    LEFT JOIN contacts c ON c.id = o.contact_id
    LEFT JOIN attempts a ON a.id = o.attempt_id
    LEFT JOIN answers n ON n.attempt_id = a.id
    LEFT JOIN verdicts v ON v.attempt_id = a.id
    WHERE o.campaign_id = :campaign AND o.event = :event AND o.due_at <= :now
    ORDER BY o.due_at, o.id
    LIMIT :limit
"""

#: The names of the last columns of ``_READ``.
_PLAIN = (
    *("campaign", "wave", "row", "key", "to", "state"),
    *("outcome", "evidence", "summary", "recording_url", "interaction_id", "attempt", "error"),
)

#: Those that a call has once it has ended.
_OF_AN_END = ("outcome", "evidence", "summary", "recording_url")

_TOLD = "DELETE FROM outbox WHERE id = :message AND campaign_id = :campaign"

_UNTOLD = """
    UPDATE outbox SET tries = tries + 1, due_at = :again, last_error = :why
    WHERE id = :message AND campaign_id = :campaign
"""

_WAITING = """
    SELECT COUNT(*), MIN(due_at) FROM outbox
    WHERE campaign_id = :campaign AND event = COALESCE(:event, event)
"""


def add_result(
    connection: Connection, contact_id: int, attempt_id: int | None, *, at: datetime
) -> None:
    """Keep a message of what just became of a contact.

    ``attempt_id`` is None where nothing was placed: the row did not render, or a rule skipped it.
    """
    values = {
        "id": _new_id(),
        "contact": contact_id,
        "attempt": attempt_id,
        "at": instants.to_stored(at),
    }
    do(connection, _ADD_RESULT, values)


def add_finish(
    connection: Connection, campaign: int, body: Mapping[str, Any], *, at: datetime
) -> None:
    """Keep a message of the run's end; ``body`` holds JSON's types alone."""
    values = {
        "id": _new_id(),
        "campaign": campaign,
        "body": json.dumps(dict(body), allow_nan=False),
        "at": instants.to_stored(at),
    }
    do(connection, _ADD_FINISH, values)


def messages(
    connection: Connection, campaign: int, limit: int, *, event: HookEvent, now: datetime
) -> list[HookMessage]:
    """The first messages of an event that may be told now, with their bodies."""
    values = {
        "campaign": campaign,
        "event": event,
        "now": instants.to_stored(now),
        "limit": max(limit, 0),
    }
    return [_message(event, *row) for row in do(connection, _READ, values)]


def told(connection: Connection, campaign: int, message_id: MessageId) -> None:
    """A message was taken; saying so twice changes nothing."""
    do(connection, _TOLD, {"campaign": campaign, "message": message_id})


def untold(
    connection: Connection,
    campaign: int,
    message_id: MessageId,
    why: str,
    *,
    again_at: datetime,
) -> None:
    """A message was not taken."""
    values = {
        "campaign": campaign,
        "message": message_id,
        "why": why,
        "again": instants.to_stored(again_at),
    }
    do(connection, _UNTOLD, values)


def waiting(
    connection: Connection, campaign: int, event: HookEvent | None
) -> tuple[int, datetime | None]:
    """How many messages there are, and when the first may be told."""
    values = {"campaign": campaign, "event": event}
    count, first = do(connection, _WAITING, values).fetchone()
    return count, instants.maybe_from_stored(first)


def _new_id() -> int:
    """A random number of 63 bits.

    Deleted rows must not leave their ids to later messages, which a receiver would take for
    repeats.
    """
    return secrets.randbits(63)


def _message(
    event: HookEvent, message_id: int, at: int, tries: int, body: str | None, *joined: Any
) -> HookMessage:
    return HookMessage(
        id=MessageId(message_id),
        event=event,
        at=instants.from_stored(at),
        tries=tries,
        body=_result(*joined) if event is HookEvent.RESULT else json.loads(body or "{}"),
    )


def _result(*joined: Any) -> dict[str, Any]:
    """The body of a result, from the columns of ``_READ`` after its own."""
    columns, stored_cells, placed_at, ended_at, fields, *plain = joined
    words = dict(zip(_PLAIN, plain, strict=True))
    if words["state"] == ContactState.UNKNOWN:
        # The end came after this, and has a message of its own.
        ended_at, fields = None, None
        words |= dict.fromkeys(_OF_AN_END)
    return words | {
        "started_at": _iso(placed_at),
        "ended_at": _iso(ended_at),
        "duration_s": _seconds(placed_at, ended_at),
        "fields": json.loads(fields or "{}"),
        "columns": _by_name(columns, stored_cells),
    }


def _by_name(columns: str | None, stored_cells: str | None) -> dict[str, str]:
    """The row's cells by column; none where the row has left the sheet, and its columns with it."""
    if columns is None or stored_cells is None:
        return {}
    pairs = zip(cells.from_stored(columns), cells.from_stored(stored_cells), strict=False)
    return dict(pairs)


def _iso(microseconds: int | None) -> str | None:
    return None if microseconds is None else instants.from_stored(microseconds).isoformat()


def _seconds(started: int | None, ended: int | None) -> float | None:
    return None if started is None or ended is None else (ended - started) / 1e6
