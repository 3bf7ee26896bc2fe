"""Events as flat records for logs: what of each is told is listed here, and nothing else is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from poku_batch import events
from poku_batch.events import Event
from poku_batch.models import ContactState, Counts
from poku_batch.telemetry.masking import named, said


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Whose events they are: the campaign, its run's number in the ledger, and the worker.

    ``simulated``: it is a rehearsal, whose events have a time of their own.
    """

    campaign: str = ""
    run: int | None = None
    worker: str | None = None
    simulated: bool = False

    def facts(self) -> dict[str, Any]:
        """What is told of it; unknown facts are None."""
        return {
            "campaign": self.campaign or None,
            "simulated": True if self.simulated else None,
            "run": self.run,
            "worker": self.worker,
        }


class Part(Enum):
    """What part of a run a process has: it is measured there, and nowhere twice."""

    #: it is the run, and makes its calls
    ALL = "all"
    #: it makes calls of a run that another process watches
    CALLS = "calls"
    #: it watches over a run whose calls workers make
    RUN = "run"


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of an event: its name, how grave it is, and which of its fields."""

    name: str
    level: str
    fields: tuple[str, ...]


def _told(name: str, fields: str = "", level: str = "info") -> Told:
    return Told(name, level, tuple(fields.split()))


#: Withheld everywhere: ``key`` may be a number or a name, ``summary`` is what somebody said.
WITHHELD = frozenset({"key", "summary"})

TOLD: Mapping[type[Event], Told] = {
    events.RunStarted: _told("run.started", "counts concurrency"),
    events.CallStarted: _told("call.started", "row attempt followed was_unknown"),
    events.CallHeld: _told("call.held", "row attempt why"),
    events.CallPlaced: _told("call.placed", "row attempt interaction_id"),
    events.CallEnded: _told("call.ended", "row attempt outcome duration_s failed redial_at"),
    events.CallReread: _told(
        "call.reread", "row attempt before outcome was_failed failed redial_at decided"
    ),
    events.ContactsDeferred: _told("contacts.deferred", "contacts until why"),
    events.ContactSkipped: _told("contact.skipped", "row why"),
    events.CallTurnedAway: _told("call.turned_away", "row attempt why due_at", "warning"),
    events.ApiUnreached: _told("api.unreached", "row attempt why due_at", "warning"),
    events.CallFailed: _told("call.failed", "row attempt why dialled", "warning"),
    events.CallUnknown: _told("call.unknown", "row attempt evidence", "error"),
    events.CallReleased: _told("call.released", "row attempt why"),
    events.CallLeft: _told("call.left", "row attempt"),
    events.Waiting: _told("run.waiting", "until contacts why"),
    events.LaterCounted: _told("contacts.later", "contacts"),
    events.Paused: _told("run.paused", "by since", "warning"),
    events.Resumed: _told("run.resumed"),
    events.SlotsChanged: _told("slots.changed", "slots concurrency"),
    events.CircuitOpened: _told("circuit.opened", "until why calls final", "error"),
    events.CircuitProbed: _told("circuit.probed"),
    events.CircuitClosed: _told("circuit.closed"),
    events.ListTrouble: _told("list.trouble", "why", "warning"),
    events.CorrectionsIgnored: _told("corrections.ignored", "rows count", "warning"),
    events.HookTrouble: _told("hook.trouble", "why waiting", "warning"),
    events.HooksAwaited: _told("hooks.awaited", "waiting within_s"),
    events.RecordingTrouble: _told("recording.trouble", "why", "warning"),
    events.RecordingsAwaited: _told("recordings.awaited", "within_s"),
    events.ReaderTrouble: _told("reader.trouble", "row attempt why", "warning"),
    events.Draining: _told("run.draining", "in_call why"),
    events.LedgerTrouble: _told("ledger.trouble", "why waiting", "error"),
    events.LedgerWorks: _told("ledger.works"),
    events.ResultsRescued: _told("results.rescued", "results place", "error"),
    events.WorkersSeen: _told("workers.seen", "workers"),
    events.WorkersLost: _told("workers.lost", "what", "warning"),
    events.WorkerRefused: _told("worker.refused", "worker why", "error"),
    events.RunKept: _told("run.kept", "changed", "warning"),
    events.TelemetryTrouble: _told("telemetry.trouble", "why", "warning"),
    events.RunEnded: _told("run.ended", "ending counts why"),
}


def record_of(event: Event, identity: Identity, *, ts: datetime) -> dict[str, Any]:
    """What is told of an event, in JSON's kinds of values; ``ts`` is the real time, aware UTC.

    Unknown facts are left out. ``at`` is there in a rehearsal alone: its own time.
    """
    told = TOLD[type(event)]
    whose = {**identity.facts(), "at": _value(event.at) if identity.simulated else None}
    facts = {name: _fact(name, getattr(event, name)) for name in told.fields}
    record = {"ts": stamp(ts), "level": told.level, "event": told.name, **whose, **facts}
    return {name: value for name, value in record.items() if value is not None}


def stamp(ts: datetime) -> str:
    """A moment in UTC to the millisecond, as ``2026-11-30T09:00:00.000Z``."""
    return f"{ts:%Y-%m-%dT%H:%M:%S}.{ts.microsecond // 1000:03}Z"


def _fact(name: str, value: Any) -> Any:
    if name == "calls":  # those that opened the circuit breaker: row, and what came of it
        return [row for row, _ in value]
    if name == "interaction_id":
        return named(value)
    return _value(value)


def _value(value: Any) -> Any:
    match value:
        case Counts():
            return {str(state): value.of(state) for state in ContactState} | {"due": value.due}
        case datetime():
            return value.isoformat()
        case Enum():
            return str(value.value)
        case str():
            return said(value)
        case float():
            return round(value, 3)
        case tuple():
            return [_value(each) for each in value]
        case _:
            return value
