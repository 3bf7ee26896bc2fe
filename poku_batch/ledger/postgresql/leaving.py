"""Runs that nobody watches: which they are, and the end of those that were told to end.

Whoever watches a run holds its campaign, and ends it. Where nobody does, a run that somebody has
stopped, or a worker has found to be at its end, is closed by whoever sees that no call of it goes
on. Nobody is called twice for it: contacts are reserved by the run that is closed, and whoever
would begin one of them finds that it is not reserved any more.
"""

from poku_batch.ledger import instants, runs
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.happenings import do
from poku_batch.ledger.holds import Hold
from poku_batch.ledger.postgresql import keys
from poku_batch.ledger.postgresql.bounds import NOW
from poku_batch.ledger.postgresql.connection import PostgresConnection
from poku_batch.models import Attendance, CampaignId, RunEnding, SharedRun

_FIND_LEFT = f"""
    SELECT r.id, c.id, c.name, c.wave, r.tells_results, r.wanted_ending, {NOW}
    FROM runs r JOIN campaigns c ON c.id = r.campaign_id
    WHERE r.ended_at IS NULL AND r.distributed = 1
        AND (r.wanted_ending IS NOT NULL OR r.stop_asked_by IS NOT NULL)
        AND NOT EXISTS (
            SELECT 1 FROM contacts d WHERE d.campaign_id = r.campaign_id AND d.state = 'dialing'
        )
    ORDER BY r.id
"""  # noqa: S608  # put together from the parts above alone

#: Held until the commit, as whoever watches holds it.
_TRY_HOLD = "SELECT pg_try_advisory_xact_lock(:key)"

_IS_HELD = """
    SELECT EXISTS (
        SELECT 1 FROM pg_locks l JOIN pg_database d ON d.oid = l.database
        WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted
            AND d.datname = current_database()
            AND (CAST(l.classid AS BIGINT) << 32 | CAST(l.objid AS BIGINT)) = :key
    )
"""

_IS_QUIET = """
    SELECT NOT EXISTS (
        SELECT 1 FROM contacts WHERE campaign_id = :campaign AND reserved_by IS NOT NULL
    ) AND NOT EXISTS (
        SELECT 1 FROM contacts WHERE campaign_id = :campaign AND state = 'dialing'
    ) AND NOT EXISTS (
        SELECT 1 FROM contacts
        WHERE campaign_id = :campaign
            AND state = 'pending' AND position IS NOT NULL AND reserved_by IS NULL
    )
"""


def close_left(connection: PostgresConnection) -> int:
    """Close runs that are to end, have no call that goes on, and are watched by nobody."""
    closed = 0
    for run, number, name, wave, tells, wanted, now in connection.execute(_FIND_LEFT).fetchall():
        key = keys.campaign(connection.schema, CampaignId(name=name, wave=wave))
        if do(connection, _TRY_HOLD, {"key": key}).fetchone()[0]:
            hold = Hold(campaign=number, run=run, tell_results=bool(tells))
            is_quiet = do(connection, _IS_QUIET, {"campaign": number}).fetchone()[0]
            asked = RunEnding.FINISHED if is_quiet else RunEnding.STOPPED
            ending = asked if wanted is None else RunEnding(wanted)
            runs.close_run(connection, hold, ending, at=instants.from_stored(now))
            closed += 1
    return closed


def attendance(connection: PostgresConnection, run: SharedRun) -> Attendance:
    """Whether somebody watches a run, and whether anybody is left to be called."""
    key = keys.campaign(connection.schema, run.campaign)
    return Attendance(
        watched=bool(do(connection, _IS_HELD, {"key": key}).fetchone()[0]),
        quiet=bool(do(connection, _IS_QUIET, {"campaign": run.number}).fetchone()[0]),
    )


def of_postgresql(connection: Connection) -> PostgresConnection:
    """The connection, which workers' runs are never without."""
    assert isinstance(connection, PostgresConnection)  # noqa: S101 – see ``prepare``
    return connection
