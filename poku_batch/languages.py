"""The languages an agent can speak, as the API names them.

Source: the first contract of POST /calls. Order is the documentation's.
"""

from difflib import get_close_matches

#: The 63 tags that ``language`` may be; the first is what the API speaks when a request names none.
LANGUAGES: tuple[str, ...] = tuple(
    """
    en-US en-IN en-GB en-AU en-NZ de-DE es-ES es-419 hi-IN fr-FR fr-CA ja-JP pt-PT pt-BR zh-CN
    ru-RU it-IT ko-KR nl-NL nl-BE pl-PL tr-TR vi-VN ro-RO bg-BG ca-ES th-TH da-DK fi-FI el-GR hu-HU
    id-ID no-NO sk-SK sv-SE lt-LT lv-LV cs-CZ ms-MY af-ZA ar-SA az-AZ bs-BA cy-GB fa-IR fil-PH
    gl-ES he-IL hr-HR hy-AM is-IS kk-KZ kn-IN mk-MK mr-IN ne-NP sl-SI sr-RS sw-KE ta-IN ur-IN
    yue-CN uk-UA
    """.split()
)

#: The voices that ``voice`` may be; the first is what the API uses when a request names none.
VOICES: tuple[str, ...] = ("female", "male")

#: What people write for a country's or a language's code.
_MEANT = {"uk": "gb", "jp": "ja", "cn": "zh", "cz": "cs", "dk": "da", "gr": "el", "se": "sv"}


#: What people write in words; the country that they mean is a guess.
_IN_WORDS = {
    "english": "en-US",
    "spanish": "es-ES",
    "french": "fr-FR",
    "german": "de-DE",
    "italian": "it-IT",
    "portuguese": "pt-PT",
    "dutch": "nl-NL",
    "chinese": "zh-CN",
    "mandarin": "zh-CN",
    "cantonese": "yue-CN",
    "japanese": "ja-JP",
    "korean": "ko-KR",
    "russian": "ru-RU",
    "arabic": "ar-SA",
    "hindi": "hi-IN",
    "polish": "pl-PL",
    "turkish": "tr-TR",
    "vietnamese": "vi-VN",
}


_TAG_BY_FOLD = {tag.casefold(): tag for tag in LANGUAGES}


def known_language(text: str) -> str | None:
    """Give the API's tag for a language as people write it, ``en_us`` too; None for others."""
    return _TAG_BY_FOLD.get(text.strip().casefold().replace("_", "-"))


def near_language(text: str) -> str | None:
    """Give the tag that a text most likely means, ``en_UK``, ``de`` or ``German``, or None."""
    if text.strip().casefold() in _IN_WORDS:
        return _IN_WORDS[text.strip().casefold()]
    parts = text.strip().replace("_", "-").casefold().split("-")
    tag = "-".join([parts[0], *(_MEANT.get(part, part) for part in parts[1:])])
    if tag in _TAG_BY_FOLD:
        return _TAG_BY_FOLD[tag]
    code = _MEANT.get(parts[0], parts[0])
    if code == "es" and len(parts) > 1:
        return "es-419"  # Latin America's, for all of its countries
    begins = [known for known in LANGUAGES if known.casefold().startswith(f"{code}-")]
    same = get_close_matches(tag, [known.casefold() for known in begins], n=1)
    if same:
        return _TAG_BY_FOLD[same[0]]
    if begins:
        return begins[0]
    if len(tag) > 7:  # a word, not a tag
        return None
    near = get_close_matches(tag, _TAG_BY_FOLD, n=1)
    return _TAG_BY_FOLD[near[0]] if near else None
