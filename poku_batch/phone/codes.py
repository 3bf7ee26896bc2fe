"""The country code that an E.164 number begins with."""

from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

#: By the digits: no code is the beginning of another.
_CODES = {str(code): code for code in COUNTRY_CODE_TO_REGION_CODE}


def code_of(e164: str) -> int | None:
    """The country code of ``+`` and digits; None where no country has what they begin with."""
    found = split(e164)
    return None if found is None else found[0]


def split(e164: str) -> tuple[int, str] | None:
    """The country code and the rest of ``+`` and digits; None where no country has such a code."""
    if code := _CODES.get(e164[1:2]):
        return code, e164[2:]
    if code := _CODES.get(e164[1:3]):
        return code, e164[3:]
    if code := _CODES.get(e164[1:4]):
        return code, e164[4:]
    return None
