"""Why a cell is no number that can be called, and which number it was meant to be.

A repair is sure only where one number alone can have been meant. Where another reading is possible
(digits that are some other country's number as well) it is a proposal: a real phone would ring.
"""

import re
from functools import lru_cache

from poku_batch.errors import PhoneError, PhoneTrouble
from poku_batch.inspection.findings import Kind, Note
from poku_batch.inspection.texts import (
    has_invisible,
    is_formula_error,
    is_placeholder,
    mended_text,
    straight,
)
from poku_batch.models import E164_PATTERN
from poku_batch.phone import is_premium, is_short_number, parse_phone

_E164 = re.compile(E164_PATTERN)
_SCIENTIFIC = re.compile(r"\+?([0-9]+)(?:[.,]([0-9]+))?[eE]\+?([0-9]{1,3})")
_DECIMAL = re.compile(r"\s*\+?[0-9]{7,15}[.,]0{1,2}\s*")
#: Digits with formatting within them, not written as a decimal number.
_USUAL = re.compile(r"[+(]*[0-9](?:[0-9 ().-]*[0-9])?(?<!\.0)(?<!\.00)")
_PART = re.compile(r"\s*(?:[,;|/\n]|\s(?:and|or|und|oder|et|ou|y|o|&)\s)\s*")
_EXTENSION = re.compile(
    r"\s*(?:;ext=|\bext(?:ension|n)?\b[.:]?|(?<=[0-9\s])x[.:]?|#|,+|;)\s*[0-9]{1,6}#?$",
    re.IGNORECASE,
)
_VANITY = re.compile(r"\+?[0-9(][0-9()\s./-]*[0-9)\s./-]+[A-Za-z][A-Za-z0-9\s-]*")
_KEYS = str.maketrans(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "22233344455566677778889999" * 2
)
_NUMBER_LIKE = re.compile(r"(?:tel:)?\s*\+?[(0-9][0-9()\[\]./\s\u00a0–-]{5,24}[0-9)]")
_DATE_LIKE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}.*|[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{2,4}.*")

#: A longer cell is not looked through for what it may have been.
_LONGEST = 200

#: What a cell without a usable repair is, by what the reader of numbers says of it.
_KINDS = {
    PhoneTrouble.EMPTY: Kind.NO_NUMBER,
    PhoneTrouble.WORDS: Kind.NO_NUMBER,
    PhoneTrouble.SCIENTIFIC: Kind.SCIENTIFIC,
    PhoneTrouble.SEVERAL: Kind.SEVERAL,
    PhoneTrouble.EXTENSION: Kind.EXTENSION,
    PhoneTrouble.LETTERS: Kind.LETTERS,
    PhoneTrouble.ODD: Kind.ODD,
    PhoneTrouble.NO_COUNTRY: Kind.NO_COUNTRY,
    PhoneTrouble.UNKNOWN_CODE: Kind.NOT_IN_USE,
    PhoneTrouble.TOO_SHORT: Kind.TOO_SHORT,
    PhoneTrouble.TOO_LONG: Kind.TOO_LONG,
    PhoneTrouble.NOT_IN_USE: Kind.NOT_IN_USE,
    PhoneTrouble.OTHER: Kind.ODD,
}


def look_at_valid(cell: str, e164: str) -> list[Note]:
    """Find what should be looked at in a cell that is the number ``e164``."""
    notes = []
    if cell != e164 and not (cell.isascii() and _USUAL.fullmatch(cell)):
        if _DECIMAL.fullmatch(cell):
            notes.append(Note(kind=Kind.DECIMAL, repair=e164, sure=True))
        elif has_invisible(cell):
            notes.append(Note(kind=Kind.INVISIBLE, repair=e164, sure=True))
        elif cell != cell.strip():
            notes.append(Note(kind=Kind.SPACES, repair=e164, sure=True))
    if is_premium(e164):
        notes.append(Note(kind=Kind.PREMIUM))
    return notes


def look_at_invalid(cell: str, region: str | None) -> Note | None:
    """Find out why a cell is no number, and what it may have been; None if it is one after all."""
    look = _look_at_invalid if len(cell) <= _LONGEST else _look_at_invalid.__wrapped__
    return look(cell, region)


@lru_cache(maxsize=4096)
def _look_at_invalid(cell: str, region: str | None) -> Note | None:
    try:
        parse_phone(cell, region)
    except PhoneError as error:
        is_long = len(cell) > _LONGEST
        return Note(kind=_KINDS[error.kind]) if is_long else _note(cell, region, error)
    return None


def number_in(cell: str, region: str | None) -> str | None:
    """The number (E.164) that a cell of another column holds, and nothing beside it; or None."""
    if not _NUMBER_LIKE.fullmatch(cell.strip()) or _DATE_LIKE.fullmatch(cell.strip()):
        return None
    return _e164(cell, region)


def is_e164(cell: str) -> bool:
    """Whether a cell is written as every number can be, with nothing to be mended."""
    return _E164.fullmatch(cell) is not None


def _note(cell: str, region: str | None, error: PhoneError) -> Note:
    text = mended_text(cell)
    if is_formula_error(text):
        return Note(kind=Kind.FORMULA_ERROR)
    if is_placeholder(text) and not any(map(str.isdigit, text)):
        return Note(kind=Kind.NO_NUMBER, detail="stands for none")
    match error.kind:
        case PhoneTrouble.SCIENTIFIC:
            return _scientific(text, region)
        case PhoneTrouble.SEVERAL:
            first = next((n for part in _PART.split(text) if (n := _e164(part, region))), None)
            return Note(kind=Kind.SEVERAL, repair=first, detail="the first" if first else "")
        case PhoneTrouble.EXTENSION:
            number = _e164(_EXTENSION.sub("", text), region)
            detail = "without the extension" if number else ""
            return Note(kind=Kind.EXTENSION, repair=number, detail=detail)
        case PhoneTrouble.LETTERS if _VANITY.fullmatch(text):
            number = _e164(text.translate(_KEYS), region)
            detail = "by the letters on the keys" if number else ""
            return Note(kind=Kind.LETTERS, repair=number, detail=detail)
        case PhoneTrouble.EMPTY | PhoneTrouble.WORDS | PhoneTrouble.LETTERS:
            return Note(kind=_KINDS[error.kind])
        case _:
            return _digits(text, region, error)


def _digits(text: str, region: str | None, error: PhoneError) -> Note:
    """A note of a cell that has digits, and perhaps something odd around or within them."""
    plain = straight(text).replace("'", "").replace('"', "")
    if plain != text and (number := _e164(plain, region)):
        return Note(kind=Kind.ODD, repair=number, sure=True, detail="quotation marks")
    digits = re.sub(r"[()\[\]./\s-]", "", plain)
    if digits.isascii() and digits.isdigit():
        for found in (_abroad(digits, region), _zero(digits, region), _plus(digits, region)):
            if found is not None:
                return found
        if region is not None and len(digits) <= 6 and is_short_number(digits, region):
            return Note(kind=Kind.SHORT_NUMBER)
    return Note(kind=_KINDS[error.kind], detail=_detail(error))


def _detail(error: PhoneError) -> str:
    """What the kind does not say: for which country, or what is odd."""
    match error.kind:
        case PhoneTrouble.ODD | PhoneTrouble.UNKNOWN_CODE | PhoneTrouble.OTHER:
            return error.reason
        case PhoneTrouble.NO_COUNTRY:
            return ""
        case _:
            return error.reason.rpartition(": ")[0] or error.reason


def _abroad(digits: str, region: str | None) -> Note | None:
    for prefix in ("00", "011"):
        if digits.startswith(prefix) and (number := _e164(f"+{digits.removeprefix(prefix)}", None)):
            sure = prefix == "00" or region in {"US", "CA"}
            return Note(kind=Kind.ABROAD_PREFIX, repair=number, sure=sure)
    return None


def _zero(digits: str, region: str | None) -> Note | None:
    if region is None or digits.startswith("0"):
        return None
    number = _e164(f"0{digits}", region)
    return Note(kind=Kind.LOST_ZERO, repair=number, sure=True) if number else None


def _plus(digits: str, region: str | None) -> Note | None:
    """Digits that are a number with a plus sign before them.

    Sure if even one digit fewer would be too long for the region: otherwise it can be a number of
    the region with a digit typed twice, and the other country's a stranger's.
    """
    number = _e164(f"+{digits}", None) if len(digits) >= 9 else None
    if number is None:
        return None
    if region is None:
        # Another country's national number can look the same.
        return Note(kind=Kind.NO_COUNTRY, repair=number, detail="if only the + is missing")
    sure = _is_too_long(digits, region) and _is_too_long(digits[:-1], region)
    return Note(kind=Kind.LOST_PLUS, repair=number, sure=sure)


def _is_too_long(digits: str, region: str) -> bool:
    try:
        parse_phone(digits, region)
    except PhoneError as error:
        return error.kind is PhoneTrouble.TOO_LONG
    return False


def _scientific(text: str, region: str | None) -> Note:
    found = _SCIENTIFIC.fullmatch(text)
    if found is None:
        return Note(kind=Kind.SCIENTIFIC)
    whole, fraction, exponent = found[1], found[2] or "", int(found[3])
    if len(fraction) != exponent:
        return Note(kind=Kind.SCIENTIFIC, detail="digits are lost and cannot be got back")
    digits = f"{whole}{fraction}"
    number = _e164(digits, region)
    if number is not None:
        return Note(kind=Kind.SCIENTIFIC, repair=number, sure=True, detail="all digits are there")
    note = look_at_invalid(digits, region)
    proposed = note.repair if note is not None else None
    return Note(
        kind=Kind.SCIENTIFIC,
        repair=proposed,
        sure=proposed is not None and note is not None and note.sure,
        detail="all digits are there",
    )


def _e164(text: str, region: str | None) -> str | None:
    try:
        return parse_phone(text, region).e164
    except PhoneError:
        return None
