"""What the pages need of the program: the campaigns there are, and what a person may do to them.

``app`` implements it; the pages know nothing of files, processes or the environment.
"""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from poku_batch.models import (
    CampaignId,
    ContactState,
    PutBack,
    RunRecord,
    Selection,
    WorkerRecord,
)
from poku_batch.policy.liveness import Liveness
from poku_batch.ports import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A campaign of the folder or of one of its two ledgers.

    ``simulated``: its rehearsals, which have a ledger of their own. ``file`` is None where only the
    ledger knows it; ``fault`` says why the file cannot be used. ``enrolled``: it was run before.
    """

    id: CampaignId
    simulated: bool
    file: Path | None = None
    fault: str | None = None
    enrolled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What ``check`` said of a campaign, with an uploaded sheet in place of its own or without.

    ``text`` is what the command prints. ``ticket`` is what ``start`` takes: it stands for exactly
    what was checked, for some minutes; None where a run would not start. ``to_call`` contacts would
    be called now, ``later`` wait; ``cost`` is what is expected in words ("" for nothing to say).
    """

    text: str
    ticket: str | None = None
    to_call: int = 0
    later: int = 0
    cost: str = ""

    @property
    def in_all(self) -> int:
        """How many contacts would be called, now and later: what a person agrees to."""
        return self.to_call + self.later


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A run that was started from a page: what it printed last, and its exit code once it left."""

    at: datetime
    pid: int
    simulated: bool
    exit_code: int | None
    text: str


class DeskError(Exception):
    """Something that a person asked for cannot be done; the text says why, and what to do."""


class Desk(Protocol):
    """The campaigns of one folder and its ledgers. Raises ``DeskError`` as it says."""

    @property
    def title(self) -> str:
        """The folder, as one would type it."""

    @property
    def may_call(self) -> bool:
        """Whether real runs can be started here: the API key is in the environment."""

    @property
    def person(self) -> str:
        """Who decides what is decided on a page, as the history tells it."""

    async def entries(self, *, simulated: bool) -> list[Entry]:
        """The campaigns of one of the two ledgers, those that were enrolled last first."""

    async def entry(self, campaign: CampaignId, *, simulated: bool) -> Entry | None:
        """One of them; None where there is none of this name and wave."""

    def ledger(
        self, *, simulated: bool, writing: bool = False
    ) -> AbstractAsyncContextManager[Ledger | None]:
        """One of the two ledgers; None where there is none yet.

        It is open to be read, also if an earlier version wrote it; with ``writing`` for a person's
        words too. Raises ``LedgerError`` where it cannot be used, or is of a newer version.
        """

    async def version(self, *, simulated: bool) -> tuple[int, ...]:
        """What differs whenever one of the two ledgers has changed since; it is asked often."""

    async def workers(self, ledger: Ledger, campaign: CampaignId) -> list[WorkerRecord] | None:
        """The workers that make a campaign's calls; None where they do not."""

    async def liveness(self, run: RunRecord, workers: list[WorkerRecord] | None = None) -> Liveness:
        """Whether a run is alive; where workers make its calls, whether one of them is."""

    async def now(self, *, simulated: bool) -> datetime:
        """The time that the ledger's contacts are due by: a rehearsal's is its own."""

    async def keep_upload(self, entry: Entry, name: str, data: AsyncIterator[bytes]) -> str:
        """Keep an uploaded sheet privately, and give what it is known by.

        ``DeskError`` where it is too large, or no sheet by its name.
        """

    async def check(self, entry: Entry, *, upload: str | None = None) -> Checked:
        """Check a campaign, with an uploaded sheet in place of its own if there is one."""

    async def start(self, entry: Entry, ticket: str, *, speed: float | None = None) -> None:
        """Start what was checked, as a process of its own that outlives the pages.

        ``DeskError`` where the ticket is old, used, or another campaign's, and while it is run.
        """

    async def starts(self, entry: Entry) -> list[Start]:
        """The runs that were started from pages, the latest first; a few of them."""

    async def selected(self, entry: Entry, chosen: Selection) -> PutBack:
        """Say what ``put_back`` would do."""

    async def put_back(self, entry: Entry, chosen: Selection, *, agreed: int) -> PutBack:
        """Put contacts back to pending, as ``retry`` does."""

    async def resolve(
        self, entry: Entry, key: str, state: ContactState, *, summary: str | None = None
    ) -> None:
        """Record a person's word on an unknown contact, as ``resolve`` does."""

    async def forbid(self, entry: Entry, key: str) -> str:
        """Put a contact's number onto the folder's do-not-call list; gives the number, masked."""

    def export(self, entry: Entry, kind: str) -> AbstractAsyncContextManager[Path]:
        """Write the results anew to a file that is gone afterwards: csv, xlsx or parquet."""
