"""How long a worker may take it that the others think it alive.

A worker that is not heard of is given up by the others: what it was about to place is unknown
then, and a person may have decided it. So no request leaves from one that may have been given up:
that was frozen, or has lost the database. It is asked at the last moment before a request leaves.

Source: C. Gray and D. Cheriton, "Leases: an efficient fault-tolerant mechanism for distributed file
cache consistency", SOSP 1989.
"""

from collections.abc import Callable


class Lease:
    """Held from one heartbeat to the next ones. Times are seconds that a machine asleep counts."""

    def __init__(self, length_s: float, elapsed: Callable[[], float]) -> None:
        """Take how long it lasts, less than the others wait, and the time."""
        self._length_s = length_s
        self._elapsed = elapsed
        self._renewed_s: float | None = None

    def renew(self, asked_s: float) -> None:
        """A heartbeat was written that was sent at ``asked_s``: others count from later on."""
        self._renewed_s = asked_s

    def lapsed(self) -> str | None:
        """Why no request may leave; None where one may."""
        if self._renewed_s is not None and self._elapsed() - self._renewed_s < self._length_s:
            return None
        return "its worker could not say in time that it is alive"
