"""Cells as numbers: what is tolerated, what is refused and why, and what always holds."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poku_batch.errors import PhoneError
from poku_batch.phone import mask, parse_phone

EXAMPLES = sorted(
    phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)
    for region in phonenumbers.SUPPORTED_REGIONS
    if (example := phonenumbers.example_number(region)) is not None
)


@pytest.mark.parametrize(
    ("raw", "region", "e164"),
    [
        ("+14155550100", None, "+14155550100"),
        ("(415) 555-0100", "US", "+14155550100"),
        ("415.555.0100", "US", "+14155550100"),
        ("1-415-555-0100", "US", "+14155550100"),
        ("'+1 415 555 0100", None, "+14155550100"),
        ("tel:+1-415-555-0100", None, "+14155550100"),
        ("WhatsApp: +14155550100", None, "+14155550100"),
        ("\u200e+1\u00a0415\u2011555\u20110100\u202c", None, "+14155550100"),
        ("\ufeff+1\u200b4155550100", None, "+14155550100"),
        ("＋１４１５５５５０１００", None, "+14155550100"),
        ("٤١٥٥٥٥٠١٠٠", "US", "+14155550100"),
        ("4155550100.0", "US", "+14155550100"),
        ("0044 20 7946 0123", "DE", "+442079460123"),
        ("011 44 20 7946 0123", "US", "+442079460123"),
        ("+44 (0)20 7946 0123", None, "+442079460123"),
        ("030/23125123", "DE", "+493023125123"),
        ("+39 06 1234 5678", None, "+390612345678"),
    ],
)
def test_numbers_are_read_as_people_and_programs_write_them(
    raw: str, region: str | None, e164: str
) -> None:
    assert parse_phone(raw, region).e164 == e164


@pytest.mark.parametrize(
    ("raw", "region", "reason"),
    [
        ("", "US", "no number"),
        (" \u200b\u00a0", "US", "no number"),
        ("n/a", "US", "no number in"),
        ("+", None, "no number in"),
        ("1-800-FLOWERS", "US", "letters"),
        ("415-555-01xx", "US", "letters"),
        ("*67 415 555 0100", "US", "'*'"),
        ("415-555-0100 x12", "US", "extension (12)"),
        ("+1 (415) 555-0100;ext=5", None, "extension (5)"),
        ("415-555-0100 ext. 7", "US", "extension (7)"),
        ("415 555 0100 / 415 555 0101", "US", "two numbers"),
        ("415 555 0100, 415 555 0101", "US", "two numbers"),
        ("+14155550100 +14155550101", None, "two numbers"),
        ("4155550100\n4155550101", "US", "two numbers"),
        ("4.15556E+09", "US", "Excel has shortened"),
        ("4,15556E+09", "DE", "Excel has shortened"),
        ("4155550100", None, "no country code"),
        ("00442079460123", None, "write + for 00"),
        ("555-0100", "US", "no area code"),
        ("415555010", "US", "too short for US (+1)"),
        ("41555501001", "US", "too long for US (+1)"),
        ("0044 20 7946 0123", "US", "too long for US"),
        ("+1 999 555 0100", None, "not a number in use in US"),
        ("+999123456", None, "no country"),
        ("9" * 400, "US", "too many digits"),
    ],
)
def test_a_refusal_says_what_is_wrong(raw: str, region: str | None, reason: str) -> None:
    with pytest.raises(PhoneError) as caught:
        parse_phone(raw, region)
    assert reason in caught.value.reason


def test_a_reason_quotes_at_most_forty_characters_of_the_cell() -> None:
    with pytest.raises(PhoneError) as caught:
        parse_phone("call me " * 100, "US")
    assert len(caught.value.reason) < 80


@pytest.mark.parametrize("short", ["911", "112", "999", "110", "000", "+1911", "+112", "+44999"])
@pytest.mark.parametrize("region", ["US", "GB", "DE", "AU", "FR", None])
def test_emergency_numbers_are_never_valid(short: str, region: str | None) -> None:
    with pytest.raises(PhoneError):
        parse_phone(short, region)


def test_the_country_is_that_of_the_number_not_of_the_sheet() -> None:
    number = parse_phone("+442079460123", "US")
    assert (number.region, number.country_code) == ("GB", 44)
    assert parse_phone("+800 1234 5678", None).region is None


@given(st.sampled_from(EXAMPLES), st.sampled_from(["US", "DE", None]))
def test_a_valid_number_in_international_form_stays_as_it_is(e164: str, region: str | None) -> None:
    assert parse_phone(e164, region).e164 == e164


@given(
    st.sampled_from(EXAMPLES),
    st.sampled_from(
        [
            phonenumbers.PhoneNumberFormat.INTERNATIONAL,
            phonenumbers.PhoneNumberFormat.NATIONAL,
            phonenumbers.PhoneNumberFormat.RFC3966,
        ]
    ),
)
def test_every_usual_formatting_leads_back_to_the_number(e164: str, form: int) -> None:
    number = phonenumbers.parse(e164)
    region = phonenumbers.region_code_for_number(number)
    assert parse_phone(phonenumbers.format_number(number, form), region).e164 == e164


@given(
    st.one_of(st.text(), st.from_regex(r"[+0-9 ()./;,x#eE-]{0,30}", fullmatch=True)),
    st.sampled_from(["US", "DE", "GB", None]),
)
def test_any_text_is_a_valid_number_or_a_phone_error(raw: str, region: str | None) -> None:
    try:
        number = parse_phone(raw, region)
    except PhoneError:
        return
    assert phonenumbers.is_valid_number(phonenumbers.parse(number.e164))
    assert 8 <= len(number.e164) <= 16


@given(st.sampled_from(EXAMPLES))
def test_a_mask_keeps_the_country_code_and_two_digits(e164: str) -> None:
    code = phonenumbers.parse(e164).country_code
    assert mask(e164) == f"+{code} •••• {e164[-2:]}"


@given(st.text())
def test_a_mask_never_shows_more_than_five_digits(text: str) -> None:
    assert sum(character.isdigit() for character in mask(text)) <= 5
