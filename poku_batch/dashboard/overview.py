"""How a campaign stands, for a person: its contacts, its latest run, what is asked of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from poku_batch.dashboard.desk import Desk, Entry
from poku_batch.models import (
    ContactState,
    Counts,
    Doing,
    Pause,
    RunEnding,
    RunRecord,
    WaitKind,
    WorkerRecord,
)
from poku_batch.pages.words import plural
from poku_batch.policy.liveness import Liveness
from poku_batch.policy.reached import is_reached
from poku_batch.ports import Ledger

#: How a run ended: in a word, and why.
_ENDINGS = {
    RunEnding.FINISHED: ("finished", "nobody is left to call"),
    RunEnding.LIMIT: ("ended", "at the limit of calls that it was given"),
    RunEnding.DECLINED: ("not begun", "whoever was asked said no"),
    RunEnding.DUE_LATER: ("ended", "whoever is left is due later"),
    RunEnding.BUDGET: ("ended", "the budget allows no further call"),
    RunEnding.CIRCUIT_BREAKER: ("ended", "too many calls went wrong one after the other"),
    RunEnding.CANARY: ("ended", "after the first calls"),
    RunEnding.STOPPED: ("stopped", "a person or the system asked for it"),
    RunEnding.ABANDONED: ("broken off", "the next run settles what it left"),
    RunEnding.REFUSED: ("ended", "the API refuses the account"),
}

#: Endings of runs after which nobody was due.
_NOBODY_DUE = (RunEnding.FINISHED, RunEnding.DUE_LATER)

WAITS = {
    WaitKind.REDIAL: "called again after an attempt",
    WaitKind.TURNED_AWAY: "turned away by the API",
    WaitKind.CALLING_HOURS: "outside calling hours",
    WaitKind.NOT_BEFORE: "not before the row's time",
    WaitKind.NUMBER_CAP: "number called often enough",
    WaitKind.CALLER_ID_CAP: "caller ID used often enough",
}

#: States in the order of a bar: what is settled from the left, what is open to the right.
BAR = (
    ContactState.DONE,
    ContactState.FAILED,
    ContactState.SKIPPED,
    ContactState.UNKNOWN,
    ContactState.DIALING,
    ContactState.PENDING,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Whether a run goes on, in words; ``tone`` is the end of the class of its badge."""

    word: str
    tone: str
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """A campaign at one moment; ``now`` is the time that its contacts are due by.

    ``workers`` are those that make its calls; None where the run does so itself.
    """

    entry: Entry
    counts: Counts
    now: datetime
    run: RunRecord | None = None
    liveness: Liveness | None = None
    pause: Pause | None = None
    workers: tuple[WorkerRecord, ...] | None = None

    @property
    def goes_on(self) -> bool:
        """Whether a run goes on, as far as is known."""
        return self.liveness in (Liveness.ALIVE, Liveness.SILENT)

    @property
    def doing(self) -> Doing | None:
        """What the run says of itself, while it goes on."""
        return self.run.doing if self.run is not None and self.goes_on else None

    @property
    def settled(self) -> int:
        """How many contacts have their end, or are unknown: nobody calls them by itself."""
        still = self.counts.of(ContactState.PENDING) + self.counts.of(ContactState.DIALING)
        return self.counts.total - still

    @property
    def reached(self) -> int:
        """How many of those that are done were talked to in their last call."""
        return sum(n for outcome, n in self.counts.outcomes.items() if is_reached(outcome))

    @property
    def due_later(self) -> int:
        """How many pending contacts wait for something."""
        return self.counts.of(ContactState.PENDING) - self.counts.due

    @property
    def bar(self) -> list[tuple[ContactState, int, float, float]]:
        """The states that there are: how many, where their part begins, and how wide it is (%)."""
        parts, begins = [], 0.0
        for state in BAR:
            contacts = self.counts.of(state)
            if contacts:
                width = 100 * contacts / self.counts.total
                parts.append((state, contacts, round(begins, 3), round(width, 3)))
                begins += width
        return parts

    @property
    def status(self) -> Status:
        """Whether a run goes on, is paused, or how it ended."""
        run = self.run
        if run is None:
            return self._waiting(Status(word="never run", tone="pending"))
        match self.liveness:
            case Liveness.ALIVE:
                return self._alive(run)
            case Liveness.FINISHED:
                text = "nobody has watched its end: poku-batch run --distributed writes its results"
                return Status(word="finished", tone="done", text=text)
            case Liveness.SILENT if self.workers is not None:
                text = "no worker is heard of: start some with poku-batch worker"
                return Status(word="no workers", tone="unknown", text=text)
            case Liveness.SILENT:
                text = "it has not said for a while that it is alive: it cannot write, or died"
                return Status(word="not heard of", tone="unknown", text=text)
            case Liveness.DEAD:
                text = "its process is gone; the next run settles what it left"
                return self._waiting(Status(word="died", tone="failed", text=text))
        word, text = _ENDINGS[run.ending] if run.ending else ("ended", "")
        if run.ending in _NOBODY_DUE:
            text = self._since() or text
        tone = "done" if run.ending is RunEnding.FINISHED else "skipped"
        return self._waiting(Status(word=word, tone=tone, text=text))

    def _since(self) -> str:
        """Who is left to call though the last run left nobody due; "" for nobody."""
        if self.counts.due:
            return f"{plural(self.counts.due, 'contact')} may be called now: a run calls them"
        finished = self.run is not None and self.run.ending is RunEnding.FINISHED
        if finished and self.due_later:
            return f"{plural(self.due_later, 'contact')} may be called later: a run calls them"
        return ""

    def _alive(self, run: RunRecord) -> Status:
        if run.stop_asked_by is not None:
            text = f"asked by {run.stop_asked_by}; open calls are waited for"
            return Status(word="stopping", tone="dialing", text=text)
        if self.pause is not None:
            return Status(word="paused", tone="unknown", text=_paused(self.pause))
        note = run.doing.note if run.doing is not None else ""
        return Status(word="running", tone="dialing", text=note)

    def _waiting(self, status: Status) -> Status:
        """The status; that of a pause, where one would hold up the next run."""
        if self.pause is None:
            return status
        text = f"{_paused(self.pause)}; a run would wait"
        return Status(word="paused", tone="unknown", text=text)


async def overview(desk: Desk, ledger: Ledger, entry: Entry) -> Overview:
    """How a campaign of the ledger stands."""
    run = await ledger.controls.latest_run(entry.id)
    workers = await desk.workers(ledger, entry.id)
    alive = None if run is None else await desk.liveness(run, workers)
    if workers is not None and await _is_over(ledger, entry):
        alive = Liveness.FINISHED
    doing = run.doing if run is not None and alive is Liveness.ALIVE else None
    # A rehearsal makes up its time.
    now = doing.now if doing is not None else await desk.now(simulated=entry.simulated)
    return Overview(
        entry=entry,
        counts=await ledger.counts(entry.id, now=now),
        now=now,
        run=run,
        liveness=alive,
        pause=await ledger.controls.paused(entry.id),
        workers=None if workers is None else tuple(workers),
    )


async def _is_over(ledger: Ledger, entry: Entry) -> bool:
    """Whether workers have called everybody, and nobody has watched the end."""
    distribution = ledger.distribution
    run = None if distribution is None else await distribution.open_run(entry.id)
    if distribution is None or run is None:
        return False
    return (await distribution.attendance(run)).is_over


async def per_minute(ledger: Ledger, over: Overview) -> int | None:
    """How many calls came to an end in the last minute; None where no run goes on."""
    if not over.goes_on:
        return None
    return await ledger.browsing.ended_since(over.entry.id, over.now - timedelta(minutes=1))


def _paused(pause: Pause) -> str:
    return f"by {pause.by}"
