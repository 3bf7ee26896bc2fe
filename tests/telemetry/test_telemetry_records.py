"""What logs tell of events: what they are for, and nothing of a person."""

import dataclasses
import json
import re

import pytest

from poku_batch.events import CallEnded, CircuitOpened, Event, RunStarted
from poku_batch.telemetry.records import TOLD, WITHHELD, Identity, record_of
from tests.telemetry.telemetry_events import (
    AT,
    EVENTS,
    NUMBER,
    PROMPT,
    SUMMARY,
    WRITTEN,
    every_event,
    full,
)

IDENTITY = Identity(campaign="demo", run=3, worker="w-1")


def record(event: Event) -> dict[str, object]:
    return record_of(event, IDENTITY, ts=AT)


def test_every_event_has_a_name_of_its_own() -> None:
    assert set(TOLD) == set(EVENTS)
    names = [told.name for told in TOLD.values()]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z]+\.[a-z_]+", name) for name in names)
    assert {told.level for told in TOLD.values()} == {"info", "warning", "error"}


@pytest.mark.parametrize("kind", EVENTS)
def test_every_field_of_an_event_is_told_or_withheld(kind: type[Event]) -> None:
    fields = {field.name for field in dataclasses.fields(kind)}
    of_the_record = {"at", "campaign", "run"}
    assert fields == set(TOLD[kind].fields) | (fields & WITHHELD) | (fields & of_the_record)
    assert not set(TOLD[kind].fields) & WITHHELD


@pytest.mark.parametrize("event", every_event(), ids=lambda event: type(event).__name__)
def test_no_event_gives_away_a_number_a_summary_or_a_prompt(event: Event) -> None:
    line = json.dumps(record(event), ensure_ascii=False)
    for secret in (NUMBER, NUMBER[1:], WRITTEN, "555", SUMMARY, PROMPT):
        assert secret not in line, line
    assert "555" in str(event) or not {"key", "why", "evidence", "summary", "place"} & {
        field.name for field in dataclasses.fields(event)
    }


def test_a_record_says_whose_it_is_and_which_call() -> None:
    event = CallEnded(
        at=AT,
        row=2,
        key=NUMBER,
        attempt=2,
        outcome="confirmed",
        summary=SUMMARY,
        duration_s=61.23456,
    )
    assert record(event) == {
        "ts": "2026-11-30T09:00:00.000Z",
        "level": "info",
        "event": "call.ended",
        "campaign": "demo",
        "run": 3,
        "worker": "w-1",
        "row": 2,
        "attempt": 2,
        "outcome": "confirmed",
        "duration_s": 61.235,
        "failed": False,
    }


def test_a_rehearsal_says_that_it_is_one_and_what_its_clock_shows() -> None:
    simulated = record_of(full(RunStarted), Identity(campaign="demo", simulated=True), ts=AT)
    assert simulated["simulated"] is True
    assert simulated["at"] == "2026-11-30T09:00:00+00:00"
    assert "simulated" not in record(full(RunStarted))


def test_calls_that_opened_the_breaker_are_named_by_their_rows() -> None:
    assert record(full(CircuitOpened))["calls"] == [2]
