"""Texts as telephone numbers, however they are written; and why they are none, in words."""

import re
import unicodedata

import phonenumbers
from phonenumbers import NumberParseException, ValidationResult

from poku_batch.errors import PhoneError, PhoneTrouble
from poku_batch.models import E164_PATTERN
from poku_batch.phone.numbering import PhoneNumber, in_use
from poku_batch.phone.plain import plainly_written

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


def parse_phone(raw: str, region: str | None) -> PhoneNumber:
    """Read a number as people and programs write it; ``region`` is for numbers without ``+``.

    Tolerated: usual formatting, ``tel:`` and the like before it, a leading apostrophe, invisible
    characters, digits of other scripts, the country's own prefix for calls abroad.
    Raises ``PhoneError`` with a reason that a person can act on.
    """
    quick = plainly_written(raw, region)
    found = in_use(quick) if quick is not None else None
    return found.number if found is not None else _read_with_care(raw, region)


def _read_with_care(raw: str, region: str | None) -> PhoneNumber:
    text, abroad = _readable(raw, region)
    number = _parsed(text, None if abroad else region)
    where = _where(number, None if abroad else region)
    _refuse_impossible(number, text, where=where)
    found = in_use(_e164(number))
    if found is None:
        raise PhoneError(f"not a number in use in {where}: {_shown(text)}", PhoneTrouble.NOT_IN_USE)
    return found.number


def possible_number(raw: str, region: str | None) -> str:
    """Read a number as ``parse_phone`` does, whether it is in use or not, and give its E.164.

    For lists of whom not to call: the rules of what is in use lag behind. Made for millions.
    Raises ``PhoneError`` where the text does not name one number of a possible length.
    """
    quick = plainly_written(raw.strip(), region)
    if quick is not None:
        return quick
    text, abroad = _readable(raw, region)
    number = _parsed(text, None if abroad else region)
    _refuse_impossible(number, text, where=_where(number, None if abroad else region))
    e164 = _e164(number)
    if not _E164.fullmatch(e164):
        raise PhoneError(f"too short to be called from abroad: {_shown(text)}")
    return e164


def _e164(number: phonenumbers.PhoneNumber) -> str:
    e164: str = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return e164


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
