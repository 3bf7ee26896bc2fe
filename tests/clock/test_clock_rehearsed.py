"""The clock of rehearsals: when it stands, how fast it goes, and when it is put forward."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from poku_batch.clock import RehearsalClock, SystemClock
from tests.engine.engine_clock import VirtualClock

pytestmark = pytest.mark.anyio

_START = datetime(2026, 11, 30, 9, tzinfo=ZoneInfo("Europe/Berlin"))


@pytest.fixture
def life() -> VirtualClock:
    return VirtualClock()


@pytest.fixture
def rehearsed(life: VirtualClock) -> RehearsalClock:
    return RehearsalClock(start=_START, speed=60.0, clock=life)


async def test_it_stands_still_until_it_is_told_to_begin(
    life: VirtualClock, rehearsed: RehearsalClock
) -> None:
    await life.sleep(100)
    assert rehearsed.now() == _START
    assert rehearsed.now().tzinfo is UTC
    rehearsed.begin()
    await life.sleep(1)
    assert rehearsed.now() == _START + timedelta(minutes=1)
    rehearsed.begin()
    assert rehearsed.now() == _START + timedelta(minutes=1), "it begins once"


async def test_what_sleeps_by_it_sleeps_as_much_less_as_it_is_faster(
    life: VirtualClock, rehearsed: RehearsalClock
) -> None:
    rehearsed.begin()
    before_s = life.monotonic()
    await rehearsed.sleep(3_600)
    assert life.monotonic() - before_s == pytest.approx(60, abs=1e-3)
    assert rehearsed.monotonic() == pytest.approx(3_600, abs=0.1)


async def test_while_nothing_goes_on_a_night_takes_no_time(
    life: VirtualClock, rehearsed: RehearsalClock
) -> None:
    rehearsed.begin()
    before_s = life.monotonic()
    await rehearsed.idle(12 * 3_600)
    assert life.monotonic() == before_s
    assert rehearsed.now() == _START + timedelta(hours=12)
    await rehearsed.idle(-5)
    assert rehearsed.now() == _START + timedelta(hours=12), "it is never put back"


async def test_an_idle_run_looks_again_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(_self: SystemClock, seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(SystemClock, "sleep", sleep)
    await SystemClock().idle(7)
    await SystemClock().idle(86_400)
    assert slept == [7, 15.0]
