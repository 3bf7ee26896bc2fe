"""Where the phone of a number may be."""

import subprocess
import sys
from zoneinfo import ZoneInfo, available_timezones

import phonenumbers
import pytest

from poku_batch.phone import zones_of


@pytest.mark.parametrize(
    ("e164", "zones"),
    [
        ("+12125550100", ("America/New_York",)),
        ("+14155550100", ("America/Los_Angeles",)),
        ("+16025550100", ("America/Phoenix",)),
        ("+442079460123", ("Europe/London",)),
        ("+493023125123", ("Europe/Berlin",)),
        ("+551131234567", ("America/Sao_Paulo",)),
        # an area code, or a country, with several
        ("+17095550100", ("America/Halifax", "America/St_Johns")),
        ("+61891234567", ("Australia/Adelaide", "Australia/Perth")),
        # of no country, or no number at all
        ("+80012345678", ()),
        ("+88216123456", ()),
        ("+1900", ()),
        ("+", ()),
        ("", ()),
    ],
)
def test_a_number_tells_its_zones(e164: str, zones: tuple[str, ...]) -> None:
    assert zones_of(e164) == zones


def test_a_toll_free_number_may_be_anywhere_in_its_countries() -> None:
    zones = zones_of("+18005550100")
    assert len(zones) > 20
    assert {"America/New_York", "Pacific/Honolulu"} < set(zones)
    assert list(zones) == sorted(zones)


def test_every_countrys_numbers_have_zones_that_exist() -> None:
    known = available_timezones()
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        example = phonenumbers.example_number(region)
        assert example is not None
        zones = zones_of(phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164))
        assert zones
        assert set(zones) <= known
        assert all(ZoneInfo(zone) for zone in zones)


def test_zones_are_loaded_when_they_are_asked_for() -> None:
    code = "import sys, poku_batch.phone; sys.exit('phonenumbers.timezone' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
