"""Calls as OpenTelemetry spans, sent by OTLP over HTTP as the ``OTEL_*`` variables say.

A call is a trace of its own: the span ``call`` from its intent to its end, in it ``place`` until
the API has taken it and ``in call`` from then on. Spans are sent by a thread of their own, in
batches; what cannot be sent is lost, and told once.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from poku_batch.events import (
    ApiUnreached,
    CallEnded,
    CallFailed,
    CallHeld,
    CallLeft,
    CallPlaced,
    CallReleased,
    CallStarted,
    CallTurnedAway,
    CallUnknown,
    Event,
    RunEnded,
    RunStarted,
)
from poku_batch.telemetry.masking import named, said
from poku_batch.telemetry.records import TOLD, Identity

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

#: How long the end of a run waits for spans that are still to be sent, in seconds.
_LAST_SPANS_S = 3.0
#: Where the exporter and what it sends through write their troubles.
_LOGGERS = ("opentelemetry", "urllib3")

_Over = (
    CallEnded | CallFailed | CallUnknown | CallTurnedAway | ApiUnreached | CallReleased | CallLeft
)


def wants_traces(environment: Mapping[str, str]) -> bool:
    """Whether the environment says where spans go, and does not switch them off."""
    off = environment.get("OTEL_SDK_DISABLED", "").strip().casefold() == "true"
    kind = environment.get("OTEL_TRACES_EXPORTER", "otlp").strip().casefold() or "otlp"
    names = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
    return not off and kind == "otlp" and any(environment.get(name, "").strip() for name in names)


class Spans:
    """Where a process' spans go; ``listener`` makes those of a campaign."""

    def __init__(self, *, version: str, on_fault: Callable[[str], None]) -> None:
        """Begin to send; ``on_fault`` is told once, from another thread, that it does not work."""
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import SERVICE_NAME, SERVICE_VERSION, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor

        self._troubles = _Troubles(on_fault)
        # What the environment says (OTEL_SERVICE_NAME) goes before the name given here.
        told = Resource.create().attributes
        name = str(told.get(SERVICE_NAME, ""))
        named = {} if name and not name.startswith("unknown_service") else _NAME
        resource = Resource.create({SERVICE_VERSION: version, **named})
        self._provider: TracerProvider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._version = version

    def listener(self, identity: Identity) -> "CampaignSpans":
        """What makes spans of a campaign's events."""
        return CampaignSpans(self._provider.get_tracer("poku_batch", self._version), identity)

    def close(self) -> None:
        """Send what is left, for a few seconds at the most."""
        last = threading.Thread(target=self._provider.shutdown, daemon=True)
        last.start()
        last.join(_LAST_SPANS_S)
        if last.is_alive():
            self._troubles.tell("traces: the last spans could not be sent in time")
        self._troubles.close()


_NAME = {"service.name": "poku-batch"}


@dataclass(slots=True)
class _Call:
    """An open call's spans."""

    span: "Span"
    step: "Span | None" = None


@dataclass(slots=True)
class CampaignSpans:
    """A span for each call of one campaign, with its steps."""

    tracer: "Tracer"
    identity: Identity
    _open: dict[str, _Call] = field(default_factory=dict)
    _run: int | None = None

    def emit(self, event: Event) -> None:
        """Take an event."""
        match event:
            case RunStarted():
                self._run = event.run
            case CallStarted():
                self._start(event)
            case CallHeld():
                self._note(event)
            case CallPlaced():
                self._placed(event)
            case RunEnded():
                self._leave()
            case _ if isinstance(event, _Over):
                self._end(event)

    def _start(self, event: CallStarted) -> None:
        span = self.tracer.start_span("call", attributes=self._attributes(event))
        self._open[event.key] = _Call(span)
        self._step(event.key, "in call" if event.followed else "place")

    def _step(self, key: str, name: str) -> None:
        from opentelemetry.trace import set_span_in_context

        call = self._open[key]
        if call.step is not None:
            call.step.end()
        call.step = self.tracer.start_span(name, context=set_span_in_context(call.span))

    def _note(self, event: CallHeld) -> None:
        call = self._open.get(event.key)
        if call is not None and call.step is not None:
            call.step.add_event("turned away", {"poku.why": said(event.why)})

    def _placed(self, event: CallPlaced) -> None:
        if (call := self._open.get(event.key)) is not None:
            call.span.set_attribute("poku.interaction_id", named(event.interaction_id))
            self._step(event.key, "in call")

    def _end(self, event: _Over) -> None:
        from opentelemetry.trace import Status, StatusCode

        call = self._open.pop(event.key, None)
        if call is None:
            return
        span = call.span
        span.set_attribute("poku.end", TOLD[type(event)].name)
        match event:
            case CallEnded():
                span.set_attribute("poku.outcome", said(event.outcome))
                if event.duration_s is not None:
                    span.set_attribute("poku.duration_s", event.duration_s)
            case CallUnknown(evidence=why) | CallFailed(why=why):
                span.set_status(Status(StatusCode.ERROR, said(why)))
            case CallTurnedAway(why=why) | ApiUnreached(why=why) | CallReleased(why=why):
                span.set_attribute("poku.why", said(why))
        _close(call)

    def _leave(self) -> None:
        """The run is over: what is open is followed by another."""
        for call in self._open.values():
            _close(call)
        self._open.clear()

    def _attributes(self, event: CallStarted) -> dict[str, str | int | bool]:
        facts: dict[str, str | int | bool | None] = {
            "poku.campaign": self.identity.campaign,
            "poku.simulated": self.identity.simulated,
            "poku.worker": self.identity.worker,
            "poku.run": self._run if self._run is not None else self.identity.run,
            "poku.row": event.row,
            "poku.attempt": event.attempt,
            "poku.followed": event.followed,
        }
        return {name: value for name, value in facts.items() if value is not None}


def _close(call: _Call) -> None:
    if call.step is not None:
        call.step.end()
    call.span.end()


class _Troubles(logging.Handler):
    """Takes what the exporter logs, and tells the first of it; the rest is told to nobody."""

    def __init__(self, on_fault: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._on_fault = on_fault
        self._told = False
        self._before: dict[str, bool] = {}
        for name in _LOGGERS:
            logger = logging.getLogger(name)
            self._before[name] = logger.propagate
            logger.propagate = False
            logger.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """Tell of a trouble, if it is the first."""
        self.tell(f"traces: {said(record.getMessage())}")

    def tell(self, why: str) -> None:
        """Tell why, once."""
        if not self._told:
            self._told = True
            self._on_fault(why)

    def close(self) -> None:
        """Listen no more."""
        for name, propagate in self._before.items():
            logger = logging.getLogger(name)
            logger.removeHandler(self)
            logger.propagate = propagate
        super().close()
