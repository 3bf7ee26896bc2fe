"""Which country an E.164 number belongs to, whether it is in use there, and what kind it is.

The same answers as libphonenumber's ``region_code_for_number``, ``is_valid_number`` and
``number_type`` together, from the same tables, in one look: all patterns of a country that can hold
for a length are one regular expression, whose groups stand in the order in which the library tries
its types. Source of that order: ``phonenumberutil._number_type_helper`` of phonenumbers 9.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from phonenumbers import (
    COUNTRY_CODE_TO_REGION_CODE,
    PhoneMetadata,
    PhoneNumberType,
    is_number_type_geographical,
)

from poku_batch.phone.codes import split

#: Types that are no place's, in the library's order; those of a place come after them.
_PLACELESS = (
    "premium_rate",
    "toll_free",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
)
#: A row asks for its number several times; a batch of rows never asks for one again.
_REMEMBERED = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneNumber:
    """A valid number; ``region`` is its ISO 3166 country, None for those of no one country."""

    e164: str
    region: str | None
    country_code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class InUse:
    """A number that somebody can have; ``has_place``: its digits say where in its country."""

    number: PhoneNumber
    has_place: bool


@lru_cache(maxsize=_REMEMBERED)
def in_use(e164: str) -> InUse | None:
    """Look a number up that has ``+``, its country code and its national number, all digits.

    None where no country has the code, or nobody in its country can have the number.
    """
    found_code = split(e164)
    if found_code is None:
        return None
    code, national = found_code
    for country in _countries(code, len(national)):
        if country.leading is not None and not country.leading.match(national):
            continue
        found = country.kinds and country.kinds.fullmatch(national)
        if found:
            region = country.region if country.region.isalpha() else None
            number = PhoneNumber(e164=e164, region=region, country_code=code)
            return InUse(number=number, has_place=country.has_place[found.lastindex or 0])
        if country.is_decided:
            return None
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Country:
    """One country's numbers of one length; ``leading`` says by itself whose a number is.

    ``kinds`` has a group for each kind, None where no number of the length is in use;
    ``has_place`` says by a group's number, from 1, whether such a number is of a place.
    ``is_decided``: a number that comes so far is no other country's.
    """

    region: str
    leading: re.Pattern[str] | None
    kinds: re.Pattern[str] | None
    has_place: tuple[bool, ...]
    is_decided: bool


@cache
def _countries(code: int, length: int) -> tuple[_Country, ...]:
    """The countries of a code, in the library's order."""
    regions = COUNTRY_CODE_TO_REGION_CODE[code]
    return tuple(_country(code, region, length, is_only=len(regions) == 1) for region in regions)


def _country(code: int, region: str, length: int, *, is_only: bool) -> _Country:
    found: Any = PhoneMetadata.metadata_for_region_or_calling_code(code, region)
    # The only country of a code has all of its numbers, whatever they begin with.
    leading = None if is_only else found.leading_digits
    return _Country(
        region=region,
        leading=re.compile(leading) if leading is not None else None,
        kinds=_kinds(found, length),
        has_place=(
            False,
            False,
            True,
            is_number_type_geographical(PhoneNumberType.MOBILE, code),
        ),
        is_decided=is_only or leading is not None,
    )


def _kinds(country: Any, length: int) -> re.Pattern[str] | None:
    """One pattern with three groups: kinds of no place, fixed lines, mobiles."""
    general = _pattern(country.general_desc, length)
    if general is None:
        return None
    placeless = [_pattern(getattr(country, name), length) for name in _PLACELESS]
    mobile = None
    if not country.same_mobile_and_fixed_line_pattern:
        mobile = _pattern(country.mobile, length)
    groups = (
        "|".join(f"(?:{pattern})" for pattern in placeless if pattern is not None),
        _pattern(country.fixed_line, length),
        mobile,
    )
    # (?!) never matches.
    kinds = "|".join(f"({pattern or '(?!)'})" for pattern in groups)
    return re.compile(rf"(?=(?:{general})\Z)(?:{kinds})")


def _pattern(kind: Any, length: int) -> str | None:
    """The pattern of a kind of numbers, None where there is none of the length."""
    if kind is None or not kind.national_number_pattern:
        return None
    lengths = kind.possible_length
    return None if lengths and length not in lengths else kind.national_number_pattern
