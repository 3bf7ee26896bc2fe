"""Days and times of day, said in long forms.

A value with an offset from UTC is put onto the contact's clock; one without is there already, and
is never shifted. Seconds are not said. There is no today here: the same cell always gives the same
words.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel.dates import parse_pattern

from poku_batch.prompts.listener import Listener, SpeechError
from poku_batch.prompts.speech import english
from poku_batch.prompts.speech.locales import half_of_day, locale_of, patterns_of
from poku_batch.prompts.speech.options import flag, one_of, plain, shown, tag_for
from poku_batch.prompts.speech.order import ORDERS, order_of
from poku_batch.prompts.speech.reading import Reader, When

#: How many days, and times of day, are remembered in words: sheets repeat them.
_REMEMBERED = 10_000


def spoken_date(
    listener: Listener,
    cell: object,
    language: object = None,
    *,
    year: object = False,
    weekday: object = True,
    first: object = None,
    zone: object = None,
) -> str:
    """Say the day of a cell: ``Tuesday, March 3rd``; the year where it is asked for."""
    ask = _Asked.of(listener, language, first, zone)
    flag("year", year)
    flag("weekday", weekday)
    text = plain(cell)
    if not text:
        return ""
    day = ask.read(text, "date").day
    if day is None:
        raise _no_date(text)
    return _date_words(ask.tag, day, bool(year), bool(weekday))


def spoken_time(
    listener: Listener,
    cell: object,
    language: object = None,
    *,
    first: object = None,
    zone: object = None,
) -> str:
    """Say the time of day of a cell, to the minute: ``two thirty in the afternoon``."""
    ask = _Asked.of(listener, language, first, zone)
    text = plain(cell)
    if not text:
        return ""
    clock = ask.read(text, "time of day").clock
    if clock is None:
        raise _no_time(text)
    return _time_words(ask.tag, clock.replace(second=0))


def spoken_datetime(
    listener: Listener,
    cell: object,
    language: object = None,
    *,
    year: object = False,
    weekday: object = True,
    first: object = None,
    zone: object = None,
) -> str:
    """Say the day and the time of a cell: ``Tuesday, March 3rd at two thirty in the afternoon``."""
    ask = _Asked.of(listener, language, first, zone)
    flag("year", year)
    flag("weekday", weekday)
    text = plain(cell)
    if not text:
        return ""
    when = ask.read(text, "date with a time")
    if when.day is None:
        raise _no_date(text)
    if when.clock is None:
        raise _no_time(text)
    day = _date_words(ask.tag, when.day, bool(year), bool(weekday))
    clock = _time_words(ask.tag, when.clock.replace(second=0))
    if ask.tag.startswith("en-"):
        return f"{day} at {clock}"
    return patterns_of(ask.tag).moment.format(clock, day)


def _no_date(text: str) -> SpeechError:
    return SpeechError(f"{shown(text)} has no date", "it is a time of day alone", value=text)


def _no_time(text: str) -> SpeechError:
    return SpeechError(f"{shown(text)} has no time of day", "it is a date alone", value=text)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """The options that all filters of days and times share, checked."""

    listener: Listener
    tag: str
    first: str | None
    zone: ZoneInfo | None

    @classmethod
    def of(cls, listener: Listener, tag: object, first: object, zone: object) -> "_Asked":
        one_of("first", first, ORDERS)
        return cls(
            listener=listener,
            tag=tag_for(tag, listener),
            first=str(first) if first else None,
            zone=_zone(str(zone)) if zone else None,
        )

    def read(self, text: str, wanted: str) -> When:
        """Read a cell, on the contact's clock."""
        reader = Reader(tag=self.listener.language, order=self._order, wanted=wanted)
        when = reader.read(text)
        return when if when.offset is None else self._localized(when, text)

    def _order(self) -> str | None:
        return self.first or order_of(self.listener)

    def _localized(self, when: When, text: str) -> When:
        if when.day is None or when.clock is None:
            raise SpeechError(
                f"{shown(text)} has an offset from UTC and no date",
                "what time that is where the contact is depends on the day",
                value=text,
            )
        at = datetime.combine(when.day, when.clock, when.offset)
        try:
            local = at.astimezone(self.zone) if self.zone else self.listener.where.local(at)
        except (ValueError, OverflowError) as error:
            raise SpeechError(
                f"{shown(text)} has an offset from UTC: {error}",
                'set calling_hours.default_timezone, or give the filter zone="Europe/Berlin"',
                value=text,
            ) from None
        return When(day=local.date(), clock=local.time())


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SpeechError(
            f"{shown(name)} is not a time zone", "write an area and a place, such as Europe/Berlin"
        ) from None


@lru_cache(maxsize=_REMEMBERED)
def _date_words(tag: str, day: date, year: bool, weekday: bool) -> str:  # noqa: FBT001  # cached
    if tag.startswith("en-"):
        return english.date_words(day, year=year, weekday=weekday, american=tag == "en-US")
    patterns = patterns_of(tag)
    if weekday:
        pattern = patterns.full if year else patterns.without_year
    else:
        pattern = patterns.without_weekday if year else patterns.bare
    return _applied(pattern, day, tag)


@lru_cache(maxsize=_REMEMBERED)
def _time_words(tag: str, clock: time) -> str:
    if tag.startswith("en-"):
        return english.time_words(clock, american=tag == "en-US")
    patterns = patterns_of(tag)
    text = _applied(patterns.time if clock.minute else patterns.hour, clock, tag)
    return text.replace("{half}", half_of_day(tag, clock.hour)) if "{half}" in text else text


def _applied(pattern: str, value: date | time, tag: str) -> str:
    text = parse_pattern(pattern).apply(value, locale_of(tag))
    # CLDR keeps times together with blanks of other kinds.
    return " ".join(text.split())
