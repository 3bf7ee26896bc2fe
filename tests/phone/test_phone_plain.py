"""The quick way of reading numbers and the library's own: they always say the same."""

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import timezone

from poku_batch.errors import PhoneError
from poku_batch.phone import PhoneNumber, parse_phone, zones_of
from poku_batch.phone.numbering import in_use
from poku_batch.phone.plain import plainly_written
from poku_batch.phone.reading import _read_with_care

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
FORMATTING = ("", "", "", " ", "-", ".", "(", ")", ") ", " (0)")


def examples() -> list[tuple[str, str]]:
    """Countries, and national numbers of all the kinds that they have."""
    found = set()
    for region in REGIONS:
        for kind in phonenumbers.PhoneNumberType.values():
            example = phonenumbers.example_number_for_type(region, kind)
            if example is not None:
                found.add((region, phonenumbers.national_significant_number(example)))
    return sorted(found)


EXAMPLES = examples()


@st.composite
def national_numbers(draw: st.DrawFn) -> tuple[str, str]:
    """A country and digits that are nearly one of its numbers, or anything."""
    region, digits = draw(st.sampled_from(EXAMPLES))
    match draw(st.integers(0, 3)):
        case 0:
            return region, digits
        case 1:
            at = draw(st.integers(0, len(digits) - 1))
            return region, digits[:at] + draw(st.sampled_from("0123456789")) + digits[at + 1 :]
        case 2:
            return region, digits[: len(digits) - 3] + draw(
                st.from_regex("[0-9]{2,4}", fullmatch=True)
            )
        case _:
            return region, draw(st.from_regex("[0-9]{4,13}", fullmatch=True))


@st.composite
def written_numbers(draw: st.DrawFn) -> tuple[str, str | None]:
    """A number as people write it, and the country that a campaign names."""
    region, digits = draw(national_numbers())
    code = phonenumbers.country_code_for_region(region)
    prefix = phonenumbers.ndd_prefix_for_region(region, True) or "0"
    before = draw(
        st.sampled_from(("", "", f"+{code}", f"+{code} ", f"(+{code}) ", str(code), prefix, "1"))
        | st.sampled_from((f"00{code}", f"011{code}", f"+{code}{prefix}", " +", f" {prefix} "))
    )
    marks = draw(st.lists(st.sampled_from(FORMATTING), min_size=len(digits), max_size=len(digits)))
    spaced = draw(st.booleans())
    text = "".join(
        f"{digit}{mark if spaced else ''}" for digit, mark in zip(digits, marks, strict=True)
    )
    end = draw(st.sampled_from(("", "", "", ".0", ".00", " ", " x5")))
    return f"{before}{text}{end}", draw(st.sampled_from((region, region, "US", "DE", None)))


def of(read: object, raw: str, region: str | None) -> PhoneNumber | tuple[object, str]:
    assert callable(read)
    try:
        number = read(raw, region)
    except PhoneError as error:
        return error.kind, error.reason
    assert isinstance(number, PhoneNumber)
    return number


@settings(max_examples=400, deadline=None)
@given(written_numbers())
def test_a_plain_number_is_read_as_with_care_and_refused_in_the_same_words(
    written: tuple[str, str | None],
) -> None:
    assert of(parse_phone, *written) == of(_read_with_care, *written)


@settings(max_examples=400, deadline=None)
@given(national_numbers())
def test_the_country_and_the_kind_of_a_number_are_the_librarys(written: tuple[str, str]) -> None:
    region, digits = written
    code = phonenumbers.country_code_for_region(region)
    number = phonenumbers.PhoneNumber(
        country_code=code,
        national_number=int(digits),
        italian_leading_zero=digits.startswith("0"),
        number_of_leading_zeros=len(digits) - len(digits.lstrip("0")) or None,
    )
    if phonenumbers.national_significant_number(number) != digits:
        return
    found = in_use(f"+{code}{digits}")
    assert (found is not None) == phonenumbers.is_valid_number(number)
    if found is not None:
        country = phonenumbers.region_code_for_number(number)
        assert found.number.region == (country if str(country).isalpha() else None)
        assert found.number.country_code == code
        assert found.has_place == phonenumbers.is_number_geographical(number)


@settings(max_examples=400, deadline=None)
@given(national_numbers())
def test_the_zones_of_a_number_are_the_librarys(written: tuple[str, str]) -> None:
    region, digits = written
    e164 = f"+{phonenumbers.country_code_for_region(region)}{digits}"
    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:
        assert zones_of(e164) == ()
        return
    known = set(timezone.time_zones_for_number(number)) - {timezone.UNKNOWN_TIMEZONE}
    assert zones_of(e164) == tuple(sorted(known))


@pytest.mark.parametrize(
    ("raw", "region", "e164"),
    [
        ("+14155550100", None, "+14155550100"),
        ("(415) 555-0100", "US", "+14155550100"),
        ("1-415-555-0100", "US", "+14155550100"),
        ("+1 (604) 555-0100", "US", "+16045550100"),
        ("020 7946 0123", "GB", "+442079460123"),
        ("030 23125123", "DE", "+493023125123"),
        ("+49 30 23125123", None, "+493023125123"),
    ],
)
def test_usual_numbers_need_no_parser(raw: str, region: str | None, e164: str) -> None:
    assert plainly_written(raw, region) == e164


@pytest.mark.parametrize(
    ("raw", "region"),
    [
        ("4155550100.0", "US"),
        ("+44 (0)20 7946 0123", None),
        ("011 44 20 7946 0123", "US"),
        ("0044 20 7946 0123", "DE"),
        ("415-555-0100 x5", "US"),
        ("415 555 0100, 415 555 0101", "US"),
        ("555-0100", "US"),
        ("4155550100", None),
        ("", "US"),
    ],
)
def test_what_may_be_read_in_two_ways_is_left_to_the_parser(raw: str, region: str | None) -> None:
    assert plainly_written(raw, region) is None
