"""Spans of calls, taken by a stand-in of a collector."""

import time
from collections.abc import Iterator

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from poku_batch.events import (
    CallEnded,
    CallFailed,
    CallHeld,
    CallPlaced,
    CallStarted,
    CallUnknown,
    Event,
    RunEnded,
    RunStarted,
)
from poku_batch.telemetry.records import Identity
from poku_batch.telemetry.traces import Spans, wants_traces
from tests.telemetry.collector import Collector, attributes, collector
from tests.telemetry.telemetry_events import AT, NUMBER, PROMPT, SUMMARY, every_event, full


@pytest.fixture
def otlp(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    with collector() as one:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", one.url)
        yield one


def send(events: list[Event], identity: Identity = Identity(campaign="demo")) -> list[str]:  # noqa: B008 – frozen
    """Send the spans of some events; gives the faults that were told."""
    faults: list[str] = []
    spans = Spans(version="1.0", on_fault=faults.append)
    listener = spans.listener(identity)
    for event in events:
        listener.emit(event)
    spans.close()
    return faults


def started(row: int, *, attempt: int = 1) -> CallStarted:
    return CallStarted(at=AT, row=row, key=f"k{row}", attempt=attempt)


def ended(row: int) -> CallEnded:
    return CallEnded(at=AT, row=row, key=f"k{row}", outcome="done", summary=SUMMARY, duration_s=9.0)


def test_a_call_is_a_span_with_its_steps(otlp: Collector) -> None:
    faults = send(
        [
            full(RunStarted),
            started(2, attempt=3),
            CallHeld(at=AT, row=2, key="k2", why=f"HTTP 429: {PROMPT}"),
            CallPlaced(at=AT, row=2, key="k2", interaction_id="i-7"),
            ended(2),
        ],
        Identity(campaign="demo", worker="w-1"),
    )
    assert faults == []
    by_name = {span.name: span for span in otlp.spans}
    assert set(by_name) == {"call", "place", "in call"}
    call, place = by_name["call"], by_name["place"]
    assert {span.parent_span_id for span in (place, by_name["in call"])} == {call.span_id}
    assert attributes(call) == {
        "poku.campaign": "demo",
        "poku.simulated": False,
        "poku.worker": "w-1",
        "poku.run": 7,
        "poku.row": 2,
        "poku.attempt": 3,
        "poku.followed": False,
        "poku.interaction_id": "i-7",
        "poku.end": "call.ended",
        "poku.outcome": "done",
        "poku.duration_s": 9.0,
    }
    assert [event.name for event in place.events] == ["turned away"]
    assert place.end_time_unix_nano <= by_name["in call"].start_time_unix_nano
    assert otlp.resource["service.name"] == "poku-batch"


def test_calls_at_once_are_traces_of_their_own(otlp: Collector) -> None:
    send([started(2), started(3), ended(3), ended(2)])
    calls = [span for span in otlp.spans if span.name == "call"]
    assert [attributes(span)["poku.row"] for span in calls] == [3, 2]
    assert len({span.trace_id for span in calls}) == 2


def test_a_call_that_went_wrong_is_an_error(otlp: Collector) -> None:
    send(
        [
            started(2),
            CallUnknown(at=AT, row=2, key="k2", evidence="HTTP 500: x"),
            started(3),
            CallFailed(at=AT, row=3, key="k3", why=f"HTTP 400: {NUMBER}"),
        ]
    )
    calls = [span.status for span in otlp.spans if span.name == "call"]
    assert [(one.code, one.message) for one in calls] == [
        (Status.STATUS_CODE_ERROR, "HTTP 500"),
        (Status.STATUS_CODE_ERROR, "HTTP 400"),
    ]


def test_what_is_open_when_the_run_ends_is_sent_too(otlp: Collector) -> None:
    send([started(2), full(RunEnded)])
    assert {span.name for span in otlp.spans} == {"call", "place"}


def test_spans_hold_nothing_of_a_person(otlp: Collector) -> None:
    events = every_event()
    send([event for each in events for event in (full(CallStarted), each)])
    assert len(otlp.spans) > 10
    for secret in (NUMBER, "555", SUMMARY, PROMPT):
        assert secret.encode() not in otlp.raw


@pytest.mark.parametrize("there", [True, False])
def test_a_collector_that_takes_nothing_is_told_of_once(
    otlp: Collector, monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    otlp.status = 400
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "20")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    if not there:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    began = time.monotonic()
    faults = send([event for row in range(600) for event in (started(row), ended(row))])
    assert time.monotonic() - began < 6
    assert len(faults) == 1
    assert faults[0].startswith("traces: ")


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_the_standard_variables_switch_traces_on(environment: dict[str, str], wanted: bool) -> None:
    assert wants_traces(environment) is wanted
