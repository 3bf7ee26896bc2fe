"""When each of many open calls is asked for, so that asking stays within what the run can do.

While the open calls can all be asked for once in every interval, they are. Beyond that the polls
that there are go where an end is likely: a call is left alone while calls of its age hardly ever
end, as those of this run have shown. Nobody waits longer than some rounds through all open calls.
Each poll costs the same however many calls are open.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from poku_batch.engine.turns import Turns
from poku_batch.models import Ended, NotTold, Standing, StillInCall
from poku_batch.policy.lengths import Lengths
from poku_batch.policy.polls import LONGEST_ROUNDS, PollRate, wait_before_poll_s
from poku_batch.ports import Clock

#: How often the rate is looked at, in seconds.
_LOOK_EVERY_S = 1.0


@dataclass(slots=True)
class PolledCall:
    """A call that is followed: when it was placed, and the age until which it is known to go on.

    ``demand`` is the weight that it has among all calls. Belongs to ``Polls``.
    """

    placed_s: float
    known_s: float
    demand: float = 0.0


class Polls:
    """What the followed calls of one run share: the rate of polls, and how long calls last."""

    def __init__(
        self,
        clock: Clock,
        *,
        interval_s: float,
        rate: PollRate,
        chance: Callable[[], float],
        busy: Callable[[], float | None] = lambda: 0.0,
    ) -> None:
        """Take the time between two polls of a call, and the sources of time, chance and load.

        ``busy`` gives the share of a core that the run has used since it was last asked; None
        where that is too short ago to tell.
        """
        self._clock = clock
        self._interval_s = interval_s
        self._rate = rate
        self._chance = chance
        self._busy = busy
        self._lengths = Lengths()
        self._looked_s = clock.monotonic()
        self._turns = Turns(rate, clock)
        self._open = 0
        self._demand = 0.0

    def opened(self, *, age_s: float) -> PolledCall:
        """Follow one more call, of such an age; ``closed`` ends it."""
        self._open += 1
        return PolledCall(placed_s=self._clock.monotonic() - age_s, known_s=age_s)

    def wait_s(self, call: PolledCall) -> float:
        """Seconds until a call is asked for again, by its age and what else is asked for."""
        age_s = self._age_s(call)
        rate = self._rate.planned
        round_s = self._open / rate
        if round_s <= self._interval_s:
            _, weight = self._lengths.reach(age_s, math.inf, most_s=self._interval_s)
            self._demands(call, weight / self._interval_s)
            return self._interval_s
        # Demands are weights; their sum over the rate is what each poll takes of them.
        amount = max(self._demand - call.demand, 0.0) / rate + 1 / rate
        wait_s, weight = self._lengths.reach(age_s, amount, most_s=LONGEST_ROUNDS * round_s)
        wait_s = max(wait_s, self._interval_s)
        self._demands(call, weight / wait_s)
        return wait_s

    async def sleep(self, wait_s: float, *, retry_after_s: float | None) -> None:
        """Wait about so long, no less than ``retry_after_s``, and for a turn then."""
        await self._clock.sleep(
            wait_before_poll_s(wait_s, retry_after_s=retry_after_s, chance=self._chance())
        )
        await self.turn()

    async def turn(self) -> None:
        """Wait until one more poll may be sent; who came first is first."""
        self._look(self._clock.monotonic())
        await self._turns.wait()

    def _look(self, now_s: float) -> None:
        """Let the rate follow the load, now and then."""
        if now_s - self._looked_s < _LOOK_EVERY_S:
            return
        busy = self._busy()
        if busy is not None:
            self._looked_s = now_s
            self._rate.measured(busy)

    def told(self, call: PolledCall, standing: Standing) -> None:
        """Learn from an answer."""
        now_s = self._clock.monotonic()
        age_s = self._age_s(call)
        match standing:
            case Ended():
                self._lengths.ended(call.known_s, age_s)
            case StillInCall():
                self._lengths.went_on(call.known_s, age_s)
                call.known_s = age_s
            case NotTold(retry_after_s=float()):
                self._rate.pushed_back(now_s)

    def closed(self, call: PolledCall) -> None:
        """Follow a call no longer."""
        self._open -= 1
        self._demands(call, 0.0)

    def _age_s(self, call: PolledCall) -> float:
        return max(self._clock.monotonic() - call.placed_s, call.known_s)

    def _demands(self, call: PolledCall, demand: float) -> None:
        self._demand += demand - call.demand
        call.demand = demand
