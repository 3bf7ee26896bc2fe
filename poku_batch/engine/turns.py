"""Who of many may poll next: one after the other, as fast as the rate of that moment allows.

One timer serves all who wait: the first of them sleeps until there is a turn, and calls those whose
turns have come as well. So a rate that rises is felt at once by everybody in the queue.
"""

from collections import deque
from dataclasses import dataclass, field

import anyio

from poku_batch.policy.polls import PollRate
from poku_batch.ports import Clock


@dataclass(slots=True, eq=False)
class _Place:
    """A place in the queue: ``called`` is set when it is the first, or its turn is ``granted``."""

    called: anyio.Event = field(default_factory=anyio.Event)
    granted: bool = False


class Turns:
    """A queue for the turns of a rate."""

    def __init__(self, rate: PollRate, clock: Clock) -> None:
        """Take the rate, and the clock by which it goes."""
        self._rate = rate
        self._clock = clock
        self._queue: deque[_Place] = deque()

    async def wait(self) -> None:
        """Return when it is the caller's turn; who came first is first."""
        place = _Place()
        self._queue.append(place)
        try:
            if self._queue[0] is not place:
                await place.called.wait()
            while not place.granted:
                wait_s = self._rate.wait_s(self._clock.monotonic())
                if wait_s <= 0:
                    break
                await self._clock.sleep(wait_s)
            if not place.granted:
                self._rate.take(self._clock.monotonic())
        finally:
            if not place.granted:
                self._queue.remove(place)
            self._call()

    def _call(self) -> None:
        """Call those whose turn has come, and whoever is the first then."""
        now_s = self._clock.monotonic()
        while self._queue and self._rate.wait_s(now_s) <= 0:
            self._rate.take(now_s)
            place = self._queue.popleft()
            place.granted = True
            place.called.set()
        if self._queue:
            self._queue[0].called.set()
