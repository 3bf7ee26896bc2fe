"""Numbers that are not a person's: those that cost whoever calls them, and short ones."""

import re
from functools import cache

import phonenumbers

from poku_batch.phone.codes import split


def is_premium(e164: str) -> bool:
    """Whether calling a valid number costs more than a call usually does, as far as is known."""
    found = split(e164)
    if found is None:
        return False
    code, national = found
    premium = _premium(code)
    return premium is not None and premium.fullmatch(national) is not None


@cache
def _premium(code: int) -> re.Pattern[str] | None:
    of_code = phonenumbers.region_code_for_country_code(code)
    main = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, of_code)
    kind = main.premium_rate if main else None
    pattern = kind.national_number_pattern if kind else None
    return re.compile(pattern) if pattern else None


def is_short_number(digits: str, region: str) -> bool:
    """Whether digits are one of a country's short numbers, such as that of its police."""
    number = phonenumbers.PhoneNumber(
        country_code=phonenumbers.country_code_for_region(region), national_number=int(digits)
    )
    return phonenumbers.is_valid_short_number_for_region(number, region)
