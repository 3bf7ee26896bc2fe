"""A distributed run in a ledger in PostgreSQL, and workers that are only said to be."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg

from poku_batch.ledger import SqlLedger, open_ledger
from poku_batch.models import (
    Admission,
    AdmissionRules,
    ApiNews,
    AttemptId,
    CallResult,
    CampaignId,
    ContactId,
    ContactKey,
    ContactState,
    DuplicateRule,
    Enrolment,
    Go,
    Permission,
    Room,
    SharedRun,
    WorkerId,
)
from poku_batch.ports import Distribution, LedgerRun
from tests.postgresql import Server

CLINIC = CampaignId(name="clinic")
SLOT = timedelta(seconds=60)
STALLED = timedelta(seconds=30)
DIGEST = "0" * 64


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Shared:
    """A ledger with a distributed run of 20 contacts, and workers."""

    ledger: SqlLedger
    run: SharedRun
    held: LedgerRun
    workers: tuple[WorkerId, ...]
    url: str

    @property
    def distribution(self) -> Distribution:
        assert self.ledger.distribution is not None
        return self.ledger.distribution

    async def room(self, **bounds: object) -> Room:
        rules = AdmissionRules(**({"slots": 5, "slot": SLOT} | bounds))  # type: ignore[arg-type]
        found = await self.distribution.room(self.run.id, rules)
        assert found is not None
        return found

    async def jobs(self) -> list[int]:
        """Who is in the engine's hands."""
        asked = "SELECT (args->>'contact')::int FROM procrastinate_jobs ORDER BY id"
        return [number for (number,) in self.ask(asked) if isinstance(number, int)]

    def ask(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    async def state(self, contact: int) -> ContactState:
        record = await self.ledger.contact(CLINIC, f"k{contact}")
        assert record is not None
        return record.state

    def joined(self, worker: int = 0) -> LedgerRun:
        return self.distribution.join(self.run, self.workers[worker])

    async def handed(self, contact: int) -> Admission:
        found = await self.distribution.take(self.run.id, ContactId(contact))
        assert found is not None
        return found.admission

    def lose_jobs(self) -> None:
        self.ask("DELETE FROM procrastinate_jobs")

    async def lose(self, worker: int) -> None:
        """Have a worker given up, whose jobs the engine has lost."""
        self.lose_jobs()
        await self.distribution.leave(self.workers[worker])
        await self.distribution.sweep(stalled=STALLED)

    async def admit(
        self, judge: Permission | None = None, news: ApiNews | None = None, **bounds: Any
    ) -> int:
        rules = AdmissionRules(**({"slots": 5, "slot": SLOT} | bounds))  # type: ignore[arg-type]
        return await self.distribution.admit(
            self.run.id, rules, judge=lambda _: judge or Go(), news=news or ApiNews()
        )

    async def end(self, contact: int) -> None:
        """Call an admitted contact, which is then done."""
        attempt = await self.begin(contact)
        await self.joined().finish(attempt, CallResult(outcome="done"), at=now())

    async def begin(self, contact: int, worker: int = 0) -> AttemptId:
        handed = await self.distribution.take(self.run.id, ContactId(contact))
        assert handed is not None
        return await self.begin_as(handed.admission, worker)

    async def begin_as(self, admission: Admission, worker: int = 0) -> AttemptId:
        joined = self.distribution.join(self.run, self.workers[worker])
        begun = await joined.begin(admission, prompt_sha256=DIGEST, at=now())
        assert isinstance(begun, int)
        return AttemptId(begun)


@asynccontextmanager
async def shared(server: Server) -> AsyncIterator[Shared]:
    url = server.new_ledger()
    async with open_ledger(url) as ledger:
        distribution = ledger.distribution
        assert distribution is not None
        await distribution.prepare()
        async with ledger.enrolment(CLINIC, ["n"], DuplicateRule.FIRST) as session:
            await session.add(
                [
                    Enrolment(
                        row=number + 1,
                        cells=(str(number),),
                        key=ContactKey(f"k{number}"),
                        to=f"+1415555{number:04d}",
                    )
                    for number in range(1, 21)
                ]
            )
            await session.commit(now=now())
        held = await ledger.open_run(CLINIC, tell_results=True, at=now())
        run = await held.share("{}", slot=SLOT)
        workers = (
            await distribution.register("one", concurrency=5),
            await distribution.register("two", concurrency=5),
        )
        yield Shared(ledger, run, held, workers, url)
