"""Calls over time in bins that are few enough to be seen, on the reader's clock."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from poku_batch.models import CampaignStatistics

_DAY = timedelta(days=1)
#: Up to so long a time has a bin an hour, a day, a week; longer ones have one a month.
_HOURS_FOR = timedelta(days=5)
_DAYS_FOR = timedelta(days=120)
_WEEKS_FOR = timedelta(days=700)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """A stretch of time on the reader's clock (naive), and its calls by outcome."""

    begins: datetime
    ends: datetime
    calls: Counter[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bins:
    """Bins in order of time without a gap.

    ``each`` says how long one is, as ``5 minutes``; ``label`` how its beginning is written.
    """

    each: str
    label: str
    bins: tuple[Bin, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    """One length of bins: where the one begins that a time is in, and where it ends.

    ``label`` is how the beginning of one is written (strftime).
    """

    each: str
    label: str
    begins: Callable[[datetime], datetime]
    ends: Callable[[datetime], datetime]


def binned(statistics: CampaignStatistics, zone: tzinfo | None = None) -> Bins:
    """Put calls into bins whose length is chosen by the time in which they were placed.

    On the clock of ``zone``; None for this machine's.
    """
    if statistics.first_at is None or statistics.last_at is None:
        return Bins(each="hour", label="%H:%M", bins=())
    kind = _kind(statistics, statistics.last_at - statistics.first_at)
    counts: dict[datetime, Counter[str]] = {}
    for within in statistics.over_time:
        local = within.at.astimezone(zone).replace(tzinfo=None)
        counts.setdefault(kind.begins(local), Counter())[within.outcome] += within.calls
    return Bins(each=kind.each, label=kind.label, bins=_without_gaps(counts, kind))


def _without_gaps(counts: dict[datetime, Counter[str]], kind: _Kind) -> tuple[Bin, ...]:
    bins: list[Bin] = []
    begins, last = min(counts), max(counts)
    while begins <= last:
        ends = kind.ends(begins)
        bins.append(Bin(begins=begins, ends=ends, calls=counts.get(begins, Counter())))
        begins = ends
    return tuple(bins)


def _kind(statistics: CampaignStatistics, span: timedelta) -> _Kind:
    step = statistics.step
    if step < timedelta(hours=1):
        minutes = round(step.total_seconds() / 60)
        each = "minute" if minutes == 1 else f"{minutes} minutes"
        label = "%H:%M" if span < _DAY else "%d %b %H:%M"
        return _Kind(each=each, label=label, begins=lambda at: _floor(at, step), ends=_after(step))
    if span <= _HOURS_FOR:
        return _Kind(each="hour", label="%d %b %H:%M", begins=_hour, ends=_after(step))
    if span <= _DAYS_FOR:
        return _Kind(each="day", label="%a %d %b", begins=_midnight, ends=_after(_DAY))
    if span <= _WEEKS_FOR:
        return _Kind(each="week", label="week of %d %b %Y", begins=_monday, ends=_after(7 * _DAY))
    return _Kind(each="month", label="%B %Y", begins=_first, ends=lambda at: _first(at + 32 * _DAY))


def _after(length: timedelta) -> Callable[[datetime], datetime]:
    return lambda at: at + length


def _floor(at: datetime, step: timedelta) -> datetime:
    return at - (at - _midnight(at)) % step


def _hour(at: datetime) -> datetime:
    return at.replace(minute=0, second=0, microsecond=0)


def _midnight(at: datetime) -> datetime:
    return _hour(at).replace(hour=0)


def _monday(at: datetime) -> datetime:
    return _midnight(at) - at.weekday() * _DAY


def _first(at: datetime) -> datetime:
    return _midnight(at).replace(day=1)
