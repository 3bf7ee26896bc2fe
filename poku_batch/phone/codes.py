"""The country code that an E.164 number begins with."""

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

#: By the digits: no code is the beginning of another.
_CODES = {str(code): code for code in COUNTRY_CODE_TO_REGION_CODE}


def code_of(e164: str) -> int | None:
    """The country code of ``+`` and digits; None where no country has what they begin with."""
    return _CODES.get(e164[1:2]) or _CODES.get(e164[1:3]) or _CODES.get(e164[1:4])
