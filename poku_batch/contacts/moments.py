"""Cells that say when somebody may be called, and by which clock.

One form is read, ISO 8601's, as spreadsheets show it too; everything else is refused with what to
write instead. What could mean two days is never guessed.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import available_timezones

from poku_batch.contacts.columns import nearest
from poku_batch.models import Moment

_DATE = r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
_CLOCK = r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,][0-9]+)?)?"
_MOMENT = re.compile(
    rf"{_DATE}(?:(?:T|\s+){_CLOCK}\s*(Z|UTC|[+-][0-9]{{2}}:?[0-9]{{2}})?)?", re.IGNORECASE
)
_TIME = re.compile(_CLOCK)
_TWELVE_HOURS = re.compile(
    r"([0-9]{1,2})(?:[:.]([0-9]{2}))?(?::00)?\s*([ap])\.?\s?m\.?", re.IGNORECASE
)
_PARTS = re.compile(r"([0-9]{1,4})\s*[./-]\s*([0-9]{1,2})\s*[./-]\s*([0-9]{1,4})(?![0-9])(.*)")
_SERIAL = re.compile(r"[0-9]{5}(?:[.,][0-9]+)?")

#: What people write for a zone, and the zone that they are likely to mean.
_USUAL_ZONES: Mapping[str, str] = {
    "ET EST EDT EASTERN": "America/New_York",
    "CT CST CDT CENTRAL": "America/Chicago",
    "MT MST MDT MOUNTAIN": "America/Denver",
    "PT PST PDT PACIFIC": "America/Los_Angeles",
    "AKST AKDT ALASKA": "America/Anchorage",
    "HST HAWAII": "Pacific/Honolulu",
    "AST ADT ATLANTIC": "America/Halifax",
    "GMT BST WET WEST": "Europe/London",
    "CET CEST MEZ MESZ MET": "Europe/Berlin",
    "EET EEST": "Europe/Athens",
    "MSK": "Europe/Moscow",
    "IST": "Asia/Kolkata",
    "JST": "Asia/Tokyo",
    "AEST AEDT": "Australia/Sydney",
    "AWST": "Australia/Perth",
    "NZST NZDT": "Pacific/Auckland",
}
_ZONE_OF = {word: zone for words, zone in _USUAL_ZONES.items() for word in words.split()}
_OFFSET = re.compile(
    r"(?:(?:UTC|GMT)\s*)?[+−-]\s*[0-9]{1,2}(?::?[0-9]{2})?|ETC/GMT.*", re.IGNORECASE
)


def read_moment(cell: str) -> Moment | None:
    """Read from when, or until when, a row may be called; None for an empty cell.

    ``2026-11-23`` is a date; ``2026-11-23 09:00`` a time at the contact, without a zone, or an
    instant where ``Z`` or an offset follows; ``09:00`` a time of day. Parts of a second are left
    out.
    Raises ``ValueError`` with a sentence for a person.
    """
    text = cell.strip()
    if not text:
        return None
    try:
        if found := _MOMENT.fullmatch(text):
            return _moment(found)
        if found := _TIME.fullmatch(text):
            return _time(found.groups())
    except ValueError:
        raise ValueError(f"{_shown(text)} does not exist: {_hint(text)}") from None
    raise ValueError(f"{_shown(text)} is not understood: {_hint(text)}")


def read_zone(cell: str) -> str | None:
    """Read the name of a time zone of the IANA database; None for an empty cell.

    Raises ``ValueError`` with a sentence for a person: abbreviations and offsets do not say when
    clocks are moved.
    """
    text = cell.strip()
    if not text:
        return None
    if _OFFSET.fullmatch(text):
        raise ValueError(
            f"{_shown(text)} does not say when clocks are moved: write an area and a place, such "
            "as America/New_York"
        )
    if text.upper() == "UTC":
        return "UTC"
    if text in _zones():
        return text
    raise ValueError(_zone_refusal(text))


def _moment(found: re.Match[str]) -> date:
    day = date.fromisoformat(found[1])
    if found[2] is None:
        return day
    clock = _time(found.groups()[1:4])
    return datetime.combine(day, clock) if found[5] is None else _instant(day, clock, found[5])


def _instant(day: date, clock: time, offset: str) -> datetime:
    plain = "Z" if offset.upper() == "UTC" else offset.upper()
    return datetime.fromisoformat(f"{day}T{clock:%H:%M:%S}{plain}")


def _time(parts: tuple[str | None, ...]) -> time:
    hour, minute, second = (int(part or 0) for part in parts[:3])
    return time(hour, minute, second)


def _hint(text: str) -> str:
    if found := _TWELVE_HOURS.fullmatch(text):
        hour = int(found[1]) % 12 + (12 if found[3] in "pP" else 0)
        return f"write {hour:02}:{found[2] or '00'}"
    if _SERIAL.fullmatch(text):
        day = date(1899, 12, 30) + timedelta(days=int(text[:5]))
        return f"a spreadsheet's number of a day; write {day}, or format the column as a date"
    days = _possible_days(text)
    if days:
        return f"write {' or '.join(days)}"
    if text.startswith("24:"):
        return "leave the cell empty for the whole day"
    return "write 2026-11-23, 2026-11-23 09:00 or 09:00"


def _possible_days(text: str) -> list[str]:
    """The days, in order of time, that a date written in another form may stand for."""
    found = _PARTS.match(text)
    if not found:
        return []
    first, second, third = (int(found[part]) for part in (1, 2, 3))
    if len(found[1]) == 4:
        orders = {(first, second, third)}
    elif len(found[3]) == 4:
        orders = {(third, second, first), (third, first, second)}
    else:
        return []
    clock = f" {found[4].strip()}" if _TIME.fullmatch(found[4].strip()) else ""
    return sorted(f"{day}{clock}" for order in orders if (day := _date(*order)) is not None)


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


@lru_cache(maxsize=1)
def _zones() -> frozenset[str]:
    return frozenset(name for name in available_timezones() if "/" in name)


@lru_cache(maxsize=256)
def _zone_refusal(text: str) -> str:
    word = text.upper().removesuffix(" STANDARD TIME").removesuffix(" TIME")
    zone = _ZONE_OF.get(word) or _likely_zone(text)
    hint = f"did you mean {zone}?" if zone else "write an area and a place, such as Europe/Berlin"
    if word in _ZONE_OF and len(word) <= 4:
        return f"{_shown(text)} does not say when clocks are moved: {hint}"
    return f"{_shown(text)} is not a time zone: {hint}"


def _likely_zone(text: str) -> str | None:
    """The zone that is meant by a place's name, or by a name that is nearly a zone's."""
    folded = text.casefold().replace(" ", "_")
    area, slash, _ = folded.partition("/")
    if not slash:
        return _zones_by_place().get(folded)
    # Looking for what is near takes milliseconds, and a wrong column may hold a million cells.
    if any(zone.casefold().startswith(f"{area}/") for zone in _zones()):
        return nearest(text, _zones())
    return None


@lru_cache(maxsize=1)
def _zones_by_place() -> Mapping[str, str]:
    zones = sorted(_zones(), reverse=True)
    return {zone.casefold().rpartition("/")[2]: zone for zone in zones}


def _shown(text: str) -> str:
    quoted = repr(text if len(text) <= 40 else text[:39] + "…")
    # What cannot be printed takes up to ten characters each.
    return quoted if len(quoted) <= 80 else quoted[:79] + "…"
