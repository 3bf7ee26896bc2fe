"""What workers left that are gone, and what the engine lost: settled, and nobody is called twice.

Invariants: every function is called inside a writing transaction. An attempt whose request may have
left is ``unknown``, with its evidence; one whose interaction ID is known is handed to another
worker; a contact that nobody began to call is given out again. None of it believes the engine.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from poku_batch.ledger import instants, statements, transitions
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.happenings import do, record
from poku_batch.ledger.holds import Hold
from poku_batch.ledger.many import do_each
from poku_batch.ledger.postgresql import jobs, leaving
from poku_batch.ledger.postgresql.bounds import GRACE, NOW, READ_LONGEST
from poku_batch.ledger.postgresql.connection import PostgresConnection
from poku_batch.models import AttemptId, Happening, JobKind, Swept

#: Nobody was heard of while the database was not there.
_FIND_NOW = f"""
    SELECT {NOW}, CAST(EXTRACT(EPOCH FROM pg_postmaster_start_time()) * 1000000 AS BIGINT)
"""  # noqa: S608  # put together from the parts above alone

_GIVE_UP = """
    UPDATE workers SET ended_at = :now WHERE ended_at IS NULL AND seen_at < :since RETURNING id
"""

_IS_GONE = """
    NOT EXISTS (SELECT 1 FROM workers w WHERE w.id = a.worker_id AND w.ended_at IS NULL)
"""

#: Those of whom no answer is known: their worker is gone, or their time is long over.
_FIND_CUT_OFF = f"""
    SELECT r.campaign_id, r.id, r.tells_results, a.id, a.placed_at, v.name, {_IS_GONE}
    FROM attempts a
    JOIN runs r ON r.id = a.run_id AND r.distributed = 1
    LEFT JOIN workers v ON v.id = a.worker_id
    WHERE a.worker_id IS NOT NULL AND a.state IN ('dialing', 'in_call') AND a.state = 'dialing'
        AND ({_IS_GONE} OR a.placed_at + r.slot_length + :grace < :now)
    ORDER BY r.id, a.id
"""  # noqa: S608  # put together from the parts above alone

#: Turned away, and about to be placed again by a worker that is gone or forgot it: no phone rang.
_FIND_HELD = f"""
    SELECT r.campaign_id, r.id, a.id, c.id, a.error
    FROM contacts c
    JOIN attempts a ON a.contact_id = c.id AND a.number = c.attempts
    JOIN runs r ON r.id = a.run_id AND r.distributed = 1
    WHERE c.state = 'dialing' AND a.state = 'turned_away'
        AND ({_IS_GONE} OR a.placed_at + r.slot_length + :grace < :now)
"""  # noqa: S608  # put together from the parts above alone

#: Somebody has a call in hand, or is about to: by a job to follow it, or by that of the call.
_IS_FOLLOWED = jobs.HAS_JOB.format(job="a.follow_job")
_IS_MADE = jobs.HAS_JOB.format(job="c.reserved_job")

#: The open run of an attempt's campaign, whichever run has placed the call.
_OPEN_RUN = """
    JOIN contacts c ON c.id = a.contact_id
    JOIN runs r ON r.campaign_id = c.campaign_id AND r.distributed = 1 AND r.ended_at IS NULL
"""

#: Calls that go on, and that nobody has in hand or is about to; one that a living worker let go of,
#: as the API refused to tell of it, is asked for again unless the run is to end.
_FIND_OPEN = f"""
    SELECT r.id, a.id
    FROM attempts a {_OPEN_RUN}
    WHERE a.state IN ('dialing', 'in_call', 'unknown') AND a.state = 'in_call'
        AND NOT {_IS_FOLLOWED} AND ({_IS_GONE} OR (
            a.placed_at + r.slot_length + :grace < :now AND NOT {_IS_MADE}
            AND r.wanted_ending IS NULL AND r.stop_asked_by IS NULL
        ))
    ORDER BY r.id, a.id
"""  # noqa: S608  # put together from the parts above alone

#: Likewise those that were unknown when their ID came: a worker that was thought lost had asked.
_FIND_DOUBTED = f"""
    SELECT r.id, a.id
    FROM attempts a {_OPEN_RUN}
    WHERE a.state = 'unknown' AND a.interaction_id IS NOT NULL
        AND a.placed_at > (
            SELECT MIN(:now - o.slot_length) FROM runs o
            WHERE o.distributed = 1 AND o.ended_at IS NULL
        )
        AND a.placed_at + r.slot_length > :now AND NOT {_IS_FOLLOWED} AND {_IS_GONE}
    ORDER BY r.id, a.id
"""  # noqa: S608  # put together from the parts above alone

#: Calls that ended, and that nobody reads.
_FIND_UNREAD = f"""
    SELECT r.id, a.id
    FROM answers n JOIN attempts a ON a.id = n.attempt_id {_OPEN_RUN}
    WHERE n.to_read = 1 AND NOT {_IS_FOLLOWED}
        AND ({_IS_GONE} OR (a.ended_at + :read < :now AND NOT {_IS_MADE}))
    ORDER BY r.id, a.id
"""  # noqa: S608  # put together from the parts above alone

#: What earlier runs left of a campaign, and nobody has in hand or is about to. A worker outlives
#: runs: that it lives does not say that it still follows a call.
_FIND_EARLIER = f"""
    SELECT a.id, a.state = 'ended'
    FROM (
        SELECT u.id FROM attempts u
        WHERE u.state IN ('dialing', 'in_call', 'unknown') AND u.interaction_id IS NOT NULL
        UNION
        SELECT n.attempt_id FROM answers n WHERE n.to_read = 1
    ) AS f
    JOIN attempts a ON a.id = f.id
    JOIN contacts c ON c.id = a.contact_id
    JOIN runs r ON r.id = :run AND r.campaign_id = c.campaign_id
    JOIN runs o ON o.id = a.run_id
    WHERE a.run_id <> :run AND NOT {_IS_FOLLOWED} AND ({_IS_GONE} OR (
        COALESCE(a.ended_at, a.placed_at + o.slot_length) + :grace < :now AND NOT {_IS_MADE}
    ))
    ORDER BY 2, a.placed_at, a.id
"""  # noqa: S608  # put together from the parts above alone

_SET_FOLLOWED = """
    UPDATE attempts SET follow_job = w.job FROM w WHERE attempts.id = w.attempt
"""

#: Reserved, and nobody will begin it: the engine has lost its job, or a worker that is gone has it.
_GIVE_BACK = f"""
    UPDATE contacts SET reserved_by = NULL
    FROM runs r
    WHERE contacts.reserved_by = r.id AND contacts.reserved_by IS NOT NULL AND r.distributed = 1
        AND NOT {jobs.HAS_JOB.format(job="contacts.reserved_job")}
    RETURNING contacts.id
"""  # noqa: S608  # put together from the parts above alone


def sweep(connection: PostgresConnection, *, stalled: timedelta) -> Swept:
    """Give up workers that were not heard of for so long, and settle what they left."""
    now, up_since = connection.execute(_FIND_NOW).fetchone()
    gone: Sequence[Any] = ()
    since = now - instants.length(stalled)
    if up_since < since:
        gone = do(connection, _GIVE_UP, {"now": now, "since": since}).fetchall()
    at = instants.from_stored(now)
    _release_held(connection, now, at=at)
    jobs.clear(connection)
    return Swept(
        workers=len(gone),
        unknown=_doubt_cut_off(connection, now),
        handed_on=_hand_on(connection, now),
        given_back=len(connection.execute(_GIVE_BACK).fetchall()),
        closed=leaving.close_left(connection),
    )


def hand_over_earlier(connection: Connection, run: int) -> int:
    """Hand what earlier runs of a run's campaign left open or unread to the engine."""
    now, _ = connection.execute(_FIND_NOW).fetchone()
    found = do(connection, _FIND_EARLIER, {"run": run, "now": now, "grace": GRACE}).fetchall()
    for kind, ended in ((JobKind.FOLLOW, False), (JobKind.READ, True)):
        _follow(connection, kind, run, [attempt for attempt, is_read in found if is_read is ended])
    return len(found)


def _doubt_cut_off(connection: Connection, now: int) -> int:
    rows = do(connection, _FIND_CUT_OFF, {"now": now, "grace": GRACE}).fetchall()
    for campaign, run, tells, attempt, placed_at, name, is_gone in rows:
        who = f"worker {name}" if name else "a worker"
        what = "was lost" if is_gone else "did not end this call in time"
        evidence = (
            f"{who} {what} after {instants.in_words(placed_at)}, before an answer came; "
            "the request may have left"
        )
        hold = Hold(campaign=campaign, run=run, tell_results=bool(tells))
        transitions.doubt(
            connection, hold, AttemptId(attempt), evidence, at=instants.from_stored(now)
        )
    return len(rows)


def _release_held(connection: Connection, now: int, *, at: datetime) -> None:
    rows = do(connection, _FIND_HELD, {"now": now, "grace": GRACE}).fetchall()
    for _, run, attempt, contact, why in rows:
        do(connection, statements.SET_CONTACT_PENDING, {"contact": contact})
        record(connection, Happening.TURNED_AWAY, attempt, at=at, run=run, detail=why)


def _hand_on(connection: Connection, now: int) -> int:
    handed = 0
    values = {"now": now, "grace": GRACE, "read": READ_LONGEST}
    for kind, question in (
        (JobKind.FOLLOW, _FIND_OPEN),
        (JobKind.FOLLOW, _FIND_DOUBTED),
        (JobKind.READ, _FIND_UNREAD),
    ):
        found = do(connection, question, values).fetchall()
        for run, rows in groupby(found, lambda row: int(row[0])):
            attempts = [attempt for _, attempt in rows]
            _follow(connection, kind, run, attempts)
            handed += len(attempts)
    return handed


def _follow(connection: Connection, kind: JobKind, run: int, attempts: Sequence[int]) -> None:
    if attempts:
        ids = jobs.defer(connection, kind, "attempt", run, attempts)
        rows = list(zip(attempts, ids, strict=True))
        do_each(connection, _SET_FOLLOWED, ("attempt", "job"), rows)
