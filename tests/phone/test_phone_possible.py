"""Numbers of lists: whatever names one number that is possible, in use or not."""

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poku_batch.errors import PhoneError
from poku_batch.phone import possible_number

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)


@pytest.mark.parametrize(
    ("raw", "region", "expected"),
    [
        ("+14155550100", None, "+14155550100"),
        ("4155550100", "US", "+14155550100"),
        ("14155550100", "US", "+14155550100"),
        ("(415) 555-0100", "US", "+14155550100"),
        (" 415.555.0100 ", "CA", "+14155550100"),
        ("011 44 20 7946 0000", "US", "+442079460000"),
        ("+44 (0)20 7946 0000", None, "+442079460000"),
        ("+4402079460000", "US", "+442079460000"),
        ("+490301234567", None, "+49301234567"),
        ("06 12345678", "IT", "+390612345678"),
        ("tel:+14155550100", None, "+14155550100"),
        ("+11111111111", None, "+11111111111"),
        ("0005550100", "US", "+10005550100"),
        # Begins with the code of its country, and is a possible number both with and without.
        ("4864832648", "PL", "+4864832648"),
    ],
)
def test_a_possible_number_is_read(raw: str, region: str | None, expected: str) -> None:
    assert possible_number(raw, region) == expected


@pytest.mark.parametrize(
    ("raw", "region"),
    [
        ("4155550100", None),
        ("555-0100", "US"),
        ("+1415555010", None),
        ("+141555501000", None),
        ("+9991234567", None),
        ("911", "US"),
        ("112", "DE"),
        ("+49301", None),
        ("1-800-FLOWERS", "US"),
        ("+14155550100 x12", None),
        ("+14155550100, +14155550101", None),
        ("1.4E+10", "US"),
        ("", "US"),
    ],
)
def test_what_does_not_name_one_number_is_refused(raw: str, region: str | None) -> None:
    with pytest.raises(PhoneError):
        possible_number(raw, region)


def of(text: str, region: str) -> str | None:
    try:
        return possible_number(text, region)
    except PhoneError:
        return None


@settings(max_examples=600)
@given(
    st.sampled_from(REGIONS),
    st.text(alphabet="0123456789", min_size=5, max_size=13),
    st.booleans(),
)
def test_the_quick_way_and_the_careful_way_agree(region: str, digits: str, abroad: bool) -> None:
    code = phonenumbers.country_code_for_region(region)
    text = f"+{code}{digits}" if abroad else digits
    # A space that is not broken is enough to be read with care.
    assert of(text, region) == of(f"{text[:-2]}\u00a0{text[-2:]}", region)
