"""How many slots are used, as far as the API takes their calls: fewer when it turns some away.

Additive increase, multiplicative decrease, as TCP does it for the same want of knowledge: how much
the other side takes is learned by trying, and changes with what others send.

- Turned away (429, 503): half of the slots, once a round: what was sent before the last halving
  says nothing of it.
- Taken: one slot more for every window of placements taken. An API that takes N at once is so
  overstepped by one call, not by many; a call that is turned away too often fails.
- Once a minute has passed without being turned away, one slot more for *every* placement taken: the
  window doubles with each round, as in TCP's slow start. Calls last minutes, and one slot a round
  would take an hour to win back fifty; the shortage of a moment is over by then. Slots are still
  won by calls that were taken, never by time alone: a jump back to all of them would have as many
  calls turned away as there are too many, minute by minute.

Source: RFC 5681, 3.1 and 4.1; D. Chiu and R. Jain, "Analysis of the increase and decrease
algorithms for congestion avoidance", Computer Networks and ISDN Systems 17(1), 1989.
"""

import math
from collections.abc import Sequence

#: After so many seconds without being turned away, slots are won back faster.
QUIET_S = 60.0


class Window:
    """The slots of a run that are used. Times are monotonic seconds."""

    def __init__(self, slots: int, *, ramp_up_s: float, started_s: float) -> None:
        """Take the slots, and how long after the start all may be used; from 1 on, linearly."""
        self._slots = slots
        self._ramp_up_s = ramp_up_s
        self._started_s = started_s
        self._bound = slots
        self._taken = 0
        self._halved_s = -math.inf
        self._turned_away_s = -math.inf

    def size(self, now_s: float) -> int:
        """How many slots may be used now, at least 1."""
        return min(self._bound, self._ramp(now_s))

    def turned_away(self, now_s: float, *, placed_s: float) -> bool:
        """A placement that was sent at ``placed_s`` was turned away; whether the size changed."""
        self._turned_away_s = now_s
        if placed_s <= self._halved_s:
            return False
        before = self.size(now_s)
        self._halved_s = now_s
        self._bound = max(before // 2, 1)
        self._taken = 0
        return self.size(now_s) != before

    def taken(self, now_s: float) -> bool:
        """A placement was taken; whether the size changed."""
        if self._bound == self._slots:
            return False
        before = self.size(now_s)
        self._taken += 1
        if self._taken >= self._bound or now_s - self._turned_away_s >= QUIET_S:
            self._bound += 1
            self._taken = 0
        return self.size(now_s) != before

    def kept(self) -> list[float | None]:
        """What it has learned, to be ``recall``-ed by another one."""
        times = (self._halved_s, self._turned_away_s)
        known = [None if at_s == -math.inf else at_s for at_s in times]
        return [None if self._bound == self._slots else self._bound, self._taken, *known]

    def recall(self, kept: Sequence[float | None] | None) -> None:
        """Know what another one has learned; nothing where that is None."""
        if kept is None:
            return
        bound, taken, halved_s, turned_away_s = kept
        self._bound = self._slots if bound is None else min(int(bound), self._slots)
        self._taken = int(taken or 0)
        self._halved_s = -math.inf if halved_s is None else halved_s
        self._turned_away_s = -math.inf if turned_away_s is None else turned_away_s

    def _ramp(self, now_s: float) -> int:
        elapsed_s = max(now_s - self._started_s, 0.0)
        if elapsed_s >= self._ramp_up_s:
            return self._slots
        return 1 + math.floor((self._slots - 1) * elapsed_s / self._ramp_up_s)
