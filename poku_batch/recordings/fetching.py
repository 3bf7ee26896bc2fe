"""Fetching wanted recordings: each tried a few times, each end recorded."""

import os
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import anyio
from anyio import to_thread
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from poku_batch.models import Claim, InteractionId, KeptRecording, WantedRecording
from poku_batch.policy.waits import wait_before_retry_s
from poku_batch.ports import Clock, Recordings
from poku_batch.recordings.downloading import Copying, Downloader
from poku_batch.recordings.faults import DownloadError, FolderTroubleError
from poku_batch.recordings.folder import Folder, whole_copy
from poku_batch.recordings.naming import stem_of
from poku_batch.recordings.partial import discard, note_of, part_of
from poku_batch.recordings.sounds import Sound

#: How often one recording is tried at once, and the longest pause between two tries, in seconds.
_TRIES = 4
_MAX_WAIT_S = 10.0
#: Whoever asks for a longer pause is asked again another day.
_PATIENCE_S = 60.0

#: Asks for the address that a call's recording has by now; None where nobody knows another.
FreshAddress = Callable[[InteractionId], Awaitable[str | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What came of a wanted recording: the copy that is kept, or why there is none."""

    wanted: WantedRecording
    kept: KeptRecording | None = None
    why: str | None = None


class Fetcher:
    """Fetches recordings into a folder that this program holds, and records what came of each."""

    def __init__(
        self,
        recordings: Recordings,
        folder: Folder,
        downloader: Downloader,
        *,
        clock: Clock,
        now: Callable[[], datetime],
        fresh_address: FreshAddress | None = None,
    ) -> None:
        """Take where copies are recorded and go; ``clock`` passes as the network's time does."""
        self._recordings = recordings
        self._folder = folder
        self._downloader = downloader
        self._clock = clock
        self._now = now
        self._fresh_address = fresh_address

    async def fetch(self, wanted: WantedRecording) -> Settled:
        """Fetch one recording, or record why it is missing.

        Raises ``FolderTroubleError`` where the folder takes none at all, and ``LedgerError``.
        """
        copying = Copying(await self._place_here(wanted), partial(self._claim, wanted))
        try:
            kept = await self._found(copying.place) or await self._downloaded(wanted, copying)
        except DownloadError as error:
            return await self._missed(wanted, copying, error.why)
        except OSError as error:
            why = error.strerror or str(error)
            await self._missed(wanted, copying, f"it cannot be kept: {why}")
            raise FolderTroubleError(why) from error
        return await self._keep(wanted, kept)

    async def _place_here(self, wanted: WantedRecording) -> Path | None:
        """The place that was claimed before, if it is in this folder; elsewhere it is cleared."""
        place = wanted.place
        if place is None or place.parent == self._folder.path:
            return place
        await to_thread.run_sync(_clear, place)
        return None

    async def _claim(self, wanted: WantedRecording, sound: Sound, instead_of: Path | None) -> Path:
        if instead_of is not None:
            await to_thread.run_sync(_clear, instead_of)
        for place in self._folder.free_places(stem_of(wanted.key, wanted.attempt), sound.ending):
            claim = await self._recordings.begin(wanted.attempt_id, place, at=self._now())
            if claim is Claim.CLAIMED:
                return place
            if claim is Claim.ERASED:
                break
        raise DownloadError("the person was forgotten meanwhile")

    async def _found(self, place: Path | None) -> KeptRecording | None:
        """A copy that was made to its end by whoever died before recording it."""
        found = None if place is None else await to_thread.run_sync(whole_copy, place)
        if place is None or found is None:
            return None
        return KeptRecording(file=place, size=found[0], sha256=found[1], at=self._now())

    async def _downloaded(self, wanted: WantedRecording, copying: Copying) -> KeptRecording:
        try:
            return await self._try_a_few_times(wanted.url, copying)
        except DownloadError as error:
            url = await self._other_address(wanted) if error.gone else None
            if url is None:
                raise
            return await self._try_a_few_times(url, copying)

    async def _other_address(self, wanted: WantedRecording) -> str | None:
        if self._fresh_address is None or wanted.interaction_id is None:
            return None
        url = await self._fresh_address(wanted.interaction_id)
        return None if url == wanted.url else url

    async def _try_a_few_times(self, url: str, copying: Copying) -> KeptRecording:
        retrying = AsyncRetrying(
            retry=retry_if_exception(_may_pass),
            stop=stop_after_attempt(_TRIES),
            wait=_wait_s,
            sleep=self._clock.sleep,
            reraise=True,
        )
        made: tuple[int, str] = await retrying(self._downloader.download, url, copying)
        if copying.place is None:
            raise AssertionError("a copy has a place once it is whole")
        return KeptRecording(file=copying.place, size=made[0], sha256=made[1], at=self._now())

    async def _keep(self, wanted: WantedRecording, kept: KeptRecording) -> Settled:
        if await self._recordings.keep(wanted.attempt_id, kept):
            with suppress(OSError):
                await to_thread.run_sync(partial(note_of(kept.file).unlink, missing_ok=True))
            return Settled(wanted=wanted, kept=kept)
        await to_thread.run_sync(_clear, kept.file)
        return Settled(wanted=wanted, why="the person was forgotten meanwhile")

    async def _missed(self, wanted: WantedRecording, copying: Copying, why: str) -> Settled:
        """Record it; what nobody can go on with is cleared, and its place given up."""
        if not copying.is_left and copying.place is not None:
            with suppress(OSError):
                await to_thread.run_sync(discard, copying.place)
        place = copying.place if await to_thread.run_sync(_lies_there, copying.place) else None
        await self._recordings.miss(wanted.attempt_id, why, at=self._now(), place=place)
        return Settled(wanted=wanted, why=why)


async def fetch_all(
    wanted: AsyncIterator[list[WantedRecording]],
    fetcher: Fetcher,
    *,
    concurrency: int,
    settled: Callable[[Settled], None],
) -> None:
    """Fetch all, ``concurrency`` at once, and tell what came of each as it comes.

    Where the folder takes nothing any more, the rest is told to be missing for that, untried.
    """
    await _Fetching(fetcher, settled).run(wanted, concurrency)


class _Fetching:
    """Several recordings under way at once."""

    def __init__(self, fetcher: Fetcher, settled: Callable[[Settled], None]) -> None:
        self._fetcher = fetcher
        self._settled = settled
        self._trouble: str | None = None
        self._faults: list[Exception] = []

    async def run(self, wanted: AsyncIterator[list[WantedRecording]], concurrency: int) -> None:
        send, receive = anyio.create_memory_object_stream[WantedRecording](0)
        async with receive, anyio.create_task_group() as tasks:
            for _ in range(concurrency):
                tasks.start_soon(self._noting_faults, tasks, partial(self._work, receive))
            await self._noting_faults(tasks, partial(self._send, wanted, send))
        if self._faults:
            raise self._faults[0]

    async def _noting_faults(self, tasks: TaskGroup, act: Callable[[], Awaitable[None]]) -> None:
        """Keep what is raised, to be raised out of the group, and end everything."""
        try:
            await act()
        except Exception as fault:
            self._faults.append(fault)
            tasks.cancel_scope.cancel()

    async def _send(
        self,
        wanted: AsyncIterator[list[WantedRecording]],
        send: MemoryObjectSendStream[WantedRecording],
    ) -> None:
        async with send:
            async for batch in wanted:
                for each in batch:
                    await send.send(each)

    async def _work(self, receive: MemoryObjectReceiveStream[WantedRecording]) -> None:
        async for each in receive:
            self._settled(await self._fetch(each))

    async def _fetch(self, wanted: WantedRecording) -> Settled:
        if self._trouble is not None:
            return Settled(wanted=wanted, why=f"not tried: {self._trouble}")
        try:
            return await self._fetcher.fetch(wanted)
        except FolderTroubleError as error:
            self._trouble = f"the folder takes no recording: {error.why}"
            return Settled(wanted=wanted, why=self._trouble)


def _may_pass(error: BaseException) -> bool:
    if not isinstance(error, DownloadError) or not error.passing:
        return False
    return error.retry_after_s is None or error.retry_after_s <= _PATIENCE_S


def _wait_s(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome is not None else None
    return wait_before_retry_s(
        state.attempt_number,
        retry_after_s=error.retry_after_s if isinstance(error, DownloadError) else None,
        max_wait_s=_MAX_WAIT_S,
        chance=random.random(),  # noqa: S311 – spreads tries, guards nothing
    )


def _lies_there(place: Path | None) -> bool:
    """Whether anything of a copy is at its place or beside it."""
    return place is not None and any(
        os.path.lexists(path) for path in (place, part_of(place), note_of(place))
    )


def _clear(place: Path) -> None:
    """Delete a copy and what lies beside its place."""
    with suppress(OSError):
        discard(place)
    with suppress(OSError):
        place.unlink(missing_ok=True)
