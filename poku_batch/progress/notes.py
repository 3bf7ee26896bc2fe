"""What is to be seen of a run: until something else happens, or as it goes by; in words."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from poku_batch.events import (
    CircuitClosed,
    CircuitOpened,
    CircuitProbed,
    CorrectionsIgnored,
    Draining,
    Event,
    HooksAwaited,
    HookTrouble,
    LedgerTrouble,
    LedgerWorks,
    ListTrouble,
    Paused,
    ReaderTrouble,
    RecordingsAwaited,
    RecordingTrouble,
    ResultsRescued,
    Resumed,
    RunKept,
    SlotsChanged,
    TelemetryTrouble,
    Waiting,
    WorkerRefused,
    WorkersLost,
    WorkersSeen,
)
from poku_batch.progress.words import (
    WORKS_AGAIN,
    draining_text,
    ignored_corrections_text,
    one_line,
    rescued_text,
)

#: Of the calls that opened the circuit breaker: how many ways to go wrong are told, and how many
#: rows of each.
_KINDS, _ROWS = 5, 20


def note(event: Event) -> str:
    """What is to be seen until something else happens."""
    match event:
        case Waiting():
            return _waiting_text(event)
        case CircuitOpened(final=True):
            return f"no more calls: {event.why}, time and again"
        case CircuitOpened():
            return f"paused until {local(event.until)}: {event.why}"
        case CircuitProbed():
            return "one call finds out whether the trouble is over"
        case LedgerTrouble():
            return _ledger_text(event)
        case _:
            return ""


def _waiting_text(event: Waiting) -> str:
    why = f" ({event.why})" if event.why else ""
    if event.contacts == 1:
        return f"waiting: 1 is due later, at {local(event.until)}{why}"
    return f"waiting: {event.contacts:,} are due later, the first at {local(event.until)}{why}"


def paused_text(by: str, since: datetime) -> str:
    """That a campaign is paused, and how calls begin again."""
    who = one_line(by, limit=60)
    how = "poku-batch resume CAMPAIGN (a rehearsal: --simulate)"
    return f"paused by {who} since {local(since)}; resume with {how}"


def turn_text(event: Event) -> str | None:
    """A turn of events that a person should see go by; None for what is none."""
    words = _TURNS.get(type(event))
    return None if words is None else words(event)


def _circuit_text(event: CircuitOpened) -> str:
    rows: dict[str, list[int]] = {}
    for row, what in event.calls:
        rows.setdefault(one_line(what, limit=80), []).append(row)
    by_number = sorted(rows.items(), key=lambda told: -len(told[1]))
    words = [f"{_rows_text(those)}: {what}" for what, those in by_number[:_KINDS]]
    if by_number[_KINDS:]:
        more = sum(len(those) for _, those in by_number[_KINDS:])
        words.append(f"and {more:,} more")
    return f"{note(event)}: {'; '.join(words)}"


def _rows_text(rows: Sequence[int]) -> str:
    first = ", ".join(map(str, rows[:_ROWS]))
    more = f" and {len(rows) - _ROWS:,} more" if len(rows) > _ROWS else ""
    return f"{'row' if len(rows) == 1 else 'rows'} {first}{more}"


def _slots_text(event: SlotsChanged) -> str:
    if event.slots == event.concurrency:
        return f"the API takes calls again: all {event.concurrency:,} slots are used"
    return f"the API turns calls away: {event.slots:,} of {event.concurrency:,} slots are used"


def _workers_text(workers: int) -> str:
    if not workers:
        return "no worker is there to call; start some with: poku-batch worker"
    return "1 worker calls" if workers == 1 else f"{workers:,} workers call"


def _refused_text(event: WorkerRefused) -> str:
    worker, why = one_line(event.worker, limit=80), one_line(event.why, limit=300)
    return f"worker {worker} takes no part: {why}"


def _kept_text(event: RunKept) -> str:
    changed = ", ".join(event.changed)
    return (
        f"this run goes on as it was begun: what is otherwise now ({changed}) counts from the next "
        "run on"
    )


def _hook_text(event: HookTrouble) -> str:
    kept = "1 message waits" if event.waiting == 1 else f"{event.waiting:,} messages wait"
    return f"a hook was not taken ({one_line(event.why, limit=160)}); {kept}, to be sent again"


def _awaited_text(event: HooksAwaited) -> str:
    left = "1 message is" if event.waiting == 1 else f"{event.waiting:,} messages are"
    return (
        f"the calls are over; {left} still sent to your hooks, for {event.within_s:.0f} s at the "
        "most. Ctrl-C leaves, and the next run sends the rest"
    )


def _recording_text(event: RecordingTrouble) -> str:
    return f"a recording is missing ({one_line(event.why, limit=200)}); calls go on"


def _recordings_text(event: RecordingsAwaited) -> str:
    return (
        f"the calls are over; recordings are still fetched, for {event.within_s:.0f} s at the "
        "most. Ctrl-C leaves"
    )


def _list_text(event: ListTrouble) -> str:
    return f"do_not_call: {one_line(event.why, limit=300)}; what was read before stands"


def _ignored_text(event: CorrectionsIgnored) -> str:
    return ignored_corrections_text(event.rows, event.count)


def _reader_text(event: ReaderTrouble) -> str:
    why = one_line(event.why, limit=160)
    return f"row {event.row}: outcomes_by gave no reading ({why}); that of the rules stands"


def _telemetry_text(event: TelemetryTrouble) -> str:
    return f"note: {one_line(event.why, limit=300)}; calls go on"


def _ledger_text(event: LedgerTrouble) -> str:
    results = "1 result waits" if event.waiting == 1 else f"{event.waiting:,} results wait"
    kept = f"{results} in memory; " if event.waiting else ""
    return (
        f"no new calls: {event.why}. {kept}tried again until it works. Mend it and leave this "
        "running; or press Ctrl-C twice to leave, and what waits goes to a file of its own"
    )


def local(moment: datetime) -> str:
    """A time as the person's clock will show it; UTC at the end of the calendar."""
    try:
        moment = moment.astimezone()
    except (OverflowError, ValueError):
        return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
    return f"{moment:%Y-%m-%d %H:%M:%S}"


_TURNS: Mapping[type[Event], Callable[[Any], str]] = {
    CircuitOpened: _circuit_text,
    CircuitProbed: lambda _: "the pause is over: one call finds out whether the trouble is, too",
    CircuitClosed: lambda _: "that call went well; calls go on",
    SlotsChanged: _slots_text,
    Paused: lambda event: paused_text(event.by, event.since),
    Resumed: lambda _: "resumed: calls go on",
    HookTrouble: _hook_text,
    HooksAwaited: _awaited_text,
    RecordingTrouble: _recording_text,
    RecordingsAwaited: _recordings_text,
    ListTrouble: _list_text,
    CorrectionsIgnored: _ignored_text,
    ReaderTrouble: _reader_text,
    Draining: lambda event: draining_text(event.in_call),
    LedgerTrouble: lambda event: one_line(_ledger_text(event), limit=1_000),
    LedgerWorks: lambda _: WORKS_AGAIN,
    TelemetryTrouble: _telemetry_text,
    ResultsRescued: lambda event: rescued_text(event.results, event.place),
    WorkersSeen: lambda event: _workers_text(event.workers),
    WorkersLost: lambda event: one_line(event.what, limit=200),
    WorkerRefused: _refused_text,
    RunKept: _kept_text,
}
