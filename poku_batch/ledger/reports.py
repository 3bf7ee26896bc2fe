"""What enrolling a sheet does to a campaign, in figures and first rows: the report of a plan.

It reads the temporary tables of ``decisions`` and nothing that grows with the sheet is kept.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from poku_batch.ledger import guards, instants, standing
from poku_batch.ledger.connection import Connection
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

#: Those that may be called now: groups, attempts and countries are few.
_COUNT_DUE = """
    SELECT p.hours_group, p.next_attempt, p.country, COUNT(*)
    FROM temp.plan p
    WHERE p.state = 'pending' AND p.due_at <= :now
    GROUP BY 1, 2, 3
"""

#: The others; the columns of ``statements.COUNT_CONTACTS``.
_COUNT_OTHERS = """
    SELECT p.state,
        CASE WHEN p.state = 'done' THEN p.outcome END,
        CASE WHEN p.state IN ('failed', 'skipped') THEN p.reason_kind END,
        CASE WHEN p.state = 'pending' THEN p.country END,
        CASE WHEN p.state = 'pending' THEN COALESCE(p.wait_kind, '') END,
        COUNT(*),
        MIN(p.due_at)
    FROM temp.plan p
    WHERE NOT (p.state = 'pending' AND p.due_at <= :now)
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
        COUNT(*) FILTER (WHERE still AND rang),
        COUNT(*) FILTER (WHERE still AND rang AND due_at <= :now),
        COUNT(*) FILTER (WHERE still AND NOT rang)
    FROM (
        SELECT k.edited, p.due_at, p.state = 'pending' AND p.old_state = 'pending' AS still,
            k.called_digest IS NOT NULL AS rang
        FROM temp.plan p JOIN temp.known k ON k.position = p.position
        WHERE p.contact_id IS NOT NULL
    ) AS before
"""

#: Who waits; ``:length`` is how far apart the due times of a group may be.
_FIND_WAITING = """
    SELECT p.hours_group, p.next_attempt, COUNT(*), MIN(p.due_at)
    FROM temp.plan p
    WHERE p.state = 'pending' AND p.due_at > :now
    GROUP BY p.hours_group, p.next_attempt, p.due_at / :length
    ORDER BY p.hours_group, p.next_attempt, MIN(p.due_at)
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


def report_of(connection: Connection, campaign: int, now: int, *, known: bool) -> EnrolmentReport:
    """Say what the plan in the temporary tables does to a campaign; ``now`` is a stored time.

    ``known``: the campaign has contacts.
    """
    gone = connection.execute(_COUNT_GONE, {"campaign": campaign}).fetchone()[0]
    return _report_of(connection, campaign, now, rest=(), gone=gone, any_known=known)


def report_of_the_rest(connection: Connection, campaign: int, now: int) -> EnrolmentReport:
    """As ``report_of``, of a plan for those rows alone that ``standing`` asks about anew.

    The others are contacts that stay as they are, and whose rows are what they were.
    """
    gone = connection.execute(standing.COUNT_GONE, {"campaign": campaign}).fetchone()[0]
    rest = tuple(standing.counts_of_the_rest(connection, campaign))
    return _report_of(connection, campaign, now, rest=rest, gone=gone, any_known=True)


def _report_of(
    connection: Connection,
    campaign: int,
    now: int,
    *,
    rest: Sequence[tuple[Any, ...]],
    gone: int,
    any_known: bool,
) -> EnrolmentReport:
    ask = connection.execute
    new, reopened = ask(_COUNT_CHANGES).fetchone()
    known, changed, redials, redials_due, waiting = ask(_COUNT_KNOWN, {"now": now}).fetchone()
    due = ask(_COUNT_DUE, {"now": now}).fetchall()
    pending = ((ContactState.PENDING, None, None, country, None, n, 0) for *_, country, n in due)
    counts = counts_of([*pending, *ask(_COUNT_OTHERS, {"now": now}), *rest])
    called_before = ask(_COUNT_CALLED_BEFORE).fetchone()[0] if known else 0
    values = {"campaign": campaign}
    other_key = ask(_COUNT_OTHER_KEY, values).fetchone()[0] if any_known else 0
    return EnrolmentReport(
        counts=counts,
        new=new,
        reopened=reopened,
        gone=gone,
        called_before=called_before,
        known=known + sum(row[5] for row in rest),
        changed=changed,
        redials=redials,
        redials_due=redials_due,
        waiting=waiting,
        other_key=other_key,
        pending=_pending(connection, due, now),
        # Each of these looks at every row, until it has found enough.
        skipped=_first_skipped(connection) if counts.of(ContactState.SKIPPED) else (),
        called_before_rows=_first_called_before(connection) if called_before else (),
        reopened_rows=_first_reopened(connection) if reopened else (),
        other_key_rows=_first_other_key(connection, campaign) if other_key else (),
    )


def _first_skipped(connection: Connection) -> tuple[RowNote, ...]:
    return tuple(
        RowNote(row=row, key=key or "", note=reason)
        for row, key, reason in connection.execute(_FIRST_SKIPPED, {"limit": _NOTES})
    )


def _first_called_before(connection: Connection) -> tuple[RowNote, ...]:
    return tuple(
        RowNote(row=row, key=key, note=f"called before, with other cells; now {state}")
        for row, key, state in connection.execute(_FIRST_CALLED_BEFORE, {"limit": _NOTES})
    )


def _first_reopened(connection: Connection) -> tuple[RowNote, ...]:
    return tuple(
        RowNote(row=row, key=key, note=_why_reopened(*before))
        for row, key, *before in connection.execute(_FIRST_REOPENED, {"limit": _NOTES})
    )


def _first_other_key(connection: Connection, campaign: int) -> tuple[RowNote, ...]:
    values = {"campaign": campaign, "limit": _NOTES}
    return tuple(
        RowNote(row=row, key=key, note=_called_for(other, placed_at))
        for row, key, other, placed_at in connection.execute(_FIRST_OTHER_KEY, values)
    )


def _pending(
    connection: Connection, due: Sequence[tuple[int, int, str, int]], now: int
) -> tuple[PendingGroup, ...]:
    """The pending contacts by group, in few enough of them; ``due`` are the rows of the due."""
    at_once: Counter[tuple[int, int]] = Counter()
    for group, attempt, _, contacts in due:
        at_once[group, attempt] += contacts
    waiting: list[tuple[int, int, int, int]] = []
    most = max(_GROUPS - len(at_once), 0)
    for length in _LENGTHS:
        values = {"now": now, "length": instants.length(length), "limit": most + 1}
        waiting = connection.execute(_FIND_WAITING, values).fetchall()
        if len(waiting) <= most:
            break
    found = [(*of, contacts, 0) for of, contacts in at_once.items()]
    return tuple(
        PendingGroup(
            group=group,
            attempt=attempt,
            contacts=contacts,
            due_at=instants.from_stored(due_at) if due_at else None,
        )
        for group, attempt, contacts, due_at in sorted(
            [*found, *waiting], key=lambda row: (row[0], row[1], row[3])
        )
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
