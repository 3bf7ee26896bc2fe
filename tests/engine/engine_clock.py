"""Time for the engine's tests: it passes by itself, and nothing sleeps for real."""

import asyncio
import heapq
import itertools
import math
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import anyio
import anyio.lowlevel

START = datetime(2026, 11, 22, 10, tzinfo=UTC)


class VirtualClock:
    """A ``ports.Clock`` that wakes sleepers in order of time, once there is nothing else to do."""

    def __init__(self, start: datetime = START) -> None:
        self._start = start
        self._us = 0
        self._sleepers: list[tuple[int, int, anyio.Event]] = []
        self._order = itertools.count()
        self._working = 0
        self._looking = False
        self.set_back = timedelta()
        self.longest_idle_s = math.inf

    def now(self) -> datetime:
        return self._start + timedelta(microseconds=self._us) - self.set_back

    def monotonic(self) -> float:
        return self._us / 1e6

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await anyio.lowlevel.checkpoint()
            return
        woken = anyio.Event()
        sleeper = (self._us + math.ceil(seconds * 1e6), next(self._order), woken)
        heapq.heappush(self._sleepers, sleeper)
        self._look_soon()
        try:
            await woken.wait()
        finally:
            if sleeper in self._sleepers:
                self._sleepers.remove(sleeper)
                heapq.heapify(self._sleepers)

    def pass_by(self, seconds: float) -> None:
        """Let time pass in which nobody is there."""
        self._us += math.ceil(seconds * 1e6)

    async def idle(self, seconds: float) -> None:
        await self.sleep(min(seconds, self.longest_idle_s))

    @contextmanager
    def working(self) -> Iterator[None]:
        """No time passes while something real is awaited in this block."""
        self._working += 1
        try:
            yield
        finally:
            self._working -= 1
            self._look_soon()

    def _look_soon(self) -> None:
        if not self._looking:
            self._looking = True
            asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        self._looking = False
        if self._working or not self._sleepers:
            return
        # What the loop would run next: as long as there is anything, somebody is awake.
        if not vars(asyncio.get_running_loop())["_ready"]:
            self._us = max(self._us, self._sleepers[0][0])
            while self._sleepers and self._sleepers[0][0] <= self._us:
                heapq.heappop(self._sleepers)[2].set()
        self._look_soon()
