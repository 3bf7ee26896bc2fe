"""Who watches a run is not in its way, whatever becomes of those who watch."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from poku_batch.app.environment import wanted_monitoring
from poku_batch.app.monitoring import Monitoring, Watched, monitoring
from poku_batch.clock import SystemClock
from poku_batch.errors import UsageError
from poku_batch.events import CallUnknown, Event
from poku_batch.models import (
    Answer,
    CallRequest,
    InteractionId,
    NotTold,
    Standing,
    Started,
)
from poku_batch.telemetry import Identity
from poku_batch.telemetry.metrics import Metrics
from tests.telemetry.telemetry_events import full

pytestmark = pytest.mark.anyio


@dataclass(slots=True)
class Heard:
    """A listener that keeps what it hears, and may fail instead."""

    fails: bool = False
    events: list[Event] = field(default_factory=list)

    def emit(self, event: Event) -> None:
        self.events.append(event)
        if self.fails:
            raise RuntimeError("out of order")


class Api:
    """An API that takes every call."""

    async def place(self, request: CallRequest) -> Answer:
        return Started(interaction_id=InteractionId(request.to))

    async def standing(self, interaction_id: InteractionId) -> Standing:
        return NotTold(why=str(interaction_id))


def test_a_listener_that_fails_hears_no_more_and_is_told_of_once() -> None:
    display, broken, sound = Heard(), Heard(fails=True), Heard()
    told: list[str] = []
    watched = Watched(display, told.append, listeners=[broken, sound])
    for _ in range(3):
        watched.emit(full(CallUnknown))
    assert [len(one.events) for one in (display, broken, sound)] == [3, 1, 3]
    assert told == ["Heard has failed: RuntimeError: out of order"]


async def test_an_answer_comes_back_whatever_becomes_of_its_measurement(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watched = Monitoring(metrics=Metrics()).watched(
        Heard(), Identity(campaign="demo"), tell=lambda _: None
    )
    assert watched.metrics is not None

    def fail(*_: object) -> None:
        raise RuntimeError

    api = watched.api(Api(), SystemClock())
    monkeypatch.setattr(type(watched.metrics), "answered", fail)
    assert await api.place(CallRequest(to="+1", prompt="p")) == Started(
        interaction_id=InteractionId("+1")
    )
    assert await api.standing(InteractionId("i")) == NotTold(why="i")
    monkeypatch.setattr(watched.metrics, "_writes", None)
    assert watched.took is not None
    watched.took(0.1)


async def test_nothing_is_opened_that_nobody_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    api, sink = Api(), Heard()
    async with monitoring(nothing, tell=lambda _: None, version="1") as made:
        assert (made.metrics, made.spans, made.health_address) == (None, None, None)
        watched = made.watched(sink, Identity(campaign="demo"), tell=lambda _: None)
        assert (watched.listeners, watched.took) == ([], None)
        assert watched.api(api, SystemClock()) is api


async def nothing() -> Mapping[str, Any]:
    return {}


async def test_a_fault_of_the_run_comes_through_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POKU_BATCH_HEALTH", "0")

    async def fail() -> None:
        async with monitoring(nothing, tell=lambda _: None, version="1") as made:
            assert made.health_address is not None
            raise UsageError("not a group")

    with pytest.raises(UsageError, match="not a group"):
        await fail()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("127.0.0.1:9464", "127.0.0.1:9464"),
        ("9464", "127.0.0.1:9464"),
        ("[::1]:9464", "[::1]:9464"),
        ("0.0.0.0:1", "0.0.0.0:1"),
        (" localhost:0 ", "localhost:0"),
    ],
)
def test_addresses_are_read(monkeypatch: pytest.MonkeyPatch, text: str, shown: str) -> None:
    monkeypatch.setenv("POKU_BATCH_HEALTH", text)
    assert str(wanted_monitoring().health) == shown


@pytest.mark.parametrize("text", [":9464", "host", "host:", "host:-1", "1.2.3.4:70000", "host:٣"])
def test_what_is_no_address_is_refused(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("POKU_BATCH_METRICS", text)
    with pytest.raises(UsageError, match="POKU_BATCH_METRICS"):
        wanted_monitoring()
