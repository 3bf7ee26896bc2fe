"""Public holidays: whose, by what name, and where none are known."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime

import pytest
from holidays import list_supported_countries

from poku_batch.policy.calendars import holiday_calendar
from poku_batch.policy.hours import ALWAYS, Bounds, Hours, Place, next_opening


@pytest.mark.parametrize(
    ("places", "country", "day", "why"),
    [
        (("US",), None, "2026-11-26", "public holiday (Thanksgiving Day) in US"),
        (("US",), "DE", "2026-11-26", "public holiday (Thanksgiving Day) in US"),
        (("contact",), "US", "2026-11-26", "public holiday (Thanksgiving Day) in US"),
        (("contact",), "DE", "2026-11-26", None),
        (("contact",), "DE", "2026-10-03", "public holiday (German Unity Day) in DE"),
        (("DE-BY",), "US", "2027-01-06", "public holiday (Epiphany) in DE-BY"),
        (("DE",), "DE", "2027-01-06", None),
        (("DE", "DE-BY"), "DE", "2027-01-06", "public holiday (Epiphany) in DE-BY"),
        (("US", "contact"), "JP", "2027-01-01", "public holiday (New Year's Day) in US"),
        (("FR",), None, "2026-07-14", "public holiday (National Day) in FR"),
        # kept on a working day beside its own: Saturday 4 July, and a Saturday of the next year
        (("US",), None, "2026-07-04", "public holiday (Independence Day) in US"),
        (("US",), None, "2026-07-03", "public holiday (Independence Day (observed)) in US"),
        (("US",), None, "2027-12-31", "public holiday (New Year's Day (observed)) in US"),
        (("US",), None, "2026-11-25", None),
        ((), "US", "2026-11-26", None),
    ],
)
def test_a_public_holiday_is_named(
    places: tuple[str, ...], country: str | None, day: str, why: str | None
) -> None:
    assert holiday_calendar(places)(date.fromisoformat(day), country) == why


@pytest.mark.parametrize("country", [None, "", "XX", "AC", "ZZ"])
def test_a_contact_of_no_known_country_has_no_holidays(country: str | None) -> None:
    calendar = holiday_calendar(("contact",))
    assert calendar(date(2026, 12, 25), country) is None


@pytest.mark.parametrize("language", ["C", "de_DE.UTF-8"])
def test_names_are_english_whatever_language_the_machine_speaks(language: str) -> None:
    code = (
        "from datetime import date; from poku_batch.policy.calendars import holiday_calendar; "
        "print(holiday_calendar(['DE'])(date(2026, 10, 3), None))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "LANG": language, "LC_ALL": language, "LANGUAGE": language},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout == "public holiday (German Unity Day) in DE\n"


def test_the_holidays_of_every_country_can_be_told() -> None:
    calendar = holiday_calendar(("contact",))
    countries = list(list_supported_countries())
    with_any = [
        country
        for country in countries
        if any(calendar(date(2027, month, day), country) for month in (1, 5) for day in (1,))
    ]
    assert len(countries) > 200
    assert len(with_any) > 150


def test_a_holiday_counts_by_the_date_at_the_contact() -> None:
    hours = Hours(week=ALWAYS.week, holiday=holiday_calendar(("US",)))
    place = Place(zones=("Pacific/Honolulu",), country="US")
    opening = next_opening(hours, place, Bounds(), datetime(2026, 11, 26, 10, tzinfo=UTC))
    assert opening is not None
    assert opening.opens_at == datetime(2026, 11, 27, 10, tzinfo=UTC)
