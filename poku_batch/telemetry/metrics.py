"""Metrics in Prometheus' form, on an address of their own.

Labels have few values: the campaign, and an outcome or an answer. Nothing names a contact. A
rehearsal's campaign has ``(rehearsal)`` behind its name, so that no alert takes it for real.
"""

import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIServer

from poku_batch.events import (
    CallEnded,
    CallFailed,
    CallUnknown,
    CircuitClosed,
    CircuitOpened,
    CircuitProbed,
    Event,
    HookTrouble,
    LedgerTrouble,
    LedgerWorks,
    RunStarted,
)
from poku_batch.models import (
    Answer,
    CallRequest,
    Doubtful,
    Ended,
    InteractionId,
    Refused,
    Rejected,
    Standing,
    Started,
    TurnedAway,
)
from poku_batch.ports import CallApi, Clock
from poku_batch.progress.tally import Tally
from poku_batch.telemetry.masking import said
from poku_batch.telemetry.records import Part

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.core import Metric

#: More words for outcomes than this are told as ``other``.
_MOST_OUTCOMES = 50

_CALL_S = (5, 15, 30, 60, 90, 120, 180, 300, 600, 900)
_PLACEMENT_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_WRITE_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)

_ANSWERS: Mapping[type[Answer], str] = {
    Ended: "ended",
    Started: "placed",
    TurnedAway: "turned_away",
    Rejected: "rejected",
    Refused: "refused",
    Doubtful: "unknown",
}


class Metrics:
    """A process' metrics; ``listener`` adds those of a campaign."""

    def __init__(self) -> None:
        """Begin at zero."""
        from prometheus_client import (
            CollectorRegistry,
            Counter,
            Histogram,
            PlatformCollector,
            ProcessCollector,
        )

        registry = self.registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)

        def counter(name: str, told: str, *labels: str) -> Counter:
            return Counter(
                name, told, ["campaign", *labels], namespace="poku_batch", registry=registry
            )

        def histogram(name: str, told: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(
                f"{name}_seconds",
                told,
                ["campaign"],
                namespace="poku_batch",
                registry=registry,
                buckets=buckets,
            )

        self.calls = counter("calls", "Calls that ended.", "outcome")
        self.unknown = counter("calls_unknown", "Calls that may or may not have rung.")
        self.failed = counter("calls_failed", "Contacts that cannot be called.")
        self.placements = counter("placements", "Requests to place a call.", "answer")
        self.durations = histogram(
            "call_duration", "From placement to the end being known.", _CALL_S
        )
        self.placing = histogram(
            "placement_duration", "How long the API took to answer a placement.", _PLACEMENT_S
        )
        self.writes = histogram(
            "ledger_write_duration", "How long a write took to be durable.", _WRITE_S
        )
        self._outcomes: dict[str, set[str]] = {}
        self._listeners: dict[str, CampaignMetrics] = {}
        self.registry.register(_Gauges(self._listeners))

    def listener(
        self, campaign: str, *, simulated: bool = False, part: Part = Part.ALL
    ) -> "CampaignMetrics":
        """What listens to the events of a campaign's run; counters go on where earlier ones ended.

        ``part`` is this process' in the run: what another one measures is not told here.
        """
        name = f"{campaign} (rehearsal)" if simulated else campaign
        outcomes = self._outcomes.setdefault(name, set())
        made = self._listeners[name] = CampaignMetrics(self, name, part, outcomes)
        return made

    def forget(self, listener: "CampaignMetrics") -> None:
        """Tell no more how a run stands that this process has no part in any more."""
        if self._listeners.get(listener.name) is listener:
            del self._listeners[listener.name]


class CampaignMetrics:
    """The metrics of one campaign's run in this process."""

    def __init__(self, metrics: Metrics, name: str, part: Part, outcomes: set[str]) -> None:
        """Take where they are kept, the campaign's name for people, and its words for outcomes."""
        self._metrics = metrics
        self.name = name
        self.part = part
        self._outcomes = outcomes
        self._writes = metrics.writes.labels(name)
        if part is not Part.RUN:  # they are there from the beginning, so that a first one is seen
            for each in (metrics.durations, metrics.unknown, metrics.failed):
                each.labels(name)
        self.tally = Tally()
        self.circuit_open = False
        self.waiting_results = 0
        self.waiting_messages = 0

    def emit(self, event: Event) -> None:
        """Take an event."""
        self.tally.add(event)
        match event:
            case CallEnded() | CallUnknown() | CallFailed():
                if self.part is not Part.RUN:
                    self._count(event)
            case _:
                self._take_turn(event)

    def _count(self, event: CallEnded | CallUnknown | CallFailed) -> None:
        match event:
            case CallEnded():
                self._metrics.calls.labels(self.name, self._outcome(event.outcome)).inc()
                if event.duration_s is not None:
                    self._metrics.durations.labels(self.name).observe(event.duration_s)
            case CallUnknown():
                self._metrics.unknown.labels(self.name).inc()
            case CallFailed():
                self._metrics.failed.labels(self.name).inc()

    def _take_turn(self, event: Event) -> None:
        match event:
            case CircuitOpened():
                self.circuit_open = True
            case CircuitProbed() | CircuitClosed() | RunStarted():
                self.circuit_open = False
            case LedgerTrouble(waiting=waiting):
                self.waiting_results = waiting
            case LedgerWorks():
                self.waiting_results = 0
            case HookTrouble(waiting=waiting):
                self.waiting_messages = waiting

    def took(self, seconds: float) -> None:
        """Take how long a write to the ledger took."""
        with suppress(Exception):  # it is between a write and whoever waits for it
            self._writes.observe(seconds)

    def answered(self, answer: Answer, seconds: float) -> None:
        """Take what a placement came to, and how long that took."""
        unreached = isinstance(answer, TurnedAway) and answer.unreached
        word = "unreached" if unreached else _ANSWERS[type(answer)]
        self._metrics.placements.labels(self.name, word).inc()
        self._metrics.placing.labels(self.name).observe(seconds)

    def _outcome(self, outcome: str) -> str:
        outcome = said(outcome)
        if outcome not in self._outcomes:
            if len(self._outcomes) >= _MOST_OUTCOMES:
                return "other"
            self._outcomes.add(outcome)
        return outcome


class MeasuredApi:
    """A ``ports.CallApi`` round another one, whose placements are counted."""

    def __init__(self, api: CallApi, metrics: CampaignMetrics, clock: Clock) -> None:
        """Take the API, where its answers are counted, and the time."""
        self._api = api
        self._metrics = metrics
        self._clock = clock

    async def place(self, request: CallRequest) -> Answer:
        """Send one placement, once."""
        since_s = self._clock.monotonic()
        answer = await self._api.place(request)
        with suppress(Exception):  # a phone may ring: nothing may come between it and the ledger
            self._metrics.answered(answer, self._clock.monotonic() - since_s)
        return answer

    async def standing(self, interaction_id: InteractionId) -> Standing:
        """Ask once how a placed call stands."""
        return await self._api.standing(interaction_id)


class _Gauges:
    """How the campaigns stand, read from their tallies when somebody asks."""

    def __init__(self, listeners: Mapping[str, CampaignMetrics]) -> None:
        self._listeners = listeners

    def collect(self) -> Iterable["Metric"]:
        """Every gauge, with a value for each campaign."""
        from prometheus_client.core import GaugeMetricFamily

        contacts = GaugeMetricFamily(
            "poku_batch_contacts",
            "Contacts of the sheet, by how they stand.",
            labels=["campaign", "state"],
        )
        gauges = {
            name: GaugeMetricFamily(f"poku_batch_{name}", told, labels=["campaign"])
            for name, told in _GAUGES.items()
        }
        for campaign, one in dict(self._listeners).items():
            for name, value in _figures(one).items():
                gauges[name].add_metric([campaign], value)
            if one.tally.total and one.part is not Part.CALLS:
                for state, count in _states(one.tally).items():
                    contacts.add_metric([campaign, state], count)
        return [contacts, *gauges.values()]


_GAUGES = {
    "calls_in_flight": "Calls being placed or followed now.",
    "slots": "Slots in use: fewer than concurrency where the API turns calls away.",
    "concurrency": "Calls at once at the most.",
    "paused": "1 while a person has paused the campaign.",
    "circuit_open": "1 while the circuit breaker lets no call begin.",
    "ledger_results_waiting": "Results in memory alone, since the ledger takes none.",
    "hook_messages_waiting": "Messages that a hook has not taken, when last told.",
    "last_event_timestamp_seconds": "When the run told its last event.",
}
#: What only those can tell who make the calls, and who is the run or watches over it.
_OF_CALLS = frozenset({"calls_in_flight", "ledger_results_waiting"})
_OF_RUNS = frozenset({"slots", "concurrency", "paused", "circuit_open", "hook_messages_waiting"})
_ELSEWHERE = {Part.ALL: frozenset[str](), Part.CALLS: _OF_RUNS, Part.RUN: _OF_CALLS}


def _figures(one: CampaignMetrics) -> dict[str, float]:
    tally = one.tally
    figures = {
        "calls_in_flight": tally.in_call,
        "slots": tally.slots,
        "concurrency": tally.concurrency,
        "paused": float(bool(tally.paused)),
        "circuit_open": float(one.circuit_open),
        "ledger_results_waiting": one.waiting_results,
        "hook_messages_waiting": one.waiting_messages,
        "last_event_timestamp_seconds": tally.at.timestamp() if tally.at else 0.0,
    }
    return {name: figures[name] for name in figures.keys() - _ELSEWHERE[one.part]}


def _states(tally: Tally) -> dict[str, int]:
    later = min(tally.later, tally.waiting)
    return {
        "due": tally.waiting - later,
        "later": later,
        "done": tally.done,
        "failed": tally.failed,
        "unknown": tally.unknown,
        "skipped": tally.skipped,
    }


class MetricsServer:
    """Serves a registry at ``/metrics`` in a thread of its own."""

    def __init__(self, registry: "CollectorRegistry", *, host: str, port: int) -> None:
        """Listen. Raises ``OSError`` where the address cannot be had."""
        from prometheus_client import start_http_server

        self._server: WSGIServer
        self._thread: threading.Thread
        self._server, self._thread = start_http_server(port, addr=host, registry=registry)

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._server.server_port

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(2)
