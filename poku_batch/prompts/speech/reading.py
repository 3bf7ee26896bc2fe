"""Days and times of day as people and spreadsheets write them.

A value without an offset is on the contact's own clock. What could be two days is never guessed;
what is no day is refused.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone

from poku_batch.prompts.listener import SpeechError
from poku_batch.prompts.speech.locales import folded, month_names, weekday_names
from poku_batch.prompts.speech.options import shown
from poku_batch.prompts.speech.order import ORDERS, AmbiguousDayError, day_of

_CLOCK = (
    r"(?P<hour>[0-9]{1,2})(?:[:.hH](?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:[.,][0-9]+)?)?)?"
    r"\s?(?P<half>[aApP]\.?\s?[mM]\.?)?\s?(?P<word>[hH]|Uhr|uur|o'clock)?"
    r"\s?(?P<zone>[zZ]|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)
_TIME = re.compile(_CLOCK)
_DAY_AND_TIME = re.compile(rf"(?P<day>.+?)(?:T|,?\s(?:at\s)?){_CLOCK}")
_SERIAL = re.compile(r"(?P<day>0|[1-9][0-9]{4})(?:[.,](?P<part>[0-9]+))?")
_YEAR_FIRST = re.compile(
    r"([0-9]{4})\s?[-/.年년]\s?([0-9]{1,2})\s?[-/.月월]\s?([0-9]{1,2})\s?[.日일]?"
)
_COMPACT = re.compile(r"((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})")
_YEAR_LAST = re.compile(r"([0-9]{1,2})\s?([-/.])\s?([0-9]{1,2})\s?\2\s?([0-9]{4}|[0-9]{2})\.?")
_NUMBER = re.compile(r"([0-9]{1,4})(?:st|nd|rd|th|er|º|ª|o|a|日|일)?")
#: A point within a word belongs to it: the Thai ม.ค. is January.
_BETWEEN_WORDS = re.compile(r"(?:[\s,/-]|\.(?=[\s,0-9-]|$)|(?<=[0-9])\.)+")
#: What stands between the parts of a date in words and says nothing.
_FILLERS = frozenset("the of de del den der di г р m d год року".split())
#: Where Excel's days are counted from, in the calendar of 1900.
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001  # on the contact's clock
_YEARS = range(1800, 2400)
_WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()

_DATES = "write 2026-03-31, 31 March 2026 or 31/03/2026"
_TIMES = "write 14:30 or 2:30 pm"
_MOMENTS = "write 2026-03-31 14:30 or 31 March 2026, 2:30 pm"
_HINTS = {"date": _DATES, "time of day": _TIMES, "date with a time": _MOMENTS}


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """What a cell says: a day, a time of day, or both; ``offset`` is from UTC, where it has one."""

    day: date | None = None
    clock: time | None = None
    offset: timezone | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Reads cells for one row: month names are English, or of its language ``tag``.

    ``order`` says what comes first in ``3/4/2026``; ``wanted`` is what a cell should be.
    """

    tag: str
    order: Callable[[], str | None]
    wanted: str

    def read(self, text: str) -> When:
        """Read a cell that is not empty; raises ``SpeechError``."""
        try:
            found = self._read(text)
        except AmbiguousDayError as error:
            raise _ambiguous(text, error) from None
        except (ValueError, OverflowError):
            found = None
        if found is None:
            raise SpeechError(f"{shown(text)} is not a {self.wanted}", self._hint, value=text)
        if found.day is not None and found.day.year not in _YEARS:
            raise SpeechError(f"{shown(text)} is in the year {found.day.year}", value=text)
        return found

    @property
    def _hint(self) -> str:
        return _HINTS[self.wanted]

    def _read(self, text: str) -> When | None:
        if serial := _SERIAL.fullmatch(text):
            return _of_serial(serial)
        if (found := _TIME.fullmatch(text)) and _says_time(found):
            return When(clock=_clock(found), offset=_offset(found["zone"]))
        if (found := _DAY_AND_TIME.fullmatch(text)) and _says_time(found):
            day = self._day(found["day"].strip(" ,"), text)
            clock, offset = _clock(found), _offset(found["zone"])
            return None if day is None else When(day=day, clock=clock, offset=offset)
        day = self._day(text, text)
        return None if day is None else When(day=day)

    def _day(self, text: str, whole: str) -> date | None:
        if found := _YEAR_FIRST.fullmatch(text) or _COMPACT.fullmatch(text):
            return date(int(found[1]), int(found[2]), int(found[3]))
        if found := _YEAR_LAST.fullmatch(text):
            return day_of(int(found[1]), int(found[3]), _year(found[4]), self.order)
        return self._day_in_words(text, whole)

    def _day_in_words(self, text: str, whole: str) -> date | None:
        """Read ``Tuesday, 3 March 2026``: one month, a day and a year after it or before."""
        words = [folded(word) for word in _BETWEEN_WORDS.split(text) if word]
        numbers = [match[1] for word in words if (match := _NUMBER.fullmatch(word))]
        names = [word for word in words if word not in _FILLERS and not _NUMBER.fullmatch(word)]
        # The Spanish mar is Tuesday and March: a month where nothing else is one.
        said = [word for word in names if self._month(word) is not None]
        if len(said) > 1:
            said = [word for word in said if self._weekday(word) is None]
        rest = [word for word in names if word not in said]
        weekdays = [found for word in rest if (found := self._weekday(word)) is not None]
        if len(said) != 1 or len(weekdays) > 1 or len(rest) > len(weekdays):
            return None
        day = _day_of_words(numbers, self._month(said[0]) or 0)
        if day is not None and weekdays and weekdays[0] != day.weekday():
            is_a = _WEEKDAYS[day.weekday()]
            raise SpeechError(f"{shown(whole)}: {day} is a {is_a}", value=whole)
        return day

    def _month(self, word: str) -> int | None:
        return _one_meaning(word, month_names, self.tag)

    def _weekday(self, word: str) -> int | None:
        return _one_meaning(word, weekday_names, self.tag)


def _one_meaning(word: str, names: Callable[[str], Mapping[str, int]], tag: str) -> int | None:
    """Give what a name means in English, or in a language; None where these differ."""
    found = {names(language).get(word) for language in ("en-US", tag)} - {None}
    return found.pop() if len(found) == 1 else None


def _day_of_words(numbers: list[str], month: int) -> date | None:
    """Make a day of a month: of the day and the year, or the year and the day."""
    if len(numbers) != 2:
        return None
    day, year = reversed(numbers) if len(numbers[0]) == 4 else numbers
    if len(day) > 2 or len(year) not in {2, 4}:
        return None
    return date(_year(year), month, int(day))


def _ambiguous(text: str, error: AmbiguousDayError) -> SpeechError:
    day_first, month_first = error.days
    orders = " or ".join(f'first="{order}"' for order in ORDERS)
    return SpeechError(
        f"{shown(text)} may be {day_first} or {month_first}",
        f"write it so, or give the filter {orders}",
        value=text,
    )


def _of_serial(found: re.Match[str]) -> When | None:
    """Read Excel's number of a day, whose fraction is the time of day, to the second."""
    if found["part"] is None:
        return None if found["day"] == "0" else When(day=_EPOCH.date() + _days(found["day"]))
    fraction = float(f"0.{found['part']}")
    moment = _EPOCH + _days(found["day"]) + timedelta(seconds=round(fraction * 86_400))
    if found["day"] == "0":
        return When(clock=moment.time())
    return When(day=moment.date(), clock=moment.time())


def _days(text: str) -> timedelta:
    return timedelta(days=int(text))


def _says_time(found: re.Match[str]) -> bool:
    return any(found[name] is not None for name in ("minute", "half", "word"))


def _clock(found: re.Match[str]) -> time:
    hour = int(found["hour"])
    if found["half"] is not None:
        if not 1 <= hour <= 12:
            raise ValueError("no hour of twelve")
        hour = hour % 12 + (12 if found["half"][0] in "pP" else 0)
    return time(hour, int(found["minute"] or 0), int(found["second"] or 0))


def _offset(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text[0] not in "+-":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    away = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-away if text[0] == "-" else away)


def _year(text: str) -> int:
    """Read a year; one of two digits as Excel does, from 1930 to 2029."""
    year = int(text)
    if len(text) == 4:
        return year
    return year + (2000 if year < 30 else 1900)
