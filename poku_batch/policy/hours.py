"""Calling hours: whether a contact may be called at an instant, and when next.

What counts is the clock on the wall where the contact is. So hours that are shown twice, when
clocks are set back, count both times; and where clocks skip the beginning of a span, it begins when
they are set. A contact who may be in several zones is called when all of them allow it.

``next_opening`` computes with stretches of even time, ``closed_because`` looks at the clock.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from poku_batch.models import Moment
from poku_batch.policy.offsets import DAY_S, END_S, reached_s, steadies

#: How far ahead an opening is looked for.
HORIZON_DAYS = 400

#: Minutes from midnight, up to 1440: the first is in the span, the second is not.
Span = tuple[int, int]

_DAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()


def _no_holiday(_day: date, _country: str | None) -> str | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """When people may be called, by the clock where they are.

    ``week`` holds the spans of each day, Monday first, in order and without overlap. ``holiday``
    says why a day is without calls in a country (two letters), or None. ``not_on`` are days
    without calls.
    """

    week: tuple[tuple[Span, ...], ...]
    not_on: frozenset[date] = frozenset()
    holiday: Callable[[date, str | None], str | None] = _no_holiday

    def spans(self, day: date, country: str | None) -> tuple[Span, ...]:
        """The spans of a local day; none on a day without calls."""
        spans = self.week[day.weekday()]
        return () if spans and self.day_off(day, country) else spans

    def day_off(self, day: date, country: str | None) -> str | None:
        """Why nobody is called on a local day, whatever the day of the week; None if that is no."""
        if day in self.not_on:
            return f"no calls on {day} (calling_hours.not_on)"
        return self.holiday(day, country)


#: Every hour of every day.
ALWAYS = Hours(week=(((0, 1440),),) * 7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a contact is: IANA zones (several: in one of them), and the number's country."""

    zones: tuple[str, ...]
    country: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """What a row says itself of when it may be called.

    A date stands for its midnight, or for the end of its day as ``not_after``; a time without a
    zone is the contact's; a time of day holds each day. ``not_after`` itself is too late.
    """

    not_before: Moment | None = None
    not_after: Moment | None = None

    def begins_s(self, place: Place) -> int | None:
        """The instant from which on the row may be called, in seconds since 1970; None for any."""
        if self.not_before is None or isinstance(self.not_before, time):
            return None
        return max(_instant_s(self.not_before, zone) for zone in place.zones)

    def ends_s(self, place: Place) -> int | None:
        """The instant from which on it is too late, in seconds since 1970; None for never."""
        match self.not_after:
            case None | time():
                return None
            case datetime() as moment:
                # Early rather than late: a part of a second is cut off.
                return min(_instant_s(moment.replace(microsecond=0), zone) for zone in place.zones)
            case day:
                return min(_instant_s(day, zone, days=1) for zone in place.zones)

    @property
    def daily_s(self) -> tuple[int, int]:
        """The part of each day that is left, in seconds from midnight."""
        first = _seconds(self.not_before) if isinstance(self.not_before, time) else 0
        last = _seconds(self.not_after) if isinstance(self.not_after, time) else DAY_S
        return first, last

    def closed_because(self, zone: str, at: datetime) -> str | None:
        """Say which time of day forbids a call at an instant in a zone; None if none does."""
        now_s = _seconds(at.astimezone(ZoneInfo(zone)).time())
        first, last = self.daily_s
        if now_s < first:
            return f"not before {told(self.not_before)} in {zone}"
        return f"not after {told(self.not_after)} in {zone}" if now_s >= last else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A time in which a contact may be called (aware UTC); at ``closes_at`` no more.

    It may go on after ``closes_at``, in another opening.
    """

    opens_at: datetime
    closes_at: datetime


def next_opening(hours: Hours, place: Place, bounds: Bounds, at: datetime) -> Opening | None:
    """Find the first time, at or after an instant (aware), at which a contact may be called.

    It opens at that instant if the contact may be called then. None where there is none within
    400 days of the instant, or of ``not_before``; and where no zone is known.
    """
    if not place.zones:
        return None
    at_s = _floor_s(at)
    begins, ends = bounds.begins_s(place), bounds.ends_s(place)
    from_s = at_s if begins is None else max(at_s, begins)
    to_s = min(from_s + HORIZON_DAYS * DAY_S, END_S, END_S if ends is None else ends)
    found = _common(
        [_open_spans(hours, place.country, zone, bounds, (from_s, to_s)) for zone in place.zones]
    )
    if found is None:
        return None
    return Opening(opens_at=max(_moment(found[0]), at), closes_at=_moment(found[1]))


def is_open(hours: Hours, place: Place, bounds: Bounds, at: datetime) -> bool:
    """Whether a contact may be called at an instant (aware): in none of its zones it is closed."""
    at_s, begins, ends = _floor_s(at), bounds.begins_s(place), bounds.ends_s(place)
    if (begins is not None and at_s < begins) or (ends is not None and ends <= at_s):
        return False
    closed = (
        closed_because(hours, zone, place.country, at) or bounds.closed_because(zone, at)
        for zone in place.zones
    )
    return bool(place.zones) and not any(closed)


def closed_because(hours: Hours, zone: str, country: str | None, at: datetime) -> str | None:
    """Say why nobody is called at an instant in a zone; None if it is open."""
    local = at.astimezone(ZoneInfo(zone))
    if reason := hours.day_off(local.date(), country):
        return reason
    spans = hours.week[local.weekday()]
    if not spans:
        return f"no calls on {_DAYS[local.weekday()]} in {zone}"
    now_s = _seconds(local.time())
    if any(start * 60 <= now_s < end * 60 for start, end in spans):
        return None
    return f"outside calling hours ({described(spans)}) in {zone}"


def described(spans: tuple[Span, ...]) -> str:
    """Write spans of a day: ``09:00–12:00, 14:00–20:00``."""
    return ", ".join(f"{_clock(start)}–{_clock(end)}" for start, end in spans)


def told(moment: Moment | None) -> str:
    """Write what a row says: ``2026-11-24``, ``2026-11-24 09:00``, ``09:00``; empty for nothing."""
    match moment:
        case datetime():
            zone = "" if moment.tzinfo is None else f" {moment.tzname()}"
            return f"{moment.date()} {told(moment.time())}{zone}"
        case time():
            return moment.isoformat("seconds" if moment.second else "minutes")
        case date():
            return moment.isoformat()
        case None:
            return ""


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _open_spans(
    hours: Hours, country: str | None, zone: str, bounds: Bounds, within: tuple[int, int]
) -> Iterator[tuple[int, int]]:
    """Give the spans in which one zone allows calls, from and to an instant, in order."""
    from_s, to_s = within
    first_s, last_s = bounds.daily_s
    for steady in steadies(zone, from_s):
        begin, end = max(steady.start_s, from_s), min(steady.end_s, to_s)
        if begin >= end:
            return
        days = range((begin + steady.offset_s) // DAY_S, (end - 1 + steady.offset_s) // DAY_S + 1)
        for day in days:
            midnight = day * DAY_S - steady.offset_s
            for start, stop in hours.spans(date.fromordinal(_EPOCH_DAY + day), country):
                opens = max(midnight + max(start * 60, first_s), begin)
                closes = min(midnight + min(stop * 60, last_s), end)
                if opens < closes:
                    yield opens, closes


def _common(zones: list[Iterator[tuple[int, int]]]) -> tuple[int, int] | None:
    """The first span that lies within a span of every zone; None where there is none."""
    current = [next(spans, None) for spans in zones]
    while True:
        known = [span for span in current if span is not None]
        if len(known) < len(zones):
            return None
        opens, closes = max(span[0] for span in known), min(span[1] for span in known)
        if opens < closes:
            return opens, closes
        current = [
            span if span[1] > opens else next(spans, None)
            for span, spans in zip(known, zones, strict=True)
        ]


def _instant_s(moment: date, zone: str, *, days: int = 0) -> int:
    """When a date begins, so many days later, or a time is reached; rounded up to a second."""
    if not isinstance(moment, datetime):
        local_s = (moment.toordinal() - _EPOCH_DAY + days) * DAY_S
        return reached_s(zone, local_s)
    if moment.tzinfo is not None:
        return _ceiling_s(moment)
    return reached_s(zone, _ceiling_s(moment.replace(tzinfo=UTC)))


def _seconds(clock: time) -> int:
    return clock.hour * 3600 + clock.minute * 60 + clock.second


def _floor_s(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(seconds=1)


def _ceiling_s(at: datetime) -> int:
    return -((_EPOCH - at) // timedelta(seconds=1))


def _moment(at_s: int) -> datetime:
    return _EPOCH + timedelta(seconds=at_s)
