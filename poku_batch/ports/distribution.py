"""A ledger that many machines share: runs whose calls workers make."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from poku_batch.events import Event
from poku_batch.models import (
    Admission,
    AdmissionRules,
    ApiNews,
    AttemptId,
    Attendance,
    CampaignId,
    ContactId,
    Handed,
    OpenCall,
    Permission,
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
from poku_batch.ports.run import LedgerRun

#: Says whether an admitted contact may be called now.
Judge = Callable[[Admission], Permission]

#: How many more calls a budget allows, by started minutes and calls whose length is not known.
BudgetRoom = Callable[[int, int], int]


class Distribution(Protocol):
    """Who calls whom, where workers do. All times are by the database's clock.

    A contact of a distributed run is ``reserved`` by ``admit``, which hands it to the engine in the
    same transaction; a worker ``takes`` it up and begins it by compare-and-set: whatever the engine
    delivers twice, or not at all, nobody is called twice, and nobody is forgotten.
    """

    async def prepare(self) -> None:
        """Make the engine's tables where they are missing."""

    async def register(self, name: str, *, concurrency: int) -> WorkerId:
        """Make a worker known."""

    async def beat(self, worker: WorkerId, *, draining: bool) -> datetime:
        """Say that a worker is alive, and be told the time (aware UTC), which all go by.

        Waits for no other transaction of the ledger.
        """

    async def time(self) -> datetime:
        """The database's time of day, aware UTC."""

    async def leave(self, worker: WorkerId) -> None:
        """Say that a worker has ended; whatever it has in hand is found by the next sweep."""

    async def workers(self) -> list[WorkerRecord]:
        """The workers that have not ended, oldest first."""

    async def runs(self) -> list[SharedRun]:
        """The distributed runs that are open, oldest first."""

    async def open_run(self, campaign: CampaignId) -> SharedRun | None:
        """The campaign's distributed run, if one is open."""

    async def definition(self, run: RunId) -> str | None:
        """What workers need to know of a run's campaign; None once the run has ended."""

    async def listed(self, run: RunId) -> set[str]:
        """The numbers (E.164) on the run's do-not-call files, as the ledger has them."""

    async def list_numbers(self, run: RunId, numbers: Sequence[tuple[str, str]]) -> None:
        """Let nobody be called by a run who has one of the numbers, each with its list's name.

        From the return on no call to any of them begins, whichever worker would; one that is in it
        already stays. A few thousand at a time: nobody else writes meanwhile. The run need not be
        shared yet; it forgets them when it ends.
        """

    async def unlist_numbers(self, run: RunId, numbers: Sequence[str]) -> None:
        """Take numbers off again, of a run; the ledger's own list is another."""

    def join(self, run: SharedRun, worker: WorkerId) -> LedgerRun:
        """A worker's hold on a run: it writes what comes of its calls, and does not end it."""

    async def watch(self, run: SharedRun) -> LedgerRun:
        """Take the campaign to watch its open run and to end it.

        Raises ``CampaignBusyError`` where another process watches it.
        """

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
        """Hand as many due contacts to the engine as all bounds allow, in one step; says how many.

        ``news`` is what a worker has learned of the API, which counts for all from now on.

        Whoever ``judge`` puts off or takes out is deferred or skipped. A ``tick`` does nothing
        where somebody else has looked a moment ago.
        """

    async def room(
        self,
        run: RunId,
        rules: AdmissionRules,
        *,
        budget: BudgetRoom | None = None,
        longest: timedelta | None = None,
    ) -> Room | None:
        """How a run stands, and nothing changes; None where it has ended."""

    async def take(self, run: RunId, contact: ContactId) -> Handed | None:
        """An admitted contact, as it stands now; None where it is not reserved any more."""

    async def space_anew(self, run: RunId, rules: AdmissionRules) -> float:
        """Give a call that comes too late for its time another; in so many seconds."""

    async def take_call(
        self, run: RunId, attempt: AttemptId, worker: WorkerId
    ) -> OpenCall | UnreadCall | None:
        """A placed call that is to be followed, or read, now in that worker's hands; or None."""

    async def hand_over_open_calls(self, run: RunId) -> int:
        """Hand what earlier runs left open or unread to the engine; says how many."""

    async def sweep(self, *, stalled: timedelta) -> Swept:
        """Settle what workers left that are gone, and what the engine lost, in one step.

        A worker that was not heard of for longer than ``stalled`` is gone. Ends with
        ``close_left``.
        """

    async def close_left(self) -> int:
        """Close runs that somebody wanted to end, with no open call, and that nobody watches.

        Says how many. Whoever watches a run ends it.
        """

    async def attendance(self, run: SharedRun) -> Attendance:
        """Whether somebody watches an open run, and whether anybody is left to be called."""

    async def happened(
        self, run: RunId, *, after: int, limit: int = 1_000
    ) -> tuple[list[Event], int]:
        """What has happened in a run, as its worker told it, in order, and how far that goes.

        Give the number back as ``after`` to be told what follows; begin with that of ``latest``.
        """

    async def latest(self) -> int:
        """How far the history goes at this moment."""

    async def ask_to_end(self, run: RunId, ending: RunEnding, why: str | None) -> None:
        """Let no call of a run begin any more; who asks first is heeded."""

    async def canary(self, run: RunId) -> int | None:
        """How many contacts an open run calls until it is gone on; None for no such bound."""

    async def go_on(self, run: RunId) -> None:
        """Let a run call everybody else, after its canary."""

    async def ended(self, run: RunId) -> tuple[RunEnding, str | None] | None:
        """How a run has ended, and why; None for one that is open."""

    async def refuse(self, run: RunId, worker: WorkerId, why: str) -> None:
        """Say why a worker takes no part in a run; kept until that ends."""

    async def refusals(self, run: RunId) -> list[Refusal]:
        """The workers that take no part in a run, of those that have not ended, oldest first."""

    async def wanted_ending(self, run: RunId) -> tuple[RunEnding, str | None] | None:
        """How a run was asked to end; None where it goes on. An ended one is ``ABANDONED``."""
