"""Numbers and money, said: in words in English, as the language writes them elsewhere."""

from functools import cache, lru_cache

from babel.numbers import (
    format_currency,
    format_decimal,
    get_currency_name,
    get_currency_precision,
    get_territory_currencies,
    list_currencies,
)

from poku_batch.prompts.listener import Listener, SpeechError
from poku_batch.prompts.speech import english
from poku_batch.prompts.speech.figures import Figure, read_figure
from poku_batch.prompts.speech.locales import locale_of
from poku_batch.prompts.speech.options import one_of, shown, tag_for

_DECIMALS = (".", ",")
_REMEMBERED = 10_000

#: The currencies that a sign in a cell may stand for; one alone need not be named to the filter.
_SIGNS: dict[str, str] = {
    "$": "USD CAD AUD NZD SGD HKD TWD MXN ARS CLP COP JMD TTD BSD BBD BZD FJD NAD",
    "US$": "USD", "C$": "CAD", "CA$": "CAD", "A$": "AUD", "AU$": "AUD", "NZ$": "NZD",
    "S$": "SGD", "HK$": "HKD", "NT$": "TWD", "MX$": "MXN", "R$": "BRL",
    "€": "EUR", "£": "GBP EGP LBP SYP SSP GIP FKP SHP", "¥": "JPY CNY", "￥": "JPY CNY",
    "元": "CNY TWD", "円": "JPY", "₹": "INR", "Rs": "INR PKR LKR NPR MUR", "Rs.": "INR PKR LKR NPR",
    "₩": "KRW", "₽": "RUB", "₺": "TRY", "TL": "TRY", "₴": "UAH", "₸": "KZT", "₪": "ILS",
    "฿": "THB", "₫": "VND", "₱": "PHP", "₼": "AZN", "֏": "AMD", "﷼": "IRR SAR YER OMR",
    "zł": "PLN", "Kč": "CZK", "Ft": "HUF", "lei": "RON MDL", "лв": "BGN", "лв.": "BGN",
    "kr": "SEK NOK DKK ISK", "kr.": "DKK SEK NOK ISK", "R": "ZAR", "Rp": "IDR", "RM": "MYR",
    "KSh": "KES", "Ksh": "KES", "KM": "BAM", "Fr": "CHF", "Fr.": "CHF",
}  # fmt: skip

#: A hundredth of a currency in English, one and several.
_CENTS = dict.fromkeys("USD CAD AUD NZD SGD HKD EUR ZAR KES".split(), ("cent", "cents"))
_CENTS |= {"GBP": ("penny", "pence"), "INR": ("paisa", "paise"), "PHP": ("centavo", "centavos")}
_CENTS |= {"MXN": ("centavo", "centavos"), "CHF": ("centime", "centimes")}
#: What a country's own currency is called where English is spoken there, and euros everywhere.
_OWN = {
    ("en-US", "USD"): ("dollar", "dollars"),
    ("en-AU", "AUD"): ("dollar", "dollars"),
    ("en-NZ", "NZD"): ("dollar", "dollars"),
    ("en-GB", "GBP"): ("pound", "pounds"),
    ("en-IN", "INR"): ("rupee", "rupees"),
}


def spoken_number(
    listener: Listener, cell: object, language: object = None, *, decimal: object = None
) -> str:
    """Say a number: ``one thousand two hundred thirty-four point five``, or ``1.234,5``."""
    tag = tag_for(language, listener)
    one_of("decimal", decimal, _DECIMALS)
    figure = read_figure(cell, str(decimal or listener.where.decimal), wanted="a number")
    if figure is None:
        return ""
    if figure.unit:
        raise SpeechError(
            f"{shown(str(cell))} is not a number",
            "spoken_currency reads amounts of money",
            value=str(cell),
        )
    if not tag.startswith("en-"):
        return _grouped(tag, figure)
    words = english.number_words(figure.whole, figure.decimals, tag=tag)
    return f"minus {words}" if figure.negative else words


def spoken_currency(
    listener: Listener,
    cell: object,
    currency: object = None,
    language: object = None,
    *,
    decimal: object = None,
) -> str:
    """Say an amount of money: ``1,234 dollars and 50 cents``, or ``1.234,50 Euro``."""
    tag = tag_for(language, listener)
    one_of("decimal", decimal, _DECIMALS)
    code = _code(currency)
    figure = read_figure(cell, str(decimal or listener.where.decimal), wanted="an amount of money")
    if figure is None:
        return ""
    code = _agreed(code, figure.unit, str(cell), listener.language)
    if tag.startswith("en-"):
        return _english_amount(tag, figure, code)
    return _amount(tag, figure, code)


def _code(currency: object) -> str | None:
    if currency is None or currency == "":
        return None
    code = str(currency).strip().upper()
    if code not in _currencies():
        raise SpeechError(
            f"{shown(str(currency))} is not a currency", "write its three letters, such as USD"
        )
    return code


@cache
def _currencies() -> frozenset[str]:
    return frozenset(list_currencies())


def _agreed(code: str | None, unit: str, cell: str, tag: str) -> str:
    """Give the currency that the filter and the cell agree on."""
    if not unit:
        if code is None:
            hint = 'give it to the filter, as spoken_currency("USD")'
            raise SpeechError(f"{shown(cell)} names no currency", hint, value=cell)
        return code
    meant = _meant(unit)
    if not meant:
        hint = "write the amount alone, or with its currency"
        raise SpeechError(f"{shown(cell)} is not an amount of money", hint, value=cell)
    if code is None:
        for known in (meant, _own_currencies(tag)):
            if len(known) == 1 and known[0] in meant:
                return known[0]
        hint = f'give it to the filter, as spoken_currency("{meant[0]}")'
        raise SpeechError(f"{shown(cell)}: {unit} is not one currency alone", hint, value=cell)
    if code not in meant:
        raise SpeechError(f"{shown(cell)} is not in {code}", "is the filter's right?", value=cell)
    return code


@cache
def _own_currencies(tag: str) -> tuple[str, ...]:
    """Give what is paid with where a language is spoken."""
    return tuple(get_territory_currencies(locale_of(tag).territory or ""))


def _meant(unit: str) -> list[str]:
    if unit in _SIGNS:
        return _SIGNS[unit].split()
    return [unit.upper()] if unit.upper() in _currencies() else []


def _english_amount(tag: str, figure: Figure, code: str) -> str:
    """Say main and hundredth units apart, where the currency's are known by name."""
    minus = "minus " if figure.negative else ""
    hundredths = figure.decimals.ljust(2, "0")
    if not int(figure.decimals or "0"):
        return f"{minus}{_counted(tag, figure.whole)} {_unit(tag, code, figure.whole)}"
    if code not in _CENTS or len(hundredths.rstrip("0")) > 2:
        return f"{minus}{_counted(tag, figure.whole)}.{figure.decimals} {_unit(tag, code, None)}"
    cents = int(hundredths[:2])
    small = f"{cents} {_CENTS[code][cents != 1]}"
    if not figure.whole:
        return minus + small
    return f"{minus}{_counted(tag, figure.whole)} {_unit(tag, code, figure.whole)} and {small}"


@lru_cache(maxsize=_REMEMBERED)
def _unit(tag: str, code: str, count: int | None) -> str:
    """Name a currency for so many, or for a fraction."""
    own = _OWN.get((tag, code))
    if own:
        return own[count != 1]
    return str(get_currency_name(code, count=2 if count is None else count, locale=locale_of(tag)))


@lru_cache(maxsize=_REMEMBERED)
def _counted(tag: str, whole: int) -> str:
    return format_decimal(whole, _pattern(tag, 0), locale=locale_of(tag))


@lru_cache(maxsize=_REMEMBERED)
def _grouped(tag: str, figure: Figure) -> str:
    pattern = _pattern(tag, len(figure.decimals))
    return format_decimal(figure.value, pattern, locale=locale_of(tag))


@cache
def _pattern(tag: str, decimals: int) -> str:
    """Give a language's pattern of a number, with its groups and so many decimals."""
    groups = str(locale_of(tag).decimal_formats[None].pattern).partition(".")[0]
    return groups + (f".{'0' * decimals}" if decimals else "")


@lru_cache(maxsize=_REMEMBERED)
def _amount(tag: str, figure: Figure, code: str) -> str:
    """Write an amount with its currency's name; whole ones without decimals."""
    decimals = figure.decimals.rstrip("0")
    if decimals:
        decimals = decimals.ljust(get_currency_precision(code), "0")
    return format_currency(
        figure.value,
        code,
        _pattern(tag, len(decimals)),
        locale=locale_of(tag),
        currency_digits=False,
        format_type="name",
    )
