"""Contacts that a person puts back to pending: which they are, and what becomes of them.

Invariants: a contact that is ``dialing``, ``pending`` or ``skipped`` is never among them, nor one
that is in no row, nor one that was forgotten. One that asked not to be called, by an answer to any
of its attempts or to its number, is among them by its key alone; so is one whose number is on the
do-not-call list, and it is not called while that is so.
"""

import json
from datetime import datetime

from poku_batch.errors import LedgerError
from poku_batch.ledger import instants
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.happenings import do
from poku_batch.models import PutBack, Selection

#: Those that a person could put back, before they are told by how they stand.
_CHOSEN = """
    c.campaign_id = :campaign AND c.position IS NOT NULL
    AND c.key IS NOT NULL AND c.to_number IS NOT NULL
    AND c.state IN ('done', 'failed', 'unknown')
"""

_BY_KEY = "c.key IN (SELECT value FROM json_each(:keys))"

_BY_STANDING = """
    (
        (:failed AND c.state = 'failed') OR (:unknown AND c.state = 'unknown')
        OR (
            c.state IN ('done', 'failed')
            AND c.outcome IN (SELECT value FROM json_each(:outcomes))
        )
    )
"""

_ASKED_NOT_TO = """
    (
        COALESCE(c.outcome, '') = 'do_not_call'
        OR EXISTS (
            SELECT 1 FROM attempts d
            WHERE d.to_number = c.to_number AND d.outcome = 'do_not_call'
        )
        OR EXISTS (
            SELECT 1 FROM attempts d LEFT JOIN verdicts v ON v.attempt_id = d.id
            LEFT JOIN answers o ON o.attempt_id = d.id
            WHERE d.contact_id = c.id
                AND ('do_not_call' IN (d.outcome, v.outcome) OR o.opted_out IS NOT NULL)
        )
        OR EXISTS (
            SELECT 1 FROM do_not_call b WHERE b.number = c.to_number AND b.removed_at IS NULL
        )
    )
"""

_SELECTED = f"({_CHOSEN}) AND ({_BY_KEY} OR ({_BY_STANDING} AND NOT {_ASKED_NOT_TO}))"

#: The condition on an attempt under which its phone rang, or may have; as in ``decisions``.
_MAY_HAVE_RUNG = """
    EXISTS (
        SELECT 1 FROM attempts t
        WHERE t.contact_id = c.id AND (
            t.state IN ('dialing', 'in_call', 'unknown')
            OR (t.state = 'ended' AND t.outcome <> 'invalid_number')
        )
    )
"""

_COUNT = f"""
    SELECT COUNT(*), COUNT(*) FILTER (WHERE {_MAY_HAVE_RUNG}) FROM contacts c WHERE {_SELECTED}
"""  # noqa: S608  # put together from the parts above alone

_COUNT_LEFT_ALONE = f"""
    SELECT COUNT(*) FROM contacts c
    WHERE {_CHOSEN} AND {_BY_STANDING} AND {_ASKED_NOT_TO} AND NOT {_BY_KEY}
"""  # noqa: S608  # put together from the parts above alone

_RECORD = f"""
    INSERT INTO attempt_events (contact_id, attempt_id, at, what, detail, person)
    SELECT c.id, a.id, :at, 'put_back',
        'was ' || c.state || COALESCE(', ' || c.outcome, '') || COALESCE(': ' || c.reason, ''), :by
    FROM contacts c LEFT JOIN attempts a ON a.contact_id = c.id AND a.number = c.attempts
    WHERE {_SELECTED}
    ORDER BY c.position
"""  # noqa: S608  # put together from the parts above alone

#: An attempt that was turned away and whose contact failed since: the next call is another attempt.
_CLOSE_TURNED_AWAY = f"""
    UPDATE attempts SET state = 'rejected'
    WHERE state = 'turned_away' AND EXISTS (
        SELECT 1 FROM contacts c
        WHERE c.id = attempts.contact_id AND c.attempts = attempts.number AND {_SELECTED}
    )
"""  # noqa: S608  # put together from the parts above alone

_PUT_BACK = f"""
    UPDATE contacts SET state = 'pending', reason = NULL, reason_kind = NULL, outcome = NULL,
        due_at = :due, base_due_at = :due, base_kind = NULL, base_why = NULL, wait_kind = NULL,
        wait_why = NULL
    WHERE id IN (SELECT c.id FROM contacts c WHERE {_SELECTED})
"""  # noqa: S608  # put together from the parts above alone


def count(connection: Connection, campaign: int, selection: Selection) -> PutBack:
    """Say what putting a selection back would do."""
    values = _values(campaign, selection)
    contacts, may_ring_twice = do(connection, _COUNT, values).fetchone()
    (asked_not_to,) = do(connection, _COUNT_LEFT_ALONE, values).fetchone()
    return PutBack(contacts=contacts, may_ring_twice=may_ring_twice, asked_not_to=asked_not_to)


def put_back(
    connection: Connection,
    campaign: int,
    selection: Selection,
    *,
    agreed: int,
    by: str,
    at: datetime,
) -> PutBack:
    """Put a selection back to pending; at most ``agreed`` of them may have rung before."""
    found = count(connection, campaign, selection)
    if found.may_ring_twice > agreed:
        raise LedgerError(
            f"meanwhile {found.may_ring_twice:,} of them may ring twice, not {agreed:,}; "
            "nothing was changed; ask again"
        )
    values = _values(campaign, selection) | {
        "by": by,
        "at": instants.to_stored(at),
        "due": instants.ALWAYS_DUE,
    }
    for statement in (_RECORD, _CLOSE_TURNED_AWAY, _PUT_BACK):
        do(connection, statement, values)
    return found


def _values(campaign: int, selection: Selection) -> dict[str, object]:
    return {
        "campaign": campaign,
        "failed": selection.failed,
        "unknown": selection.unknown,
        "outcomes": json.dumps(selection.outcomes),
        "keys": json.dumps(selection.keys),
    }
