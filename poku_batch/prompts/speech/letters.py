"""Numbers and names read out one by one: digits in groups, letters as one spells them.

Nothing is added to a cell but words for signs, and no digit is ever left out.
"""

import re
import unicodedata
from functools import lru_cache

import regex

from poku_batch.prompts.listener import Listener, SpeechError
from poku_batch.prompts.speech.options import flag, one_of, plain, shown, tag_for

#: A telephone number is no shorter without its country code.
_SHORTEST_NUMBER = 7
#: What no number is longer than, and no name that is spelled.
_LONGEST = 200

_SCIENTIFIC = re.compile(r"[0-9][.,][0-9]+[eE][+]?[0-9]+")
#: A whole number that a program has written as a decimal one.
_DECIMAL = re.compile(r"([0-9]{5,15})[.,]0{1,2}")
_PHONE = re.compile(r"\+?[0-9()\[\]./\s-]+")
_RUN = re.compile(r"[^\W_]+|\+")
_ALIKE = re.compile(r"[0-9]+|\+|[^0-9+]+")
_NATO = dict(
    zip(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        (
            "Alfa Bravo Charlie Delta Echo Foxtrot Golf Hotel India Juliett Kilo Lima Mike "
            "November Oscar Papa Quebec Romeo Sierra Tango Uniform Victor Whiskey X-ray Yankee Zulu"
        ).split(),
        strict=True,
    )
)
_SIGNS = {
    "'": "apostrophe", "’": "apostrophe", "-": "hyphen", "–": "hyphen", ".": "dot", "@": "at",
    "_": "underscore", "/": "slash", "\\": "backslash", "&": "and", "+": "plus", "#": "hash",
    ",": "comma", ":": "colon", ";": "semicolon", "*": "star", "(": "open bracket",
    ")": "close bracket", "%": "percent", "=": "equals", '"': "quote", "!": "exclamation mark",
    "?": "question mark", "$": "dollar sign",
}  # fmt: skip


def digits(
    listener: Listener,
    cell: object,
    size: object = None,
    language: object = None,
    *,
    national: object = False,
) -> str:
    """Read a number digit by digit: ``4 1 5, 5 5 5, 0 1 0 0``.

    Telephone numbers are grouped as in their country, others as they are written, or by threes;
    ``size`` is that of all groups instead. Letters are read one by one too. ``national`` leaves
    out the country code of a telephone number, as one dials it at home.
    """
    tag = tag_for(language, listener)
    flag("national", national)
    if size is not None and (not isinstance(size, int) or not 1 <= size <= 9 or size is True):
        raise SpeechError(f"the size of groups is {str(size)[:40]}", "write a number from 1 to 9")
    text = _written_number(cell)
    if not text:
        return ""
    if national or size is None:
        text = _as_in_its_country(text, listener, bool(national)) or text
    groups = _sized(text, size) if isinstance(size, int) else _grouped(text)
    if not groups:
        raise SpeechError(f"{shown(text)} has no digits", value=text)
    plus = "plus" if tag.startswith("en-") else "+"
    return ", ".join(" ".join(group) for group in groups).replace("+", plus)


def _written_number(cell: object) -> str:
    text = plain(cell)
    if _SCIENTIFIC.fullmatch(text):
        hint = "Excel has shortened it; format the column as text, and enter it again"
        raise SpeechError(f"{shown(text)} is not a number's digits", hint, value=text)
    if len(text) > _LONGEST:
        raise SpeechError(f"{shown(text)} is too long to be read out", value=text)
    ascii_digits = "".join(
        str(unicodedata.decimal(sign)) if sign.isdecimal() else sign for sign in text
    )
    whole = _DECIMAL.fullmatch(ascii_digits)
    return whole[1] if whole else ascii_digits


def _grouped(text: str) -> list[str]:
    """Split where the text is split, and runs of over five digits by threes."""
    groups: list[str] = []
    for part in (part for run in _RUN.findall(text) for part in _ALIKE.findall(run)):
        new = _by_threes(part) if part.isdigit() and len(part) > 5 else [part]
        if groups and groups[-1] == "+":
            new[0] = groups.pop() + new[0]
        groups += new
    return groups


def _by_threes(run: str) -> list[str]:
    """Split into threes without a single one at the end: 3 3 4, 3 3 2."""
    ends = list(range(3, len(run) - 1, 3))
    return [run[start:end] for start, end in zip([0, *ends], [*ends, len(run)], strict=True)]


def _sized(text: str, size: int) -> list[str]:
    signs = "".join(_RUN.findall(text))
    plus, rest = ("+", signs[1:]) if signs.startswith("+") else ("", signs)
    groups = [rest[at : at + size] for at in range(0, len(rest), size)]
    return [plus + groups[0], *groups[1:]] if groups else []


def _as_in_its_country(text: str, listener: Listener, national: bool) -> str | None:  # noqa: FBT001
    """Write a valid telephone number as its country does; None for what is none."""
    if not _PHONE.fullmatch(text) or sum(map(str.isdigit, text)) < _SHORTEST_NUMBER:
        return None
    abroad = text.startswith("+")
    at_home, from_abroad = _phone(text, None if abroad else listener.where.country())
    if national or not at_home:
        return at_home or None
    # A form may leave out what is written, or add to it: a 0, or the country's code.
    forms = (from_abroad,) if abroad else (at_home, from_abroad.removeprefix("+"))
    return next((form for form in forms if _digits_of(form) == _digits_of(text)), None)


@lru_cache(maxsize=10_000)
def _phone(text: str, region: str | None) -> tuple[str, str]:
    """Give a valid number's national and international forms; empty for what is none."""
    import phonenumbers

    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return "", ""
    if not phonenumbers.is_valid_number(number):
        return "", ""
    styles = (phonenumbers.PhoneNumberFormat.NATIONAL, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    at_home, from_abroad = (phonenumbers.format_number(number, style) for style in styles)
    return at_home, from_abroad


def _digits_of(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def spelled(
    listener: Listener, cell: object, alphabet: object = None, language: object = None
) -> str:
    """Spell a name or a code: ``O, apostrophe, H, A, R, A``; words are kept apart by ``;``.

    Accents stay with their letters. ``alphabet`` may be ``nato``, in English: ``Oscar, …``.
    """
    tag = tag_for(language, listener)
    one_of("alphabet", alphabet, ("nato",))
    text = plain(cell)
    if not text:
        return ""
    if alphabet and not tag.startswith("en-"):
        hint = 'leave it out for other languages, or write spelled("nato", "en-US")'
        raise SpeechError(f"the alphabet nato is English, and this row is {tag}", hint)
    if len(text) > _LONGEST:
        raise SpeechError(f"{shown(text)} is too long to be spelled", value=text)
    words = unicodedata.normalize("NFC", text).split(" ")
    return "; ".join(_spelled_word(word, tag, bool(alphabet)) for word in words)


def _spelled_word(word: str, tag: str, nato: bool) -> str:  # noqa: FBT001  # inner
    return ", ".join(_said(sign, tag, nato) for sign in regex.findall(r"\X", word))


def _said(sign: str, tag: str, nato: bool) -> str:  # noqa: FBT001  # inner
    english = tag.startswith("en-")
    if english and sign in _SIGNS:
        return _SIGNS[sign]
    letter = _capital(sign, tag)
    return _NATO.get(letter, letter) if nato else letter


def _capital(sign: str, tag: str) -> str:
    """Give the capital, where it is one letter: ß stays, and a Turkish i keeps its dot."""
    if tag in {"tr-TR", "az-AZ"} and sign in {"i", "ı"}:
        return "İ" if sign == "i" else "I"
    capital = sign.upper()
    return capital if len(capital) == len(sign) else sign
