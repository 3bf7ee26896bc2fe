"""A cell of a sheet as a telephone number that can be called, or why it is none.

What is given back is always a valid E.164 number of its country: emergency and short numbers never
are. Country rules are those of Google's libphonenumber.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

import phonenumbers
from phonenumbers import NumberParseException, ValidationResult

from poku_batch.errors import PhoneError, PhoneTrouble
from poku_batch.models import E164_PATTERN

_E164 = re.compile(E164_PATTERN)
#: What exports and contact lists put before a number.
_PREFIX = re.compile(r"(?:tel|phone|callto|sms|whatsapp|wa|p)\s*:\s*(?://)?", re.IGNORECASE)
_SCIENTIFIC = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?[eE][+]?[0-9]+")
#: A whole number that a program has written as a decimal one.
_DECIMAL = re.compile(r"(\+?[0-9]{7,15})[.,]0{1,2}")
_EXTENSION = re.compile(
    r"(?:;ext=|\bext(?:ension|n)?\b[.:]?|(?<=[0-9\s])x[.:]?|#|,+|;)\s*([0-9]{1,6})#?$",
    re.IGNORECASE,
)
_BETWEEN_NUMBERS = re.compile(r"[,;|/\n]|\s(?:and|or|und|oder|et|ou|y|o|&)\s|(?<=[0-9)])\s*(?=\+)")
_FORMATTING = re.compile(r"[0-9+()\[\]./~\s-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneNumber:
    """A valid number; ``region`` is its ISO 3166 country, None for those of no one country."""

    e164: str
    region: str | None
    country_code: int


def parse_phone(raw: str, region: str | None) -> PhoneNumber:
    """Read a number as people and programs write it; ``region`` is for numbers without ``+``.

    Tolerated: usual formatting, ``tel:`` and the like before it, a leading apostrophe, invisible
    characters, digits of other scripts, the country's own prefix for calls abroad.
    Raises ``PhoneError`` with a reason that a person can act on.
    """
    text, abroad = _readable(raw, region)
    number = _parsed(text, None if abroad else region)
    # Looked up once, since it costs as much as all the rest.
    country = phonenumbers.region_code_for_number(number)
    where = _where(number, None if abroad else region)
    _refuse_impossible(number, text, where=where)
    if country is None or not phonenumbers.is_valid_number_for_region(number, country):
        raise PhoneError(f"not a number in use in {where}: {_shown(text)}", PhoneTrouble.NOT_IN_USE)
    return PhoneNumber(
        e164=phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164),
        region=country if country and country.isalpha() else None,
        country_code=_code(number),
    )


def possible_number(raw: str, region: str | None) -> str:
    """Read a number as ``parse_phone`` does, whether it is in use or not, and give its E.164.

    For lists of whom not to call: the rules of what is in use lag behind. Made for millions.
    Raises ``PhoneError`` where the text does not name one number of a possible length.
    """
    quick = _plainly_written(raw.strip(), region)
    if quick is not None:
        return quick
    text, abroad = _readable(raw, region)
    number = _parsed(text, None if abroad else region)
    _refuse_impossible(number, text, where=_where(number, None if abroad else region))
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if not _E164.fullmatch(e164):
        raise PhoneError(f"too short to be called from abroad: {_shown(text)}")
    return e164


def mask(e164: str) -> str:
    """Write a number for a log: ``+1 •••• 00``; the country code and the last two digits only.

    What is not an E.164 number is hidden whole.
    """
    if not _E164.fullmatch(e164):
        return "••••"
    codes = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    code = next((e164[1:end] for end in (2, 3, 4) if int(e164[1:end]) in codes), None)
    return f"+{code} •••• {e164[-2:]}" if code else f"•••• {e164[-2:]}"


def zones_of(e164: str) -> tuple[str, ...]:
    """Give the IANA time zones in which a number's phone may be, in alphabetical order.

    None where they are not known. A mobile phone is where its number says, as far as one can tell:
    that is one zone in some countries, all the country's in others.
    """
    from phonenumbers import timezone

    try:
        found = timezone.time_zones_for_number(phonenumbers.parse(e164))
    except NumberParseException:
        return ()
    return tuple(sorted(set(found) - {timezone.UNKNOWN_TIMEZONE}))


def is_premium(e164: str) -> bool:
    """Whether calling a valid number costs more than a call usually does, as far as is known."""
    codes = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    code = next((int(e164[1:end]) for end in (2, 3, 4) if int(e164[1:end]) in codes), None)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """A country's numbers: possible lengths without the code, and what may stand before them."""

    lengths: frozenset[int]
    prefix: re.Pattern[str] | None
    abroad: re.Pattern[str] | None


@cache
def _plan(code: int, region: str | None = None) -> _Plan:
    """The plan of a country code, as it is dialled within ``region``."""
    of_code = phonenumbers.region_code_for_country_code(code)
    main = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(code, of_code)
    here = phonenumbers.PhoneMetadata.metadata_for_region(region) if region else main
    prefix = here and here.national_prefix_for_parsing
    abroad = here and here.international_prefix
    return _Plan(
        lengths=frozenset(main.general_desc.possible_length)
        if main and main.general_desc
        else frozenset(),
        prefix=re.compile(prefix) if prefix else None,
        abroad=re.compile(abroad) if abroad else None,
    )


def _plainly_written(text: str, region: str | None) -> str | None:
    """The E.164 of a number of which nothing is to be guessed or dropped; None for all others."""
    if _E164.fullmatch(text):
        codes = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
        code = next((int(text[1:end]) for end in (2, 3, 4) if int(text[1:end]) in codes), None)
        if code is None:
            return None
        plan, national = _plan(code), text[len(str(code)) + 1 :]
    elif region is not None and text.isascii() and text.isdigit():
        code = phonenumbers.country_code_for_region(region)
        plan, national = _plan(code, region), text
        if text.startswith(("0", str(code))) or (plan.abroad and plan.abroad.match(text)):
            return None
    else:
        return None
    if len(national) not in plan.lengths or (plan.prefix and plan.prefix.match(national)):
        return None
    e164 = f"+{code}{national}"
    return e164 if _E164.fullmatch(e164) else None


def _readable(raw: str, region: str | None) -> tuple[str, bool]:
    """The text of one number, and whether it has a country code; it needs one, or a region."""
    text = _plain(raw)
    _refuse_what_is_no_number(text)
    abroad = text.lstrip("([ ").startswith("+")
    if not abroad and region is None:
        if text.startswith("00"):
            raise PhoneError(
                "starts with 00, and contacts.region is not set: write + for 00",
                PhoneTrouble.NO_COUNTRY,
            )
        raise PhoneError(
            f"no country code in {_shown(text)}, and contacts.region is not set",
            PhoneTrouble.NO_COUNTRY,
        )
    return text, abroad


def _plain(raw: str) -> str:
    """Give the text without what only looks like nothing, or stands before a number."""
    if _E164.fullmatch(raw):
        return raw
    folded = unicodedata.normalize("NFKC", raw)
    text = "".join(_plain_character(character) for character in folded).strip().lstrip("'`\"=")
    text = _PREFIX.sub("", text.strip(" \"'"), count=1) if _PREFIX.match(text) else text
    text = text.strip(" \"'\t\n")
    decimal = _DECIMAL.fullmatch(text)
    return decimal[1] if decimal else text


def _plain_character(character: str) -> str:
    match unicodedata.category(character):
        case "Cf" | "Cc" if character != "\n":
            return " " if character == "\t" else ""
        case "Nd":
            return str(unicodedata.decimal(character))
        case "Pd":
            return "-"
        case "Zs" | "Zl" | "Zp":
            return " "
        case _:
            return "-" if character == "−" else character


def _refuse_what_is_no_number(text: str) -> None:
    if not text:
        raise PhoneError("no number", PhoneTrouble.EMPTY)
    if _SCIENTIFIC.fullmatch(text):
        raise PhoneError(
            f"{_shown(text)}: Excel has shortened the number; format the column as text, and enter "
            "it again",
            PhoneTrouble.SCIENTIFIC,
        )
    if not any(character.isdigit() for character in text):
        raise PhoneError(f"no number in {_shown(text)}", PhoneTrouble.WORDS)
    if _holds_two(text):
        raise PhoneError(f"two numbers in one cell: {_shown(text)}", PhoneTrouble.SEVERAL)
    _refuse_odd_characters(text)
    if sum(map(str.isdigit, text)) > 20:
        raise PhoneError(f"too many digits for one number: {_shown(text)}", PhoneTrouble.TOO_LONG)


def _refuse_odd_characters(text: str) -> None:
    if extension := _EXTENSION.search(text):
        raise PhoneError(
            f"has an extension ({extension[1]}): give a direct number", PhoneTrouble.EXTENSION
        )
    if any(character.isalpha() for character in text):
        raise PhoneError(
            f"letters in {_shown(text)}: write the number in digits", PhoneTrouble.LETTERS
        )
    if not _FORMATTING.fullmatch(text):
        odd = next(c for c in text if not _FORMATTING.fullmatch(c))
        raise PhoneError(f"{_shown(odd)} in {_shown(text)}: no number holds it", PhoneTrouble.ODD)


def _holds_two(text: str) -> bool:
    """Whether several parts are each long enough to be a number of their own."""
    parts = _BETWEEN_NUMBERS.split(text)
    return sum(sum(map(str.isdigit, part)) >= 7 for part in parts) > 1


def _parsed(text: str, region: str | None) -> phonenumbers.PhoneNumber:
    try:
        return phonenumbers.parse(text, region)
    except NumberParseException as error:
        match error.error_type:
            case NumberParseException.INVALID_COUNTRY_CODE:
                reason = f"no country has the code that {_shown(text)} begins with"
                kind = PhoneTrouble.UNKNOWN_CODE
            case NumberParseException.TOO_LONG:
                reason = f"too long to be a number: {_shown(text)}"
                kind = PhoneTrouble.TOO_LONG
            case NumberParseException.TOO_SHORT_NSN | NumberParseException.TOO_SHORT_AFTER_IDD:
                reason = f"too short to be a number: {_shown(text)}"
                kind = PhoneTrouble.TOO_SHORT
            case _:
                reason = f"not a number: {_shown(text)}"
                kind = PhoneTrouble.OTHER
        raise PhoneError(reason, kind) from None


def _refuse_impossible(number: phonenumbers.PhoneNumber, text: str, *, where: str) -> None:
    match phonenumbers.is_possible_number_with_reason(number):
        case ValidationResult.IS_POSSIBLE_LOCAL_ONLY:
            raise PhoneError(f"no area code in {_shown(text)}, for {where}", PhoneTrouble.TOO_SHORT)
        case ValidationResult.TOO_SHORT:
            raise PhoneError(f"too short for {where}: {_shown(text)}", PhoneTrouble.TOO_SHORT)
        case ValidationResult.TOO_LONG:
            raise PhoneError(f"too long for {where}: {_shown(text)}", PhoneTrouble.TOO_LONG)
        case ValidationResult.IS_POSSIBLE:
            pass
        case _:
            raise PhoneError(f"wrong length for {where}: {_shown(text)}", PhoneTrouble.OTHER)


def _where(number: phonenumbers.PhoneNumber, region: str | None) -> str:
    country = region or phonenumbers.region_code_for_country_code(_code(number))
    code = f"+{_code(number)}"
    return code if country in {None, "ZZ", "001"} else f"{country} ({code})"


def _code(number: phonenumbers.PhoneNumber) -> int:
    return number.country_code or 0  # parsing has set it; its type allows None


def _shown(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")
