"""The engine's jobs, handed to it on the ledger's own connection.

What the ledger decides and what the engine is to deliver is one transaction: there is no
reservation without a job, and no job without what it is for.
"""

from collections.abc import Sequence

from poku_batch.ledger.connection import Connection
from poku_batch.ledger.happenings import do
from poku_batch.ledger.many import do_each
from poku_batch.ledger.postgresql.connection import PostgresConnection
from poku_batch.models import QUEUE, JobKind

_IS_THERE = "SELECT to_regclass('procrastinate_jobs')"

#: The engine's own function, as its ``defer_jobs`` calls it; ids in the order of the rows.
_DEFER = f"""
    SELECT unnest(procrastinate_defer_jobs_v1(ARRAY(
        SELECT CAST(ROW(
            '{QUEUE}-' || w.run, w.task, 0, NULL, NULL,
            jsonb_build_object('run', w.run, w.what, w.id), NULL
        ) AS procrastinate_job_to_defer_v1)
        FROM w ORDER BY w.place
    )))
"""  # noqa: S608  # a constant

#: A worker listens from its start on, before it knows of what runs there will be.
#: The channel's name and the text are the engine's own.
_TELL = f"""
    SELECT pg_notify(
        'procrastinate_queue_v1#{QUEUE}',
        CAST(json_build_object('type', 'job_inserted', 'job_id', CAST(:job AS BIGINT)) AS TEXT)
    )
"""  # a constant

#: What nobody takes any more: jobs of runs that have ended.
_CLEAR = f"""
    DELETE FROM procrastinate_jobs j
    WHERE j.status = 'todo' AND j.queue_name LIKE '{QUEUE}-%' AND NOT EXISTS (
        SELECT 1 FROM runs r WHERE r.ended_at IS NULL AND r.distributed = 1
            AND j.queue_name = '{QUEUE}-' || r.id
    )
"""  # noqa: S608  # a constant

#: A reservation or a call has a job while the engine has it to give, or a worker of its own has it.
HAS_JOB = """
    EXISTS (
        SELECT 1 FROM procrastinate_jobs j
        WHERE j.id = {job} AND (
            j.status = 'todo' OR (j.status = 'doing' AND j.worker_id IS NOT NULL)
        )
    )
"""


def prepare(connection: PostgresConnection) -> None:
    """Make the engine's tables in the ledger's schema, inside a transaction."""
    if is_there(connection):
        return
    from procrastinate.schema import SchemaManager

    connection.script(SchemaManager.get_schema())


def is_there(connection: Connection) -> bool:
    """Whether the engine has its tables."""
    return connection.execute(_IS_THERE).fetchone()[0] is not None


def defer(
    connection: Connection, kind: JobKind, what: str, run: int, ids: Sequence[int]
) -> list[int]:
    """Hand jobs to the engine, one for each id; gives the jobs' ids, in the same order."""
    rows = [(place, str(kind), run, what, each) for place, each in enumerate(ids)]
    deferred = [
        job for (job,) in do_each(connection, _DEFER, ("place", "task", "run", "what", "id"), rows)
    ]
    if deferred:
        do(connection, _TELL, {"job": deferred[-1]})
    return deferred


def clear(connection: Connection) -> None:
    """Take away jobs that nobody takes any more."""
    connection.execute(_CLEAR)
