"""The processes that make calls, as the ledger knows them. Times are the database's."""

from datetime import datetime, timedelta

from poku_batch.ledger import instants
from poku_batch.ledger.cells import storable
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.happenings import do
from poku_batch.ledger.postgresql.bounds import NOW
from poku_batch.models import Refusal, RunId, WorkerId, WorkerRecord

_REGISTER = f"""
    INSERT INTO workers (name, concurrency, started_at, seen_at)
    VALUES (:name, :concurrency, {NOW}, {NOW})
    RETURNING id
"""  # noqa: S608  # put together from the parts above alone

#: One that was given up and is heard of again lives.
_BEAT = f"""
    UPDATE workers SET seen_at = {NOW}, ended_at = NULL, doing = :doing WHERE id = :worker
    RETURNING seen_at
"""  # noqa: S608  # put together from the parts above alone

_LEAVE = f"UPDATE workers SET seen_at = {NOW}, ended_at = {NOW} WHERE id = :worker"  # noqa: S608

_FIND_ALL = f"""
    SELECT w.id, w.name, w.concurrency, w.started_at, {NOW} - w.seen_at, w.doing,
        (SELECT COUNT(*) FROM attempts a
            WHERE a.worker_id = w.id AND a.state IN ('dialing', 'in_call'))
    FROM workers w WHERE w.ended_at IS NULL
    ORDER BY w.id
"""  # noqa: S608  # put together from the parts above alone

_REFUSE = """
    INSERT INTO refusals (run_id, worker_id, why) SELECT :run, :worker, :why WHERE EXISTS (
        SELECT 1 FROM runs WHERE id = :run AND ended_at IS NULL
    )
    ON CONFLICT (run_id, worker_id) DO UPDATE SET why = excluded.why
"""

_FIND_REFUSALS = """
    SELECT w.name, f.why FROM refusals f JOIN workers w ON w.id = f.worker_id
    WHERE f.run_id = :run AND w.ended_at IS NULL
    ORDER BY w.id
"""

_DRAINING = "draining"

#: So much is kept of why a worker takes no part, in characters.
_LONGEST_WHY = 400


def register(connection: Connection, name: str, concurrency: int) -> WorkerId:
    """Make a worker known."""
    added = do(connection, _REGISTER, {"name": name, "concurrency": concurrency})
    return WorkerId(added.fetchone()[0])


def beat(connection: Connection, worker: WorkerId, *, draining: bool) -> datetime:
    """Say that a worker is alive; in a transaction of its own, or alone. Gives the time."""
    values = {"worker": worker, "doing": _DRAINING if draining else ""}
    return instants.from_stored(do(connection, _BEAT, values).fetchone()[0])


def leave(connection: Connection, worker: WorkerId) -> None:
    """Say that a worker has ended."""
    do(connection, _LEAVE, {"worker": worker})


def alive(connection: Connection) -> list[WorkerRecord]:
    """The workers that have not ended, oldest first."""
    return [
        WorkerRecord(
            id=WorkerId(number),
            name=name,
            concurrency=concurrency,
            started_at=instants.from_stored(started_at),
            silent=timedelta(microseconds=max(silent, 0)),
            calls=calls,
            draining=doing == _DRAINING,
        )
        for number, name, concurrency, started_at, silent, doing, calls in connection.execute(
            _FIND_ALL
        )
    ]


def refuse(connection: Connection, run: RunId, worker: WorkerId, why: str) -> None:
    """Say why a worker takes no part in a run; nothing is kept of one that has ended."""
    values = {"run": run, "worker": worker, "why": storable(why[:_LONGEST_WHY])}
    do(connection, _REFUSE, values)


def refusals(connection: Connection, run: RunId) -> list[Refusal]:
    """The workers that take no part in a run, oldest first, of those that have not ended."""
    return [
        Refusal(worker=name, why=why) for name, why in do(connection, _FIND_REFUSALS, {"run": run})
    ]
