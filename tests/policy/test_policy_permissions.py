"""May a contact be called now: each answer, and the sentence that goes with it."""

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poku_batch.models import Go, Later, Never, Permission, WaitKind
from poku_batch.policy.calendars import holiday_calendar
from poku_batch.policy.hours import ALWAYS, Bounds, Hours, Opening, Place, is_open
from poku_batch.policy.permissions import UNKNOWN_ZONE, permission_at

_DAY = (9 * 60, 20 * 60)
_HOURS = Hours(
    week=((_DAY,),) * 5 + ((), ()),
    not_on=frozenset({date(2026, 12, 24)}),
    holiday=holiday_calendar(("contact",)),
)
_NEW_YORK = Place(zones=("America/New_York",), country="US")
_EASTERN = timezone(timedelta(hours=-5))


def _here(text: str) -> datetime:
    """An instant by New York's winter clock."""
    return datetime.fromisoformat(text).replace(tzinfo=_EASTERN).astimezone(UTC)


def _naive(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _ask(now: str, bounds: Bounds, hours: Hours = _HOURS, place: Place = _NEW_YORK) -> Permission:
    return permission_at(_here(now), hours, place, bounds)


def _later(until: str, kind: WaitKind, why: str) -> Later:
    return Later(until=_here(until), kind=kind, why=why)


@pytest.mark.parametrize("now", ["2026-11-24 09:00", "2026-11-24 19:59:59"])
def test_within_calling_hours_it_is_go(now: str) -> None:
    assert _ask(now, Bounds()) == Go()


@pytest.mark.parametrize(
    ("now", "until", "why"),
    [
        (
            "2026-11-24 08:59:59",
            "2026-11-24 09:00",
            "outside calling hours (09:00–20:00) in America/New_York",
        ),
        (
            "2026-11-24 20:00",
            "2026-11-25 09:00",
            "outside calling hours (09:00–20:00) in America/New_York",
        ),
        ("2026-11-28 12:00", "2026-11-30 09:00", "no calls on Saturdays in America/New_York"),
        (
            "2026-11-26 12:00",
            "2026-11-27 09:00",
            "public holiday (Thanksgiving Day) in US",
        ),
        (
            "2026-12-24 12:00",
            "2026-12-28 09:00",
            "no calls on 2026-12-24 (calling_hours.not_on)",
        ),
    ],
)
def test_outside_calling_hours_it_is_later(now: str, until: str, why: str) -> None:
    assert _ask(now, Bounds()) == _later(until, WaitKind.CALLING_HOURS, why)


def test_of_several_zones_the_reason_names_one_that_is_closed() -> None:
    place = Place(zones=("America/New_York", "America/Los_Angeles"))
    why = (
        "outside calling hours (09:00–20:00) in America/Los_Angeles, one of the number's 2 time "
        "zones"
    )
    expected = _later("2026-11-24 12:00", WaitKind.CALLING_HOURS, why)
    assert _ask("2026-11-24 10:00", Bounds(), place=place) == expected


def test_a_holiday_is_one_in_all_zones_of_a_number() -> None:
    place = Place(zones=("America/New_York", "America/Los_Angeles"), country="US")
    why = "public holiday (Thanksgiving Day) in US"
    expected = _later("2026-11-27 12:00", WaitKind.CALLING_HOURS, why)
    assert _ask("2026-11-26 15:00", Bounds(), place=place) == expected


@pytest.mark.parametrize(
    ("not_before", "until", "why"),
    [
        (date(2026, 11, 25), "2026-11-25 09:00", "not before 2026-11-25"),
        (_naive("2026-11-24 15:30"), "2026-11-24 15:30", "not before 2026-11-24 15:30"),
        (_naive("2026-11-24 22:00"), "2026-11-25 09:00", "not before 2026-11-24 22:00"),
        (
            datetime(2026, 11, 24, 20, 30, tzinfo=UTC),
            "2026-11-24 15:30",
            "not before 2026-11-24 20:30 UTC",
        ),
        (
            datetime(2026, 11, 24, 12, 30, tzinfo=timezone(timedelta(hours=-8))),
            "2026-11-24 15:30",
            "not before 2026-11-24 12:30 UTC-08:00",
        ),
        (time(15), "2026-11-24 15:00", "not before 15:00 in America/New_York"),
        (time(15, 0, 30), "2026-11-24 15:00:30", "not before 15:00:30 in America/New_York"),
        # a week's end in between
        (date(2026, 11, 28), "2026-11-30 09:00", "not before 2026-11-28"),
    ],
)
def test_a_row_waits_for_its_not_before(not_before: date | time, until: str, why: str) -> None:
    permission = _ask("2026-11-24 12:00", Bounds(not_before=not_before))
    assert permission == _later(until, WaitKind.NOT_BEFORE, why)


def test_once_its_not_before_is_reached_a_row_waits_for_the_hours() -> None:
    permission = _ask("2026-11-28 00:00", Bounds(not_before=date(2026, 11, 28)))
    why = "no calls on Saturdays in America/New_York"
    assert permission == _later("2026-11-30 09:00", WaitKind.CALLING_HOURS, why)


@pytest.mark.parametrize(
    "bounds",
    [
        Bounds(not_before=date(2026, 11, 24), not_after=date(2026, 11, 24)),
        Bounds(not_before=_naive("2026-11-24 12:00"), not_after=_naive("2026-11-24 12:00:01")),
        Bounds(not_before=time(12), not_after=time(12, 1)),
        Bounds(not_after=datetime(2026, 11, 24, 17, 0, 1, tzinfo=UTC)),
        Bounds(not_before=date(2020, 1, 1)),
    ],
)
def test_within_a_rows_bounds_it_is_go(bounds: Bounds) -> None:
    assert _ask("2026-11-24 12:00", bounds) == Go()


def test_after_a_rows_time_of_day_it_is_later_tomorrow() -> None:
    permission = _ask("2026-11-24 12:00", Bounds(not_after=time(12)))
    why = "not after 12:00 in America/New_York"
    assert permission == _later("2026-11-25 09:00", WaitKind.NOT_BEFORE, why)


@pytest.mark.parametrize(
    ("bounds", "why"),
    [
        (Bounds(not_after=date(2026, 11, 23)), "too late: not_after 2026-11-23 is past"),
        (
            Bounds(not_after=_naive("2026-11-24 12:00")),
            "too late: not_after 2026-11-24 12:00 is past",
        ),
        (
            Bounds(not_after=datetime(2026, 11, 24, 17, tzinfo=UTC)),
            "too late: not_after 2026-11-24 17:00 UTC is past",
        ),
        (
            Bounds(not_before=date(2026, 11, 28), not_after=date(2026, 11, 29)),
            "too late: no calling hours are left before not_after 2026-11-29",
        ),
        (
            Bounds(not_before=date(2026, 11, 26), not_after=date(2026, 11, 25)),
            "not_before 2026-11-26 is not earlier than not_after 2026-11-25",
        ),
        (
            Bounds(not_before=time(22), not_after=time(6)),
            "not_before 22:00 is not earlier than not_after 06:00",
        ),
        (Bounds(not_after=time(0)), "not_after 00:00 leaves no time of the day"),
        (
            Bounds(not_before=time(20)),
            "the row's not_before 20:00 leaves no calling hours",
        ),
    ],
)
def test_what_cannot_be_any_more_is_never(bounds: Bounds, why: str) -> None:
    assert _ask("2026-11-24 12:00", bounds) == Never(why=why)


def test_an_unknown_zone_is_never_and_says_how_to_mend_it() -> None:
    permission = _ask("2026-11-24 12:00", Bounds(), place=Place(zones=(), country="US"))
    assert permission == Never(why=UNKNOWN_ZONE)
    assert "timezone column" in UNKNOWN_ZONE
    assert "calling_hours.default_timezone" in UNKNOWN_ZONE


def test_zones_that_are_never_open_together_are_never() -> None:
    place = Place(zones=("Pacific/Auckland", "America/New_York"))
    morning = Hours(week=(((540, 720),),) * 7)
    assert _ask("2026-11-24 12:00", Bounds(), morning, place) == Never(
        why="no calling hours are common to the 2 time zones of the number: give the row one in a "
        "timezone column"
    )


def test_hours_without_any_day_are_never() -> None:
    closed = Hours(week=ALWAYS.week, holiday=lambda _day, _country: "a holiday")
    never = Never(why="no calling hours within 400 days")
    assert _ask("2026-11-24 12:00", Bounds(), closed) == never


def test_a_finder_that_contradicts_the_clock_calls_nobody() -> None:
    until = datetime(2026, 11, 25, tzinfo=UTC)

    def find(_hours: Hours, _place: Place, _bounds: Bounds, _at: datetime) -> Opening:
        return Opening(opens_at=until, closes_at=until + timedelta(hours=1))

    now = _here("2026-11-24 12:00")
    permission = permission_at(now, _HOURS, _NEW_YORK, Bounds(), find)
    assert isinstance(permission, Later)
    assert permission.until == until


_PLACES = st.lists(
    st.sampled_from(["America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "UTC"]),
    min_size=1,
    max_size=2,
).map(lambda zones: Place(zones=tuple(zones), country="US"))
_NOWS = st.integers(0, 60 * 24 * 700).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
_MOMENTS = (
    st.none()
    | st.dates(date(2026, 1, 1), date(2027, 12, 1))
    | st.times().map(lambda clock: clock.replace(microsecond=0))
    | st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 1))  # noqa: DTZ001 – at the contact
    | st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 1), timezones=st.just(UTC))  # noqa: DTZ001
)


@settings(max_examples=150, deadline=None)
@given(_NOWS, _PLACES, _MOMENTS, _MOMENTS)
def test_an_answer_and_the_clock_on_the_wall_agree(
    now: datetime, place: Place, not_before: date | time | None, not_after: date | time | None
) -> None:
    bounds = Bounds(not_before=not_before, not_after=not_after)
    permission = permission_at(now, _HOURS, place, bounds)
    assert isinstance(permission, Go) == is_open(_HOURS, place, bounds, now)
    if isinstance(permission, Later):
        assert permission.until > now
        assert permission.until.tzinfo is UTC
        assert permission_at(permission.until, _HOURS, place, bounds) == Go()
        almost = permission.until - timedelta(seconds=1)
        assert almost < now or not is_open(_HOURS, place, bounds, almost)
