"""The campaigns of one folder, and what its two ledgers hold of them."""

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import anyio.to_thread

from poku_batch.app import environment
from poku_batch.app.courses import liveness_by, workers_of
from poku_batch.app.desk.campaign_files import CampaignFile, CampaignFiles
from poku_batch.app.desk.looks import Looks
from poku_batch.app.reading import time_of
from poku_batch.dashboard.desk import Entry
from poku_batch.errors import MissingKeyError
from poku_batch.ledger import SqlLedger, ledger_exists, open_ledger
from poku_batch.models import CampaignId, RunRecord, WorkerRecord
from poku_batch.policy.liveness import Liveness, liveness
from poku_batch.ports import Ledger


class Looking:
    """The part of a desk that changes nothing; ``async with`` closes what it keeps open."""

    def __init__(self, folder: Path, *, shown: str) -> None:
        """Take the folder of the campaigns, and how a person would type it."""
        self.folder = folder
        self._shown = shown
        self._files = CampaignFiles(folder)
        self._reading = anyio.Lock()
        self._looks = {
            simulated: Looks(self.url(simulated=simulated)) for simulated in (False, True)
        }
        self._times: dict[bool, tuple[tuple[int, ...], datetime]] = {}

    async def __aenter__(self) -> "Looking":
        return self

    async def __aexit__(self, *_: object) -> None:
        for looks in self._looks.values():
            await looks.close()

    @property
    def title(self) -> str:
        """The folder, as one would type it."""
        return self._shown

    @property
    def may_call(self) -> bool:
        """Whether real runs can be started here: the API key is in the environment."""
        try:
            environment.api_key()
        except MissingKeyError:
            return False
        return True

    @property
    def person(self) -> str:
        """Who decides: whoever serves the pages."""
        return f"{environment.person()} (dashboard)"

    def url(self, *, simulated: bool) -> str:
        """Where one of the two ledgers is, or would be."""
        return environment.folder_ledger_url(self.folder, simulate=simulated)

    async def entries(self, *, simulated: bool) -> list[Entry]:
        """The campaigns of one of the two ledgers, those that were enrolled last first."""
        files = await self._campaign_files()
        async with self.ledger(simulated=simulated) as ledger:
            enrolled = [] if ledger is None else await ledger.browsing.campaigns()
        by_id = {file.id: file for file in reversed(files)}
        known = [
            _entry(id_, by_id.get(id_), simulated=simulated, enrolled=True) for id_ in enrolled
        ]
        new = [
            _entry(file.id, file, simulated=simulated, enrolled=False)
            for file in by_id.values()
            if file.id not in enrolled
        ]
        return [*known, *sorted(new, key=lambda entry: str(entry.id))]

    async def entry(self, campaign: CampaignId, *, simulated: bool) -> Entry | None:
        """One of them; None where there is none of this name and wave."""
        entries = await self.entries(simulated=simulated)
        return next((entry for entry in entries if entry.id == campaign), None)

    @asynccontextmanager
    async def ledger(
        self, *, simulated: bool, writing: bool = False
    ) -> AsyncIterator[SqlLedger | None]:
        """One of the two ledgers, to read it, or for a person's words; None where there is none."""
        if not writing:
            async with self._looks[simulated].look() as look:
                yield look
            return
        url = self.url(simulated=simulated)
        if not await anyio.to_thread.run_sync(ledger_exists, url):
            yield None
            return
        async with open_ledger(url) as ledger:
            yield ledger

    async def version(self, *, simulated: bool) -> tuple[int, ...]:
        """What differs whenever one of the ledgers has changed since."""
        return await self._looks[simulated].version()

    async def now(self, *, simulated: bool) -> datetime:
        """Now; for rehearsals, where the last one left off, if that is later."""
        now = datetime.now(UTC)
        if not simulated:
            return now
        version = await self.version(simulated=True)
        known = self._times.get(simulated)
        if known is None or known[0] != version:
            async with self.ledger(simulated=True) as ledger:
                latest = now if ledger is None else await time_of(ledger, simulate=True)
            known = self._times[simulated] = (version, latest)
        return max(now, known[1])

    async def workers(self, ledger: Ledger, campaign: CampaignId) -> list[WorkerRecord] | None:
        """The workers that make a campaign's calls; None where they do not."""
        return await workers_of(ledger, campaign)

    async def liveness(self, run: RunRecord, workers: list[WorkerRecord] | None = None) -> Liveness:
        """Whether a run is alive; where workers make its calls, whether one of them is."""
        if workers is not None:
            return liveness_by(workers)
        return liveness(
            run,
            now=datetime.now(UTC),
            host=socket.gethostname(),
            process_lives=_is_process(run.pid),
        )

    async def _campaign_files(self) -> list[CampaignFile]:
        async with self._reading:
            return await anyio.to_thread.run_sync(self._files.read)


def _entry(id_: CampaignId, file: CampaignFile | None, *, simulated: bool, enrolled: bool) -> Entry:
    return Entry(
        id=id_,
        simulated=simulated,
        file=None if file is None else file.path,
        fault=None if file is None else file.fault,
        enrolled=enrolled,
    )


def _is_process(pid: int) -> bool:
    """Whether a process of this number is there, whoever's it is."""
    if os.name != "posix":
        return True  # asking would end it
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return pid > 0
