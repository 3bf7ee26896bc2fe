"""When calling hours open, in zones whose clocks are moved in every way that clocks are moved."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from poku_batch.policy.hours import (
    ALWAYS,
    HORIZON_DAYS,
    Bounds,
    Hours,
    Place,
    Span,
    is_open,
    next_opening,
)

_STEP = timedelta(minutes=5)
_ZONES = sorted(zone for zone in available_timezones() if "/" in zone)
#: Half an hour before clocks are moved: forward and back, in both hemispheres, at midnight too.
_MOVES = [
    ("America/New_York", datetime(2026, 3, 8, 6, 30, tzinfo=UTC)),
    ("America/New_York", datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),
    ("America/Los_Angeles", datetime(2027, 3, 14, 9, 30, tzinfo=UTC)),
    ("America/Havana", datetime(2026, 11, 1, 4, 30, tzinfo=UTC)),
    ("America/Santiago", datetime(2026, 4, 5, 2, 30, tzinfo=UTC)),
    ("America/Santiago", datetime(2026, 9, 6, 3, 30, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2026, 3, 29, 0, 30, tzinfo=UTC)),
    ("Europe/London", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ("Europe/Dublin", datetime(2027, 3, 28, 0, 30, tzinfo=UTC)),
    ("Atlantic/Azores", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ("America/Nuuk", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ("Asia/Beirut", datetime(2026, 3, 28, 21, 30, tzinfo=UTC)),
    ("Asia/Beirut", datetime(2026, 10, 24, 20, 30, tzinfo=UTC)),
    ("Africa/Cairo", datetime(2026, 4, 23, 21, 30, tzinfo=UTC)),
    ("Africa/Cairo", datetime(2026, 10, 29, 20, 30, tzinfo=UTC)),
    ("Africa/Casablanca", datetime(2026, 2, 15, 1, 30, tzinfo=UTC)),
    ("Australia/Sydney", datetime(2026, 10, 3, 15, 30, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 4, 4, 14, 30, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2026, 10, 3, 15, 0, tzinfo=UTC)),
    ("Pacific/Chatham", datetime(2026, 4, 4, 13, 30, tzinfo=UTC)),
    ("Antarctica/Troll", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
    ("Pacific/Auckland", datetime(2026, 9, 26, 13, 30, tzinfo=UTC)),
]


def _daily(*spans: Span) -> Hours:
    return Hours(week=(spans,) * 7)


def _minutes(clock: str) -> int:
    hour, minute = clock.split(":")
    return int(hour) * 60 + int(minute)


def _span(text: str) -> Span:
    start, end = text.split("-")
    return _minutes(start), _minutes(end)


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


def _opens(hours: Hours, zone: str, at: str, bounds: Bounds | None = None) -> str | None:
    opening = next_opening(hours, Place(zones=(zone,)), bounds or Bounds(), _utc(at))
    return f"{opening.opens_at:%Y-%m-%dT%H:%M:%S}" if opening else None


# Each instant is worked out by hand from the zone's rules: what its clocks do is in the comment.
@pytest.mark.parametrize(
    ("zone", "span", "at", "opens"),
    [
        # no change
        ("America/New_York", "09:00-20:00", "2026-11-24T13:59:59", "2026-11-24T14:00:00"),
        ("America/New_York", "09:00-20:00", "2026-11-24T14:00:00", "2026-11-24T14:00:00"),
        ("America/New_York", "09:00-20:00", "2026-11-25T00:59:59", "2026-11-25T00:59:59"),
        ("America/New_York", "09:00-20:00", "2026-11-25T01:00:00", "2026-11-25T14:00:00"),
        ("Asia/Kathmandu", "09:00-20:00", "2026-11-24T00:00:00", "2026-11-24T03:15:00"),
        ("Pacific/Kiritimati", "09:00-20:00", "2026-11-24T12:00:00", "2026-11-24T19:00:00"),
        ("Pacific/Pago_Pago", "09:00-20:00", "2026-11-24T12:00:00", "2026-11-24T20:00:00"),
        ("UTC", "00:00-24:00", "2026-11-24T23:59:59", "2026-11-24T23:59:59"),
        ("UTC", "22:00-24:00", "2026-11-25T00:00:00", "2026-11-25T22:00:00"),
        # the morning after clocks are moved, in both directions and hemispheres
        ("America/New_York", "09:00-20:00", "2026-03-08T01:30:00", "2026-03-08T13:00:00"),
        ("America/New_York", "09:00-20:00", "2026-11-01T01:30:00", "2026-11-01T14:00:00"),
        ("Europe/Berlin", "09:00-20:00", "2026-03-28T21:00:00", "2026-03-29T07:00:00"),
        ("Europe/Berlin", "09:00-20:00", "2026-10-24T21:00:00", "2026-10-25T08:00:00"),
        ("Europe/London", "09:00-20:00", "2027-03-27T21:00:00", "2027-03-28T08:00:00"),
        ("Australia/Sydney", "09:00-20:00", "2026-10-03T12:00:00", "2026-10-03T22:00:00"),
        ("Australia/Sydney", "09:00-20:00", "2027-04-03T12:00:00", "2027-04-03T23:00:00"),
        # 02:00 → 03:00 at 07:00Z: what begins in the hour that is skipped begins then
        ("America/New_York", "02:30-04:00", "2026-03-08T05:00:00", "2026-03-08T07:00:00"),
        ("America/New_York", "02:15-02:45", "2026-03-08T05:00:00", "2026-03-09T06:15:00"),
        ("America/New_York", "01:00-03:00", "2026-03-08T07:00:00", "2026-03-09T05:00:00"),
        # 02:00 → 01:00 at 06:00Z: from one to two twice
        ("America/New_York", "01:00-01:30", "2026-11-01T04:00:00", "2026-11-01T05:00:00"),
        ("America/New_York", "01:00-01:30", "2026-11-01T05:30:00", "2026-11-01T06:00:00"),
        ("America/New_York", "01:30-02:00", "2026-11-01T06:00:00", "2026-11-01T06:30:00"),
        ("America/New_York", "00:00-01:30", "2026-11-01T05:45:00", "2026-11-01T06:00:00"),
        ("America/New_York", "01:00-01:30", "2026-11-01T06:30:00", "2026-11-02T06:00:00"),
        # 02:00 → 01:30 at 15:00Z, and 02:00 → 02:30 at 15:30Z: half an hour
        ("Australia/Lord_Howe", "01:30-01:45", "2026-04-04T14:45:00", "2026-04-04T15:00:00"),
        ("Australia/Lord_Howe", "02:10-03:00", "2026-10-03T15:00:00", "2026-10-03T15:30:00"),
        ("Australia/Lord_Howe", "02:10-02:30", "2026-10-03T15:00:00", "2026-10-04T15:10:00"),
        # Saturday 24:00 → 23:00 at 03:00Z; Sunday 00:00 → 01:00 at 04:00Z
        ("America/Santiago", "23:00-24:00", "2026-04-05T02:59:59", "2026-04-05T02:59:59"),
        ("America/Santiago", "23:00-23:30", "2026-04-05T02:45:00", "2026-04-05T03:00:00"),
        ("America/Santiago", "00:00-01:00", "2026-04-05T02:45:00", "2026-04-05T04:00:00"),
        ("America/Santiago", "00:00-02:00", "2026-09-06T03:00:00", "2026-09-06T04:00:00"),
        ("America/Santiago", "00:00-01:00", "2026-09-06T03:30:00", "2026-09-07T03:00:00"),
        # 00:00 → 01:00 on Sunday at 22:00Z; Sunday 00:00 → Saturday 23:00 at 21:00Z
        ("Asia/Beirut", "00:30-02:00", "2026-03-28T21:00:00", "2026-03-28T22:00:00"),
        ("Asia/Beirut", "23:30-24:00", "2026-10-24T21:00:00", "2026-10-24T21:30:00"),
        # Friday 00:00 → 01:00 at 22:00Z; Thursday 24:00 → 23:00 at 21:00Z
        ("Africa/Cairo", "00:00-01:30", "2026-04-23T21:00:00", "2026-04-23T22:00:00"),
        ("Africa/Cairo", "23:00-23:10", "2026-10-29T20:30:00", "2026-10-29T21:00:00"),
        # 01:00 → 03:00 at 01:00Z: two hours
        ("Antarctica/Troll", "01:30-02:30", "2026-03-29T00:30:00", "2026-03-29T23:30:00"),
        ("Antarctica/Troll", "02:30-03:30", "2026-03-29T00:30:00", "2026-03-29T01:00:00"),
        # 01:00 → 02:00 at 02:00Z when Ramadan ends
        ("Africa/Casablanca", "02:15-04:00", "2026-03-22T01:00:00", "2026-03-22T02:00:00"),
    ],
)
def test_hours_open_by_the_clock_on_the_wall(zone: str, span: str, at: str, opens: str) -> None:
    assert _opens(_daily(_span(span)), zone, at) == opens


def test_an_opening_ends_where_clocks_leave_it() -> None:
    opening = next_opening(
        _daily(_span("01:00-01:30")),
        Place(zones=("America/New_York",)),
        Bounds(),
        _utc("2026-11-01T05:10:00"),
    )
    assert opening is not None
    assert opening.closes_at == _utc("2026-11-01T05:30:00")


def test_a_day_may_have_several_spans_and_a_week_free_days() -> None:
    spans = (_span("09:00-12:00"), _span("14:00-18:00"))
    hours = Hours(week=(spans,) * 5 + ((_span("10:00-14:00"),), ()))
    moments = [
        ("2026-11-27T11:59:59", "2026-11-27T11:59:59"),
        ("2026-11-27T12:00:00", "2026-11-27T14:00:00"),
        ("2026-11-27T18:00:00", "2026-11-28T10:00:00"),
        ("2026-11-28T14:00:00", "2026-11-30T09:00:00"),
    ]
    for at, opens in moments:
        assert _opens(hours, "UTC", at) == opens


def test_a_part_of_a_second_opens_nothing_early_and_moves_nothing() -> None:
    hours, place = _daily(_span("09:00-20:00")), Place(zones=("UTC",))
    for at, opens in [
        ("2026-11-24T08:59:59.999999", "2026-11-24T09:00:00"),
        ("2026-11-24T09:00:00.500000", "2026-11-24T09:00:00.500000"),
        ("2026-11-24T19:59:59.999999", "2026-11-24T19:59:59.999999"),
        ("2026-11-24T20:00:00.000001", "2026-11-25T09:00:00"),
    ]:
        opening = next_opening(hours, place, Bounds(), _utc(at))
        assert opening is not None
        assert opening.opens_at == _utc(opens)


def test_days_without_calls_are_left_out_by_the_date_at_the_contact() -> None:
    hours = Hours(
        week=ALWAYS.week,
        not_on=frozenset({date(2026, 12, 24)}),
        holiday=lambda day, country: "a day off" if (day.day, country) == (25, "DE") else None,
    )
    at = _utc("2026-12-23T15:30:00")
    for zone, country, opens in [
        ("Asia/Tokyo", "JP", "2026-12-24T15:00:00"),
        ("Asia/Tokyo", "DE", "2026-12-25T15:00:00"),
        ("Europe/Berlin", "DE", "2026-12-23T15:30:00"),
    ]:
        opening = next_opening(hours, Place(zones=(zone,), country=country), Bounds(), at)
        assert opening is not None
        assert opening.opens_at == _utc(opens)


def test_nothing_is_looked_for_beyond_four_hundred_days() -> None:
    start, place = date(2026, 11, 24), Place(zones=("UTC",))
    for closed_days, found in [(HORIZON_DAYS - 1, True), (HORIZON_DAYS, False)]:
        closed = frozenset(start + timedelta(days=n) for n in range(closed_days))
        hours = Hours(week=ALWAYS.week, not_on=closed)
        at = datetime.combine(start, time(), UTC)
        assert (next_opening(hours, place, Bounds(), at) is not None) is found


def test_without_a_zone_nothing_opens() -> None:
    at = _utc("2026-11-24T12:00:00")
    assert next_opening(ALWAYS, Place(zones=()), Bounds(), at) is None
    assert not is_open(ALWAYS, Place(zones=()), Bounds(), at)


@pytest.mark.parametrize("year", [1, 1900, 1969, 2100, 9000, 9999])
def test_no_year_is_too_far_away(year: int) -> None:
    place = Place(zones=("America/New_York", "Asia/Tokyo"))
    at = _utc("2026-11-24T12:00:00")
    early = Bounds(not_before=date(year, 1, 1), not_after=date(year, 12, 31))
    opening = next_opening(ALWAYS, place, early, at)
    assert (opening is None) == (year < 2026)
    far = Bounds(not_after=datetime(9999, 12, 31, 23, 59, 59))  # noqa: DTZ001 – at the contact
    assert next_opening(ALWAYS, place, far, at) is not None


def test_a_bound_that_clocks_skip_or_show_twice_is_reached_once() -> None:
    skipped = Bounds(not_before=datetime(2026, 3, 8, 2, 30))  # noqa: DTZ001 – at the contact
    twice = Bounds(not_before=datetime(2026, 11, 1, 1, 30))  # noqa: DTZ001
    zone = "America/New_York"
    assert _opens(ALWAYS, zone, "2026-03-01T00:00:00", skipped) == "2026-03-08T07:00:00"
    assert _opens(ALWAYS, zone, "2026-10-30T00:00:00", twice) == "2026-11-01T05:30:00"
    assert _opens(ALWAYS, zone, "2026-11-01T06:10:00", twice) == "2026-11-01T06:10:00"


def test_a_date_begins_where_a_zone_has_no_midnight() -> None:
    bounds = Bounds(not_before=date(2026, 9, 6), not_after=date(2026, 9, 6))
    place = Place(zones=("America/Santiago",))
    opening = next_opening(ALWAYS, place, bounds, _utc("2026-09-01T00:00:00"))
    assert opening is not None
    assert opening.opens_at == _utc("2026-09-06T04:00:00")
    assert opening.closes_at == _utc("2026-09-07T03:00:00")


def test_a_date_begins_once_where_clocks_go_back_at_its_midnight() -> None:
    bounds = Bounds(not_before=date(2026, 4, 5))
    opens = _opens(ALWAYS, "America/Santiago", "2026-04-05T00:00:00", bounds)
    assert opens == "2026-04-05T04:00:00"


def test_a_rows_bounds_hold_in_all_zones_of_its_number() -> None:
    place = Place(zones=("America/New_York", "America/Los_Angeles", "America/Chicago"))
    day = Bounds(not_before=date(2026, 11, 24), not_after=date(2026, 11, 24))
    opening = next_opening(ALWAYS, place, day, _utc("2026-11-20T00:00:00"))
    assert opening is not None
    assert opening.opens_at == _utc("2026-11-24T08:00:00")
    assert day.ends_s(place) == _utc("2026-11-25T05:00:00").timestamp()


def test_a_part_of_a_second_makes_a_rows_own_time_shorter() -> None:
    at = datetime(2026, 11, 24, 9, 0, 0, 500_000)  # noqa: DTZ001 – at the contact
    place = Place(zones=("UTC",))
    assert Bounds(not_before=at).begins_s(place) == _utc("2026-11-24T09:00:01").timestamp()
    assert Bounds(not_after=at).ends_s(place) == _utc("2026-11-24T09:00:00").timestamp()


def test_of_several_zones_all_must_allow() -> None:
    place = Place(zones=("America/New_York", "America/Los_Angeles"))
    opening = next_opening(
        _daily(_span("09:00-20:00")), place, Bounds(), _utc("2026-11-24T15:00:00")
    )
    assert opening is not None
    assert opening.opens_at == _utc("2026-11-24T17:00:00")
    assert opening.closes_at == _utc("2026-11-25T01:00:00")
    apart = Place(zones=("Pacific/Auckland", "America/New_York"))
    none = next_opening(_daily(_span("09:00-12:00")), apart, Bounds(), _utc("2026-11-24T15:00:00"))
    assert none is None


# --- against the clock on the wall, step by step ---------------------------------------------


@st.composite
def _days(draw: st.DrawFn) -> tuple[Span, ...]:
    """Up to three spans of a day, on multiples of five minutes."""
    edges = sorted(draw(st.sets(st.integers(0, 288), max_size=6)))
    pairs = zip(edges[::2], edges[1::2], strict=False)
    return tuple((start * 5, end * 5) for start, end in pairs)


_WEEKS = st.lists(_days(), min_size=7, max_size=7).map(tuple) | _days().map(lambda day: (day,) * 7)
_AROUND = st.integers(-400, 400).map(lambda steps: steps * _STEP)
_STARTS = st.tuples(st.sampled_from(_MOVES), _AROUND).map(lambda it: (it[0][0], it[0][1] + it[1]))
_ANYWHERE = st.tuples(
    st.sampled_from(_ZONES),
    st.integers(0, 210_000).map(lambda steps: datetime(2026, 1, 1, tzinfo=UTC) + steps * _STEP),
)
_CLOCKS = st.none() | st.integers(0, 287).map(lambda n: time(n // 12, n % 12 * 5))


def _allowed(hours: Hours, zone: str, bounds: Bounds, at: datetime) -> bool:
    """What a person who looks at the clock says."""
    local = at.astimezone(ZoneInfo(zone))
    minute = local.hour * 60 + local.minute
    early = isinstance(bounds.not_before, time) and local.time() < bounds.not_before
    late = isinstance(bounds.not_after, time) and local.time() >= bounds.not_after
    in_span = any(start <= minute < end for start, end in hours.week[local.weekday()])
    return in_span and local.date() not in hours.not_on and not early and not late


@settings(max_examples=80, deadline=None)
@given(_STARTS | _ANYWHERE, _WEEKS, _CLOCKS, _CLOCKS, st.sets(st.integers(-1, 2), max_size=2))
def test_an_opening_is_the_first_open_moment(
    start: tuple[str, datetime],
    week: tuple[tuple[Span, ...], ...],
    not_before: time | None,
    not_after: time | None,
    off: set[int],
) -> None:
    zone, at = start
    not_on = frozenset(at.date() + timedelta(days=n) for n in off)
    hours = Hours(week=week, not_on=not_on)
    bounds = Bounds(not_before=not_before, not_after=not_after)
    opening = next_opening(hours, Place(zones=(zone,)), bounds, at)
    for step in range(3 * 288):
        moment = at + step * _STEP
        allowed = _allowed(hours, zone, bounds, moment)
        assert is_open(hours, Place(zones=(zone,)), bounds, moment) is allowed
        if opening is not None and moment >= opening.opens_at:
            assert moment == opening.opens_at
            assert allowed
            return
        assert not allowed


@settings(max_examples=80, deadline=None)
@given(_STARTS | _ANYWHERE, _WEEKS)
def test_everything_before_an_opening_closes_is_open(
    start: tuple[str, datetime], week: tuple[tuple[Span, ...], ...]
) -> None:
    zone, at = start
    hours = Hours(week=week)
    opening = next_opening(hours, Place(zones=(zone,)), Bounds(), at)
    assume(opening is not None)
    assert opening is not None
    moment = opening.opens_at
    while moment < min(opening.closes_at, opening.opens_at + timedelta(days=1)):
        assert _allowed(hours, zone, Bounds(), moment)
        moment += _STEP


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(_MOVES),
    _AROUND,
    st.lists(st.sampled_from(_ZONES), min_size=1, max_size=3),
    _WEEKS,
)
def test_several_zones_open_when_the_last_of_them_does(
    move: tuple[str, datetime],
    around: timedelta,
    others: list[str],
    week: tuple[tuple[Span, ...], ...],
) -> None:
    zones, at, hours = (move[0], *others), move[1] + around, Hours(week=week)
    opening = next_opening(hours, Place(zones=zones), Bounds(), at)
    for step in range(2 * 288):
        moment = at + step * _STEP
        allowed = all(_allowed(hours, zone, Bounds(), moment) for zone in zones)
        assert allowed == (opening is not None and moment == opening.opens_at)
        if allowed:
            return


@settings(max_examples=80, deadline=None)
@given(
    _STARTS,
    st.integers(-300, 300).map(lambda steps: steps * _STEP),
    st.integers(0, 300).map(lambda steps: steps * _STEP),
)
def test_a_row_is_called_between_its_own_moments_alone(
    start: tuple[str, datetime], before: timedelta, length: timedelta
) -> None:
    zone, at = start
    local = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0)
    bounds = Bounds(not_before=local + before, not_after=local + before + length)
    opening = next_opening(ALWAYS, Place(zones=(zone,)), bounds, at)
    seen = [
        moment
        for step in range(-600, 1200)
        if local + before
        <= (moment := at + step * _STEP).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    ]
    first = max(seen[0], at)
    past = [
        m
        for m in seen
        if m.astimezone(ZoneInfo(zone)).replace(tzinfo=None) >= local + before + length
    ]
    assert (opening is None) == (first >= past[0])
    if opening is not None:
        assert opening.opens_at == first
        assert opening.closes_at <= past[0]
