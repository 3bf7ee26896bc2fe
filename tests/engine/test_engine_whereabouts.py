"""Where the contact of a row is: whose country, whose clock."""

from datetime import UTC, datetime

import pytest

from poku_batch.engine.whereabouts import WhereContactsAre

NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)
CALIFORNIA = "+14155550100"
SATELLITE = "+870773110000"


def local(cell: str, to: str, default: str | None = None) -> str:
    places = WhereContactsAre(region=None, timezone=0, default_timezone=default)
    return f"{places.of((cell,), to).local(NOON):%H:%M}"


@pytest.mark.parametrize(
    ("cell", "to", "default", "clock"),
    [
        ("Europe/Berlin", CALIFORNIA, "Asia/Tokyo", "14:00"),
        (" ", CALIFORNIA, "Asia/Tokyo", "05:00"),
        ("", "+4930901820", None, "14:00"),
        ("", SATELLITE, "Asia/Tokyo", "21:00"),
        ("", "+18005550100", "Asia/Tokyo", "21:00"),
    ],
)
def test_the_rows_zone_goes_before_the_numbers_and_the_campaigns(
    cell: str, to: str, default: str | None, clock: str
) -> None:
    assert local(cell, to, default) == clock


@pytest.mark.parametrize("to", [SATELLITE, "+18005550100"])
def test_a_number_of_several_clocks_says_none(to: str) -> None:
    with pytest.raises(ValueError, match=r"^the contact's time zone is not known$"):
        local("", to)


def test_a_zone_that_is_none_is_told() -> None:
    with pytest.raises(ValueError, match="does not say when clocks are moved"):
        local("EST", CALIFORNIA)


def test_the_sheets_country_goes_before_the_numbers() -> None:
    assert WhereContactsAre(region="GB").of((), CALIFORNIA).country() == "GB"
    assert WhereContactsAre(region=None).of((), CALIFORNIA).country() == "US"
    assert WhereContactsAre(region=None).of((), SATELLITE).country() is None
