"""Local copies of a campaign's recordings: beside a run, and by a command of their own."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from poku_batch.app import environment
from poku_batch.app.api import make_client
from poku_batch.app.outside import Outside
from poku_batch.app.preparing import recordings_folder
from poku_batch.app.reading import existing_ledger, time_of
from poku_batch.campaign import Campaign
from poku_batch.campaign.fields import is_loopback
from poku_batch.clock import SteadyClock, SystemClock
from poku_batch.errors import UsageError
from poku_batch.models import Ended, InteractionId, RecordingCounts, WantedRecording
from poku_batch.ports import EventSink, Ledger

if TYPE_CHECKING:
    from poku_batch.recordings import Folder, FreshAddress, Keeper, Settled

#: The path of a recording that the simulator serves.
_SIMULATED_PATH = "/recordings/"


class Watcher(Protocol):
    """Whoever watches recordings being fetched."""

    def begin(self, wanted: int) -> None:
        """So many are to be fetched."""

    def settle(self, settled: "Settled") -> None:
        """One has been fetched, or is missing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingsReport:
    """What there is by now: ``fetched`` of those that are kept were fetched just now.

    ``settled`` has every recording of the campaign, in the order of attempts.
    """

    folder: Path
    settled: tuple["Settled", ...]
    fetched: int

    @property
    def missing(self) -> tuple["Settled", ...]:
        """Those that have no local copy."""
        return tuple(each for each in self.settled if each.kept is None)


def folder_for(campaign: Campaign, to: Path | None, *, simulate: bool) -> Path:
    """The folder that was named, else the campaign's. Raises ``UsageError`` where there is none."""
    folder = to or recordings_folder(campaign, simulate=simulate)
    if folder is None:
        raise UsageError(
            "there is no folder for the recordings: name one after the campaign, or write it into "
            "the campaign as output.recordings"
        )
    return folder


async def fetch_recordings(
    campaign: Campaign,
    folder: Path,
    *,
    simulate: bool = False,
    concurrency: int = 4,
    verify: bool = False,
    watcher: Watcher,
) -> RecordingsReport:
    """Fetch the recordings of a campaign's ended calls that are not in ``folder`` (absolute).

    ``verify`` reads the copies that are there, and does not go by their lengths alone. Raises
    ``UsageError`` if the campaign was never run, or the folder cannot be used.
    """
    from poku_batch.recordings import Downloader, Fetcher, check_folder, fetch_all, look_after

    check_folder(folder)
    settled: list[Settled] = []

    def settle(one: "Settled") -> None:
        settled.append(one)
        watcher.settle(one)

    async with AsyncExitStack() as stack:
        ledger = await stack.enter_async_context(
            existing_ledger(campaign, simulate=simulate, writing=True)
        )
        held = stack.enter_context(_held(folder))
        at = await time_of(ledger, simulate=simulate)
        clock = SteadyClock(SystemClock())
        now = (lambda: at) if simulate else clock.now
        copies = look_after(ledger.recordings, campaign.identity, held, verify=verify, now=now)
        settled += [each async for each in copies]
        there = len(settled)
        address = await stack.enter_async_context(_addresses(simulate=simulate))
        fetcher = Fetcher(
            ledger.recordings,
            held,
            Downloader(loopback=simulate or _is_here(environment.base_url(campaign))),
            clock=clock,
            now=now,
            fresh_address=await stack.enter_async_context(_asking(campaign, simulate=simulate)),
        )
        watcher.begin((await ledger.recordings.counts(campaign.identity)).left)
        wanted = _addressed(ledger.recordings.wanted(campaign.identity), address)
        await fetch_all(wanted, fetcher, concurrency=concurrency, settled=settle)
    fetched = sum(each.kept is not None for each in settled[there:])
    settled.sort(key=lambda one: one.wanted.attempt_id)
    return RecordingsReport(folder=held.path, settled=tuple(settled), fetched=fetched)


def open_keeper(campaign: Campaign, outside: Outside, sink: EventSink) -> "Keeper | None":
    """What fetches recordings beside a run; None where the campaign wants none."""
    folder = recordings_folder(campaign, simulate=outside.simulated)
    if folder is None:
        return None
    from poku_batch.recordings import Downloader, Keeper

    return Keeper(
        campaign.identity,
        outside.ledger.recordings,
        folder,
        Downloader(loopback=_is_here(outside.base_url)),
        # What is asked over the network answers in the network's time, in a rehearsal too.
        clock=SteadyClock(SystemClock()),
        now=outside.clock.now,
        sink=sink,
    )


async def recordings_of(ledger: Ledger, campaign: Campaign) -> RecordingCounts | None:
    """How many recordings are kept; None where the campaign wants none."""
    if campaign.output.recordings is None:
        return None
    return await ledger.recordings.counts(campaign.identity)


@contextmanager
def _held(path: Path) -> "Iterator[Folder]":
    """Hold the folder for this process."""
    from poku_batch.recordings import Folder, FolderBusyError

    folder = Folder(path)
    try:
        folder.__enter__()
    except FolderBusyError:
        raise UsageError(
            f"{path}: another program puts recordings there just now, such as a run; wait until "
            "it has ended"
        ) from None
    except OSError as error:
        raise UsageError(f"{path}: the folder cannot be used: {error.strerror or error}") from error
    try:
        yield folder
    finally:
        folder.__exit__(None, None, None)


@asynccontextmanager
async def _asking(campaign: Campaign, *, simulate: bool) -> "AsyncIterator[FreshAddress | None]":
    """Who is asked for the address of a recording whose link has expired; nobody without a key."""
    key = None if simulate else environment.maybe_api_key()
    if key is None:
        yield None
        return
    async with make_client(campaign, key, environment.base_url(campaign)) as client:

        async def ask(interaction_id: InteractionId) -> str | None:
            standing = await client.standing(interaction_id)
            return standing.recording_url if isinstance(standing, Ended) else None

        yield ask


@asynccontextmanager
async def _addresses(*, simulate: bool) -> AsyncIterator[Callable[[str], str]]:
    """Where a recording is fetched: a rehearsal's simulator is gone, so another one takes part."""
    if not simulate:
        yield lambda url: url
        return
    from poku_batch.simulator import SimulatorConfig, running_simulator

    async with running_simulator(SimulatorConfig(earlier_recordings=True)) as simulator:

        def address(url: str) -> str:
            path = urlsplit(url).path
            return f"{simulator.url}{path}" if path.startswith(_SIMULATED_PATH) else url

        yield address


async def _addressed(
    wanted: AsyncIterator[list[WantedRecording]], address: Callable[[str], str]
) -> AsyncIterator[list[WantedRecording]]:
    async for batch in wanted:
        yield [replace(each, url=address(each.url)) for each in batch]


def _is_here(base_url: str) -> bool:
    """Whether the API is on this machine, as a stand-in is: then its recordings may be, too."""
    return is_loopback(urlsplit(base_url).hostname or "")
