"""How late the end of a call is seen when it is asked for: the rules alone, on simulated time.

No sockets and no machine: the poll rules of ``engine.polling`` decide, calls last as drawn, and a
slot takes its next call when the end of the last was seen. ``python -m benchmarks.lateness`` prints
the table of docs/polling.md.
"""

import argparse
import heapq
import random
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import fmean

from benchmarks.report import Cell, Found, publish
from poku_batch.engine.polling import PolledCall, Polls
from poku_batch.models import Ended, StillInCall
from poku_batch.policy.polls import MOST_POLLS_A_SECOND, PollRate

#: How calls last, in seconds: as in the other measurements, and as campaigns mostly have it.
MIXES: dict[str, Callable[[random.Random], float]] = {
    "60–120 s": lambda dice: dice.uniform(60, 120),
    "30 % no answer at 25–35 s, else 30–300 s": lambda dice: (
        dice.uniform(25, 35) if dice.random() < 0.3 else dice.uniform(30, 300)
    ),
    "5–600 s, mean 90 s": lambda dice: min(5 + dice.expovariate(1 / 85), 600.0),
}

#: How many calls a second are begun while slots are free.
_STARTS_A_SECOND = 300.0


class _Time:
    """A ``ports.Clock`` that is set."""

    def __init__(self) -> None:
        self.now_s = 0.0

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.now_s, UTC)

    def monotonic(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError

    idle = sleep


class Line:
    """Calls one after the other in so many slots, each asked for until its end is seen."""

    def __init__(
        self, slots: int, length: Callable[[random.Random], float], *, rate: float, seed: int = 1
    ) -> None:
        """Take the slots, how a length is drawn, and the polls a second."""
        self._dice = random.Random(seed)
        self._length = length
        self._slots = slots
        self._time = _Time()
        self._rate = PollRate(most=rate)
        self._polls = Polls(self._time, interval_s=5.0, rate=self._rate, chance=self._dice.random)
        self._queue: list[tuple[float, int, bool, PolledCall, float]] = []
        self._order = 0
        self.late_s: list[float] = []
        self.lengths: list[float] = []
        self.polls = 0
        self.ended_s = 0.0

    def run(self, calls: int) -> None:
        """Make so many calls."""
        left = calls - min(self._slots, calls)
        starts = [index / _STARTS_A_SECOND for index in range(calls - left)]
        starts.reverse()
        while starts or self._queue:
            if starts and (not self._queue or starts[-1] <= self._queue[0][0]):
                self._time.now_s = starts.pop()
                self._begin()
                continue
            if self._step() and left:
                left -= 1
                self._begin()

    def _begin(self) -> None:
        length_s = self._length(self._dice)
        self.lengths.append(length_s)
        call = self._polls.opened(age_s=0.0)
        self._plan(call, self._time.now_s + length_s)

    def _plan(self, call: PolledCall, ends_s: float) -> None:
        wait_s = self._polls.wait_s(call) * self._dice.uniform(0.9, 1.1)
        self._push(self._time.now_s + wait_s, call, ends_s, turn=False)

    def _push(self, at_s: float, call: PolledCall, ends_s: float, *, turn: bool) -> None:
        self._order += 1
        heapq.heappush(self._queue, (at_s, self._order, turn, call, ends_s))

    def _step(self) -> bool:
        """Take the next of what happens; whether a call's end was seen."""
        self._time.now_s, _, turn, call, ends_s = heapq.heappop(self._queue)
        if not turn:
            turn_s = self._time.now_s + self._rate.wait_s(self._time.now_s)
            self._rate.take(turn_s)
            self._push(turn_s, call, ends_s, turn=True)
            return False
        self.polls += 1
        if self._time.now_s < ends_s:
            self._polls.told(call, StillInCall())
            self._plan(call, ends_s)
            return False
        self._polls.told(call, Ended(summary=None))
        self._polls.closed(call)
        self.late_s.append(self._time.now_s - ends_s)
        self.ended_s = self._time.now_s
        return True


def _ideal_s(slots: int, lengths: list[float]) -> float:
    free = [index / _STARTS_A_SECOND for index in range(slots)]
    heapq.heapify(free)
    for length_s in lengths:
        heapq.heappush(free, heapq.heappop(free) + length_s)
    return max(free)


def measure(slots: int, mix: str, *, rounds: int, rate: float) -> dict[str, Cell]:
    """Simulate one row of the table; its late columns leave the first round out of account."""
    line = Line(slots, MIXES[mix], rate=rate)
    line.run(slots * rounds)
    late = sorted(line.late_s[slots:])
    return {
        "calls last": mix,
        "open calls": slots,
        "asked a call": line.polls / len(line.late_s),
        "asked a second": line.polls / line.ended_s,
        "late, mean s": fmean(late),
        "median s": late[len(late) // 2],
        "99 % s": late[len(late) * 99 // 100],
        "most s": late[-1],
        "first round, mean s": fmean(line.late_s[:slots]),
        "÷ ideal": line.ended_s / _ideal_s(slots, line.lengths),
    }


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short one, to try the command")
    parser.add_argument("--rate", type=float, default=MOST_POLLS_A_SECOND, help="polls a second")
    args = parser.parse_args()
    sizes = (10, 1_000) if args.quick else (10, 100, 1_000, 2_000, 5_000, 10_000)
    rows = [
        measure(slots, mix, rounds=2 if args.quick else 5, rate=args.rate)
        for mix in MIXES
        for slots in sizes
    ]
    return publish(
        Found(
            name="lateness",
            title=f"How late an end is seen, {args.rate:.0f} polls a second at the most",
            rows=rows,
            targets=(),
        )
    )


if __name__ == "__main__":
    raise SystemExit(main())
