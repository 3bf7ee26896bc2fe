"""The real clock, and one that is never set back."""

import time
from datetime import UTC, datetime, timedelta

import anyio

from poku_batch.ports import Clock


class SystemClock:
    """Time as the machine tells it; a ``ports.Clock``."""

    def now(self) -> datetime:
        """The time of day, aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds from an arbitrary start."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait; zero or less gives other tasks a turn."""
        await anyio.sleep(max(seconds, 0.0))


class SteadyClock:
    """A clock whose time of day goes on where another's is set back; a ``ports.Clock``.

    A contact that is due in five seconds is then due in five seconds, and no call ends before it
    began. Set forward (or woken from sleep), it follows: it is never behind the other's time.
    """

    def __init__(self, clock: Clock) -> None:
        """Take the clock whose time may be set back."""
        self._clock = clock
        self._now = clock.now()
        self._at = clock.monotonic()

    def now(self) -> datetime:
        """The time of day, aware UTC, and never earlier than it was told before."""
        at = self._clock.monotonic()
        steady = self._now + timedelta(seconds=at - self._at)
        self._now, self._at = max(self._clock.now(), steady), at
        return self._now

    def monotonic(self) -> float:
        """Seconds from an arbitrary start."""
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait as the other clock does."""
        await self._clock.sleep(seconds)
