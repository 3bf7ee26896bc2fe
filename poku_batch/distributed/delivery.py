"""Jobs from the engine to this process, as many at once as it takes.

A job is done when what it was for has come to its end, so that the engine gives the next one to
whoever has room. What is done for it goes on without the engine: where the database is lost, jobs
are let go of at once, and the engine's worker is made anew.
"""

import logging
import selectors
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import anyio
import procrastinate
from procrastinate import exceptions
from procrastinate.jobs import Status
from procrastinate.worker import Worker as EngineWorker
from psycopg import AsyncConnection, OperationalError
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg_pool import AsyncConnectionPool

from poku_batch.models import QUEUE, JobKind, queue_of

#: How often the engine is asked for jobs that it did not tell of, and a lost one is tried again.
_POLL_S = 1.0
_AGAIN_S = 0.5

#: How long a connection is waited for, in seconds.
_CONNECT_S = 10.0

#: Unless the address says otherwise; in seconds, and one in milliseconds. A server that is gone
#: without a word is noticed within half a minute, as by the ledger: otherwise no job would be
#: fetched for a quarter of an hour, by a worker that everybody takes for alive.
_REACH = {
    "application_name": "poku-batch jobs",
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}

#: Some systems have no poll; epoll would take three calls of the system's more.
_Selector = getattr(selectors, "PollSelector", selectors.SelectSelector)

#: What the engine's functions raise where a job is not there any more.
_RAISED = "P0001"


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """What is to be done: ``id`` is a contact's or an attempt's. ``done`` is set at its end."""

    kind: JobKind
    run: int
    id: int
    done: anyio.Event


class Delivery:
    """The engine's worker in this process."""

    def __init__(
        self,
        url: str,
        *,
        concurrency: int,
        heartbeat_s: float,
        stalled_s: float,
        take: Callable[[Job], None],
        tell: Callable[[str], None],
    ) -> None:
        """Take the database, how many jobs at once, the engine's heartbeat, and who takes jobs.

        ``take`` returns at once, and sees to it that the job's ``done`` is set. ``tell`` hears, in
        words, of what broke.
        """
        self._url = url
        self._concurrency = concurrency
        self._heartbeat_s = heartbeat_s
        self._stalled_s = stalled_s
        self._take = take
        self._tell = tell
        self._open: set[Job] = set()
        #: The engine looks at this list whenever it fetches a job.
        self._queues = [QUEUE]
        self._worker: Any = None  # its methods are not typed
        self._app: procrastinate.App | None = None
        self._stopping = anyio.Event()
        for name in ("procrastinate", "psycopg.pool"):
            # What they have to say is told by ``tell``.
            logging.getLogger(name).addHandler(logging.NullHandler())
            logging.getLogger(name).propagate = False

    @property
    def jobs(self) -> int:
        """How many are open."""
        return len(self._open)

    def serve(self, run: int) -> None:
        """Take the jobs of a run, too."""
        self._queues.append(queue_of(run))

    def leave(self, run: int) -> None:
        """Take no more jobs of a run."""
        self._queues.remove(queue_of(run))

    async def run(self) -> None:
        """Take jobs until ``stop``; then wait for those that are open."""
        while not self._stopping.is_set():
            try:
                await self._serve()
            except Exception as fault:  # whatever it was, the engine's worker is made anew
                self._tell(f"the task engine's worker broke: {_said(fault)}")
            if not self._stopping.is_set():
                with anyio.move_on_after(_AGAIN_S):
                    await self._stopping.wait()

    def stop(self) -> None:
        """Take no job any more."""
        self._stopping.set()
        if self._worker is not None:
            self._worker.stop()

    async def clear_stalled(self) -> None:
        """Take jobs back from workers of the engine that are gone; the ledger gives them anew."""
        app = self._app
        if app is None:
            return
        manager = app.job_manager
        try:
            for job in await manager.get_stalled_jobs(seconds_since_heartbeat=self._stalled_s):
                await manager.finish_job(job, Status.FAILED, delete_job=True)
            await manager.prune_stalled_workers(self._stalled_s)
        except (exceptions.ConnectorException, exceptions.AppNotOpen):
            # The database is gone, or was a moment ago; whoever serves tells it.
            return

    async def _serve(self) -> None:
        connector = _Connector(self._let_go, self._url, size=min(self._concurrency, 8))
        app = procrastinate.App(connector=connector)
        self._define_tasks(app)
        async with app.open_async():
            self._app = app
            try:
                await self._work(app)
            finally:
                self._app = None
                self._let_go()

    async def _work(self, app: procrastinate.App) -> None:
        worker: Any = EngineWorker(
            app,
            queues=self._queues,
            concurrency=self._concurrency,
            fetch_job_polling_interval=_POLL_S,
            delete_jobs="always",
            install_signal_handlers=False,
            update_heartbeat_interval=self._heartbeat_s,
            stalled_worker_timeout=self._stalled_s,
        )
        if self._stopping.is_set():
            return
        self._worker = worker
        try:
            await worker.run()
        finally:
            self._worker = None

    def _define_tasks(self, app: procrastinate.App) -> None:
        for kind in JobKind:
            app.task(name=str(kind), queue=QUEUE)(self._task(kind))

    def _task(self, kind: JobKind) -> Callable[..., Any]:
        async def deliver(run: int, contact: int = 0, attempt: int = 0) -> None:
            job = Job(kind=kind, run=run, id=contact or attempt, done=anyio.Event())
            self._open.add(job)
            try:
                self._take(job)
                await job.done.wait()
            finally:
                self._open.discard(job)

        return deliver

    def _let_go(self) -> None:
        """The engine has lost its database: it may leave at once."""
        for job in self._open:
            job.done.set()
        if self._worker is not None:
            self._worker.stop()


class _Connector(procrastinate.PsycopgConnector):
    """The engine's way to its database; ``lost`` is told where that breaks."""

    def __init__(self, lost: Callable[[], None], url: str, *, size: int) -> None:
        # A connection beside those for jobs listens for new ones.
        super().__init__(
            conninfo=_reaching(url),
            min_size=1,
            max_size=max(size, 2),
            timeout=_CONNECT_S,
            name="poku-batch",
            pool_factory=_pool,
        )
        self._lost = lost

    async def execute_query_async(self, query: Any, **arguments: Any) -> None:
        """As the engine's; where the database is lost that is told, and nothing is done.

        By this the engine says what became of jobs and of itself. What it could not say is found
        out by whoever looks for workers that are gone. A job that is not there any more has been
        taken back by those.
        """
        try:
            await super().execute_query_async(query, **arguments)
        except exceptions.ConnectorException as error:
            if getattr(error.__cause__, "sqlstate", None) == _RAISED:
                return
            self._lost()

    async def execute_query_one_async(self, query: Any, **arguments: Any) -> dict[str, Any]:
        """As the engine's; tells where the database is lost."""
        try:
            found: dict[str, Any] = await super().execute_query_one_async(query, **arguments)
        except exceptions.ConnectorException as error:
            if not isinstance(error, exceptions.NoResult):
                self._lost()
            raise
        return found

    async def execute_query_all_async(self, query: Any, **arguments: Any) -> list[dict[str, Any]]:
        """As the engine's; tells where the database is lost."""
        try:
            found: list[dict[str, Any]] = await super().execute_query_all_async(query, **arguments)
        except exceptions.ConnectorException:
            self._lost()
            raise
        return found


def _pool(*, check: object, **arguments: Any) -> AsyncConnectionPool:  # noqa: ARG001 – the engine's
    """As the engine's, which asks the server before each use of a connection whether it is there.

    That is as much as to fetch a job. Whoever finds out in between that it is not is told by its
    own question, and the engine's worker is made anew.
    """
    return AsyncConnectionPool(check=require_open, **arguments)


async def require_open(connection: AsyncConnection[Any]) -> None:
    """Close a connection that the server has closed, without asking it, and raise.

    Raises ``OperationalError``. A server has nothing to say on a connection at rest: whatever it
    says is that it ends, or at least no answer to what is asked next.
    """
    with _Selector() as selector:
        selector.register(connection.fileno(), selectors.EVENT_READ)
        if not selector.select(0):
            return
    # The pool would keep one that does not know of it.
    await connection.close()
    raise OperationalError("the connection was closed by the server")


def _reaching(url: str) -> str:
    return make_conninfo("", **{**_REACH, **conninfo_to_dict(url)})


def _said(fault: BaseException) -> str:
    cause = fault.__cause__ or fault
    return " ".join(f"{type(fault).__name__}: {cause}".split())[:300]
