"""How many calls the gate lets begin, by what it was told of those before."""

from typing import cast

import pytest

from poku_batch.engine.gate import Gate, GateRules, Open
from poku_batch.engine.reports import CallReport
from poku_batch.engine.slots import Slots
from poku_batch.events import Event, SlotsChanged
from poku_batch.models import TurnedAway
from poku_batch.policy.window import Window
from poku_batch.ports import Clock
from tests.engine.engine_clock import VirtualClock
from tests.engine.engine_world import CONFIRMED

AWAY = TurnedAway(why="too many")


class Sink:
    def __init__(self) -> None:
        self.sizes: list[int] = []

    def emit(self, event: Event) -> None:
        if isinstance(event, SlotsChanged):
            self.sizes.append(event.slots)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def sink() -> Sink:
    return Sink()


def gate_of(clock: VirtualClock, sink: Sink, *, limit: int | None = None) -> Gate:
    return Gate(
        clock=cast("Clock", clock),
        sink=sink,
        rules=GateRules(limit=limit),
        concurrency=8,
        window=Window(8, ramp_up_s=0.0, started_s=0.0),
    )


def room(gate: Gate) -> int:
    found = gate.room(Slots(8))
    return found.calls if isinstance(found, Open) else 0


def test_a_call_of_an_earlier_run_that_came_to_nothing_new_is_no_call_more(
    clock: VirtualClock, sink: Sink
) -> None:
    gate = gate_of(clock, sink, limit=2)
    gate.reported(CallReport(row=2, rang=None), followed=True)
    gate.reported(CallReport(row=3, begun=True, rang=True), followed=True)
    assert room(gate) == 2


def test_a_contact_that_was_given_back_counts_for_nothing(clock: VirtualClock, sink: Sink) -> None:
    gate = gate_of(clock, sink, limit=2)
    gate.handed(2)
    assert room(gate) == 1
    gate.reported(CallReport(row=2))
    assert room(gate) == 2


def test_a_quick_answer_wins_slots_back_as_a_call_that_lasts_does(
    clock: VirtualClock, sink: Sink
) -> None:
    gate = gate_of(clock, sink)
    gate.answered(gate.sent(), AWAY)
    assert sink.sizes == [4]
    for _ in range(4):
        gate.answered(gate.sent(), CONFIRMED)
    assert sink.sizes == [4, 5]
    for _ in range(5):
        gate.sent()
    clock.pass_by(6)
    assert room(gate) == 6
    assert sink.sizes == [4, 5, 6]


def test_a_call_that_lasts_is_counted_as_taken_once(clock: VirtualClock, sink: Sink) -> None:
    gate = gate_of(clock, sink)
    gate.answered(gate.sent(), AWAY)
    calls = [gate.sent() for _ in range(4)]
    clock.pass_by(6)
    assert room(gate) == 5
    for call in calls:
        gate.answered(call, CONFIRMED)
    assert room(gate) == 5


def test_an_api_that_cannot_be_reached_has_turned_nothing_away(
    clock: VirtualClock, sink: Sink
) -> None:
    gate = gate_of(clock, sink)
    gate.answered(gate.sent(), TurnedAway(why="no network", unreached=True))
    assert sink.sizes == []
    assert room(gate) == 8
