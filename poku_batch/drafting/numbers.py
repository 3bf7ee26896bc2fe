"""Which column holds the numbers to call, and which country those without ``+`` are from.

A name alone is not believed, nor contents alone where the name says something else: the column must
look like numbers. A country is only certain where the numbers, or the sheet, leave one.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

import phonenumbers
from phonenumbers import PhoneNumberType

from poku_batch.drafting.columns import Column
from poku_batch.drafting.countries import (
    COUNTRIES_OF,
    LANGUAGE_OF,
    country_of_column,
    language_of_headings,
)
from poku_batch.drafting.headings import (
    IDENTITY,
    LESSER_PHONE,
    MOBILE,
    OTHERS_PHONE,
    PHONE,
    PHONE_ALONE,
)
from poku_batch.errors import PhoneError
from poku_batch.phone import parse_phone

_PREFIX = re.compile(r"\s*(?:tel|phone|callto|sms|whatsapp)\s*:\s*", re.IGNORECASE)
_SHAPE = re.compile(
    r"['\"]?[+(\[]?[0-9][0-9()\[\]./\s\u00a0‑–-]{5,24}(?:(?:ext|x)\.?\s*[0-9]{1,6})?"
)
_SCIENTIFIC = re.compile(r"[0-9][.,][0-9]+[eE][+][0-9]+")
_DATE = re.compile(
    r"[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}\b.*|[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2,4}\b.*"
)
#: How many numbers are tried in every country.
_TRIED = 60
#: The share of a column's cells that must be numbers, and of numbers that a country must explain.
_SHARE = 0.5
_EXPLAINED = 0.8
#: How many numbers tell mobiles from others by more than chance.
_ENOUGH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionGuess:
    """The country of numbers without ``+``. ``region`` is None where none is needed or likely.

    ``sure`` is false where a person must say it. ``why`` is for that person; ``others`` are
    countries as likely.
    """

    region: str | None
    sure: bool
    why: str
    others: tuple[str, ...] = ()


def looks_like_number(cell: str) -> bool:
    """Whether a cell is written as a number to call may be; dates are not."""
    text = _PREFIX.sub("", cell.strip())
    if _SCIENTIFIC.fullmatch(text):
        return True
    digits = sum(map(str.isdigit, text))
    return 6 <= digits <= 16 and bool(_SHAPE.fullmatch(text)) and not _DATE.fullmatch(text)


def is_written_abroad(cell: str) -> bool:
    """Whether a number says its country: with ``+`` in front."""
    return _PREFIX.sub("", cell).lstrip(" '\"([").startswith("+")


def callable_numbers(column: Column, region: str | None) -> int:
    """How many cells of a column are numbers that can be called."""
    return sum(_country(cell, region) is not None for cell in column.filled)


def countries_of(column: Column, region: str | None) -> list[str]:
    """The country of each number of a column that can be called."""
    found = (_country(cell, region) for cell in column.filled)
    return [country for country in found if country is not None]


def phone_columns(columns: Sequence[Column]) -> list[Column]:
    """The columns that may hold the numbers to call, the likeliest first."""
    ranked = [(rank, column) for column in columns if (rank := _rank(column)) is not None]
    most = max((len(column.filled) for rank, column in ranked if rank < _UNNAMED), default=0)
    # A column that is mostly empty does not come before one that reaches most people.
    ranked.sort(key=lambda item: item[0] + (10 if len(item[1].filled) * 2 < most else 0))
    return [column for _, column in ranked]


_UNNAMED = 4


def _rank(column: Column) -> int | None:
    if not column.filled or not _mostly_numbers(column.filled):
        return None
    name = column.name
    is_phone = PHONE.named_by(name) or MOBILE.named_by(name)
    if OTHERS_PHONE.named_by(name):
        return None
    if is_phone:
        lesser = LESSER_PHONE.named_by(name)
        if MOBILE.named_by(name):
            return 1 if lesser else 0
        return 3 if lesser else 2
    if PHONE_ALONE.are(name):
        return _UNNAMED
    abroad = sum(map(is_written_abroad, column.filled))
    if abroad * 2 >= len(column.filled):
        return _UNNAMED + 1
    return None if IDENTITY.named_by(name) or _is_counting(column) else _UNNAMED + 2


def _mostly_numbers(cells: Sequence[str]) -> bool:
    return sum(map(looks_like_number, cells)) >= len(cells) * _SHARE


def _is_counting(column: Column) -> bool:
    """Whether plain numbers stand in ascending order, as a register's do."""
    if len(column.filled) < 3 or not all(c.isascii() and c.isdigit() for c in column.filled):
        return False
    numbers = [int(cell) for cell in column.filled]
    return all(before < after for before, after in pairwise(numbers))


def guess_region(column: Column, columns: Sequence[Column]) -> RegionGuess:
    """Say which country the column's numbers without ``+`` are from, as far as it can be told."""
    shaped = [cell for cell in column.filled if looks_like_number(cell)]
    said = [country for cell in shaped if (country := _own_country(cell))]
    national = [c for c in shaped if not is_written_abroad(c) and _own_country(c) is None]
    main, share = _main(said)
    if not national:
        if all(map(is_written_abroad, shaped)):
            why = "every number begins with + and its country"
            return RegionGuess(region=None, sure=True, why=why)
        why = f"the numbers begin with 00 and their country, mostly {main}"
        return RegionGuess(region=main, sure=True, why=why)
    tried = list(islice(dict.fromkeys(national), _TRIED))
    of_sheet = country_of_column(columns)
    if of_sheet is not None and _fit(tried, of_sheet).share >= _EXPLAINED:
        why = f"the sheet's own country column says {of_sheet}"
        return RegionGuess(region=of_sheet, sure=True, why=why)
    if main is not None and share > _SHARE and _fit(tried, main).share >= _EXPLAINED:
        why = f"most numbers with a country code are from {main}, and the others fit there"
        return RegionGuess(region=main, sure=True, why=why)
    return _by_numbers(tried, language_of_headings([column.name for column in columns]))


def _main(countries: Sequence[str]) -> tuple[str | None, float]:
    """The country that stands most often, and its share."""
    if not countries:
        return None, 0
    country, number = Counter(countries).most_common(1)[0]
    return (country if country.isalpha() else None), number / len(countries)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    """How well numbers fit a country: the share that is written as there, and that of mobiles."""

    region: str
    share: float
    mobiles: float


def _by_numbers(tried: Sequence[str], language: str | None) -> RegionGuess:
    fits = [_fit(tried, region) for region in LANGUAGE_OF if region not in _PLUS_1]
    best = max(fit.share for fit in fits)
    if best < _EXPLAINED:
        why = f"numbers such as {tried[0]!r} fit no single country"
        return RegionGuess(region=None, sure=False, why=why)
    fitting = [fit for fit in fits if fit.share >= best - 0.05]
    near = [fit for fit in fitting if fit.region in COUNTRIES_OF.get(language or "", ())]
    found = _one(fitting, tried) if len(fitting) == 1 else _one(near, tried)
    if found is not None and _is_doubtful(found, fitting, language):
        found = None
    if found is not None:
        region = _within_plus_1(tried) if found.region == "US" else found.region
        return RegionGuess(region=region, sure=True, why=_why(found, len(fitting), language))
    likely = tuple(fit.region for fit in sorted(near or fitting, key=lambda fit: -fit.mobiles))
    return RegionGuess(
        region=likely[0] if near else None,
        sure=False,
        why=f"numbers such as {tried[0]!r} could be from {_either(likely)}",
        others=likely,
    )


def _one(fits: Sequence[_Fit], tried: Sequence[str]) -> _Fit | None:
    """The one country that is left, also where the same digits are mobiles in it alone."""
    if len(fits) < 2:
        return fits[0] if fits else None
    first, second = sorted(fits, key=lambda fit: -fit.mobiles)[:2]
    alone = first.mobiles >= _SHARE and second.mobiles <= 0.1
    return first if alone and len(tried) >= _ENOUGH else None


def _is_doubtful(found: _Fit, fitting: Sequence[_Fit], language: str | None) -> bool:
    """Whether the numbers fit another country as well, and the headings do not rule it out.

    English headings do not: programs write them everywhere. The numbers of +1 have a length that
    few others have.
    """
    others = [fit.mobiles for fit in fitting if fit.region != found.region]
    if not others or found.region == "US":
        return False
    if language == "en":
        return found.mobiles < _SHARE or max(others) > 0.1
    return found.mobiles <= 0.1 and max(others) >= _SHARE


def _why(found: _Fit, fitting: int, language: str | None) -> str:
    numbers = "all numbers" if found.share == 1 else f"{found.share:.0%} of the numbers"
    near = " alone" if fitting == 1 else f", and the headings are {_NAMES[language]}"
    return f"{numbers} without + fit there{near}"


_NAMES = {
    None: "plain",
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "pt": "Portuguese",
    "nl": "Dutch",
    "it": "Italian",
}

#: They share the country code 1 with the United States, whose rules read all their numbers.
_PLUS_1 = frozenset({"CA", "PR", "DO"})


def _within_plus_1(tried: Iterable[str]) -> str:
    """US, unless most area codes are of another country."""
    countries = Counter(country for cell in tried if (country := _country(cell, "US")))
    top, number = countries.most_common(1)[0]
    return top if top in _PLUS_1 and number * 2 > countries.total() else "US"


def _fit(cells: Sequence[str], region: str) -> _Fit:
    kinds = [kind for cell in cells if (kind := _kind(cell, region)) is not None]
    mobiles = sum(kind == PhoneNumberType.MOBILE for kind in kinds)
    return _Fit(region=region, share=len(kinds) / len(cells), mobiles=mobiles / len(cells))


#: Where the 0 before a number is seldom written, or never.
_WITHOUT_0 = frozenset("IN BR CO PE CN TR".split())


def _kind(cell: str, region: str) -> int | None:
    """What a number is in a country; None where it is none there, or nobody there writes it so."""
    try:
        found = parse_phone(cell, region)
    except PhoneError:
        return None
    code = phonenumbers.country_code_for_region(region)
    if found.country_code != code or (code != 1 and found.region not in {region, None}):
        return None
    if not _is_usual(cell, region, code):
        return None
    return int(phonenumbers.number_type(phonenumbers.parse(found.e164)))


def _is_usual(cell: str, region: str, code: int) -> bool:
    """Whether a number has the 0 before it that people of a country write, and only they."""
    digits = "".join(filter(str.isdigit, cell))
    if digits.startswith(str(code)):
        return True
    if region in _WITHOUT_0:
        return not digits.startswith("0")
    usual = phonenumbers.ndd_prefix_for_region(region, strip_non_digits=True)
    return usual != "0" or digits.startswith("0")


def _own_country(cell: str) -> str | None:
    """The country that a number itself says, by + or 00; ``-`` for those of no one country."""
    text = _PREFIX.sub("", cell).lstrip(" '\"([")
    if text.startswith("00"):
        return _country("+" + text[2:], None)
    return _country(cell, None) if is_written_abroad(cell) else None


def _country(cell: str, region: str | None) -> str | None:
    """The country of a number that can be called, ``-`` for those of no one country."""
    try:
        return parse_phone(cell, region).region or "-"
    except PhoneError:
        return None


def _either(regions: Sequence[str]) -> str:
    shown = list(regions[:6])
    if len(regions) > len(shown):
        return f"{', '.join(shown)} or another country"
    return f"{', '.join(shown[:-1])} or {shown[-1]}" if len(shown) > 1 else shown[0]
