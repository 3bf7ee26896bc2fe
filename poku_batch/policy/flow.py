"""Calls as a flow through the slots of a run: how many have begun by when, and what ends it.

Slots are filled at once, and freed evenly after that, one call's mean length for each. Who is due
first is called first, those who are due together in equal shares; whose turn comes while their
group is closed waits for its next opening. So at any time as many calls have begun as would have
by a queue, within the number of slots; and it costs a few steps for every opening of a group, and
none for a contact.
"""

import heapq
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from poku_batch.models import PendingGroup
from poku_batch.policy.day_caps import Day, DayCap
from poku_batch.policy.hours import HORIZON_DAYS, Opening

#: Gives the opening of a group at or after an instant (aware): of ``PendingGroup.group``.
OpeningOf = Callable[[int, datetime], Opening | None]

#: A flow is counted as spent below this share of a contact: what rounding leaves of it.
_NOBODY = 1e-6

#: In how many steps a run's ramp-up is taken; its share begins at a tenth.
_RAMP_STEPS = 10
_FIRST_SHARE = 0.1

#: Where redials are expected, how long one step lasts at the most, in seconds; and in how many
#: steps the whole is taken, if it is long.
_STEP_S = 900.0
_STEPS = 500

#: How far ahead a run is looked at, in seconds.
HORIZON_S = HORIZON_DAYS * 86_400.0


class ForecastEnd(StrEnum):
    """What would end a run."""

    #: everybody was called
    EVERYBODY = "everybody"
    #: ``--limit`` or ``limits.max_calls`` is reached
    LIMIT = "limit"
    #: the budget has no room for another call
    BUDGET = "budget"
    #: the time given with ``--until`` comes
    UNTIL = "until"
    #: whoever is left is due later, and the run is not to wait
    DUE_LATER = "due_later"
    #: none of these within 400 days
    HORIZON = "horizon"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFigures:
    """What a call is like in the mean: its seconds, and the started minutes it is charged for.

    ``calls`` is how many past calls that rests on; 0 for what is taken for granted.
    """

    seconds: float
    minutes: float
    calls: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RedialShare:
    """The share of calls that come to an outcome, and how that outcome is redialled.

    ``attempts`` counts all calls of a contact, the first included. ``after_s`` are the waits after
    the first call, the second and so on, in seconds; the last holds for all that follow.
    """

    share: float
    attempts: int
    after_s: tuple[float, ...]

    def wait_s(self, attempt: int) -> float:
        """How long after attempt number ``attempt`` the next is due."""
        return self.after_s[min(attempt, len(self.after_s)) - 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class ForecastRules:
    """What bounds a run, and what its calls are like.

    ``redials`` are None where nothing is known of how calls end: then none are expected.
    ``limit`` is how many calls the run begins at the most, by what ``limit_why`` names;
    ``affordable`` how many the budget allows for: None for any number. ``until`` is aware. Without
    ``wait`` the run leaves those who are due later. ``currency`` is that of ``per_minute``.
    """

    slots: int
    call: CallFigures
    calls_per_minute: float | None = None
    ramp_up_s: float = 0.0
    redials: tuple[RedialShare, ...] | None = None
    limit: int | None = None
    limit_why: str | None = None
    affordable: int | None = None
    day_cap: DayCap | None = None
    until: datetime | None = None
    wait: bool = True
    per_minute: Decimal = Decimal(0)
    currency: str = ""


#: Contacts of one group whose next call is the attempt of that number; 1 where it is the redial of
#: a call of this run.
_Who = tuple[int, int, int]


@dataclass(slots=True)
class _Line:
    """Contacts that became callable at the same time, in shares of contacts."""

    since_s: float
    contacts: dict[_Who, float] = field(default_factory=dict)

    def take(self, share: float) -> dict[_Who, float]:
        """Take a share of everybody out of the line."""
        taken = {who: number * share for who, number in self.contacts.items()}
        self.contacts = {who: number - taken[who] for who, number in self.contacts.items()}
        return taken


class Flow:
    """Calls as a flow through slots; times are seconds since the run's start."""

    def __init__(self, rules: ForecastRules, now: datetime, opening: OpeningOf) -> None:
        self._rules = rules
        self._now = now
        self._opening = opening
        self._rate = _Rate(rules)
        self._at_s = 0.0
        self._waiting: list[tuple[float, _Who]] = []
        self._numbers: dict[tuple[float, _Who], float] = {}
        self._lines: dict[float, _Line] = {}
        self._order: list[float] = []
        self._hours: dict[int, tuple[float | None, float]] = {}
        self._changes: list[float] = []
        self._first_s: float | None = None
        self._last_s = 0.0
        self._remainders: dict[int, float] = {}
        most = [rules.limit, rules.affordable]
        self._most = min((number for number in most if number is not None), default=None)
        until = math.inf if rules.until is None else (rules.until - now).total_seconds()
        self._until_s = max(until, 0.0)
        self._step_s = math.inf
        self._day = Day(rules.day_cap, now)
        self._contacts = 0
        self.begun = 0.0
        self.redials = 0.0
        self.too_late = 0.0
        #: whether somebody waits for another day since there were too many calls in one
        self.capped = False

    def add(self, group: PendingGroup) -> None:
        """Add contacts that wait."""
        due_s = 0.0
        if group.due_at is not None:
            due_s = max((group.due_at - self._now).total_seconds(), 0.0)
        self._wait(due_s, (group.group, group.attempt, 0), float(group.contacts))
        self._contacts += group.contacts

    @property
    def left(self) -> float:
        """How many contacts are still to be called."""
        return sum(self._numbers.values()) + self._in_line

    @property
    def starts_at(self) -> datetime | None:
        """When the first call begins."""
        return None if self._first_s is None else self._moment(self._first_s)

    def ends_at(self, end: ForecastEnd) -> datetime | None:
        """When the run is over."""
        if end is ForecastEnd.HORIZON:
            return None
        return None if self._first_s is None else self._moment(self._last_s)

    def run(self) -> ForecastEnd:
        """Let calls flow until the run ends."""
        if self._rules.redials:
            whole_s = self._contacts * self._rules.call.seconds / self._rules.slots
            self._step_s = max(_STEP_S, whole_s / _STEPS)
        while True:
            self._let_in()
            self._day.look(self._at_s)
            self.capped |= bool(self._order) and self._day.spent
            if end := self._end():
                return end
            if self._idle:
                self._at_s = self._next_s
                continue
            self._begin()

    @property
    def _idle(self) -> bool:
        """Whether nobody can be called now."""
        return not self._order or self._day.spent

    @property
    def _next_s(self) -> float:
        """When somebody can be called: now, or later."""
        if self._order:
            return self._day.ends_s if self._day.spent else self._at_s
        return self._waiting[0][0]

    def _end(self) -> ForecastEnd | None:
        rules = self._rules
        if not self._order and not self._waiting:
            return ForecastEnd.EVERYBODY
        if self._most is not None and self.begun >= self._most - _NOBODY:
            return ForecastEnd.LIMIT if self._most == rules.limit else ForecastEnd.BUDGET
        if self._idle and not rules.wait:
            return ForecastEnd.DUE_LATER
        next_s = self._next_s
        if next_s >= self._until_s:
            return ForecastEnd.UNTIL
        return ForecastEnd.HORIZON if next_s >= HORIZON_S else None

    # --- who may be called ---

    def _wait(self, until_s: float, who: _Who, number: float) -> None:
        if (until_s, who) not in self._numbers:
            self._numbers[until_s, who] = 0.0
            heapq.heappush(self._waiting, (until_s, who))
        self._numbers[until_s, who] += number

    def _let_in(self) -> None:
        """Let whoever is due line up; whether they may be called is asked when it is their turn."""
        while self._waiting and self._waiting[0][0] <= self._at_s:
            since_s, who = heapq.heappop(self._waiting)
            number = self._numbers.pop((since_s, who))
            line = self._lines.get(since_s)
            if line is None:
                line = self._lines[since_s] = _Line(since_s)
                heapq.heappush(self._order, since_s)
            line.contacts[who] = line.contacts.get(who, 0.0) + number

    def _opens_s(self, group: int) -> float | None:
        """When a group is open, now or next; None for never."""
        known = self._hours.get(group)
        if known is None or known[1] <= self._at_s:
            known = self._hours[group] = self._looked_up(group)
            heapq.heappush(self._changes, known[1])
        return known[0]

    def _looked_up(self, group: int) -> tuple[float | None, float]:
        """When a group opens, and until when that is all that is to be said."""
        at = self._moment(self._at_s)
        opening = self._opening(group, at)
        if opening is None:
            return None, math.inf
        if opening.opens_at > at:
            opens_s = self._seconds(opening.opens_at)
            return opens_s, opens_s
        closes_s = self._seconds(opening.closes_at)
        # At the calendar's end an opening does not end.
        return self._at_s, closes_s if closes_s > self._at_s else math.inf

    def _is_open(self, group: int) -> bool:
        opens_s = self._opens_s(group)
        return opens_s is not None and opens_s <= self._at_s

    def _send_away(self, contacts: dict[_Who, float]) -> None:
        """Let those wait for their opening whose turn came while they may not be called."""
        for who, number in contacts.items():
            opens_s = self._opens_s(who[0])
            if opens_s is None:
                self.too_late += number
            else:
                self._wait(opens_s, who, number)

    # --- calls ---

    @property
    def _in_line(self) -> float:
        return sum(sum(line.contacts.values()) for line in self._lines.values())

    def _next_change_s(self) -> float:
        """When the flow may change at the latest."""
        changes = [self._until_s, self._at_s + self._step_s, self._day.ends_s, HORIZON_S]
        if self._waiting:
            changes.append(self._waiting[0][0])
        while self._changes and self._changes[0] <= self._at_s:
            heapq.heappop(self._changes)
        return min([*changes, *self._changes[:1]])

    def _begin(self) -> None:
        """Begin calls of the first line until it is empty, or until something changes.

        Whose turn comes meanwhile and who may not be called is sent away.
        """
        line = self._lines[self._order[0]]
        callable_ = {who for who in line.contacts if self._is_open(who[0])}
        size = sum(number for who, number in line.contacts.items() if who in callable_)
        begun, at_s = 0.0, self._at_s
        if size > _NOBODY:
            wanted = min(size, self._day.left)
            if self._most is not None:
                wanted = min(wanted, self._most - self.begun)
            begun, at_s = self._rate.begin(wanted, self._at_s, self._next_change_s())
        over = begun >= size - _NOBODY
        taken = line.take(1.0 if over else begun / size)
        self._send_away({who: taken[who] for who in taken if who not in callable_})
        if begun > 0:
            self._count({who: taken[who] for who in taken if who in callable_}, begun, at_s)
        self._at_s = at_s
        if over:
            heapq.heappop(self._order)
            del self._lines[line.since_s]

    def _count(self, taken: dict[_Who, float], begun: float, at_s: float) -> None:
        """Count calls that were begun until an instant."""
        if self._first_s is None:
            self._first_s = self._at_s
        self._last_s = at_s + self._rules.call.seconds
        self.begun += begun
        self._day.count(begun, self._at_s)
        self.redials += sum(number for who, number in taken.items() if who[2])
        self._follow(taken, (self._at_s + at_s) / 2)

    def _follow(self, begun: dict[_Who, float], at_s: float) -> None:
        """Let those wait for a redial whose calls come to nothing; whole contacts of them."""
        for rule_number, rule in enumerate(self._rules.redials or ()):
            for (group, attempt, _), number in begun.items():
                if attempt >= rule.attempts:
                    continue
                expected = number * rule.share + self._remainders.get(rule_number, 0.0)
                again = math.floor(expected + 0.5)
                self._remainders[rule_number] = expected - again
                if again > 0:
                    due_s = at_s + self._rules.call.seconds + rule.wait_s(attempt)
                    if self._step_s > _STEP_S:
                        # In a long run redials come together, or each would be a step of its own.
                        due_s = max(round(due_s / self._step_s) * self._step_s, self._at_s)
                    self._wait(due_s, (group, attempt + 1, 1), float(again))

    def _moment(self, at_s: float) -> datetime:
        try:
            return self._now + timedelta(seconds=at_s)
        except OverflowError:  # the calendar's end
            return datetime.max.replace(tzinfo=UTC)

    def _seconds(self, moment: datetime) -> float:
        return (moment - self._now).total_seconds()


class _Rate:
    """How fast calls may begin: slots, their calls' length, the pace, and the ramp-up."""

    def __init__(self, rules: ForecastRules) -> None:
        self._slots = float(rules.slots)
        self._freed = rules.slots / rules.call.seconds
        pace = rules.calls_per_minute
        self._pace = math.inf if pace is None else pace / 60
        self._ramp_up_s = rules.ramp_up_s
        self._free = self._slots
        self._free_at_s = 0.0

    def begin(self, wanted: float, at_s: float, until_s: float) -> tuple[float, float]:
        """Begin up to ``wanted`` calls from ``at_s`` on; gives how many, and when that was done."""
        begun = 0.0
        while begun < wanted:
            step_s = min(until_s, self._ramp_step_s(at_s))
            number, at_s = self._step(wanted - begun, at_s, step_s)
            begun += number
            if at_s >= until_s:
                break
        return begun, at_s

    def _step(self, wanted: float, at_s: float, until_s: float) -> tuple[float, float]:
        """As ``begin``, while neither pace nor slots change."""
        share = self._share(at_s)
        slots, freed, pace = self._slots * share, self._freed * share, self._pace * share
        free = min(slots, self._free + freed * (at_s - self._free_at_s))
        length_s = until_s - at_s
        # With free slots calls begin as the pace has it; without, as slots are freed.
        fast_s = math.inf if pace <= freed else free / (pace - freed)
        fast = free if math.isinf(pace) else min(wanted, pace * min(fast_s, length_s))
        if fast >= wanted:
            spent_s = 0.0 if math.isinf(pace) else wanted / pace
            number = wanted
        else:
            spent_s = min(length_s, fast_s + (wanted - fast) / freed)
            number = min(wanted, fast + max(spent_s - fast_s, 0.0) * freed)
        self._free = min(max(free + freed * spent_s - number, 0.0), slots)
        self._free_at_s = at_s + spent_s
        return number, at_s + spent_s

    def _share(self, at_s: float) -> float:
        """The share of pace and slots that the ramp-up allows for."""
        if at_s >= self._ramp_up_s:
            return 1.0
        step = math.floor(at_s / self._ramp_up_s * _RAMP_STEPS + _NOBODY)
        return _FIRST_SHARE + (1 - _FIRST_SHARE) * (step + 0.5) / _RAMP_STEPS

    def _ramp_step_s(self, at_s: float) -> float:
        """When the share changes next."""
        if at_s >= self._ramp_up_s:
            return math.inf
        step = math.floor(at_s / self._ramp_up_s * _RAMP_STEPS + _NOBODY)
        return (step + 1) * self._ramp_up_s / _RAMP_STEPS
