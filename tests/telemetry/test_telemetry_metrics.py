"""Metrics, read as Prometheus reads them: over a socket, by its own parser."""

import urllib.request

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from poku_batch.events import (
    CallEnded,
    CallStarted,
    CallUnknown,
    CircuitClosed,
    CircuitOpened,
    LedgerTrouble,
    LedgerWorks,
    Paused,
    Resumed,
    RunStarted,
)
from poku_batch.models import (
    Answer,
    ContactState,
    Doubtful,
    Ended,
    InteractionId,
    Refused,
    Rejected,
    Started,
    TurnedAway,
)
from poku_batch.telemetry.metrics import Metrics, MetricsServer
from poku_batch.telemetry.records import Part
from tests.telemetry.telemetry_events import AT, NUMBER, PROMPT, SUMMARY, counts, every_event, full

Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


class Scraped:
    """A process' metrics, as they are written for Prometheus."""

    def __init__(self) -> None:
        self.metrics = Metrics()
        self.text = ""

    def scrape(self) -> Samples:
        self.text = generate_latest(self.metrics.registry).decode()
        return samples_of(self.text)

    def value(self, name: str, **labels: str) -> float:
        return self.scrape()[f"poku_batch_{name}", tuple(sorted(labels.items()))]


def samples_of(text: str) -> Samples:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def scraped() -> Scraped:
    return Scraped()


def test_they_are_served_at_an_address_of_their_own(scraped: Scraped) -> None:
    scraped.metrics.listener("demo").emit(ended("confirmed"))
    server = MetricsServer(scraped.metrics.registry, host="127.0.0.1", port=0)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics") as answer:
            samples = samples_of(answer.read().decode())
    finally:
        server.close()
    name = ("poku_batch_calls_total", (("campaign", "demo"), ("outcome", "confirmed")))
    assert samples[name] == 1
    with pytest.raises(OSError, match="refused"):
        urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics")


def ended(outcome: str, *, row: int = 2) -> CallEnded:
    return CallEnded(
        at=AT, row=row, key=f"k{row}", outcome=outcome, summary=SUMMARY, duration_s=42.0
    )


def started(states: dict[ContactState, int]) -> RunStarted:
    return RunStarted(at=AT, campaign="demo", counts=counts(states), concurrency=5)


def test_calls_are_counted_by_outcome_and_shown_while_they_last(scraped: Scraped) -> None:
    demo = scraped.metrics.listener("demo")
    demo.emit(started({ContactState.PENDING: 3, ContactState.DONE: 1}))
    for row in (2, 3):
        demo.emit(CallStarted(at=AT, row=row, key=f"k{row}"))
    assert scraped.value("calls_in_flight", campaign="demo") == 2
    assert scraped.value("contacts", campaign="demo", state="due") == 1
    demo.emit(ended("confirmed"))
    assert scraped.value("calls_in_flight", campaign="demo") == 1
    assert scraped.value("calls_total", campaign="demo", outcome="confirmed") == 1
    assert scraped.value("contacts", campaign="demo", state="done") == 2
    assert scraped.value("call_duration_seconds_bucket", campaign="demo", le="60.0") == 1
    assert scraped.value("call_duration_seconds_bucket", campaign="demo", le="30.0") == 0


def test_states_that_last_are_gauges(scraped: Scraped) -> None:
    demo = scraped.metrics.listener("demo")
    for event, name, value in (
        (full(Paused), "paused", 1),
        (full(Resumed), "paused", 0),
        (full(CircuitOpened), "circuit_open", 1),
        (full(CircuitClosed), "circuit_open", 0),
        (full(LedgerTrouble), "ledger_results_waiting", 7),
        (full(LedgerWorks), "ledger_results_waiting", 0),
    ):
        demo.emit(event)
        assert scraped.value(name, campaign="demo") == value, event


@pytest.mark.parametrize(
    ("answer", "word"),
    [
        (Ended(summary=None), "ended"),
        (Started(interaction_id=InteractionId("i")), "placed"),
        (TurnedAway(why="HTTP 429"), "turned_away"),
        (TurnedAway(why="no route", unreached=True), "unreached"),
        (Rejected(why="HTTP 400"), "rejected"),
        (Refused(why="HTTP 401"), "refused"),
        (Doubtful(evidence="HTTP 500"), "unknown"),
    ],
)
def test_placements_are_counted_by_what_was_answered(
    scraped: Scraped, answer: Answer, word: str
) -> None:
    scraped.metrics.listener("demo").answered(answer, 0.2)
    assert scraped.value("placements_total", campaign="demo", answer=word) == 1
    assert scraped.value("placement_duration_seconds_count", campaign="demo") == 1


def test_a_rehearsal_is_not_taken_for_real(scraped: Scraped) -> None:
    scraped.metrics.listener("demo", simulated=True).emit(ended("confirmed"))
    name = ("poku_batch_calls_total", (("campaign", "demo (rehearsal)"), ("outcome", "confirmed")))
    assert scraped.scrape()[name] == 1


def test_calls_are_measured_by_who_makes_them_and_the_run_by_who_watches_it() -> None:
    def told(part: Part) -> set[str]:
        scraped = Scraped()
        demo = scraped.metrics.listener("demo", part=part)
        for event in (started({ContactState.PENDING: 3}), ended("confirmed"), full(CallUnknown)):
            demo.emit(event)
        values = scraped.scrape().items()
        return {name.removeprefix("poku_batch_") for (name, labels), value in values if labels}

    every, calls, run = (told(part) for part in Part)
    assert calls | run == every
    assert {"calls_total", "calls_in_flight"} <= calls - run
    assert {"contacts", "paused", "circuit_open", "slots", "concurrency"} <= run - calls


def test_a_run_that_a_worker_has_no_part_in_any_more_is_forgotten_and_its_calls_are_not() -> None:
    scraped = Scraped()
    first = scraped.metrics.listener("demo", part=Part.CALLS)
    first.emit(full(LedgerTrouble))
    first.emit(ended("confirmed"))
    scraped.metrics.forget(first)
    assert ("poku_batch_ledger_results_waiting", (("campaign", "demo"),)) not in scraped.scrape()
    second = scraped.metrics.listener("demo", part=Part.CALLS)
    scraped.metrics.forget(first)
    second.emit(ended("confirmed"))
    assert scraped.value("ledger_results_waiting", campaign="demo") == 0
    assert scraped.value("calls_total", campaign="demo", outcome="confirmed") == 2


def test_labels_stay_few_and_name_nobody(scraped: Scraped) -> None:
    demo = scraped.metrics.listener("demo")
    demo.took(0.01)
    for event in every_event():
        demo.emit(event) if not isinstance(event, CallEnded) else demo.emit(ended("x"))
    for number in range(500):
        demo.emit(ended(f"word {number}", row=number))
    samples = scraped.scrape()
    calls = {labels for name, labels in samples if name == "poku_batch_calls_total"}
    assert len(calls) == 51
    assert samples["poku_batch_calls_total", (("campaign", "demo"), ("outcome", "other"))] == 451
    known = {"campaign", "outcome", "answer", "state", "le"}
    ours = [labels for name, labels in samples if name.startswith("poku_batch_")]
    assert {name for labels in ours for name, _ in labels} == known - {"answer"}
    for secret in (NUMBER, NUMBER[1:], SUMMARY, PROMPT):
        assert secret not in scraped.text
