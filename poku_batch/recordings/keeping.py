"""Keeping recordings beside a run: fetched soon after each call's end, since links expire.

Invariants: no call waits for a recording; nothing that goes wrong here ends the run; what is not
fetched by its end is in the ledger, for the next run or the command. Memory is bounded.
"""

import math
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime
from functools import partial
from pathlib import Path

import anyio
from anyio import to_thread
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream

from poku_batch.engine.race import first_of
from poku_batch.errors import PokuBatchError
from poku_batch.events import CallEnded, RecordingTrouble
from poku_batch.models import AttemptId, CampaignId, WantedRecording
from poku_batch.ports import Clock, EventSink, Recordings
from poku_batch.recordings.downloading import Downloader
from poku_batch.recordings.faults import FolderTroubleError
from poku_batch.recordings.fetching import Fetcher
from poku_batch.recordings.folder import Folder, FolderBusyError

#: So many recordings are fetched at once.
CONCURRENCY = 4

#: A run tries a recording so often at the most: it may not be there yet when its call has ended.
_MOST_TRIES = 3
#: After how long it is tried again, in seconds.
_AGAIN_S = 30.0
#: A folder, or a ledger, that takes nothing is left alone for so long, in seconds.
_REST_S = 10.0
#: At the least so many seconds lie between two tellings of trouble.
_TELL_EVERY_S = 10.0
#: So many keys, and so many recordings to try again, are remembered; others are looked for.
_REMEMBERED = 10_000
#: So many keys are asked for at once.
_ASKED_FOR = 200


class Keeper:
    """Fetches a campaign's recordings while it is run."""

    def __init__(
        self,
        campaign: CampaignId,
        recordings: Recordings,
        folder: Path,
        downloader: Downloader,
        *,
        clock: Clock,
        now: Callable[[], datetime],
        sink: EventSink,
    ) -> None:
        """Take the folder by its absolute path; ``clock`` passes as the network's time does."""
        self._campaign = campaign
        self._recordings = recordings
        self._folder = Folder(folder)
        self._fetcher = Fetcher(recordings, self._folder, downloader, clock=clock, now=now)
        self._clock = clock
        self._now = now
        self._sink = sink
        self._keys: deque[str] = deque()
        #: whether there is more than is remembered; what earlier runs left is
        self._has_more = True
        self._under_way: set[AttemptId] = set()
        #: keys of what is tried again, by when (monotonic), soonest first
        self._later: deque[tuple[float, str]] = deque()
        self._feeding = False
        #: whether the folder cannot be had for now
        self._refused = False
        self._changed = anyio.Event()
        self._trouble_at = -math.inf

    def hear(self, event: CallEnded) -> None:
        """Say that a call has ended, which may have been recorded."""
        if len(self._keys) < _REMEMBERED:
            self._keys.append(event.key)
        else:
            self._has_more = True
        self._change()

    @property
    def waiting(self) -> int:
        """How many contacts' recordings are still to be looked at, at the least."""
        return len(self._keys) + len(self._under_way) + len(self._later) + self._has_more

    async def run(self) -> None:
        """Fetch what is wanted and what comes to be, until cancelled."""
        while True:
            try:
                await self._hold_and_keep()
            except Exception as fault:  # calls go on, whatever it is
                self._tell(_words(fault))
            await self._clock.sleep(_REST_S)

    async def drain(self, within_s: float) -> int:
        """Fetch what can be fetched within so many seconds; gives what is ``waiting`` then.

        What failed before is tried once more. ``run`` goes on meanwhile.
        """
        await first_of(self._settle, partial(self._clock.sleep, within_s))
        return self.waiting

    async def _settle(self) -> None:
        await self._until_idle()
        self._keys.extend(key for _, key in self._later)
        self._later.clear()
        self._change()
        await self._until_idle()

    async def _until_idle(self) -> None:
        while not self._refused and (
            self._keys or self._under_way or self._has_more or self._feeding
        ):
            await self._changed.wait()

    def _change(self) -> None:
        self._changed.set()
        self._changed = anyio.Event()

    async def _hold_and_keep(self) -> None:
        try:
            await to_thread.run_sync(self._folder.__enter__)
        except FolderBusyError:
            self._refuse("another program puts recordings into the folder")
            return
        except OSError as error:
            self._refuse(f"the folder cannot be used: {error.strerror or error}")
            return
        self._refused = False
        try:
            await self._keep()
        finally:
            with anyio.CancelScope(shield=True):
                await to_thread.run_sync(partial(self._folder.__exit__, None, None, None))

    def _refuse(self, why: str) -> None:
        self._refused = True
        self._tell(why)
        self._change()

    async def _keep(self) -> None:
        send, receive = anyio.create_memory_object_stream[WantedRecording](0)
        async with anyio.create_task_group() as tasks, send, receive:
            for _ in range(CONCURRENCY):
                tasks.start_soon(self._work, receive)
            while True:
                await self._feed_on(send)
                if not self._has_news():
                    await self._wait()

    async def _feed_on(self, send: MemoryObjectSendStream[WantedRecording]) -> None:
        self._feeding = True
        try:
            await self._feed(send)
        except Exception as fault:  # calls go on, whatever it is
            self._has_more = True
            self._tell(_words(fault))
            await self._clock.sleep(_REST_S)
        finally:
            self._feeding = False
            self._change()

    def _has_news(self) -> bool:
        due = bool(self._later) and self._later[0][0] <= self._clock.monotonic()
        return bool(self._keys) or self._has_more or due

    async def _wait(self) -> None:
        """Wait for something to end, or until something is to be tried again."""
        changed = self._changed
        if not self._later:
            await changed.wait()
            return
        wait_s = max(self._later[0][0] - self._clock.monotonic(), 0.0)
        await first_of(changed.wait, partial(self._clock.sleep, wait_s))

    async def _feed(self, send: MemoryObjectSendStream[WantedRecording]) -> None:
        """Hand over all that is known to be wanted now; returns when the last has been taken."""
        if self._has_more:
            self._has_more = False
            async for batch in self._recordings.wanted(self._campaign):
                await self._hand_over(send, batch)
        while keys := self._next_keys():
            wanted = await self._recordings.wanted_of(self._campaign, keys)
            await self._hand_over(send, wanted)

    def _next_keys(self) -> list[str]:
        now = self._clock.monotonic()
        while self._later and self._later[0][0] <= now:
            self._keys.append(self._later.popleft()[1])
        some = min(len(self._keys), _ASKED_FOR)
        return list(dict.fromkeys(self._keys.popleft() for _ in range(some)))

    async def _hand_over(
        self, send: MemoryObjectSendStream[WantedRecording], wanted: Iterable[WantedRecording]
    ) -> None:
        for each in wanted:
            if each.tries < _MOST_TRIES and each.attempt_id not in self._under_way:
                self._under_way.add(each.attempt_id)
                await send.send(each)

    async def _work(self, receive: MemoryObjectReceiveStream[WantedRecording]) -> None:
        while True:
            wanted = await receive.receive()
            try:
                await self._fetch(wanted)
            finally:
                self._under_way.discard(wanted.attempt_id)
                self._change()

    async def _fetch(self, wanted: WantedRecording) -> None:
        try:
            settled = await self._fetcher.fetch(wanted)
        except Exception as fault:  # calls go on, whatever it is
            # Nobody need wait for a folder that takes nothing.
            self._refused = isinstance(fault, FolderTroubleError)
            self._tell(_words(fault))
            self._try_later(wanted)
            self._change()
            await self._clock.sleep(_REST_S)
            return
        self._refused = False
        if settled.kept is None:
            self._tell(f"row {wanted.row}: {settled.why}")
            if wanted.tries + 1 < _MOST_TRIES:
                self._try_later(wanted)

    def _try_later(self, wanted: WantedRecording) -> None:
        if len(self._later) < _REMEMBERED:
            self._later.append((self._clock.monotonic() + _AGAIN_S, wanted.key))

    def _tell(self, why: str) -> None:
        now = self._clock.monotonic()
        if now - self._trouble_at >= _TELL_EVERY_S:
            self._trouble_at = now
            with suppress(Exception):  # a display's fault is not this one's
                self._sink.emit(RecordingTrouble(at=self._now(), why=why))


def _words(fault: Exception) -> str:
    match fault:
        case FolderTroubleError():
            return f"the folder takes no recording: {fault.why}"
        case PokuBatchError():
            return str(fault)
        case _:
            return f"fetching broke off: {type(fault).__name__}"
