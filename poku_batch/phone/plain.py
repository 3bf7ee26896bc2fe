"""Cells of which nothing is to be guessed, read without the library's parser.

Nearly all cells of a sheet are digits with the usual formatting around them. These are read here,
and only where the parser could do but one thing; everything else is left to it. What is decided
here: which digits are the national number. Source: ``phonenumberutil.parse`` of phonenumbers 9.
"""

import re
from dataclasses import dataclass
from functools import cache

import phonenumbers

from poku_batch.models import E164_PATTERN
from poku_batch.phone.codes import split

_E164 = re.compile(E164_PATTERN)
#: Digits and the usual formatting, and not one that a program has written as a decimal number.
_USUAL = re.compile(r" *\(?\+?\(?[0-9][0-9 ().-]*(?<!\.0)(?<!\.00)")
_FORMATTING = str.maketrans("", "", " ().-")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """How numbers are dialled within a region.

    ``lengths`` are the possible ones of a national number (by the code's main country, as the
    library has it), ``own_lengths`` those of the region. ``prefix`` is what may stand before a
    national number, ``cuts`` whether it is cut off and nothing else happens; ``general`` is what
    any national number looks like.
    """

    code: int
    lengths: frozenset[int]
    own_lengths: frozenset[int]
    prefix: re.Pattern[str] | None
    cuts: bool
    abroad: re.Pattern[str] | None
    general: re.Pattern[str] | None


def is_plain(text: str) -> bool:
    """Whether a text is a number in E.164 that the parser reads as it stands, in use or not."""
    return _E164.fullmatch(text) is not None and _is_possible(text)


def plainly_written(text: str, region: str | None) -> str | None:
    """The E.164 of a number of which nothing is to be guessed; None for all others.

    The number has a possible length; it need not be in use. ``region`` is the country of numbers
    without a plus sign; without one there are none.
    """
    if _E164.fullmatch(text):
        return text if _is_possible(text) else None
    if not _USUAL.fullmatch(text):
        return None
    digits = text.translate(_FORMATTING)
    if digits[0] == "+":
        return digits if _E164.fullmatch(digits) and _is_possible(digits) else None
    return _within(digits, region) if region is not None else None


def _is_possible(e164: str) -> bool:
    """Whether the parser reads what looks like E.164 as it stands."""
    found = split(e164)
    if found is None:
        return False
    code, national = found
    plan = _plan(code, None)
    if len(national) not in plan.lengths:
        return False
    return plan.prefix is None or plan.prefix.match(national) is None


def _within(digits: str, region: str) -> str | None:
    plan = _region_plan(region)
    if plan.abroad and plan.abroad.match(digits):
        return None
    national: str | None = digits
    if digits.startswith(str(plan.code)):
        national = _without_code(digits, plan)
    elif plan.prefix and plan.prefix.match(digits):
        national = _without_prefix(digits, plan)
    if national is None or len(national) not in plan.lengths:
        return None
    e164 = f"+{plan.code}{national}"
    return e164 if _E164.fullmatch(e164) else None


def _without_code(digits: str, plan: _Plan) -> str | None:
    """Digits after a country code without its plus sign; None where they may be read otherwise."""
    rest = digits[len(str(plan.code)) :]
    main = _plan(plan.code, None)
    if plan.general is None or plan.general.fullmatch(digits):
        return None
    if any(prefix and prefix.match(rest) for prefix in (plan.prefix, main.prefix)):
        return None
    return rest if plan.general.fullmatch(rest) else None


def _without_prefix(digits: str, plan: _Plan) -> str | None:
    """Digits after the prefix for calls within a country; None where they may be read otherwise."""
    found = plan.prefix.match(digits) if plan.prefix and plan.cuts else None
    if found is None or plan.general is None:
        return None
    rest = digits[found.end() :]
    return rest if len(rest) in plan.own_lengths and plan.general.fullmatch(rest) else None


@cache
def _region_plan(region: str) -> _Plan:
    return _plan(phonenumbers.country_code_for_region(region), region)


@cache
def _plan(code: int, region: str | None) -> _Plan:
    """The plan of a country code, as it is dialled within ``region``; None for its main country."""
    of_code = phonenumbers.region_code_for_country_code(code)
    main = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, of_code)
    here = phonenumbers.PhoneMetadata.metadata_for_region(region) if region else main
    prefix = _compiled(here.national_prefix_for_parsing if here else None)
    transforms = here is not None and bool(here.national_prefix_transform_rule)
    return _Plan(
        code=code,
        lengths=_lengths(main),
        own_lengths=_lengths(here),
        prefix=prefix,
        cuts=prefix is not None and not prefix.groups and not transforms,
        abroad=_compiled(here.international_prefix if here else None),
        general=_compiled(
            here.general_desc.national_number_pattern if here and here.general_desc else None
        ),
    )


def _lengths(country: "phonenumbers.PhoneMetadata | None") -> frozenset[int]:
    return frozenset(
        country.general_desc.possible_length if country and country.general_desc else ()
    )


def _compiled(pattern: str | None) -> re.Pattern[str] | None:
    return re.compile(pattern) if pattern else None
