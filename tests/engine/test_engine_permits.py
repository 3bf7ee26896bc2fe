"""The rules of a campaign, asked with rows: which rule speaks, whose clock counts, what is said."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poku_batch.campaign import CallingHours
from poku_batch.engine.permits import PermitColumns, Permits, describe, hours_of
from poku_batch.models import Go, Later, Never, Permission, WaitKind
from poku_batch.policy.hours import Hours
from poku_batch.policy.permissions import UNKNOWN_ZONE

_NEW_YORK = "+12125550100"
_NOWHERE = "+80012345678"
_NOON = datetime(2026, 11, 24, 17, tzinfo=UTC)
_COLUMNS = PermitColumns(
    timezone=0, not_before=1, not_after=2, consent=3, names=("zone", "from", "until", "agreed")
)
_EVERY_DAY = Hours(week=(((9 * 60, 20 * 60),),) * 7)


def _permits(
    hours: Hours | None = _EVERY_DAY,
    *,
    timezone: str = "contact",
    default_timezone: str | None = None,
    columns: PermitColumns = _COLUMNS,
) -> Permits:
    return Permits(
        hours=hours,
        timezone=timezone,
        default_timezone=default_timezone,
        columns=columns,
        consent_values=("Yes", " true "),
        listed={"+12125550199": "do_not_call.csv"}.get,
    )


def _judge(
    permits: Permits,
    *,
    zone: str = "",
    not_before: str = "",
    not_after: str = "",
    agreed: str = "yes",
    to: str = _NEW_YORK,
    now: datetime = _NOON,
) -> Permission:
    cells = (zone, not_before, not_after, agreed)
    return permits.judge(cells, to=to, country="US", now=now)


def test_whoever_may_be_called_is_called() -> None:
    assert _judge(_permits()) == Go()


def test_a_do_not_call_list_comes_first() -> None:
    permission = _judge(_permits(), to="+12125550199", agreed="no", zone="EST", not_before="x")
    assert permission == Never(why="on the do-not-call list: do_not_call.csv")


@pytest.mark.parametrize("agreed", ["yes", " YES ", "True", "TRUE"])
def test_consent_is_read_without_regard_to_case_and_spaces(agreed: str) -> None:
    assert _judge(_permits(), agreed=agreed) == Go()


@pytest.mark.parametrize("agreed", ["no", "yes please", "ye", "1", "?"])
def test_without_consent_nobody_is_called_and_consent_comes_before_time(agreed: str) -> None:
    permission = _judge(_permits(), agreed=agreed, not_before="2026-12-01", zone="EST")
    assert permission == Never(why=f"no consent: {agreed!r} in column 'agreed'")


def test_an_empty_cell_is_no_consent() -> None:
    assert _judge(_permits(), agreed="  ") == Never(why="no consent: '' in column 'agreed'")


def test_a_long_cell_is_shortened_in_the_reason() -> None:
    permission = _judge(_permits(), agreed="n" * 4_000)
    assert isinstance(permission, Never)
    assert len(permission.why) < 100


def test_without_columns_a_row_has_no_rules_of_its_own() -> None:
    permits = _permits(columns=PermitColumns())
    assert permits.judge(("EST", "x", "y", "no"), to=_NEW_YORK, country="US", now=_NOON) == Go()


@pytest.mark.parametrize(
    ("cells", "why"),
    [
        (("EST", "", ""), "time zone in column 'zone': 'EST' does not say when clocks are moved"),
        (("", "03/04/2026", ""), "time in column 'from': '03/04/2026' is not understood"),
        (("", "", "soon"), "time in column 'until': 'soon' is not understood"),
    ],
)
def test_a_cell_that_cannot_be_read_calls_nobody(cells: tuple[str, ...], why: str) -> None:
    permission = _permits().judge((*cells, "yes"), to=_NEW_YORK, country="US", now=_NOON)
    assert isinstance(permission, Never)
    assert permission.why.startswith(why)


def test_a_column_without_a_name_is_told_by_its_number() -> None:
    permits = _permits(columns=PermitColumns(not_before=1))
    permission = permits.judge(("", "soon"), to=_NEW_YORK, country="US", now=_NOON)
    assert isinstance(permission, Never)
    assert permission.why.startswith("time in column 2: ")


# At 08:00Z it is 3 in New York, 9 in Berlin, 17 in Tokyo.
@pytest.mark.parametrize(
    ("timezone", "default", "zone", "to", "goes"),
    [
        ("contact", None, "", _NEW_YORK, False),
        ("contact", None, "Europe/Berlin", _NEW_YORK, True),
        ("contact", "Europe/Berlin", "", _NEW_YORK, False),
        ("contact", "Europe/Berlin", "", _NOWHERE, True),
        ("contact", "Europe/Berlin", "America/New_York", _NOWHERE, False),
        ("contact", "America/New_York", "Asia/Tokyo", _NOWHERE, True),
        ("Asia/Tokyo", None, "America/New_York", _NEW_YORK, True),
        ("Asia/Tokyo", None, "EST", _NOWHERE, True),
        ("America/New_York", None, "Europe/Berlin", "+493023125123", False),
    ],
)
def test_the_clock_is_the_campaigns_the_rows_the_numbers_or_the_default(
    timezone: str, default: str | None, zone: str, to: str, *, goes: bool
) -> None:
    permits = _permits(timezone=timezone, default_timezone=default)
    now = datetime(2026, 11, 24, 8, tzinfo=UTC)
    permission = _judge(permits, zone=zone, to=to, now=now)
    assert isinstance(permission, Go if goes else Later)


def test_a_number_of_no_known_zone_is_not_called() -> None:
    assert _judge(_permits(), to=_NOWHERE) == Never(why=UNKNOWN_ZONE)


def test_a_zone_that_this_machine_does_not_know_is_not_called() -> None:
    permission = _judge(_permits(timezone="Mars/Phobos"))
    assert permission == Never(why="Mars/Phobos is not a time zone that is known here")


def test_a_number_of_several_zones_is_called_when_all_allow() -> None:
    halifax_or_st_johns = "+17095550100"
    opens = datetime(2026, 11, 24, 13, tzinfo=UTC)
    closes = datetime(2026, 11, 24, 23, 30, tzinfo=UTC)
    permits, second = _permits(), timedelta(seconds=1)
    for now, kind in [
        (opens - second, Later),
        (opens, Go),
        (closes - second, Go),
        (closes, Later),
    ]:
        assert isinstance(_judge(permits, to=halifax_or_st_johns, now=now), kind)


@pytest.mark.parametrize("to", [_NEW_YORK, _NOWHERE])
def test_with_hours_switched_off_any_hour_goes(to: str) -> None:
    for hour in range(24):
        assert _judge(_permits(None), to=to, zone="EST", now=_NOON + timedelta(hours=hour)) == Go()


def test_with_hours_switched_off_a_rows_bounds_still_count() -> None:
    permits = _permits(None)
    tomorrow = datetime(2026, 11, 25, tzinfo=UTC)
    for to, default, until in [
        (_NEW_YORK, None, tomorrow + timedelta(hours=5)),
        (_NOWHERE, None, tomorrow),
        (_NOWHERE, "Asia/Tokyo", tomorrow - timedelta(hours=9)),
    ]:
        permits = _permits(None, default_timezone=default)
        now = datetime(2026, 11, 24, 12, tzinfo=UTC)
        permission = _judge(permits, to=to, not_before="2026-11-25", now=now)
        why = "not before 2026-11-25"
        assert permission == Later(until=until, kind=WaitKind.NOT_BEFORE, why=why)
    past = Never(why="too late: not_after 2026-11-23 is past")
    assert _judge(permits, not_after="2026-11-23") == past


# --- what is remembered ----------------------------------------------------------------------

_QUESTIONS = st.lists(
    st.tuples(
        st.integers(-3_000, 3_000).map(lambda n: _NOON + n * timedelta(minutes=7)),
        st.sampled_from(["", "Europe/Berlin", "Asia/Tokyo"]),
        st.sampled_from(["", "10:30", "2026-11-25", "2026-11-24 12:00"]),
        st.sampled_from(["", "15:00", "2026-11-26"]),
    ),
    max_size=12,
)


@settings(max_examples=60, deadline=None)
@given(_QUESTIONS)
def test_what_was_asked_before_changes_no_answer(
    questions: list[tuple[datetime, str, str, str]],
) -> None:
    asked = _permits()
    for now, zone, not_before, not_after in questions:
        one, other = (
            _judge(permits, zone=zone, not_before=not_before, not_after=not_after, now=now)
            for permits in (asked, _permits())
        )
        assert one == other


def test_memory_does_not_grow_with_the_rows() -> None:
    permits = _permits()
    start = datetime(2027, 1, 1, tzinfo=UTC)
    for minutes in range(10_500):
        moment = start + timedelta(minutes=minutes)
        _judge(permits, zone="UTC", not_before=f"{moment:%Y-%m-%d %H:%M}")
    assert len(permits._openings) <= 10_000


# --- a week and more across the ends of summer time -------------------------------------------

_EU_END = datetime(2026, 10, 25, 1, tzinfo=UTC)
_AU_START = datetime(2026, 10, 3, 16, tzinfo=UTC)
_WEEK = datetime(2026, 10, 24, tzinfo=UTC)


def _us_end(standard: int) -> datetime:
    """Clocks go from two to one at each zone's own two o'clock."""
    return datetime(2026, 11, 1, 2, tzinfo=UTC) - timedelta(hours=standard + 1)


#: Hours from UTC before an instant and after it, by hand from the law of each country.
_CLOCKS: dict[str, tuple[datetime, float, float]] = {
    "+12125550100": (_us_end(-5), -4, -5),
    "+13125550100": (_us_end(-6), -5, -6),
    "+14155550100": (_us_end(-8), -7, -8),
    "+16025550100": (_us_end(-7), -7, -7),
    "+551131234567": (_WEEK, -3, -3),
    "+442079460123": (_EU_END, 1, 0),
    "+493023125123": (_EU_END, 2, 1),
    "+912222345678": (_WEEK, 5.5, 5.5),
    "+81312345678": (_WEEK, 9, 9),
    "+61293744000": (_AU_START, 10, 11),
    "+6493000000": (_WEEK, 13, 13),
}


@pytest.mark.parametrize("to", _CLOCKS)
def test_through_a_week_of_changing_clocks_calls_go_within_hours_alone(to: str) -> None:
    moves, before, after = _CLOCKS[to]
    permits = _permits(columns=PermitColumns())
    due = _WEEK
    for quarter in range(11 * 24 * 4):
        now = _WEEK + quarter * timedelta(minutes=15)
        local = now + timedelta(hours=before if now < moves else after)
        permission = permits.judge((), to=to, country=None, now=now)
        assert isinstance(permission, Go) == (9 <= local.hour < 20)
        if isinstance(permission, Later):
            due = permission.until
            shown = due + timedelta(hours=before if due < moves else after)
            assert (shown.hour, shown.minute, shown.second) == (9, 0, 0)
            assert timedelta() < due - now <= timedelta(hours=14)
        else:
            assert now >= due


# --- from the campaign's words -----------------------------------------------------------------


def _section(**values: object) -> CallingHours:
    return CallingHours.model_validate(values)


def _spans(hours: Hours | None) -> Sequence[object]:
    assert hours is not None
    return hours.week


def test_the_hours_of_a_campaign_that_says_nothing_are_eight_to_nine() -> None:
    assert _spans(hours_of(_section())) == (((480, 1260),),) * 7


def test_hours_that_are_switched_off_are_none() -> None:
    assert hours_of(_section(always="true")) is None


def test_the_hours_of_a_campaign_are_those_of_its_file() -> None:
    hours = hours_of(
        _section(
            days=["mon-fri"],
            between=[["09:00", "12:00"], ["14:00", "18:30"]],
            by_day={"sat": ["10:00", "24:00"], "fri": []},
            holidays=["US", "contact"],
            not_on=["2026-12-24"],
        )
    )
    weekday = ((540, 720), (840, 1110))
    assert _spans(hours) == (weekday, weekday, weekday, weekday, (), ((600, 1440),), ())
    assert hours is not None
    assert (
        hours.day_off(date(2026, 12, 24), None) == "no calls on 2026-12-24 (calling_hours.not_on)"
    )
    assert hours.day_off(date(2026, 10, 3), "DE") == "public holiday (German Unity Day) in DE"
    assert hours.day_off(date(2026, 11, 26), "DE") == "public holiday (Thanksgiving Day) in US"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (
            {},
            "08:00–21:00 every day, where the contact is (the default; 47 CFR 64.1200(c)(1))",
        ),
        ({"always": "true"}, "at any time: calling hours are switched off"),
        (
            {"days": "mon-fri", "between": ["09:00", "20:00"]},
            "09:00–20:00 mon–fri, where the contact is",
        ),
        (
            {
                "days": ["mon", "wed"],
                "between": ["09:00-12:00", "14:00-18:00"],
                "timezone": "Europe/Berlin",
            },
            "09:00–12:00, 14:00–18:00 mon wed, in Europe/Berlin",
        ),
        (
            {
                "by_day": {"sat": "10:00-14:00", "sun": []},
                "timezone": "UTC",
                "not_on": ["2026-12-31", "2026-12-24"],
            },
            "08:00–21:00 mon–fri, 10:00–14:00 sat, in UTC, not on 2026-12-24, 2026-12-31",
        ),
        (
            {"days": "fri", "holidays": ["DE", "contact"], "timezone": "UTC"},
            "08:00–21:00 fri, in UTC, not on public holidays of DE and the contact's country",
        ),
        (
            {"default_timezone": "America/New_York"},
            "08:00–21:00 every day, where the contact is (America/New_York where that is unknown)",
        ),
    ],
)
def test_calling_hours_are_told_in_a_line(values: dict[str, object], words: str) -> None:
    assert describe(_section(**values)) == words


_ROWS = st.lists(
    st.tuples(
        st.sampled_from(("", "America/New_York", " Europe/Berlin", "EST")),
        st.sampled_from(("", "2026-11-25", "09:30 ", "soon", "19:00")),
        st.sampled_from(("", "2026-11-24", "10:00", "2026-12-01 09:00")),
        st.sampled_from(("yes", "no")),
        st.sampled_from((_NEW_YORK, "+12125550199", "+17095550100", "+493023125123", _NOWHERE)),
        st.sampled_from(("US", "DE", "", None)),
    ),
    max_size=6,
)


@settings(max_examples=60, deadline=None)
@given(_ROWS, st.sampled_from((_EVERY_DAY, None)), st.sampled_from(("contact", "Asia/Tokyo")))
def test_what_is_remembered_of_other_rows_changes_no_judgement(
    rows: Sequence[tuple[str, str, str, str, str, str | None]],
    hours: Hours | None,
    timezone: str,
) -> None:
    shared = _permits(hours, timezone=timezone)
    for hour, (*cells, to, country) in product((0, 5, 10), rows):
        texts = [str(cell) for cell in cells]
        now = _NOON + timedelta(hours=hour)
        planned, _ = shared.judge_planned(texts, to=to, country=country, now=now)
        alone = _permits(hours, timezone=timezone)
        assert planned == alone.judge(texts, to=to, country=country, now=now)
