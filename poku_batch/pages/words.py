"""Numbers, lengths of time and times as pages write them, and which badge a word has."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, tzinfo
from decimal import Decimal
from functools import partial

from poku_batch.models import ContactState
from poku_batch.policy.reached import UNWILLING, is_reached

#: What is written where nothing is known.
NOTHING = "–"

_STATES = frozenset(ContactState)


def number(value: float | Decimal | None) -> str:
    """A number with thousands separators: ``12,345``, or ``1,234.5`` where it is not whole."""
    if value is None:
        return NOTHING
    return f"{value:,.0f}" if value == int(value) else f"{value:,.1f}"


def percent(part: float, whole: float) -> str:
    """A share in per cent: ``62%``, with a decimal below 10, so that little is not nothing."""
    if not whole:
        return NOTHING
    share = 100 * part / whole
    if 0 < share < 0.1:
        return "<0.1%"
    return f"{share:.1f}%" if 0 < share < 10 or 99 < share < 100 else f"{share:.0f}%"


def money(amount: Decimal, currency: str) -> str:
    """An amount with its currency: ``1,234.50 USD``."""
    return f"{amount:,.2f} {currency}"


def duration(seconds: float | timedelta | None) -> str:
    """A length of time in its two largest units: ``1 h 20 min``, ``1 min 5 s``, ``45 s``."""
    if seconds is None:
        return NOTHING
    if isinstance(seconds, timedelta):
        seconds = seconds.total_seconds()
    whole = max(0, round(seconds))
    days, hours, minutes = whole // 86_400, whole // 3600, whole // 60 % 60
    if hours >= 48:
        return f"{days} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"


def age(then: datetime | None, now: datetime) -> str:
    """How long ago a time is: ``12 s ago``; one to come is ``in 5 min 0 s``."""
    if then is None:
        return NOTHING
    length = (now - then).total_seconds()
    return f"in {duration(-length)}" if length < 0 else f"{duration(length)} ago"


def moment(at: datetime | None, *, zone: tzinfo | None = None) -> str:
    """A time on the reader's clock, with its zone: ``2026-11-30 14:05:09 CET``."""
    return NOTHING if at is None else f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"


def clock(at: datetime | None, *, zone: tzinfo | None = None) -> str:
    """The time of day on the reader's clock: ``14:05:09``."""
    return NOTHING if at is None else f"{at.astimezone(zone):%H:%M:%S}"


def day(at: datetime | None, *, zone: tzinfo | None = None) -> str:
    """The day on the reader's calendar: ``30 November 2026``."""
    if at is None:
        return NOTHING
    local = at.astimezone(zone)
    return f"{local.day} {local:%B %Y}"


def size(octets: int) -> str:
    """A file's length: ``812 B``, ``1.4 MB``."""
    if octets < 1000:
        return f"{octets} B"
    value = octets / 1000
    for unit in ("kB", "MB"):
        if value < 999.5:
            return f"{value:,.1f} {unit}"
        value /= 1000
    return f"{value:,.1f} GB"


def plain(word: str) -> str:
    """A state or an outcome as a person reads it: ``do not call``."""
    return word.replace("_", " ")


def plural(count: int, one: str, many: str | None = None) -> str:
    """A count with its noun: ``1 call``, ``1,200 calls``."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def tone(word: str) -> str:
    """Which badge a contact's state, or an outcome, has: the end of its class ``badge-…``."""
    if word in _STATES:
        return word
    if word in UNWILLING:
        return "stop"
    return "reached" if is_reached(word) else "quiet"


def filters(zone: tzinfo | None) -> Mapping[str, Callable[..., object]]:
    """The words as filters of templates, times on the clock of ``zone`` (None: this machine's)."""
    return {
        "number": number,
        "percent": percent,
        "money": money,
        "duration": duration,
        "age": age,
        "moment": partial(moment, zone=zone),
        "clock": partial(clock, zone=zone),
        "day": partial(day, zone=zone),
        "iso": lambda at: at.isoformat(timespec="seconds"),
        "size": size,
        "plain": plain,
        "plural": plural,
        "tone": tone,
    }
