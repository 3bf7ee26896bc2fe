"""Countries that numbers may be from, the languages spoken there, and words for both."""

from collections.abc import Mapping, Sequence

from poku_batch.drafting.columns import Column
from poku_batch.drafting.headings import COUNTRY, SPOKEN
from poku_batch.drafting.words import words_of
from poku_batch.languages import LANGUAGES

#: The language that most people in a country expect to be called in; the order is that of guesses.
LANGUAGE_OF: Mapping[str, str] = {
    **dict.fromkeys("US PR".split(), "en-US"),
    **dict.fromkeys("CA GB IE".split(), "en-GB"),
    "CA": "en-US",
    "AU": "en-AU",
    "NZ": "en-NZ",
    "IN": "en-IN",
    **dict.fromkeys("ZA SG KE NG GH".split(), "en-GB"),
    **dict.fromkeys("DE AT CH LI".split(), "de-DE"),
    **dict.fromkeys("FR LU MC".split(), "fr-FR"),
    "BE": "nl-BE",
    "NL": "nl-NL",
    "ES": "es-ES",
    **dict.fromkeys("MX AR CO CL PE EC UY VE CR PA GT DO BO PY SV HN NI".split(), "es-419"),
    "PT": "pt-PT",
    "BR": "pt-BR",
    "IT": "it-IT",
    "PL": "pl-PL",
    "CZ": "cs-CZ",
    "SK": "sk-SK",
    "DK": "da-DK",
    "SE": "sv-SE",
    "NO": "no-NO",
    "FI": "fi-FI",
    "HU": "hu-HU",
    "RO": "ro-RO",
    "BG": "bg-BG",
    "GR": "el-GR",
    "HR": "hr-HR",
    "SI": "sl-SI",
    "RS": "sr-RS",
    "UA": "uk-UA",
    "TR": "tr-TR",
    "IL": "he-IL",
    **dict.fromkeys("SA AE EG QA KW".split(), "ar-SA"),
    "JP": "ja-JP",
    "KR": "ko-KR",
    "CN": "zh-CN",
    "HK": "yue-CN",
    "TH": "th-TH",
    "VN": "vi-VN",
    "ID": "id-ID",
    "MY": "ms-MY",
    "PH": "fil-PH",
    "RU": "ru-RU",
}

#: Where a sheet with headings in a language is likely to be from.
COUNTRIES_OF: Mapping[str, tuple[str, ...]] = {
    "en": ("US", "CA", "GB", "IE", "AU", "NZ", "IN", "ZA", "SG"),
    "de": ("DE", "AT", "CH"),
    "fr": ("FR", "BE", "CH", "CA", "LU"),
    "es": ("ES", "MX", "AR", "CO", "CL", "PE"),
    "pt": ("BR", "PT"),
    "nl": ("NL", "BE"),
    "it": ("IT", "CH"),
}

#: Countries with several languages: the tag for each, by the language of the headings.
_SEVERAL: Mapping[str, Mapping[str, str]] = {
    "CH": {"fr": "fr-FR", "it": "it-IT"},
    "BE": {"fr": "fr-FR"},
    "LU": {"de": "de-DE"},
    "CA": {"fr": "fr-CA"},
    "US": {"es": "es-419"},
}

_COUNTRY_WORDS: Mapping[str, str] = {
    "US": "us usa unitedstates unitedstatesofamerica america vereinigtestaaten etatsunis",
    "CA": "ca can canada kanada",
    "GB": "gb uk gbr unitedkingdom greatbritain england scotland wales grossbritannien",
    "IE": "ie irl ireland irland",
    "AU": "au aus australia australien",
    "NZ": "nz nzl newzealand",
    "IN": "in ind india indien",
    "DE": "de deu ger germany deutschland allemagne alemania duitsland",
    "AT": "at aut austria osterreich autriche oostenrijk",
    "CH": "ch che switzerland schweiz suisse svizzera",
    "FR": "fr fra france frankreich francia",
    "BE": "be bel belgium belgien belgique belgie",
    "NL": "nl nld netherlands niederlande nederland paysbas holland",
    "ES": "es esp spain spanien espana espagne",
    "PT": "pt prt portugal",
    "BR": "br bra brazil brasil brasilien",
    "MX": "mx mex mexico mexiko mexique",
    "IT": "it ita italy italien italia italie",
}
_COUNTRY_OF = {word: code for code, words in _COUNTRY_WORDS.items() for word in words.split()}

_LANGUAGE_WORDS: Mapping[str, str] = {
    "en": "en eng english englisch anglais ingles engels inglese",
    "es": "es spa spanish spanisch espagnol espanol castellano spaans spagnolo espanhol",
    "de": "de deu ger german deutsch allemand aleman duits tedesco alemao",
    "fr": "fr fra fre french franzosisch francais frances frans francese",
    "pt": "pt por portuguese portugiesisch portugais portugues portugees",
    "it": "it ita italian italienisch italien italiano italiaans",
    "nl": "nl nld dut dutch niederlandisch hollandisch neerlandais nederlands holandes flamish",
    "pl": "pl pol polish polnisch polonais polski polaco",
    "ru": "ru rus russian russisch russe ruso",
    "uk": "uk ukr ukrainian ukrainisch",
    "tr": "tr tur turkish turkisch turc turkce turco",
    "ar": "ar ara arabic arabisch arabe",
    "zh": "zh chi zho chinese mandarin chinesisch chinois chino",
    "yue": "yue cantonese kantonesisch",
    "hi": "hi hin hindi",
    "vi": "vi vie vietnamese vietnamesisch",
    "ko": "ko kor korean koreanisch",
    "ja": "ja jpn japanese japanisch japonais japones",
    "fil": "fil tl tagalog filipino",
    "fa": "fa fas farsi persian",
    "ro": "ro ron romanian rumanisch",
    "el": "el gre greek griechisch",
    "sv": "sv swe swedish schwedisch",
    "da": "da dan danish danisch",
    "no": "no nb nor norwegian norwegisch",
    "fi": "fi fin finnish finnisch",
    "cs": "cs cze czech tschechisch",
    "hu": "hu hun hungarian ungarisch",
    "hr": "hr hrv croatian kroatisch",
    "sr": "sr srp serbian serbisch",
    "ur": "ur urd urdu",
}
_LANGUAGE_NAMED = {word: code for code, words in _LANGUAGE_WORDS.items() for word in words.split()}
_TAGS = {"".join(words_of(tag)): tag for tag in LANGUAGES}


def country_named(cell: str) -> str | None:
    """Read a cell that says a country, as a code or as a usual name; None where it is neither."""
    return _COUNTRY_OF.get("".join(words_of(cell)))


def country_of_column(columns: Sequence[Column]) -> str | None:
    """The one country that a column of the sheet says for every row, if there is one."""
    for column in columns:
        if COUNTRY.are(column.name) and column.filled:
            countries = {country_named(cell) for cell in column.filled}
            return countries.pop() if len(countries) == 1 else None
    return None


def language_of_headings(headings: Sequence[str]) -> str | None:
    """The language, ``de``, that most headings are in; None where it cannot be told."""
    counts = {code: words.count(headings) for code, words in SPOKEN.items()}
    best = max(counts.values(), default=0)
    leading = [code for code, count in counts.items() if count == best]
    return leading[0] if best and len(leading) == 1 else None


def tag_for(language: str, region: str | None) -> str | None:
    """The API's tag for a language, ``es``, as it is spoken in a country."""
    if region is not None:
        several = _SEVERAL.get(region, {}).get(language)
        usual = LANGUAGE_OF.get(region, "")
        if several or usual.startswith(f"{language}-"):
            return several or usual
    return next((tag for tag in LANGUAGES if tag.startswith(f"{language}-")), None)


def tag_meant(cell: str, region: str | None) -> str | None:
    """Read a cell that says a language: a tag in any writing, a code, a usual name."""
    word = "".join(words_of(cell))
    if word in _TAGS:
        return _TAGS[word]
    language = _LANGUAGE_NAMED.get(word)
    return tag_for(language, region) if language else None


def tag_of_country(region: str | None, headings_language: str | None) -> str | None:
    """The tag to call a country in; the headings decide where it has several languages."""
    if region is None:
        return tag_for(headings_language, None) if headings_language else None
    several = _SEVERAL.get(region, {}).get(headings_language or "")
    return several or LANGUAGE_OF.get(region)
