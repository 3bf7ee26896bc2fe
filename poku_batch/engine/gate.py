"""How many calls may be begun now: the one place where all bounds of a run meet.

Slots, ramp-up and what the API takes (``window``), pacing (``pace``), the budget (``spending``),
the circuit breaker, the limits of the run and its last hour, and a person's pause (``pausing``).
Asking costs the same however many contacts wait.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, Self

from poku_batch.engine.pace import Pace
from poku_batch.engine.pausing import Pausing
from poku_batch.engine.reports import CallReport
from poku_batch.engine.slots import Slots
from poku_batch.engine.spending import Spending
from poku_batch.events import CircuitClosed, CircuitOpened, CircuitProbed, SlotsChanged
from poku_batch.models import Answer, RunEnding, TurnedAway
from poku_batch.policy.breaker import Breaker, Tripped
from poku_batch.ports import Clock, EventSink

#: Contacts admitted in one step at the most, however many slots are free.
_ADMIT_AT_ONCE = 256

#: An API turns a call away at once; one that it holds for so many seconds is taken.
_TAKEN_AFTER_S = 5.0

#: How often a run in its ramp-up looks whether another slot may be used, in seconds.
_RAMP_STEP_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """So many calls may be begun now."""

    calls: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """None may be begun for so many seconds; None: until a slot is freed."""

    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shut:
    """None may be begun until a person resumes the campaign; ``by`` paused it, at ``since``."""

    by: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """None may be begun in this run any more, once the open calls have ended."""

    ending: RunEnding
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GateRules:
    """The bounds of one run; None for none. ``until`` is aware.

    ``limit`` contacts are newly called at the most; ``limit_why`` names where that is said.
    """

    limit: int | None = None
    limit_why: str | None = None
    until: datetime | None = None

    def narrowed(self, limit: int, why: str) -> Self:
        """The same with another limit."""
        return replace(self, limit=limit, limit_why=why)


class SlotWindow(Protocol):
    """How many slots are used, as far as the API takes their calls; see ``policy.window``."""

    def size(self, now_s: float) -> int:
        """How many slots may be used now."""

    def turned_away(self, now_s: float, *, placed_s: float) -> bool:
        """A placement that was sent at ``placed_s`` was turned away; whether the size changed."""

    def taken(self, now_s: float) -> bool:
        """A placement was taken; whether the size changed."""


class Gate:
    """Asked before contacts are admitted; told of every answer and of every contact's end."""

    def __init__(  # noqa: PLR0913 – each bound is one of its own
        self,
        *,
        clock: Clock,
        sink: EventSink,
        rules: GateRules,
        concurrency: int,
        window: SlotWindow,
        pace: Pace | None = None,
        breaker: Breaker | None = None,
        spending: Spending | None = None,
        pausing: Pausing | None = None,
    ) -> None:
        """Take the time, the listener, and the bounds there are."""
        self.pausing = pausing or Pausing()
        self._clock = clock
        self._sink = sink
        self._concurrency = concurrency
        self._window = window
        self._pace = pace
        self._breaker = breaker
        self._spending = spending
        self.rules = rules
        self.called = 0
        self._gave_up: Tripped | None = None
        self._probe_row: int | None = None
        self._placement = 0
        self._unanswered: dict[int, float] = {}

    @property
    def over(self) -> bool:
        """Whether the last hour of the run has passed."""
        return self.rules.until is not None and self._clock.now() >= self.rules.until

    def room(self, slots: Slots) -> Open | Pause | Shut | End:
        """Say how many calls may be begun now."""
        now_s = self._clock.monotonic()
        if end := self._end(slots):
            return end
        if pause := self.pausing.pause:
            return Shut(by=pause.by, since=pause.at)
        self.count_held(now_s)
        calls = min(self._window.size(now_s) - slots.busy, slots.free)
        if calls <= 0:
            return Pause(seconds=None if slots.free <= 0 else _RAMP_STEP_S)
        calls = min(calls, _ADMIT_AT_ONCE, self._left_by_limit())
        if self._spending is not None:
            calls = min(calls, self._spending.room)
        return self._paced(calls, now_s) if calls > 0 else Pause()

    def _paced(self, calls: int, now_s: float) -> Open | Pause:
        """As many of the calls as breaker and pace let begin at this moment."""
        if self._breaker is not None and (probes := self._breaker.may_begin(now_s)) is not None:
            wait_s = self._breaker.wait_s(now_s)
            if wait_s > 0:
                return Pause(seconds=wait_s)
            if not probes:
                return Pause()
            calls = probes
        if self._pace is not None:
            calls = min(calls, self._pace.room(now_s))
            if calls <= 0:
                return Pause(seconds=self._pace.wait_s(now_s))
        return Open(calls=calls)

    def handed(self, row: int) -> None:
        """The contact of a row, which may be called, is given a slot."""
        now_s = self._clock.monotonic()
        self.called += 1
        if self._pace is not None:
            self._pace.begin(now_s)
        if self._spending is not None:
            self._spending.begin()
        if self._breaker is not None and self._breaker.may_begin(now_s) is not None:
            self._probe_row = row
            self._breaker.probe(row)
            self._sink.emit(CircuitProbed(at=self._clock.now()))

    def sent(self) -> int:
        """A placement leaves; gives what it is known by when its answer comes."""
        self._placement += 1
        self._unanswered[self._placement] = self._clock.monotonic()
        return self._placement

    def answered(self, placement: int, answer: Answer) -> None:
        """The API has answered a placement."""
        now_s = self._clock.monotonic()
        placed_s = self._unanswered.pop(placement, None)
        if isinstance(answer, TurnedAway):
            if not answer.unreached:
                self._tell_slots(
                    self._window.turned_away(
                        now_s, placed_s=now_s if placed_s is None else placed_s
                    )
                )
        elif placed_s is not None:
            self._tell_slots(self._window.taken(now_s))

    def count_held(self, now_s: float) -> None:
        """Count as taken what the API holds open, long before it answers."""
        while self._unanswered:
            placement = next(iter(self._unanswered))
            if now_s - self._unanswered[placement] < _TAKEN_AFTER_S:
                break
            del self._unanswered[placement]
            self._tell_slots(self._window.taken(now_s))

    def _tell_slots(self, changed: bool) -> None:  # noqa: FBT001 – what a window's method gives
        if changed:
            now_s = self._clock.monotonic()
            self._sink.emit(
                SlotsChanged(
                    at=self._clock.now(),
                    slots=self._window.size(now_s),
                    concurrency=self._concurrency,
                )
            )

    def reported(self, report: CallReport, *, followed: bool = False) -> None:
        """A contact has come to something, and its slot is free.

        One that is ``followed`` was begun by an earlier run: what that may have lost says nothing
        of how calls go now.
        """
        if not followed and not report.begun:
            self.called -= 1
        if self._spending is not None:
            self._spending.report(report)
        if self._breaker is not None and not followed:
            self._judge(self._breaker, report)

    def _judge(self, breaker: Breaker, report: CallReport) -> None:
        """Let the breaker know what a placement came to."""
        if report.bad is None:
            if report.row == self._probe_row:
                self._probe_row = None
                breaker.no_probe()
            return
        now_s = self._clock.monotonic()
        was_probing = breaker.probing
        tripped = breaker.note(report.row, report.what, bad=report.bad, now_s=now_s)
        if tripped is not None:
            self._trip(tripped, now_s)
        elif was_probing and not breaker.probing:
            self._probe_row = None
            self._sink.emit(CircuitClosed(at=self._clock.now()))

    def _trip(self, tripped: Tripped, now_s: float) -> None:
        if tripped.final:
            self._gave_up = tripped
        at = self._clock.now()
        until = at + timedelta(seconds=max(tripped.until_s - now_s, 0.0))
        self._sink.emit(
            CircuitOpened(
                at=at,
                until=until,
                why=tripped.why,
                calls=tripped.calls,
                final=tripped.final,
            )
        )

    def _end(self, slots: Slots) -> End | None:
        """Why no call may be begun any more, if so."""
        if self._gave_up is not None:
            return End(ending=RunEnding.CIRCUIT_BREAKER, why=self._gave_up.why)
        if self.over:
            return End(ending=RunEnding.DUE_LATER, why="the time given with --until has come")
        if slots.busy:
            # What is open may yet make room.
            return None
        if not self._left_by_limit():
            return End(ending=RunEnding.LIMIT, why=self.rules.limit_why)
        if self._spending is not None and not self._spending.room:
            return End(
                ending=RunEnding.BUDGET,
                why=f"calls have cost {self._spending.cost:,.2f}, and limits.budget has no room "
                "for one more that lasts as long as calls can",
            )
        return None

    def _left_by_limit(self) -> int:
        limit = self.rules.limit
        return _ADMIT_AT_ONCE if limit is None else max(limit - self.called, 0)
