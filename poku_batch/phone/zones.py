"""Where the phone of a number may be, by the clock.

The same answers as libphonenumber's ``time_zones_for_number``, from its table of beginnings.
"""

from collections.abc import Mapping
from functools import cache

import phonenumbers
from phonenumbers import NumberParseException

from poku_batch.phone.numbering import in_use
from poku_batch.phone.plain import is_plain


def zones_of(e164: str) -> tuple[str, ...]:
    """Give the IANA time zones in which a number's phone may be, in alphabetical order.

    None where they are not known. A mobile phone is where its number says, as far as one can tell:
    that is one zone in some countries, all the country's in others.
    """
    if not is_plain(e164):
        try:
            number = phonenumbers.parse(e164)
        except NumberParseException:
            return ()
        e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    found = in_use(e164)
    if found is None:
        return ()
    if not found.has_place:
        return _of_country(found.number.country_code)
    # The longest beginning that is known is the nearest place.
    zones, longest = _table()
    for end in range(longest + 1, 1, -1):
        if e164[1:end] in zones:
            return _of_beginning(e164[1:end])
    return ()


@cache
def _of_country(code: int) -> tuple[str, ...]:
    zones, _ = _table()
    digits = str(code)
    return next((_of_beginning(part) for part in (digits, digits[:2]) if part in zones), ())


@cache
def _of_beginning(digits: str) -> tuple[str, ...]:
    """The zones of a beginning that is in the table, so that no more are remembered than it has."""
    from phonenumbers.timezone import UNKNOWN_TIMEZONE

    return tuple(sorted(set(_table()[0][digits]) - {UNKNOWN_TIMEZONE}))


@cache
def _table() -> tuple[Mapping[str, tuple[str, ...]], int]:
    """The zones by what a number's digits begin with, and the longest such beginning.

    Loaded late: few commands ask for it, and it is large.
    """
    from phonenumbers.tzdata import TIMEZONE_DATA, TIMEZONE_LONGEST_PREFIX

    return TIMEZONE_DATA, TIMEZONE_LONGEST_PREFIX
