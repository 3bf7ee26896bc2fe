"""When a placed call is asked for again, when asking is given up, and how much is asked in all."""

import math

#: Share of the interval by which a poll may come earlier or later, so that polls spread.
_SPREAD = 0.1

#: An interaction that the API says it does not know is asked for this many times before it counts
#: as lost: a new interaction may take a moment to be known everywhere.
MISSING_LIMIT = 5

#: So many polls a second a run sends at the most, and so many it may send however busy it is. One
#: costs about a thousandth of a second of a core.
MOST_POLLS_A_SECOND = 400.0
LEAST_POLLS_A_SECOND = 50.0

#: A call is left alone for at most so many times as long as asking every open call once takes.
LONGEST_ROUNDS = 4.0

#: From this share of a core on, the run has no time for more polls; below the second, it has.
_BUSY, _AT_EASE = 0.8, 0.7

#: What the rate is multiplied by: where the run is too busy, where the API asks to wait, and where
#: there is time for more.
_FEWER, _MUCH_FEWER, _MORE = 0.8, 0.5, 1.15

#: Polls are planned by the rate of so many readings: a rush is over before a plan is.
_PLANNED_BY = 60

#: After a time with few polls, those of so many seconds may come at once; or so many, if more.
_BURST_S, _BURST = 0.1, 10


def wait_before_poll_s(
    poll_interval_s: float, *, retry_after_s: float | None, chance: float
) -> float:
    """Seconds until a call is asked for again; ``chance`` is uniform in [0, 1)."""
    wait_s = poll_interval_s * (1 - _SPREAD + 2 * _SPREAD * chance)
    return max(wait_s, retry_after_s or 0.0)


class PollRate:
    """How many polls a second a run may send, and whose turn it is. Times are monotonic seconds.

    The rate goes up and down by factors, as the window of calls does, and for the same reason: what
    this machine and the API can bear is learned by trying. Turns are given out evenly (a generic
    cell rate algorithm, ITU-T I.371), to whoever asks first. ``planned`` is what to count on: it
    follows slowly, since waits that are planned in a rush last beyond it.
    """

    def __init__(
        self, *, least: float = LEAST_POLLS_A_SECOND, most: float = MOST_POLLS_A_SECOND
    ) -> None:
        """Take the bounds, in polls a second; it begins with ``most``."""
        self._most = most
        self._least = min(least, most)
        self._next_s = -math.inf
        self._lowered_s = -math.inf
        self.a_second = most
        self.planned = most

    def wait_s(self, now_s: float) -> float:
        """Seconds until one more poll may be sent; 0 where one may now."""
        return max(self._next_s - now_s, 0.0)

    def take(self, at_s: float) -> None:
        """A poll is sent at a time at which one may be."""
        saved_s = max(_BURST_S, _BURST / self.a_second)
        self._next_s = max(self._next_s, at_s - saved_s) + 1 / self.a_second

    def measured(self, busy: float) -> None:
        """The run has used such a share of a core of late, polls among what it did."""
        if busy > _BUSY:
            self.a_second = max(self.a_second * _FEWER, self._least)
        elif busy < _AT_EASE:
            self.a_second = min(self.a_second * _MORE, self._most)
        self.planned += (self.a_second - self.planned) / _PLANNED_BY

    def pushed_back(self, now_s: float) -> None:
        """The API has asked to wait: fewer polls, at most one step a second."""
        if now_s - self._lowered_s >= 1:
            self._lowered_s = now_s
            self.a_second = max(self.a_second * _MUCH_FEWER, self._least)
