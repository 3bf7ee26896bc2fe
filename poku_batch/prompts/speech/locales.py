"""The API's languages as Babel's locales, and the patterns of theirs that are for the ear.

Source: Unicode CLDR, by Babel; what it lacks for speech is marked below.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from babel import Locale

# CLDR's data for Norwegian is Bokmål's.
_MEANT = {"no-NO": "nb-NO"}
#: What follows or joins a time of day when it is said; CLDR has it for writing only, or not at all.
_TIMES = {
    "de": ("H:mm 'Uhr'", "H 'Uhr'"),
    "fr": ("H 'h' mm", "H 'h'"),
    "nl": ("H:mm 'uur'", "H 'uur'"),
}
_AT = {
    "de": "{1} um {0}",
    "fr": "{1} à {0}",
    "nl": "{1} om {0}",
    "it": "{1} alle ore {0}",
    "pt": "{1} às {0}",
    "sv": "{1} klockan {0}",
    "da": "{1} klokken {0}",
    "nb": "{1} klokken {0}",
    "fi": "{1} kello {0}",
    "el": "{1}, {0}",
}
#: CLDR's words for a.m. and p.m., where its finer parts of the day are not those that people name.
_HALVES = {"ar": ("صباحًا", "مساءً"), "fil": ("AM", "PM")}
#: Stands in a pattern of the time for what ``half_of_day`` gives.
HALF = "'{half}'"
_WEEKDAY = re.compile(r"(?:E{4}|c{4})")
_DAY_FIELD = re.compile(r"[dMLyG]")
_QUOTED = re.compile(r"'[^']*'")


@cache
def locale_of(tag: str) -> Locale:
    """Give Babel's locale for one of the API's languages."""
    return Locale.parse(_MEANT.get(tag, tag), sep="-")


@dataclass(frozen=True, slots=True, kw_only=True)
class Patterns:
    """One language's patterns, as CLDR writes them.

    ``hour`` is ``time`` on the hour; ``HALF`` in them stands for the word for a.m. or p.m.;
    ``moment`` joins a time ``{0}`` to a day ``{1}``.
    """

    full: str
    without_year: str
    without_weekday: str
    bare: str
    time: str
    hour: str
    moment: str


@cache
def patterns_of(tag: str) -> Patterns:
    """Give the patterns of one of the API's languages."""
    locale = locale_of(tag)
    bare = _unpadded(locale.datetime_skeletons["MMMMd"].pattern)
    full = _unpadded(locale.date_formats["full"].pattern)
    time, hour = _time(locale)
    return Patterns(
        full=full,
        without_year=_with_weekday(full, bare),
        without_weekday=_unpadded(locale.date_formats["long"].pattern),
        bare=bare,
        time=time,
        hour=hour,
        moment=_AT.get(locale.language) or str(locale.datetime_formats["full"]),
    )


def _with_weekday(full: str, bare: str) -> str:
    """Put the weekday where the full date has it; CLDR's own such pattern is there for few."""
    weekday = _WEEKDAY.search(full)
    if weekday is None:
        return bare
    masked = _QUOTED.sub(lambda found: "·" * len(found[0]), full)
    first = _DAY_FIELD.search(masked)
    if first is not None and weekday.start() < first.start():
        return full[: first.start()] + bare
    between = re.search(r"[,،]?\s*$", full[: weekday.start()])
    return f"{bare}{between[0] if between else ' '}{weekday[0]}"


def _time(locale: Locale) -> tuple[str, str]:
    if locale.language in _TIMES:
        return _TIMES[locale.language]
    short = _unpadded(locale.time_formats["short"].pattern)
    if "a" not in _QUOTED.sub("", short):
        return short, short
    pattern = _unpadded(locale.datetime_skeletons["Bhm"].pattern)
    if locale.language in _HALVES:
        pattern = pattern.replace("B", HALF)
    elif "morning1" in locale.day_periods["format"].get("wide", {}):
        # Whole words: what is cut short cannot be read out. Babel gives shorter ones for lack.
        pattern = pattern.replace("B", "BBBB")
    return pattern, pattern


def half_of_day(tag: str, hour: int) -> str:
    """Give a language's whole word for a.m. or p.m."""
    return _HALVES[locale_of(tag).language][hour >= 12]


def _unpadded(pattern: str) -> str:
    """Take leading zeros off days and hours: nobody says them."""
    return re.sub(r"([dHh])\1", r"\1", pattern)


@cache
def month_names(tag: str) -> Mapping[str, int]:
    """Give the months, from 1, by their names in a language, folded and without dots."""
    return {name: month for month, name in _names(locale_of(tag).months)}


@cache
def weekday_names(tag: str) -> Mapping[str, int]:
    """Give the weekdays, Monday 0, by their names in a language, folded and without dots."""
    return {name: day for day, name in _names(locale_of(tag).days)}


def _names(table: Mapping[str, Mapping[str, Mapping[int, str]]]) -> list[tuple[int, str]]:
    found = []
    for context in ("format", "stand-alone"):
        for width in ("wide", "abbreviated"):
            for number, name in table[context].get(width, {}).items():
                # Catalan's name of March is "de març" within a date.
                word = folded(name.split()[-1])
                if word and not any(character.isdigit() for character in word):
                    found.append((number, word))
    return found


def folded(word: str) -> str:
    """Give a name as it is looked up."""
    return word.casefold().strip(".’'")
