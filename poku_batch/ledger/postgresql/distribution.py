"""A ledger that many machines share: the implementation of ``ports.Distribution``."""

import os
import socket
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, TypeVar

import anyio
import anyio.to_thread

from poku_batch.errors import CampaignBusyError, LedgerError
from poku_batch.events import Event
from poku_batch.ledger import holds, instants, listing, readings, runs, statements
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.failures import DATABASE_ERRORS, translated
from poku_batch.ledger.happenings import do
from poku_batch.ledger.holds import Hold
from poku_batch.ledger.postgresql import (
    admission,
    happenings,
    jobs,
    leaving,
    sweeping,
    workers,
)
from poku_batch.ledger.postgresql.bounds import NOW, Money
from poku_batch.ledger.postgresql.connection import PostgresConnection
from poku_batch.ledger.postgresql.intents import WorkerRun
from poku_batch.ledger.postgresql.place import PostgresSchema
from poku_batch.ledger.reading import Reader
from poku_batch.ledger.run import SqlRun
from poku_batch.ledger.writer import Writer
from poku_batch.models import (
    AdmissionRules,
    ApiNews,
    AttemptId,
    Attendance,
    CampaignId,
    ContactId,
    Handed,
    OpenCall,
    Refusal,
    Room,
    RunEnding,
    RunId,
    SharedRun,
    Swept,
    UnreadCall,
    WorkerId,
    WorkerRecord,
)
from poku_batch.ports import BudgetRoom, Judge

T = TypeVar("T")

_FIND_RUNS = """
    SELECT r.id, c.id, c.name, c.wave, r.tells_results
    FROM runs r JOIN campaigns c ON c.id = r.campaign_id
    WHERE r.ended_at IS NULL AND r.distributed = 1
    ORDER BY r.id
"""

#: So many numbers are read at once.
_LISTED_AT_ONCE = 50_000

_FIND_DEFINITION = "SELECT definition FROM definitions WHERE run_id = :run"

_FIND_START = f"SELECT starts_at - {NOW} FROM contacts WHERE id = :contact"  # noqa: S608  # a constant

_FIND_CAMPAIGN = "SELECT campaign_id FROM runs WHERE id = :run AND ended_at IS NULL"

#: Its job stays known: while the engine has it, somebody has the call in hand.
_CLAIM = """
    UPDATE attempts SET worker_id = :worker WHERE id = :attempt
    RETURNING state
"""

_FIND_CALL = """
    SELECT a.id, c.id, c.key, c.sheet_row, a.to_number, a.interaction_id, a.placed_at,
        a.number, c.state = 'unknown',
        c.state NOT IN ('dialing', 'unknown') OR a.number <> c.attempts OR c.position IS NULL
    FROM attempts a JOIN contacts c ON c.id = a.contact_id
    WHERE a.id = :attempt AND a.interaction_id IS NOT NULL
        AND a.state IN ('dialing', 'in_call', 'unknown')
"""

_FIND_CANARY = "SELECT canary FROM runs WHERE id = :run AND ended_at IS NULL"

_GO_ON = "UPDATE runs SET canary = NULL WHERE id = :run AND ended_at IS NULL"

_FIND_ENDING = "SELECT ending, wanted_why, stop_asked_by FROM runs WHERE id = :run"

_FIND_WANTED = "SELECT wanted_ending, wanted_why, ended_at FROM runs WHERE id = :run"


class _NoLease:
    """What a worker holds of a campaign: nothing; the ledger asks at every step."""

    def acquire(self) -> bool:
        """There is nothing to take."""
        return True

    def renew(self) -> None:
        """There is nothing to lose."""

    def release(self) -> None:
        """There is nothing to give back."""


class PostgresDistribution:
    """The implementation of ``ports.Distribution``."""

    def __init__(
        self,
        place: PostgresSchema,
        writer: Writer,
        reader: Reader,
        keep: Callable[[SqlRun], None],
    ) -> None:
        """Take the ledger's place, its writer and reader, and who keeps a hold until the end."""
        self._place = place
        self._writer = writer
        self._reader = reader
        self._keep = keep
        self._pulse: PostgresConnection | None = None
        self._pulse_turn = anyio.Lock()

    async def prepare(self) -> None:
        """Make the engine's tables where they are missing."""

        def act(connection: Connection) -> None:
            if not isinstance(connection, PostgresConnection):
                raise LedgerError(f"{self._place}: workers need a ledger in PostgreSQL")
            jobs.prepare(connection)

        await self._writer.run(act)

    async def register(self, name: str, *, concurrency: int) -> WorkerId:
        """Make a worker known."""
        return await self._writer.run(partial(workers.register, name=name, concurrency=concurrency))

    async def beat(self, worker: WorkerId, *, draining: bool) -> datetime:
        """Say that a worker is alive, on a connection of its own: no transaction is waited for."""
        async with self._pulse_turn:
            return await anyio.to_thread.run_sync(partial(self._beat, worker, draining=draining))

    async def time(self) -> datetime:
        """The database's time of day."""
        return instants.from_stored((await self._ask(f"SELECT {NOW}", {}))[0])

    def _beat(self, worker: WorkerId, *, draining: bool) -> datetime:
        try:
            if self._pulse is None:
                self._pulse = self._place.connect()
            return workers.beat(self._pulse, worker, draining=draining)
        except DATABASE_ERRORS as error:
            raise translated(error, self._place) from error

    async def leave(self, worker: WorkerId) -> None:
        """Say that a worker has ended."""
        await self._writer.run(partial(workers.leave, worker=worker))

    async def close(self) -> None:
        """Let go of the connection for heartbeats."""
        async with self._pulse_turn:
            if self._pulse is not None:
                await anyio.to_thread.run_sync(self._pulse.close)
                self._pulse = None

    async def workers(self) -> list[WorkerRecord]:
        """The workers that have not ended, oldest first."""
        return await self._reader.run(workers.alive)

    async def runs(self) -> list[SharedRun]:
        """The distributed runs that are open, oldest first."""
        return await self._reader.run(
            lambda connection: [_shared(*row) for row in connection.execute(_FIND_RUNS)]
        )

    async def open_run(self, campaign: CampaignId) -> SharedRun | None:
        """The campaign's distributed run, if one is open."""
        return next((run for run in await self.runs() if run.campaign == campaign), None)

    async def definition(self, run: RunId) -> str | None:
        """What workers need to know of a run's campaign; None once the run has ended."""
        found = await self._ask(_FIND_DEFINITION, {"run": run})
        return None if found is None else str(found[0])

    async def listed(self, run: RunId) -> set[str]:
        """The numbers on the run's do-not-call files, as the ledger has them."""
        found: set[str] = set()
        after = ""
        while True:
            batch = await self._reader.run(
                partial(listing.numbers, run=run, after=after, limit=_LISTED_AT_ONCE)
            )
            if not batch:
                return found
            found.update(batch)
            after = batch[-1]

    async def list_numbers(self, run: RunId, numbers: Sequence[tuple[str, str]]) -> None:
        """Let nobody be called by a run who has one of the numbers."""
        await self._writer.run(partial(listing.add, rows=numbers, run=run))

    async def unlist_numbers(self, run: RunId, numbers: Sequence[str]) -> None:
        """Take numbers off again."""
        await self._writer.run(partial(listing.remove, numbers=numbers, run=run))

    def join(self, run: SharedRun, worker: WorkerId) -> SqlRun:
        """A worker's hold on a run."""
        return WorkerRun(run.campaign, _hold(run, worker), self._writer, self._reader, _NoLease())

    async def watch(self, run: SharedRun) -> SqlRun:
        """Take the campaign to watch its open run and to end it."""
        lock = self._place.lease(run.campaign)
        with anyio.CancelScope(shield=True):
            if not await anyio.to_thread.run_sync(lock.acquire):
                raise CampaignBusyError(
                    f"the campaign {run.campaign} is watched already, by another process; its run "
                    "goes on there. poku-batch status shows how it stands",
                    host=socket.gethostname(),
                    pid=os.getpid(),
                )
        held = SqlRun(run.campaign, _hold(run), self._writer, self._reader, lock)
        self._keep(held)
        return held

    async def admit(
        self,
        run: RunId,
        rules: AdmissionRules,
        *,
        judge: Judge,
        budget: BudgetRoom | None = None,
        longest: timedelta | None = None,
        news: ApiNews = ApiNews(),  # noqa: B008 – frozen
        tick: bool = False,
    ) -> int:
        """Hand as many due contacts to the engine as all bounds allow, in one step."""
        money = None if budget is None else Money(room=budget, longest=longest)
        return await self._writer.run(
            lambda connection: admission.admit(
                connection, run, rules, judge=judge, money=money, news=news, tick=tick
            )
        )

    async def room(
        self,
        run: RunId,
        rules: AdmissionRules,
        *,
        budget: BudgetRoom | None = None,
        longest: timedelta | None = None,
    ) -> Room | None:
        """How a run stands; None where it has ended."""
        money = None if budget is None else Money(room=budget, longest=longest)
        return await self._reader.run(
            lambda connection: admission.room(connection, run, rules, money=money)
        )

    async def take(self, run: RunId, contact: ContactId) -> Handed | None:
        """An admitted contact, as it stands now; None where it is not reserved any more."""

        def ask(connection: Connection) -> Handed | None:
            campaign = do(connection, _FIND_CAMPAIGN, {"run": run}).fetchone()
            if campaign is None:
                return None
            values = {"contact": contact, "campaign": campaign[0], "run": run}
            found = do(connection, statements.FIND_RESERVED, values).fetchone()
            if found is None:
                return None
            wait = do(connection, _FIND_START, {"contact": contact}).fetchone()[0] or 0
            return Handed(admission=holds.admission_of(found), wait_s=wait / 1_000_000)

        return await self._reader.run(ask)

    async def space_anew(self, run: RunId, rules: AdmissionRules) -> float:
        """Give a call that comes too late for its time another; in so many seconds."""
        wait = await self._writer.run(partial(admission.space_anew, run=run, rules=rules))
        return wait / 1_000_000

    async def take_call(
        self, run: RunId, attempt: AttemptId, worker: WorkerId
    ) -> OpenCall | UnreadCall | None:
        """A placed call that is to be followed, or read, now in that worker's hands; or None."""

        def act(connection: Connection) -> OpenCall | UnreadCall | None:
            campaign = do(connection, _FIND_CAMPAIGN, {"run": run}).fetchone()
            if campaign is None:
                return None
            if do(connection, _CLAIM, {"attempt": attempt, "worker": worker}).fetchone() is None:
                return None
            found = do(connection, _FIND_CALL, {"attempt": attempt}).fetchone()
            if found is not None:
                return runs.open_call(*found)
            anybody = Hold(campaign=campaign[0], run=-1)
            unread = readings.unread_calls(connection, anybody)
            return next((call for call in unread if call.attempt_id == attempt), None)

        return await self._writer.run(act)

    async def hand_over_open_calls(self, run: RunId) -> int:
        """Hand what earlier runs left open or unread to the engine; says how many."""
        return await self._writer.run(partial(sweeping.hand_over_earlier, run=run))

    async def sweep(self, *, stalled: timedelta) -> Swept:
        """Settle what workers left that are gone, and what the engine lost, in one step."""
        return await self._writer.run(
            lambda connection: sweeping.sweep(leaving.of_postgresql(connection), stalled=stalled)
        )

    async def close_left(self) -> int:
        """Close runs that are to end, have no open call, and are watched by nobody."""
        return await self._writer.run(
            lambda connection: leaving.close_left(leaving.of_postgresql(connection))
        )

    async def attendance(self, run: SharedRun) -> Attendance:
        """Whether somebody watches a run, and whether anybody is left to be called."""
        return await self._reader.run(
            lambda connection: leaving.attendance(leaving.of_postgresql(connection), run)
        )

    async def happened(
        self, run: RunId, *, after: int, limit: int = 1_000
    ) -> tuple[list[Event], int]:
        """What has happened in a run, in order, and how far that goes."""
        return await self._reader.run(partial(happenings.since, run=run, after=after, limit=limit))

    async def latest(self) -> int:
        """How far the history goes at this moment."""
        return await self._reader.run(happenings.latest)

    async def ask_to_end(self, run: RunId, ending: RunEnding, why: str | None) -> None:
        """Let no call of a run begin any more; who asks first is heeded."""
        values = {"run": run, "ending": ending, "why": why}
        await self._writer.run(lambda connection: do(connection, admission.END_SO, values))

    async def canary(self, run: RunId) -> int | None:
        """How many contacts are called before somebody says that it is gone on; None for all."""
        found = await self._ask(_FIND_CANARY, {"run": run})
        return None if found is None else found[0]

    async def go_on(self, run: RunId) -> None:
        """Let everybody else be called, after the canary."""
        await self._writer.run(lambda connection: do(connection, _GO_ON, {"run": run}))

    async def ended(self, run: RunId) -> tuple[RunEnding, str | None] | None:
        """How a run has ended, and why; None for one that is open."""
        found = await self._ask(_FIND_ENDING, {"run": run})
        if found is None or found[0] is None:
            return None
        why = found[1] if found[2] is None else f"{found[2]} asked it to stop"
        return RunEnding(found[0]), why

    async def refuse(self, run: RunId, worker: WorkerId, why: str) -> None:
        """Say why a worker takes no part in a run."""
        await self._writer.run(partial(workers.refuse, run=run, worker=worker, why=why))

    async def refusals(self, run: RunId) -> list[Refusal]:
        """The workers that take no part in a run, of those that have not ended."""
        return await self._reader.run(partial(workers.refusals, run=run))

    async def wanted_ending(self, run: RunId) -> tuple[RunEnding, str | None] | None:
        """How a run was asked to end; None where it goes on."""
        found = await self._ask(_FIND_WANTED, {"run": run})
        if found is None or found[2] is not None:
            return RunEnding.ABANDONED, "the run has ended"
        return None if found[0] is None else (RunEnding(found[0]), found[1])

    async def _ask(self, question: str, values: dict[str, object]) -> Any:
        return await self._reader.run(
            lambda connection: do(connection, question, values).fetchone()
        )


def _shared(run: int, number: int, name: str, wave: str, tells: int) -> SharedRun:
    return SharedRun(
        id=RunId(run),
        campaign=CampaignId(name=name, wave=wave),
        number=number,
        tell_results=bool(tells),
    )


def _hold(run: SharedRun, worker: WorkerId | None = None) -> Hold:
    return Hold(campaign=run.number, run=run.id, tell_results=run.tell_results, worker=worker)
