"""Streams of events: a page is told that something has changed, and asks for it anew itself.

A stream asks the ledger for its version, which costs next to nothing. How often a page is told is
bounded by what making it anew costs: all pages together a tenth of the server's time.
"""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import anyio

from poku_batch.errors import LedgerError

#: The most often that a page is told, and the longest that it is not; in seconds.
_LEAST_S = 1.0
_MOST_S = 20.0

#: Without a word for so long, proxies take a stream for dead.
_STILL_HERE_S = 15.0

#: The part of the server's time that making pages anew may take.
_SHARE = 0.1

Version = Callable[[], Awaitable[tuple[int, ...]]]


@dataclass(slots=True, kw_only=True)
class Pace:
    """How often pages may be made anew, by what it cost the last times; seconds."""

    monotonic: Callable[[], float] = time.monotonic
    streams: int = 0
    _cost_s: float = field(default=0.0)

    @contextmanager
    def measured(self) -> Iterator[None]:
        """Measure the making of a page."""
        began_s = self.monotonic()
        try:
            yield
        finally:
            self._cost_s += 0.3 * (self.monotonic() - began_s - self._cost_s)

    @property
    def interval_s(self) -> float:
        """How long a page is let be after it was told of a change."""
        return max(_LEAST_S, self._cost_s * max(self.streams, 1) / _SHARE)


class Streams:
    """The streams of one server, which end together."""

    def __init__(self, pace: Pace) -> None:
        """Take what says how often pages may be told."""
        self.pace = pace
        self._over = anyio.Event()

    def end(self) -> None:
        """End every stream, and those that are begun from now on."""
        self._over.set()

    async def events(self, version: Version) -> AsyncIterator[bytes]:
        """What one page is sent, until it leaves or the server does."""
        self.pace.streams += 1
        try:
            seen = await _asked(version)
            yield b"retry: 2000\nevent: ready\ndata:\n\n"
            told_s = said_s = anyio.current_time()
            while not await self._is_over_after(self.pace.interval_s):
                now_s, found = anyio.current_time(), await _asked(version)
                # What time alone changes is seen to as well: ages, and who is due by now.
                if found != seen or now_s - told_s >= max(_MOST_S, self.pace.interval_s):
                    seen, told_s, said_s = found, now_s, now_s
                    yield b"event: changed\ndata:\n\n"
                elif now_s - said_s >= _STILL_HERE_S:
                    said_s = now_s
                    yield b": still here\n\n"
        finally:
            self.pace.streams -= 1

    async def _is_over_after(self, seconds: float) -> bool:
        with anyio.move_on_after(seconds):
            await self._over.wait()
        return self._over.is_set()


async def _asked(version: Version) -> tuple[int, ...] | None:
    """The version; None while the ledger cannot be read, of which the page will tell."""
    try:
        return await version()
    except LedgerError:
        return None
