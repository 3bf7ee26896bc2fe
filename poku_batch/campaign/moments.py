"""Days, times of day, zones and holidays as a campaign writes them."""

import re
from collections.abc import Mapping
from datetime import date
from itertools import pairwise
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from poku_batch.campaign.fields import nearest, origin_of, quoted, worded
from poku_batch.campaign.section import Section

#: Days as ``datetime.weekday`` numbers them, from 0.
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

_DAY_NAMES = (
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
)
_GROUPS = {
    "weekdays": DAYS[:5],
    "weekend": DAYS[5:],
    "daily": DAYS,
    "every day": DAYS,
}
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_WINDOW = re.compile(r"\s*([0-9:]{4,5})\s*[-–]\s*([0-9:]{4,5})\s*")


class Window(Section):
    """A span of a day, in minutes from midnight: ``start`` is in it, ``end`` is not."""

    start: int
    end: int

    def __str__(self) -> str:
        return f"{_clock(self.start)}–{_clock(self.end)}"


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _minutes(text: object) -> int:
    found = _TIME.fullmatch(text.strip()) if isinstance(text, str) else None
    minutes = int(found[1]) * 60 + int(found[2]) if found else -1
    if not found or int(found[2]) > 59 or not 0 <= minutes <= 24 * 60:
        raise worded(f"{quoted(text)} is not a time of day", 'write it as "09:00", up to "24:00"')
    return minutes


def _windows(value: object) -> object:
    """Read ``["09:00", "20:00"]``, ``"09:00-12:00"``, or a list of such spans."""
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list):
        return value
    pairs = [value] if len(value) == 2 and all(map(_may_be_time, value)) else value
    windows = sorted((_window(pair) for pair in pairs), key=lambda window: window.start)
    for before, after in pairwise(windows):
        if after.start < before.end:
            raise worded(f"{before} and {after} overlap")
    return tuple(windows)


def _may_be_time(value: object) -> bool:
    return isinstance(value, str) and not re.search(r"[-–]", value)


def _window(pair: object) -> Window:
    if isinstance(pair, str) and (found := _WINDOW.fullmatch(pair)):
        pair = [found[1], found[2]]
    if not isinstance(pair, list) or len(pair) != 2:
        raise worded(f"{quoted(pair)} is not a span of the day", 'such as ["09:00", "20:00"]')
    start, end = _minutes(pair[0]), _minutes(pair[1])
    if end <= start:
        raise worded(
            f"{_clock(end)} is not after {_clock(start)}",
            "a span that crosses midnight is two: one to 24:00, one from 00:00",
        )
    return Window(start=start, end=end)


_CLOCK = r"([01]?[0-9]|2[0-4]):[0-5][0-9]"
_ClockText = Annotated[str, Field(pattern=f"^{_CLOCK}$")]
_SpanText = Annotated[str, Field(pattern=rf"^\s*{_CLOCK}\s*[-–]\s*{_CLOCK}\s*$")]
_Pair = Annotated[list[_ClockText], Field(min_length=2, max_length=2)]
_Spans = _SpanText | _Pair | list[_SpanText | _Pair]

#: Spans of a day, in order, none overlapping; none at all for a day without calls.
Windows = Annotated[
    tuple[Window, ...],
    BeforeValidator(_windows, json_schema_input_type=_Spans),
]


def day_numbers(text: object) -> tuple[int, ...]:
    """Read a day, ``mon`` or ``Monday``, a range, ``mon-fri``, or ``weekdays``."""
    word = str(text).strip().casefold()
    if word in _GROUPS:
        return tuple(DAYS.index(day) for day in _GROUPS[word])
    first, dash, last = (part.strip() for part in word.replace("–", "-").partition("-"))
    start = _day(first, text)
    if not dash:
        return (start,)
    end = _day(last, text)
    return tuple((start + step) % 7 for step in range((end - start) % 7 + 1))


def _day(word: str, text: object) -> int:
    for number, name in enumerate(_DAY_NAMES):
        if len(word) >= 3 and name.startswith(word):
            return number
    hint = nearest(word, {day: day for day in (*DAYS, *_GROUPS)})
    hint = hint or nearest(word, {name: name for name in _DAY_NAMES}) or "mon, tue … sun"
    raise worded(f"{quoted(text)} is not a day", hint)


def _days(value: object) -> object:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list):
        return value
    if not values:
        raise worded("is an empty list")
    return tuple(sorted({number for item in values for number in day_numbers(item)}))


_DAY = r"([A-Za-z]{3,9}|[Ee]very day)"
_DayText = Annotated[str, Field(pattern=rf"^\s*{_DAY}(\s*[-–]\s*{_DAY})?\s*$")]

#: Days of the week, 0 for Monday, in order.
Days = Annotated[
    tuple[int, ...],
    BeforeValidator(
        _days,
        json_schema_input_type=_DayText | Annotated[list[_DayText], Field(min_length=1)],
    ),
]


def _by_day(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, Mapping):
        return value
    section = ("calling_hours", "by_day")
    for path in origin_of(info.context).places:
        if path[:2] == section and len(path) == 3 and path[2] not in value:
            raise worded("is empty", "write [] for a day without calls", path[2:])
    days: dict[int, object] = {}
    for name, windows in value.items():
        for number, spans in _of_days(name, windows).items():
            if number in days:
                raise worded(f"{DAYS[number]} stands twice", None, (name,))
            days[number] = spans
    return days


def _of_days(name: str, windows: object) -> dict[int, object]:
    try:
        spans = _windows(windows)
        if not isinstance(spans, tuple):
            raise worded("is a list of spans, not a mapping", 'such as ["09:00", "20:00"]')
        return dict.fromkeys(day_numbers(name), spans)
    except PydanticCustomError as error:
        context = error.context or {}
        raise worded(context["message"], context["hint"], (name,)) from None


#: Spans for single days, by the day's number.
WindowsByDay = Annotated[
    Mapping[int, Windows], BeforeValidator(_by_day, json_schema_input_type=dict[_DayText, _Spans])
]


def zone(name: str) -> str:
    """Check the name of a time zone of the IANA database: an area and a place, or UTC."""
    if name == "UTC" or ("/" in name and name in available_timezones()):
        return ZoneInfo(name).key
    known = {zone: zone for zone in available_timezones() if "/" in zone}
    by_place = {zone.rpartition("/")[2]: zone for zone in sorted(known)}
    hint = nearest(name, known, cutoff=0.8)
    if hint is None and len(name) > 3:  # three letters are near too many places
        hint = nearest(name.replace(" ", "_"), by_place, cutoff=0.8)
    raise worded(f"{quoted(name)} is not a time zone", hint or "such as America/New_York")


_ZONE = "UTC|[A-Za-z_]+/.+"

Zone = Annotated[str, AfterValidator(zone), Field(json_schema_extra={"pattern": f"^({_ZONE})$"})]


def _zone_or_contact(value: str) -> str:
    if value == "contact":
        return value
    if nearest(value, {"contact": "contact"}):
        raise worded(f"{quoted(value)} is not a time zone", "did you mean contact?")
    return zone(value)


ZoneOrContact = Annotated[
    str,
    AfterValidator(_zone_or_contact),
    Field(json_schema_extra={"pattern": f"^(contact|{_ZONE})$"}),
]


def _holidays(value: str) -> str:
    if value.casefold() == "contact":
        return "contact"
    import holidays
    from holidays.registry import COUNTRIES

    code, _, part = (word.strip() for word in value.partition("-"))
    country = code.upper()
    known = {names[1]: names[1:] for names in COUNTRIES.values()}
    if country not in known:
        meant = next((first for first, names in known.items() if country in names), None)
        raise worded(
            f"{quoted(value)} is not a country whose holidays are known",
            f"did you mean {meant}?"
            if meant
            else "two letters, such as US, with a part if it has holidays of its own: DE-BY",
        )
    return f"{country}-{_part(getattr(holidays, country), country, part)}" if part else country


def _part(calendar: type, country: str, part: str) -> str:
    known: tuple[str, ...] = getattr(calendar, "subdivisions", ())
    found = next((one for one in known if one.casefold() == part.casefold()), None)
    if found is None:
        parts = ", ".join(known[:20]) + (", …" if len(known) > 20 else "")
        raise worded(f"{country} has no part {quoted(part)}", f"its parts: {parts or 'none'}")
    return found


#: ``US``, ``DE-BY``, or ``contact`` for the country of each number.
Holidays = Annotated[
    str,
    AfterValidator(_holidays),
    Field(json_schema_extra={"pattern": "^([A-Za-z]{2}(-.+)?|[Cc]ontact)$"}),
]


def _date(value: object) -> object:
    if not isinstance(value, str):
        return value
    text = value.strip()
    try:
        # Python reads 20261224 and 2026-W52-4 too, which a person may have meant otherwise.
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise worded(f"{quoted(value)} is not a date", "write it as 2026-12-24")


Date = Annotated[
    date,
    BeforeValidator(
        _date,
        json_schema_input_type=Annotated[str, Field(pattern="^[0-9]{4}-[0-9]{2}-[0-9]{2}$")],
    ),
]
