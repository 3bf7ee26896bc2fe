"""The circuit breaker: whether too many of the last placements went wrong to go on.

::

    closed ── too many bad ones ──▶ open ── cooled down ──▶ half-open ── good probe ──▶ closed
                                     ▲                          │
                                     └──────── bad probe ───────┘

Nothing is judged before as many placements are known as it takes. Calls that were in flight when
it tripped are noted as they end, and trip nothing; only the probe's own end decides about the rest.

Source: M. Nygard, "Release It!", 2nd edition, 2018, chapter 5, "Circuit Breaker".
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any, Self

from poku_batch.models import BreakerRules


class BreakerState(StrEnum):
    """Where the breaker stands."""

    #: calls begin as they are due
    CLOSED = "closed"
    #: no call begins until it has cooled down
    OPEN = "open"
    #: it has cooled down, and one call finds out whether the trouble is over
    HALF_OPEN = "half_open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tripped:
    """The breaker opened: no call begins before ``until_s`` (monotonic seconds).

    ``calls`` are those that went wrong, oldest first: row, and what came of it. ``final``: it has
    opened as often in a row as the run bears, and the run ends.
    """

    calls: tuple[tuple[int, str], ...]
    why: str
    until_s: float
    final: bool


@dataclass(frozen=True, slots=True)
class _Known:
    row: int
    what: str
    bad: bool


class Breaker:
    """What a run knows of its last placements; tell it of each once what came of it is known."""

    def __init__(self, *, last: int, share: float, cool_down_s: float, trips: int) -> None:
        """Take the campaign's ``circuit_breaker``: it opens when more than ``share`` of ``last``.

        With the ``trips``-th opening in a row it is final; a row ends with ``last`` placements,
        after it closed, that do not open it.
        """
        # As written: 0.29 of 100 is 29, not a float just under it.
        self._bearable = Fraction(str(share)) * last
        self._known: deque[_Known] = deque(maxlen=last)
        self._last = last
        self._cool_down_s = cool_down_s
        self._trips = trips
        self._tripped = 0
        self._until_s: float | None = None
        self._probe_row: int | None = None

    @classmethod
    def of(cls, rules: BreakerRules | None) -> Self | None:
        """The breaker that a run's rules ask for; None where they ask for none."""
        if rules is None:
            return None
        cool_down_s = rules.cool_down.total_seconds()
        return cls(last=rules.last, share=rules.share, cool_down_s=cool_down_s, trips=rules.trips)

    def state(self, now_s: float) -> BreakerState:
        """Where it stands at a moment."""
        if self._until_s is None:
            return BreakerState.CLOSED
        return BreakerState.OPEN if now_s < self._until_s else BreakerState.HALF_OPEN

    @property
    def probing(self) -> bool:
        """Whether a probe is on its way."""
        return self._probe_row is not None

    def may_begin(self, now_s: float) -> int | None:
        """How many calls may begin: None for any number, 1 for the probe, 0 for none."""
        match self.state(now_s):
            case BreakerState.CLOSED:
                return None
            case BreakerState.HALF_OPEN if not self.probing:
                return 1
            case _:
                return 0

    def wait_s(self, now_s: float) -> float:
        """Seconds until it has cooled down; 0 where it has, a probe on its way or not."""
        return 0.0 if self._until_s is None else max(self._until_s - now_s, 0.0)

    def probe(self, row: int) -> None:
        """The contact of a row is on its way to find out; its end is the next ``note`` of it."""
        self._probe_row = row

    def no_probe(self) -> None:
        """The probe was not placed (nobody was due, or it was turned away); another may be."""
        self._probe_row = None

    def note(self, row: int, what: str, *, bad: bool, now_s: float) -> Tripped | None:
        """What came of a placement is known; gives what there is to tell if it opens the breaker.

        ``bad``: by it the contact failed or is unknown; ``what`` says in words how it ended.
        """
        self._known.append(_Known(row, what, bad))
        if self._until_s is None:
            return self._judge(now_s)
        if row != self._probe_row:
            return None
        self._probe_row = None
        if bad:
            return self._open(now_s, ((row, what),), "the call that tried again went wrong too")
        self._until_s = None
        self._known.clear()
        return None

    def probes(self, row: int) -> bool:
        """Whether the contact of a row is the one that finds out."""
        return self._probe_row == row

    def kept(self) -> dict[str, Any]:
        """What it knows, in JSON's types, to be ``recall``-ed by another one."""
        return {
            "known": [[known.row, known.what, known.bad] for known in self._known],
            "tripped": self._tripped,
            "until_s": self._until_s,
            "probe_row": self._probe_row,
        }

    def recall(self, kept: Mapping[str, Any] | None) -> None:
        """Know what another one knew; nothing where that is None."""
        if kept is None:
            return
        self._known.clear()
        self._known.extend(_Known(row, what, bad) for row, what, bad in kept["known"])
        self._tripped = kept["tripped"]
        self._until_s = kept["until_s"]
        self._probe_row = kept["probe_row"]

    def _judge(self, now_s: float) -> Tripped | None:
        if len(self._known) < self._last:
            return None
        calls = tuple((known.row, known.what) for known in self._known if known.bad)
        if len(calls) <= self._bearable:
            self._tripped = 0
            return None
        why = f"{len(calls):,} of the last {self._last:,} calls failed or are unknown"
        return self._open(now_s, calls, why)

    def _open(self, now_s: float, calls: tuple[tuple[int, str], ...], why: str) -> Tripped:
        self._tripped += 1
        self._until_s = now_s + self._cool_down_s
        final = self._tripped >= self._trips
        return Tripped(calls=calls, why=why, until_s=self._until_s, final=final)
