"""The real clock, one that is never set back, one that machines share, and that of rehearsals."""

import math
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import anyio
import anyio.lowlevel

from poku_batch.ports import Clock

#: How long an idle run sleeps before it looks whether a person has changed something, in seconds.
_LOOK_AGAIN_S = 15.0


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

    async def idle(self, seconds: float) -> None:
        """Wait, 15 seconds at the most."""
        await self.sleep(min(seconds, _LOOK_AGAIN_S))


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

    async def idle(self, seconds: float) -> None:
        """Wait as the other clock does."""
        await self._clock.idle(seconds)


def awake_and_asleep_s() -> float:
    """Seconds from an arbitrary start, those in which the machine slept included."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)


#: An answer that may be wrong by so many seconds is as good as any.
_SURE_S = 0.25


class SharedClock:
    """The time of day of a database, which many machines go by; a ``ports.Clock``.

    Machines' own clocks differ by seconds, and by minutes where one is wrong. Between two answers
    of the database it goes on by itself, asleep or awake.
    """

    def __init__(self, clock: Clock, elapsed: Callable[[], float] = awake_and_asleep_s) -> None:
        """Take the machine's clock, by which it goes until it was first set."""
        self._clock = clock
        self._elapsed = elapsed
        self._now = clock.now()
        self._at_s = elapsed()
        self._doubt_s = math.inf

    def set(self, now: datetime, *, asked_s: float) -> None:
        """The database said ``now`` (aware) to who had asked at ``asked_s`` of ``elapsed``.

        One that was long on its way may be wrong by half of that: a time that is known better is
        kept. So is a call's slot, which ends by this clock.
        """
        answered_s = self._elapsed()
        doubt_s = (answered_s - asked_s) / 2
        if doubt_s > max(_SURE_S, self._doubt_s):
            return
        self._now, self._doubt_s = now, doubt_s
        self._at_s = answered_s - doubt_s

    def ahead_s(self) -> float:
        """How many seconds the machine's own clock is ahead; below 0, behind."""
        return (self._clock.now() - self.now()).total_seconds()

    def now(self) -> datetime:
        """The time of day, aware UTC."""
        return self._now + timedelta(seconds=self._elapsed() - self._at_s)

    def monotonic(self) -> float:
        """Seconds from an arbitrary start."""
        return self._clock.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait as the machine does."""
        await self._clock.sleep(seconds)

    async def idle(self, seconds: float) -> None:
        """Wait as the machine does."""
        await self._clock.idle(seconds)


class RehearsalClock:
    """The clock of a rehearsal: it runs ``speed`` times faster than life; a ``ports.Clock``.

    It stands still until it is told to begin, so that reading a large sheet takes none of its time;
    while nothing goes on it is put forward, so that a night passes in no time.
    """

    def __init__(self, *, start: datetime, speed: float, clock: Clock | None = None) -> None:
        """Take the time (aware) at which it starts, its speed, and the clock that it runs by."""
        self._clock = clock or SystemClock()
        self._start = start.astimezone(UTC)
        self._speed = speed
        self._began: float | None = None
        self._skipped_s = 0.0

    def begin(self) -> None:
        """Let time pass from now on; once more changes nothing."""
        if self._began is None:
            self._began = self._clock.monotonic()

    def now(self) -> datetime:
        """The time of day of the rehearsal, aware UTC."""
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Seconds of the rehearsal since it started."""
        passed_s = 0.0 if self._began is None else self._clock.monotonic() - self._began
        return passed_s * self._speed + self._skipped_s

    async def sleep(self, seconds: float) -> None:
        """Wait so long in the rehearsal's time."""
        await self._clock.sleep(seconds / self._speed)

    async def idle(self, seconds: float) -> None:
        """Put the clock forward, once everybody else has had a turn."""
        await anyio.lowlevel.checkpoint()
        self._skipped_s += max(seconds, 0.0)
