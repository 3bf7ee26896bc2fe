"""When the next call may begin, so that calls begin evenly and never in bursts.

The generic cell rate algorithm (ITU-T I.371, Annex A) over calls instead of seconds: ``_accrued``
counts how many calls the pace has allowed since the start, and each call uses up one. Nothing is
saved up: after a pause calls begin as evenly as before.

In any second, the beginning included and the end not, no more than ``max(ceil(r), 1.15 r)`` calls
begin, where r is the pace in calls a second.
"""

import math
import sys

#: What ``Pace.room`` gives where there is no pace to keep.
UNBOUNDED = sys.maxsize

#: The share of the full pace that a ramp begins with.
_FIRST_SHARE = 0.1
#: How early a call may begin, in seconds, if the one before began late: what a sleep of the event
#: loop commonly oversleeps, twice over, so that a late sleeper loses no pace.
_TOLERANCE_S = 0.01
#: The share by which a second may exceed the pace, where the pace allows more than one call.
_EXCESS = 1.15
#: A wait that is added to a monotonic time always makes it a later one.
_LEAST_WAIT_S = 1e-6
#: Keeps rounding errors of floats from adding a call to a second.
_MARGIN = 1e-6


class Pace:
    """The pace at which a run begins calls. Times are monotonic seconds, and never go back."""

    def __init__(
        self, calls_per_minute: float | None, *, ramp_up_s: float, started_s: float
    ) -> None:
        """Take the full pace (None: none to keep) and how long after the start it is reached.

        Until then it grows linearly from a tenth.
        """
        self._bounded = calls_per_minute is not None
        per_s = (calls_per_minute or 0.0) / 60
        self._rate = per_s * (1 - _MARGIN)
        self._tolerance_s = _tolerance_s(per_s) if self._bounded else 0.0
        self._ramp_up_s = ramp_up_s
        self._started_s = started_s
        self._next = 0.0  # the count of accrued calls at which the next call is on time

    def room(self, now_s: float) -> int:
        """How many calls may begin now."""
        if not self._bounded:
            return UNBOUNDED
        accrued = self._accrued(now_s)
        early = self._tolerance_s * self._rate_at(now_s) + _MARGIN / 10
        return max(math.floor(accrued + early - max(accrued, self._next)) + 1, 0)

    def wait_s(self, now_s: float) -> float:
        """Seconds until a call may begin; 0 where one may now."""
        if self.room(now_s) > 0:
            return 0.0
        return max(self._started_s + self._elapsed_s(self._next) - now_s, _LEAST_WAIT_S)

    def begin(self, now_s: float, calls: int = 1) -> None:
        """Count calls that begin now; ``room`` has said that they may."""
        if self._bounded:
            self._next = max(self._accrued(now_s), self._next) + calls

    def _rate_at(self, now_s: float) -> float:
        """The pace of a moment, in calls a second."""
        elapsed_s = now_s - self._started_s
        if elapsed_s >= self._ramp_up_s:
            return self._rate
        share = _FIRST_SHARE + (1 - _FIRST_SHARE) * max(elapsed_s, 0.0) / self._ramp_up_s
        return self._rate * share

    def _accrued(self, now_s: float) -> float:
        """The integral of the pace since the start, in calls."""
        elapsed_s = max(now_s - self._started_s, 0.0)
        ramp_s = min(elapsed_s, self._ramp_up_s)
        mean = (_FIRST_SHARE * self._rate + self._rate_at(self._started_s + ramp_s)) / 2
        return mean * ramp_s + self._rate * (elapsed_s - ramp_s)

    def _elapsed_s(self, calls: float) -> float:
        """Seconds from the start until so many calls have accrued, less the tolerance.

        Within the ramp, after x seconds, ``accrued + tolerance × rate`` is a quadratic in x.
        """
        seconds = calls / self._rate
        after_s = seconds - self._tolerance_s + self._ramp_up_s * (1 - _FIRST_SHARE) / 2
        if after_s >= self._ramp_up_s:
            return after_s
        slope = (1 - _FIRST_SHARE) / self._ramp_up_s
        b = _FIRST_SHARE + slope * self._tolerance_s
        c = _FIRST_SHARE * self._tolerance_s - seconds
        return -2 * c / (b + math.sqrt(max(b * b - 2 * slope * c, 0.0)))


def _tolerance_s(per_s: float) -> float:
    """How early a call may begin, so that the worst second still holds no call too many.

    n calls take at least ``(n - 1) / r`` seconds less the tolerance, so a second holds at most
    ``ceil(r × (1 + tolerance))``. Up to 6 calls a second that leaves nothing where r is whole, and
    5 ms of lateness a call are less than 3 % of the pace.
    """
    most = math.floor(max(math.ceil(per_s), _EXCESS * per_s))
    return min(_TOLERANCE_S, most / per_s - 1)
