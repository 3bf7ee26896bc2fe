"""The ledger, in one SQLite file or in a schema of a PostgreSQL database.

Invariants: one thread writes (``writer``), one connection reads beside it (``reading``), and each
enrolment has a connection of its own; several processes may share a ledger, each on its own
campaigns (``lock``).
"""

import os
import socket
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread

from poku_batch.errors import CampaignBusyError, LedgerError
from poku_batch.ledger import (
    do_not_call,
    guards,
    instants,
    runs,
    selection,
    statements,
    verdicts,
)
from poku_batch.ledger.browsing import SqlBrowsing
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.controls import SqlControls
from poku_batch.ledger.enrolment import SqlEnrolment
from poku_batch.ledger.failures import DATABASE_ERRORS, translated
from poku_batch.ledger.holds import campaign_number
from poku_batch.ledger.places import Place, SharedLedger, place_of
from poku_batch.ledger.reading import Reader
from poku_batch.ledger.recordings import SqlRecordings
from poku_batch.ledger.run import SqlRun
from poku_batch.ledger.schema import VERSION
from poku_batch.ledger.statistics import SqlStatistics
from poku_batch.ledger.writer import Writer
from poku_batch.models import (
    CampaignId,
    Cap,
    ContactKey,
    ContactRecord,
    Counts,
    Decision,
    DoNotCallEntry,
    DuplicateRule,
    HistoryEntry,
    PastCalls,
    PlainRecord,
    PutBack,
    Selection,
    UnknownCall,
    Usage,
)


class SqlLedger:
    """The implementation of ``ports.Ledger``; made by ``open_ledger``."""

    def __init__(
        self, place: Place, writer: Writer, reader: Reader, *, sealed: bool = False
    ) -> None:
        self.place = place
        self._sealed = sealed
        self._writer = writer
        self._reader = reader
        self._runs: list[SqlRun] = []
        self._browsing = SqlBrowsing(reader)
        self._statistics = SqlStatistics(reader)
        self._controls = SqlControls(writer, reader)
        self._recordings = SqlRecordings(writer, reader)
        keep = self._runs.append
        self._distribution: SharedLedger | None = place.distribution(writer, reader, keep)

    @property
    def controls(self) -> SqlControls:
        """What people ask of runs."""
        return self._controls

    @property
    def distribution(self) -> SharedLedger | None:
        """Runs whose calls workers make; None where the ledger is a file."""
        return self._distribution

    @property
    def statistics(self) -> SqlStatistics:
        """A campaign's calls, added up."""
        return self._statistics

    @property
    def browsing(self) -> SqlBrowsing:
        """Parts of the ledger for a person to look at."""
        return self._browsing

    @property
    def recordings(self) -> SqlRecordings:
        """Which recordings have a local copy."""
        return self._recordings

    @asynccontextmanager
    async def enrolment(
        self,
        campaign: CampaignId,
        columns: Sequence[str],
        duplicates: DuplicateRule,
        *,
        number_caps: Sequence[Cap] = (),
    ) -> AsyncIterator[SqlEnrolment]:
        """Begin to enrol a sheet with these columns, in their order."""
        connection = await _connect(self.place, sealed=self._sealed)
        session = SqlEnrolment(
            connection, self.place, campaign, columns, duplicates, tuple(number_caps)
        )
        try:
            await session.prepare()
            yield session
        finally:
            await session.close()

    async def open_run(
        self,
        campaign: CampaignId,
        *,
        tell_results: bool = False,
        at: datetime,
    ) -> SqlRun:
        """Take the campaign for this process, and settle what a dead run left behind."""
        lock = self.place.lease(campaign)
        # Shielded: cancelled in the middle, the lock must not stay behind.
        with anyio.CancelScope(shield=True):
            if not await anyio.to_thread.run_sync(lock.acquire):
                raise await self._busy(campaign)
            try:
                hold = await self._writer.run(
                    lambda connection: runs.open_run(
                        connection,
                        campaign,
                        host=socket.gethostname(),
                        pid=os.getpid(),
                        tell_results=tell_results,
                        at=at,
                    )
                )
            except BaseException:
                await anyio.to_thread.run_sync(lock.release)
                raise
        run = SqlRun(campaign, hold, self._writer, self._reader, lock)
        self._runs.append(run)
        return run

    async def latest_at(self) -> datetime | None:
        """The latest time that the ledger tells of; None for an empty one."""
        return await self._reader.latest_at()

    async def usage(self, campaign: CampaignId, *, longest: timedelta | None = None) -> Usage:
        """What a campaign has used up so far, over all its runs."""
        return await self._reader.usage(campaign, longest=longest)

    async def past_calls(self, *, last: int, longest: timedelta | None = None) -> PastCalls:
        """What the latest calls of all campaigns that ended came to."""
        return await self._reader.past_calls(last=last, longest=longest)

    async def times_from(self, numbers: Sequence[str], *, since: datetime) -> list[datetime]:
        """When calls were placed from caller IDs since a time, earliest first."""
        return await self._reader.run(partial(guards.times_from, numbers=numbers, since=since))

    async def add_do_not_call(self, entries: Sequence[DoNotCallEntry]) -> int:
        """Put numbers onto the list; gives how many were not on it."""
        taken = tuple(entries)
        return await self._writer.run(lambda connection: do_not_call.add(connection, taken))

    async def remove_do_not_call(self, number: str, *, by: str, at: datetime) -> bool:
        """Take a number off the list; False where it is not on it."""
        return await self._writer.run(
            lambda connection: do_not_call.remove(connection, number, by=by, at=at)
        )

    async def listed(self, number: str) -> str | None:
        """The source of a number's entry on the do-not-call list; None where it is not on it."""
        return await self._reader.run(partial(do_not_call.is_listed, number=number))

    async def do_not_call(self, *, batch: int = 1_000) -> AsyncIterator[list[DoNotCallEntry]]:
        """The list, in the order in which numbers came onto it, in batches."""
        place = do_not_call.START
        while True:
            found, place = await self._reader.run(
                partial(do_not_call.entries, after=place, limit=batch)
            )
            if not found:
                return
            yield found

    async def columns(self, campaign: CampaignId) -> tuple[str, ...] | None:
        """The current sheet's columns, in order; None for a campaign never enrolled."""
        return await self._reader.columns(campaign)

    async def counts(self, campaign: CampaignId, *, now: datetime) -> Counts:
        """How the current sheet stands; all zero for a campaign never enrolled."""
        return await self._reader.counts(campaign, now=now)

    def records(
        self, campaign: CampaignId, *, batch: int = 10_000
    ) -> AsyncIterator[list[ContactRecord]]:
        """The current sheet's rows with what came of them, in sheet order, in batches."""
        return self._reader.records(campaign, batch=batch)

    def plain_records(
        self, campaign: CampaignId, *, batch: int = 2_000
    ) -> AsyncIterator[list[PlainRecord]]:
        """What ``records`` gives, as plain values."""
        return self._reader.plain_records(campaign, batch=batch)

    async def contact(self, campaign: CampaignId, key: str) -> ContactRecord | None:
        """The contact with a key, whether it is in the current sheet or not; None for nobody."""
        return await self._reader.contact(campaign, key)

    async def near_keys(self, campaign: CampaignId, key: str, *, limit: int = 20_000) -> list[str]:
        """Keys of the current sheet that may have been meant by one that is not there."""
        return await self._reader.near_keys(campaign, key, limit=limit)

    async def unknown_calls(self, campaign: CampaignId, *, limit: int) -> list[UnknownCall]:
        """The first unknown contacts of the current sheet, in its order."""
        return await self._reader.unknown_calls(campaign, limit=limit)

    async def selected(self, campaign: CampaignId, chosen: Selection) -> PutBack:
        """Say what ``put_back`` would do."""
        return await self._reader.selected(campaign, chosen)

    async def put_back(
        self, campaign: CampaignId, chosen: Selection, *, agreed: int, by: str, at: datetime
    ) -> PutBack:
        """Put a selection back to pending."""
        return await self._writer.run(
            lambda connection: selection.put_back(
                connection,
                campaign_number(connection, campaign),
                chosen,
                agreed=agreed,
                by=by,
                at=at,
            )
        )

    async def resolve(self, campaign: CampaignId, key: ContactKey, decision: Decision) -> None:
        """Record a person's word on an unknown contact."""
        await self._writer.run(
            lambda connection: verdicts.resolve(
                connection, campaign_number(connection, campaign), key, decision
            )
        )

    def history(
        self, campaign: CampaignId, *, key: str | None = None, batch: int = 1_000
    ) -> AsyncIterator[list[HistoryEntry]]:
        """What happened to the campaign's contacts, in order of time, in batches."""
        return self._reader.history(campaign, key=key, batch=batch)

    async def close(self) -> None:
        """Commit everything handed in, and let go of the file and of campaigns still held."""
        with anyio.CancelScope(shield=True):
            if self._distribution is not None:
                await self._distribution.close()
            await self._writer.close()
            await self._reader.close()
            for run in self._runs:
                await run.let_go()

    async def _busy(self, campaign: CampaignId) -> CampaignBusyError:
        holder = await self._reader.run(
            lambda connection: connection.execute(
                statements.FIND_HOLDER, {"name": campaign.name, "wave": campaign.wave}
            ).fetchone()
        )
        # None where the holder has the lock, and is just about to write its name.
        host, pid, since = holder or (socket.gethostname(), 0, None)
        who = f"process {pid} on {host}, since {instants.in_words(since)}" if since else "somebody"
        return CampaignBusyError(
            f"the campaign {campaign} is being run already, by {who}; "
            "wait until that run has ended, or stop it (Ctrl-C there), then run again",
            host=host,
            pid=pid,
        )


@asynccontextmanager
async def open_ledger(url: str | Path) -> AsyncIterator[SqlLedger]:
    """Open the ledger at a path, ``sqlite:///path`` or ``postgresql://…``; create a missing one.

    A file's folder is created too (0700; the file 0600), but not the folder's parent; of a
    database, only the tables. Raises ``LedgerError`` where it cannot be used, or comes from a
    newer version.
    """
    place = place_of(url)
    await anyio.to_thread.run_sync(place.prepare)
    writing = await _connect(place)
    try:
        reading = await _connect(place, read_only=True)
    except BaseException:
        writing.close()
        raise
    ledger = SqlLedger(place, Writer(writing, place), Reader(reading, place))
    try:
        yield ledger
    finally:
        await ledger.close()


@asynccontextmanager
async def look_into(url: str | Path) -> AsyncIterator[SqlLedger]:
    """Open the ledger at a path, ``sqlite:///path`` or ``postgresql://…`` to read it alone.

    Nothing of it changes. A file of an earlier version is read in a private copy, which alone is
    brought up to date: a run of the earlier program may be going on with it; a database of an
    earlier version is refused. Enrolments can be previewed; what would write raises
    ``LedgerError``, as does a ledger that is missing or of no known version.
    """
    place = place_of(url)
    reading = await _connect(place, read_only=True)
    try:
        # It reads now and closes last, so that SQLite's log is taken away again with it.
        version = await anyio.to_thread.run_sync(_version, reading, place)
        is_old = version < VERSION
        writing = None if is_old else await _connect(place, read_only=True)
    except BaseException:
        reading.close()
        raise
    if writing is None:
        try:
            async with _copied(reading, place) as ledger:
                yield ledger
        finally:
            reading.close()
        return
    ledger = SqlLedger(place, Writer(writing, place), Reader(reading, place), sealed=True)
    try:
        yield ledger
    finally:
        await ledger.close()


@asynccontextmanager
async def _copied(source: Connection, place: Place) -> AsyncIterator[SqlLedger]:
    """Open a private copy of a ledger, brought up to date."""
    if not isinstance(source, sqlite3.Connection):
        raise LedgerError(
            f"{place}: the ledger is of an earlier version; whatever writes to it, as poku-batch "
            "run, brings it up to date"
        )

    def copy(to: Path) -> None:
        with closing(sqlite3.connect(to, isolation_level=None)) as copied:
            # All pages in one step are one moment's.
            source.backup(copied, pages=-1)

    async with _private_folder() as folder:
        try:
            await anyio.to_thread.run_sync(copy, folder / "copy.db")
        except sqlite3.Error as error:
            raise translated(error, place) from error
        async with open_ledger(folder / "copy.db") as ledger:
            yield ledger


@asynccontextmanager
async def scratch_ledger() -> AsyncIterator[SqlLedger]:
    """An empty ledger that is gone afterwards: for previews where no ledger exists yet."""
    async with _private_folder() as folder, open_ledger(folder / "scratch.db") as ledger:
        yield ledger


@asynccontextmanager
async def _private_folder() -> AsyncIterator[Path]:
    folder = await anyio.to_thread.run_sync(
        lambda: tempfile.TemporaryDirectory(prefix="poku-batch-", ignore_cleanup_errors=True)
    )
    try:
        yield Path(folder.name)
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(folder.cleanup)


def _version(connection: Connection, place: Place) -> int:
    try:
        return place.version_of(connection)
    except DATABASE_ERRORS as error:
        raise translated(error, place) from error


async def _connect(place: Place, *, read_only: bool = False, sealed: bool = False) -> Connection:
    try:
        return await anyio.to_thread.run_sync(
            partial(place.connect, read_only=read_only, sealed=sealed)
        )
    except DATABASE_ERRORS as error:
        raise translated(error, place) from error
