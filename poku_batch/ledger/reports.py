"""What enrolling a sheet does to a campaign, in figures and first rows: the report of a plan.

It reads the temporary tables of ``decisions`` and nothing that grows with the sheet is kept.
"""

import sqlite3
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from poku_batch.ledger import guards, instants, standing
from poku_batch.ledger.reading import counts_of
from poku_batch.models import (
    AttemptState,
    ContactState,
    EnrolmentReport,
    PendingGroup,
    RowNote,
)

#: How many rows of a kind a report shows.
_NOTES = 10

#: The most groups of pending contacts that a report has.
_GROUPS = 20_000

#: How far apart the due times of a group may be: the first that makes few enough groups.
_LENGTHS = (timedelta(hours=1), timedelta(days=1), timedelta(days=36_500))

#: The columns of ``statements.COUNT_CONTACTS``.
_COUNT_PLAN = """
    SELECT p.state,
        CASE WHEN p.state = 'done' THEN p.outcome END,
        CASE WHEN p.state IN ('failed', 'skipped') THEN p.reason_kind END,
        CASE WHEN p.state = 'pending' THEN p.country END,
        CASE WHEN p.state = 'pending' AND p.due_at > :now THEN COALESCE(p.wait_kind, '') END,
        COUNT(*),
        MIN(p.due_at)
    FROM temp.plan p
    GROUP BY 1, 2, 3, 4, 5
"""

_COUNT_CHANGES = """
    SELECT
        COALESCE(SUM(CASE WHEN carries = 1 AND contact_id IS NULL THEN 1 ELSE 0 END), 0),
        COALESCE(SUM(
            CASE WHEN state = 'pending' AND old_state <> 'pending' THEN 1 ELSE 0 END
        ), 0)
    FROM temp.plan
"""

#: Contacts that were enrolled before, those of them with other cells; of those that were pending
#: and are, those whose phone rang, those of these that are due, and those whose phone never rang.
_COUNT_KNOWN = """
    SELECT COUNT(*), COALESCE(SUM(edited), 0),
        COALESCE(SUM(still AND rang), 0), COALESCE(SUM(still AND rang AND due_at <= :now), 0),
        COALESCE(SUM(still AND NOT rang), 0)
    FROM (
        SELECT k.edited, p.due_at, p.state = 'pending' AND p.old_state = 'pending' AS still,
            k.called_digest IS NOT NULL AS rang
        FROM temp.plan p JOIN temp.known k ON k.position = p.position
        WHERE p.contact_id IS NOT NULL
    ) AS before
"""

#: ``:length`` is how far apart the due times of a group may be.
_FIND_PENDING = """
    SELECT p.hours_group, p.next_attempt, COUNT(*),
        CASE WHEN MIN(p.due_at) > :now THEN MIN(p.due_at) END
    FROM temp.plan p
    WHERE p.state = 'pending'
    GROUP BY p.hours_group, p.next_attempt,
        CASE WHEN p.due_at > :now THEN p.due_at / :length ELSE -1 END
    ORDER BY p.hours_group, p.next_attempt, MAX(MIN(p.due_at), :now)
    LIMIT :limit
"""

_FIRST_REOPENED = """
    SELECT s.sheet_row, s.key, p.old_state, k.old_reason, k.last_state, k.last_number,
        k.last_error, s.to_number
    FROM temp.plan p
    JOIN temp.sheet s ON s.position = p.position
    JOIN temp.known k ON k.position = p.position
    WHERE p.state = 'pending' AND p.old_state <> 'pending'
    ORDER BY p.position LIMIT :limit
"""

_COUNT_GONE = """
    SELECT COUNT(*) FROM contacts c
    WHERE c.campaign_id = :campaign AND c.key IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM temp.plan p WHERE p.contact_id = c.id)
"""

_COUNT_CALLED_BEFORE = """
    SELECT COUNT(*) FROM temp.known k JOIN temp.plan p ON p.position = k.position
    WHERE k.changed = 1 AND p.carries = 1 AND p.state <> 'pending'
"""

_FIRST_CALLED_BEFORE = """
    SELECT k.sheet_row, k.key, p.state
    FROM temp.known k JOIN temp.plan p ON p.position = k.position
    WHERE k.changed = 1 AND p.carries = 1 AND p.state <> 'pending'
    ORDER BY k.position LIMIT :limit
"""

_FIRST_SKIPPED = """
    SELECT s.sheet_row, s.key, p.reason
    FROM temp.plan p JOIN temp.sheet s ON s.position = p.position
    WHERE p.state = 'skipped'
    ORDER BY p.position LIMIT :limit
"""

#: New contacts whose number the campaign has called, each beside the last such call's contact.
_OTHER_KEY = f"""
    FROM temp.plan p
    JOIN temp.sheet s ON s.position = p.position
    JOIN attempts t ON t.id = (
        SELECT t.id FROM attempts t JOIN contacts o ON o.id = t.contact_id
        WHERE t.to_number = s.to_number AND o.campaign_id = :campaign AND {guards.COUNTS}
        ORDER BY t.placed_at DESC LIMIT 1
    )
    JOIN contacts c ON c.id = t.contact_id
    WHERE p.state = 'pending' AND p.contact_id IS NULL
"""  # noqa: S608  # put together from the parts above alone

_COUNT_OTHER_KEY = f"SELECT COUNT(*) {_OTHER_KEY}"  # as above

_FIRST_OTHER_KEY = f"""
    SELECT s.sheet_row, s.key, c.key, t.placed_at {_OTHER_KEY} ORDER BY p.position LIMIT :limit
"""


def report_of(connection: sqlite3.Connection, campaign: int, now: int) -> EnrolmentReport:
    """Say what the plan in the temporary tables does to a campaign; ``now`` is a stored time."""
    gone = connection.execute(_COUNT_GONE, {"campaign": campaign}).fetchone()[0]
    return _report_of(connection, campaign, now, rest=(), gone=gone)


def report_of_the_rest(connection: sqlite3.Connection, campaign: int, now: int) -> EnrolmentReport:
    """As ``report_of``, of a plan for those rows alone that ``standing`` asks about anew.

    The others are contacts that stay as they are, and whose rows are what they were.
    """
    gone = connection.execute(standing.COUNT_GONE, {"campaign": campaign}).fetchone()[0]
    rest = tuple(standing.counts_of_the_rest(connection, campaign))
    return _report_of(connection, campaign, now, rest=rest, gone=gone)


def _report_of(
    connection: sqlite3.Connection,
    campaign: int,
    now: int,
    *,
    rest: Sequence[tuple[Any, ...]],
    gone: int,
) -> EnrolmentReport:
    ask = connection.execute
    new, reopened = ask(_COUNT_CHANGES).fetchone()
    known, changed, redials, redials_due, waiting = ask(_COUNT_KNOWN, {"now": now}).fetchone()
    return EnrolmentReport(
        counts=counts_of([*ask(_COUNT_PLAN, {"now": now}), *rest]),
        new=new,
        reopened=reopened,
        gone=gone,
        called_before=ask(_COUNT_CALLED_BEFORE).fetchone()[0],
        known=known + sum(row[5] for row in rest),
        changed=changed,
        redials=redials,
        redials_due=redials_due,
        waiting=waiting,
        other_key=ask(_COUNT_OTHER_KEY, {"campaign": campaign}).fetchone()[0],
        pending=_pending(connection, now),
        skipped=tuple(
            RowNote(row=row, key=key or "", note=reason)
            for row, key, reason in ask(_FIRST_SKIPPED, {"limit": _NOTES})
        ),
        called_before_rows=tuple(
            RowNote(row=row, key=key, note=f"called before, with other cells; now {state}")
            for row, key, state in ask(_FIRST_CALLED_BEFORE, {"limit": _NOTES})
        ),
        reopened_rows=tuple(
            RowNote(row=row, key=key, note=_why_reopened(*before))
            for row, key, *before in ask(_FIRST_REOPENED, {"limit": _NOTES})
        ),
        other_key_rows=tuple(
            RowNote(row=row, key=key, note=_called_for(other, placed_at))
            for row, key, other, placed_at in ask(
                _FIRST_OTHER_KEY, {"campaign": campaign, "limit": _NOTES}
            )
        ),
    )


def _pending(connection: sqlite3.Connection, now: int) -> tuple[PendingGroup, ...]:
    """The pending contacts by group, in few enough of them."""
    found: list[tuple[int, int, int, int | None]] = []
    for length in _LENGTHS:
        values = {"now": now, "length": instants.length(length), "limit": _GROUPS + 1}
        found = connection.execute(_FIND_PENDING, values).fetchall()
        if len(found) <= _GROUPS:
            break
    return tuple(
        PendingGroup(
            group=group,
            attempt=attempt,
            contacts=contacts,
            due_at=instants.maybe_from_stored(due_at),
        )
        for group, attempt, contacts, due_at in found
    )


def _called_for(key: str | None, placed_at: int) -> str:
    """Say for which key a number was called last; one that was erased has none."""
    day = instants.from_stored(placed_at).date()
    return (
        f"its number was called on {day} under the key {key!r}"
        if key
        else (f"its number was called on {day}")
    )


def _why_reopened(
    old_state: str,
    old_reason: str | None,
    last_state: str | None,
    last_number: str | None,
    last_error: str | None,
    number: str,
) -> str:
    """Say why a contact that was skipped or failed may be called again."""
    if old_state == ContactState.SKIPPED:
        return f"was skipped ({old_reason}); that no longer holds"
    corrected = last_number is not None and last_number != number
    if last_state == AttemptState.REJECTED:
        if corrected:
            return f"its number was corrected; the API had rejected {last_number}"
        return f"its row was changed; the API had rejected its call ({last_error or old_reason})"
    if last_state == AttemptState.ENDED:
        was = last_number or "its number"
        return f"its number was corrected; the network could not route {was}"
    return f"no phone rang when it failed ({old_reason})"
