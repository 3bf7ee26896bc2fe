"""Whether the API can be reached; while it cannot, one contact at a time finds out.

That the network is down is no fault of a contact's: its placement does not count, and the run
waits, up to a limit, instead of trying everybody in turn.
"""

import random
from collections.abc import Callable

import anyio

from poku_batch.ports import Clock

#: The first wait and the longest, in seconds; between them waits grow with the outage.
_FIRST_WAIT_S = 0.5
_LONGEST_WAIT_S = 30.0

#: A probe that has not failed after so many seconds has left: connecting takes 10 s at the most.
_PROBE_S = 15.0

#: After so many seconds without reach the run ends, and who is left stays pending.
GIVE_UP_S = 300.0


class Reach:
    """What a run knows of the API's reach; tell it of every placement."""

    def __init__(self, clock: Clock, *, chance: Callable[[], float] = random.random) -> None:
        """Take the time and a source of chance (uniform in [0, 1))."""
        self._clock = clock
        self._chance = chance
        self._down_since: float | None = None
        self._next_at = 0.0
        self._probing = False
        self._changed: anyio.Event | None = None

    @property
    def down(self) -> bool:
        """Whether the last placement did not leave, and nothing has left since."""
        if self._probing and self._clock.monotonic() >= self._next_at:
            self.reached()
        return self._down_since is not None

    @property
    def lost(self) -> bool:
        """Whether it has been down for too long to go on."""
        since = self._down_since
        return since is not None and self._clock.monotonic() - since >= GIVE_UP_S

    def reached(self) -> None:
        """The API answered, or took a request."""
        self._down_since = None
        self._probing = False
        self._tell()

    def missed(self) -> float:
        """A request did not leave; gives the seconds until another may try."""
        now = self._clock.monotonic()
        if self._down_since is None:
            self._down_since = now
        if self._probing:
            self._probing = False
            self._tell()
        longest = min(max(now - self._down_since, _FIRST_WAIT_S), _LONGEST_WAIT_S)
        wait_s = longest * (0.5 + self._chance() / 2)
        self._next_at = now + wait_s
        return wait_s

    def probe(self) -> None:
        """One contact is on its way to find out."""
        self._probing = True
        self._next_at = self._clock.monotonic() + _PROBE_S

    def no_probe(self) -> None:
        """Nobody was due to find out, or may be called; the next who is may, at once."""
        if self._probing:
            self._probing = False
            self._next_at = self._clock.monotonic()
            self._tell()

    def wait_s(self) -> float:
        """Seconds until the next contact may be placed; 0 where it may be now."""
        return max(self._next_at - self._clock.monotonic(), 0.0) if self.down else 0.0

    def changed(self) -> anyio.Event:
        """The event of the API being reached again, or of a probe that was not."""
        if self._changed is None:
            self._changed = anyio.Event()
        return self._changed

    def _tell(self) -> None:
        if self._changed is not None:
            self._changed.set()
            self._changed = None
