"""Nine days in ten time zones, across two clock changes, on a clock that nobody waits for."""

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from poku_batch.models import ContactKey, ContactState, Ended, Enrolment, RunEnding
from poku_batch.policy.hours import Hours
from poku_batch.policy.redials import RedialRule, RedialRules
from tests.engine.engine_world import CONFIRMED, Bounds, Step, World, number

pytestmark = pytest.mark.anyio

#: A Friday evening in Europe; the clocks change there on the 25th, in North America a week later.
_START = datetime(2026, 10, 23, 17, tzinfo=UTC)

_ZONES = (
    "America/New_York",
    "America/Denver",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "Europe/London",
    "Europe/Berlin",
    "Asia/Kolkata",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
)
_PER_ZONE = 5

_NOBODY = Step(does=Ended(summary=None, error="human did not respond"), after_s=25.0)
_SPANS = ((time(9), time(12, 30)), (time(14), time(19)))
_WAITS = (timedelta(minutes=30), timedelta(hours=4), timedelta(days=3), timedelta(days=4))
#: The world's chance is 0.5, so that a wait is longer by half of the jitter.
_JITTER = 0.2
_NOT_ON = date(2026, 10, 28)


async def test_a_week_in_ten_time_zones_has_no_call_outside_hours_and_every_redial_on_time(
    tmp_path: Path,
) -> None:
    world = World(tmp_path, start=_START)
    zones = [zone for zone in _ZONES for _ in range(_PER_ZONE)]
    for index in range(len(zones)):
        world.api.answers[number(index)] = [_NOBODY] * (index % _PER_ZONE) + [
            Step(does=CONFIRMED, after_s=60.0)
        ]
    await world.enrol_rows(
        [
            Enrolment(
                row=index + 2,
                cells=(f"N{index}", zone),
                key=ContactKey(f"k{index}"),
                to=number(index),
                country="US",
            )
            for index, zone in enumerate(zones)
        ],
        columns=("name", "timezone"),
    )

    ending = await world.run(concurrency=len(zones), columns=("name", "timezone"), bounds=_bounds())

    assert ending is RunEnding.FINISHED
    assert set(world.states(len(zones))) == {ContactState.DONE}
    lasted_s = 0.0
    for index, zone in enumerate(zones):
        times = world.api.times(number(index))
        assert len(times) == index % _PER_ZONE + 1
        due = _START
        for attempt, at_s in enumerate(times):
            at = _START + timedelta(seconds=at_s)
            assert _is_open(at, zone), f"called at {at.astimezone(ZoneInfo(zone))} in {zone}"
            late = (at - _first_open_minute(due, zone)).total_seconds()
            assert -60 < late < 60, f"attempt {attempt + 1} in {zone}: {late} s late"
            ended = at + timedelta(seconds=_NOBODY.after_s)
            due = ended + _WAITS[min(attempt, 3)] * (1 + _JITTER / 2)
            lasted_s = max(lasted_s, at_s)
    end = _START + timedelta(seconds=lasted_s)
    assert end > datetime(2026, 11, 2, tzinfo=UTC), "the redials go on after both clock changes"


async def test_a_redial_of_tomorrow_survives_the_end_of_the_program(tmp_path: Path) -> None:
    world = World(tmp_path, start=_START)
    world.api.answers[number(0)] = [_NOBODY, Step(does=CONFIRMED)]
    await world.enrol(1)
    rule = RedialRule(attempts=2, after=(timedelta(days=1),), jitter=0.0)
    bounds = Bounds(redials=RedialRules(by_outcome={"no_answer": rule}))

    assert await world.run(wait=False, bounds=bounds) is RunEnding.DUE_LATER
    await world.enrol(1)  # the sheet is read again, as at the start of every run
    assert world.contact(0).state is ContactState.PENDING
    assert await world.run(bounds=bounds) is RunEnding.FINISHED

    first, second = world.api.times(number(0))
    assert second - first == pytest.approx(86_400 + 25, abs=1)


def _bounds() -> Bounds:
    minutes = tuple(
        (start.hour * 60 + start.minute, end.hour * 60 + end.minute) for start, end in _SPANS
    )
    return Bounds(
        hours=Hours(
            week=(minutes,) * 5 + ((), ()),
            not_on=frozenset({_NOT_ON}),
            holiday=lambda _day, _country: None,
        ),
        timezone_column=1,
        redials=RedialRules(
            by_outcome={"no_answer": RedialRule(attempts=5, after=_WAITS, jitter=_JITTER)}
        ),
    )


def _is_open(at: datetime, zone: str) -> bool:
    here = at.astimezone(ZoneInfo(zone))
    in_span = any(start <= here.time() < end for start, end in _SPANS)
    return in_span and here.weekday() < 5 and here.date() != _NOT_ON


def _first_open_minute(due: datetime, zone: str) -> datetime:
    minute = timedelta(minutes=1)
    at = due
    while not _is_open(at, zone):
        # From the next full minute on, one by one, as slowly as it is simple.
        at = (at + minute).replace(second=0, microsecond=0)
    return at
