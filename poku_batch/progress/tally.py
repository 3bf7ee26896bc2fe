"""Events added up to the figures that displays show."""

from collections import Counter, deque
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from poku_batch.events import (
    ApiUnreached,
    CallEnded,
    CallFailed,
    CallLeft,
    CallReleased,
    CallReread,
    CallStarted,
    CallTurnedAway,
    CallUnknown,
    CircuitClosed,
    CircuitOpened,
    CircuitProbed,
    ContactSkipped,
    Event,
    LaterCounted,
    LedgerTrouble,
    LedgerWorks,
    Paused,
    Resumed,
    RunStarted,
    SlotsChanged,
    Waiting,
)
from poku_batch.models import ContactState
from poku_batch.progress.notes import local, note, paused_text

#: Over how long calls a minute are counted.
_RATE_WINDOW = timedelta(minutes=1)
#: How many of the last calls are kept to be shown.
_LAST_CALLS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class LastCall:
    """One call that came to something: its row, the word for it, and what is known of it."""

    row: int
    word: str
    text: str


@dataclass(slots=True, kw_only=True)
class Tally:
    """How a run stands: contacts by state, calls a minute, the last calls. Feed it every event."""

    campaign: str = ""
    concurrency: int = 0
    #: How many of them are used, where the API takes fewer calls at once.
    slots: int = 0
    total: int = 0
    waiting: int = 0
    #: Of those who wait, how many may only be called later, when they were last counted.
    later: int = 0
    in_call: int = 0
    done: int = 0
    failed: int = 0
    unknown: int = 0
    skipped: int = 0
    turned_away: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    last: deque[LastCall] = field(default_factory=lambda: deque(maxlen=_LAST_CALLS))
    note: str = ""
    #: That a person has paused the campaign, in words; "" where nobody has.
    paused: str = ""
    #: Until when the run waits, if it does.
    until: datetime | None = None
    started_at: datetime | None = None
    #: Calls a minute, where somebody else has counted them.
    rate: float | None = None
    #: The time of the last event: what a rehearsal's clock shows.
    at: datetime | None = None
    _ended: deque[datetime] = field(default_factory=deque)
    #: Followed calls whose contact was unknown, by key: left again, it is unknown again.
    _followed_unknown: set[str] = field(default_factory=set)

    def add(self, event: Event) -> None:
        """Take an event into the figures."""
        if not isinstance(event, LedgerTrouble | LedgerWorks):
            self.at = event.at if self.at is None else max(self.at, event.at)
        self._take_call(event)
        self._take_turn(event)
        match event:
            case RunStarted():
                self._begin(event)
            case ContactSkipped():
                self._skip(event)
            case SlotsChanged(slots=slots):
                self.slots = slots
            case LaterCounted(contacts=contacts):
                self.later = contacts

    def _take_turn(self, event: Event) -> None:
        """Note what is to be seen until something else happens."""
        match event:
            case Waiting() | CircuitOpened():
                self.note, self.until = note(event), event.until
            case Paused(by=by, since=since):
                self.paused = paused_text(by, since)
            case Resumed():
                self.paused = ""
            case CircuitProbed() | CircuitClosed() | LedgerTrouble() | LedgerWorks():
                self.note, self.until = note(event), None

    def _take_call(self, event: Event) -> None:
        match event:
            case CallStarted():
                self._start_call(event)
            case CallTurnedAway() | CallReleased() | CallLeft() | ApiUnreached():
                self._put_back(event)
            case CallEnded() | CallUnknown():
                self._end_call(event)
            case CallReread():
                self._reread(event)
            case CallFailed():
                self._fail(event)

    def calls_per_minute(self, now: datetime) -> float:
        """Calls that ended in the last minute, or since the start scaled to a minute."""
        if self.rate is not None:
            return self.rate
        self._forget_before(now - _RATE_WINDOW)
        if self.started_at is None:
            return 0.0
        span_s = min((now - self.started_at).total_seconds(), _RATE_WINDOW.total_seconds())
        return len(self._ended) * 60 / span_s if span_s >= 1 else 0.0

    def _forget_before(self, at: datetime) -> None:
        """Forget calls that ended before; nobody may ever ask for the rate, so each end does."""
        while self._ended and self._ended[0] < at:
            self._ended.popleft()

    def left(self, now: datetime) -> timedelta | None:
        """About how long the rest will take; None while that cannot be said."""
        rate = self.calls_per_minute(now)
        remaining = self.waiting + self.in_call
        return timedelta(minutes=remaining / rate) if rate and remaining else None

    @property
    def said(self) -> str:
        """All that is to be seen beside the figures, in words; "" for nothing."""
        return "; ".join(text for text in (self.paused, self.note) if text)

    @property
    def settled(self) -> int:
        """Contacts that have their end, or are unknown."""
        return self.total - self.waiting - self.in_call

    def _begin(self, event: RunStarted) -> None:
        counts = event.counts
        self.campaign, self.concurrency = event.campaign, event.concurrency
        self.slots = event.concurrency
        self.total, self.started_at = counts.total, event.at
        self.waiting = counts.of(ContactState.PENDING) + counts.of(ContactState.DIALING)
        self.done, self.failed = counts.of(ContactState.DONE), counts.of(ContactState.FAILED)
        self.later = counts.of(ContactState.PENDING) - counts.due
        self.unknown = counts.of(ContactState.UNKNOWN)
        self.skipped = counts.of(ContactState.SKIPPED)
        self.outcomes = Counter(counts.outcomes)

    def _start_call(self, event: CallStarted) -> None:
        self.note, self.until = "", None
        self.in_call += 1
        if event.was_unknown:
            self.unknown -= 1
            self._followed_unknown.add(event.key)
        else:
            self.waiting -= 1

    def _put_back(self, event: CallTurnedAway | CallReleased | CallLeft | ApiUnreached) -> None:
        self.in_call -= 1
        if isinstance(event, ApiUnreached):
            self.note = f"the API cannot be reached; trying again at {local(event.due_at)}"
        self.turned_away += isinstance(event, CallTurnedAway)
        if event.key in self._followed_unknown:
            self._followed_unknown.discard(event.key)
            self.unknown += 1
        else:
            self.waiting += 1

    def _end_call(self, event: CallEnded | CallUnknown) -> None:
        self.in_call -= 1
        self._followed_unknown.discard(event.key)
        self._ended.append(event.at)
        self._forget_before(event.at - _RATE_WINDOW)
        match event:
            case CallUnknown():
                self.unknown += 1
                word, text = "unknown", event.evidence
            case CallEnded():
                self._settle(event, 1)
                word, text = event.outcome, event.summary or ""
        self.last.append(LastCall(row=event.row, word=word, text=text))

    def _settle(self, event: CallEnded | CallReread, calls: int) -> None:
        """Count a call by what it makes of its contact; one that is redialled waits."""
        if event.redial_at is not None:
            self.waiting += calls
        elif event.failed:
            self.failed += calls
        else:
            self.done += calls
            self.outcomes[event.outcome] += calls

    def _skip(self, event: ContactSkipped) -> None:
        self.waiting -= 1
        self.skipped += 1
        self.last.append(LastCall(row=event.row, word="skipped", text=event.why))

    def _reread(self, event: CallReread) -> None:
        if event.decided:
            return
        if event.was_failed:
            self.failed -= 1
        else:
            self.done -= 1
            self.outcomes[event.before] -= 1
        self._settle(event, 1)
        for at, call in enumerate(self.last):
            if call.row == event.row and call.word == event.before:
                self.last[at] = replace(call, word=event.outcome)

    def _fail(self, event: CallFailed) -> None:
        if event.dialled:
            self.in_call -= 1
        else:
            self.waiting -= 1
        self.failed += 1
        self.last.append(LastCall(row=event.row, word="failed", text=event.why))
