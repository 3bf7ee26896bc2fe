"""How many calls a day a run's caller IDs allow for, as a forecast takes it.

A day is 24 hours from its first call; what is made of it is a flow, in shares of calls.
"""

import math
from dataclasses import dataclass
from datetime import datetime

_DAY_S = 86_400.0

#: A day is counted as spent below this share of a call: what rounding leaves of it.
_NONE = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class DayCap:
    """How many calls may be begun in ``a_day`` (24 hours), by all caller IDs together.

    So many are ``left`` now; until ``renewed_at`` (aware), where some were made before.
    """

    a_day: int
    left: int
    renewed_at: datetime | None = None


class Day:
    """How many calls may still be begun, by a cap a day; a day begins with its first call."""

    def __init__(self, cap: DayCap | None, now: datetime) -> None:
        """Take the cap (None: none), and the instant (aware) from which seconds are counted."""
        self._cap = cap
        self.left = math.inf if cap is None else float(cap.left)
        self.ends_s = math.inf
        if cap is not None and cap.renewed_at is not None:
            self.ends_s = max((cap.renewed_at - now).total_seconds(), 0.0)

    @property
    def spent(self) -> bool:
        """Whether no call can be begun until it ends."""
        return self.left <= _NONE

    def look(self, at_s: float) -> None:
        """Begin another day if this one is over."""
        if self._cap is not None and at_s >= self.ends_s:
            self.left, self.ends_s = float(self._cap.a_day), math.inf

    def count(self, begun: float, at_s: float) -> None:
        """Count calls that were begun from an instant on."""
        if self._cap is None:
            return
        if math.isinf(self.ends_s):
            self.ends_s = at_s + _DAY_S
        self.left = max(self.left - begun, 0.0)
