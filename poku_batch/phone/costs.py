"""Numbers that are not a person's: those that cost whoever calls them, and short ones."""

import re
from functools import cache

import phonenumbers

from poku_batch.phone.codes import code_of


def is_premium(e164: str) -> bool:
    """Whether calling a valid number costs more than a call usually does, as far as is known."""
    code = code_of(e164)
    premium = _premium(code) if code is not None else None
    return premium is not None and premium.fullmatch(e164, len(str(code)) + 1) is not None


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
