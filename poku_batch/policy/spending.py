"""What calls cost, and how many more a budget allows.

Money is ``Decimal`` and never a float; a budget is turned into whole minutes once, rounded down,
and all that follows is counted in whole numbers.
"""

import math
import sys
from dataclasses import dataclass
from decimal import MAX_EMAX, MIN_EMIN, ROUND_FLOOR, Context, Decimal

#: What ``Budget.room`` gives where nothing bounds it.
UNBOUNDED = sys.maxsize

#: Enough digits that no minutes of a call are rounded off a price of any sensible length.
_EXACT = Context(prec=100)
#: Rounded down, a quotient with fewer digits before its point than this has all of them right.
_DOWN = Context(prec=50, rounding=ROUND_FLOOR, Emin=MIN_EMIN, Emax=MAX_EMAX)


def started_minutes(duration_s: float) -> int:
    """How many minutes a call of ``duration_s`` seconds is charged for: begun ones, at least 1."""
    return max(math.ceil(duration_s / 60), 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a campaign may spend in all its runs, at a price ``per_minute`` begun.

    ``longest_s`` is how long a call can get, in seconds: so much is set aside for each whose length
    is not known yet. A price of 0 bounds nothing.
    """

    limit: Decimal
    per_minute: Decimal
    longest_s: float

    def cost(self, minutes: int) -> Decimal:
        """What so many started minutes cost."""
        return _EXACT.multiply(self.per_minute, Decimal(minutes))

    def room(self, minutes: int, open_: int) -> int:
        """How many further calls can be begun so that the limit holds however long all last.

        ``minutes`` are started minutes of calls that ended, ``open_`` counts those whose length is
        not known: in flight, or unknown (``models.Usage``).
        """
        if not self.per_minute:
            return UNBOUNDED
        return max(self.minutes_left(minutes, open_) // started_minutes(self.longest_s), 0)

    def minutes_left(self, minutes: int, open_: int) -> int:
        """How many started minutes are left with those set aside that open calls may last.

        Below 0 where they are overdrawn.
        """
        if not self.per_minute:
            return UNBOUNDED
        return self._affordable_minutes() - minutes - open_ * started_minutes(self.longest_s)

    def _affordable_minutes(self) -> int:
        quotient = _DOWN.divide(self.limit, self.per_minute)
        return UNBOUNDED if quotient >= UNBOUNDED else math.floor(quotient)
