"""May a contact be called now, as far as the clock is concerned: go, later, or never.

Whatever cannot be known (where the contact is) is a no. Reasons are for the contact's row, and in
its local terms.
"""

from collections.abc import Callable
from datetime import datetime

from poku_batch.models import Go, Later, Never, Permission, WaitKind
from poku_batch.policy.hours import (
    HORIZON_DAYS,
    Bounds,
    Hours,
    Opening,
    Place,
    closed_because,
    next_opening,
    told,
)

#: Why a contact without a zone is not called.
UNKNOWN_ZONE = (
    "no time zone is known for the number: give the row one in a timezone column, or set "
    "calling_hours.default_timezone"
)

#: ``next_opening``, or what remembers what it said.
OpeningFinder = Callable[[Hours, Place, Bounds, datetime], Opening | None]


def permission_at(
    now: datetime, hours: Hours, place: Place, bounds: Bounds, find: OpeningFinder = next_opening
) -> Permission:
    """Say whether a contact may be called at ``now`` (aware UTC), or from when.

    ``find`` gives what ``next_opening`` would, or an opening that began earlier and goes on.
    """
    if not place.zones:
        return Never(why=UNKNOWN_ZONE)
    if contradiction := _contradiction(place, bounds, now):
        return Never(why=contradiction)
    opening = find(hours, place, bounds, now)
    if opening is None:
        return Never(why=_no_opening(place, bounds))
    if opening.opens_at <= now:
        return Go()
    kind, why = _closed(hours, place, bounds, now)
    return Later(until=opening.opens_at, kind=kind, why=why)


def _contradiction(place: Place, bounds: Bounds, now: datetime) -> str | None:
    """Say what the row's own bounds forbid, whatever the calling hours are."""
    begins, ends = bounds.begins_s(place), bounds.ends_s(place)
    first, last = bounds.daily_s
    if ends is not None and ends <= now.timestamp():
        return f"too late: not_after {told(bounds.not_after)} is past"
    if last == 0:
        return f"not_after {told(bounds.not_after)} leaves no time of the day"
    if first >= last or (begins is not None and ends is not None and begins >= ends):
        before, after = told(bounds.not_before), told(bounds.not_after)
        return f"not_before {before} is not earlier than not_after {after}"
    return None


def _no_opening(place: Place, bounds: Bounds) -> str:
    if bounds.ends_s(place) is not None:
        return f"too late: no calling hours are left before not_after {told(bounds.not_after)}"
    if bounds.daily_s != Bounds().daily_s:
        own = {"not_before": bounds.not_before, "not_after": bounds.not_after}
        row = " and ".join(f"{name} {told(at)}" for name, at in own.items() if at is not None)
        return f"the row's {row} leaves no calling hours"
    if len(place.zones) > 1:
        return (
            f"no calling hours are common to the {len(place.zones)} time zones of the number: "
            "give the row one in a timezone column"
        )
    return f"no calling hours within {HORIZON_DAYS} days"


def _closed(hours: Hours, place: Place, bounds: Bounds, now: datetime) -> tuple[WaitKind, str]:
    """Say why a contact is not called now: the row's day, the calling hours, the row's hours."""
    begins = bounds.begins_s(place)
    if begins is not None and now.timestamp() < begins:
        return WaitKind.NOT_BEFORE, f"not before {told(bounds.not_before)}"
    for zone in place.zones:
        if why := closed_because(hours, zone, place.country, now):
            return WaitKind.CALLING_HOURS, f"{why}{_of_several(place, why)}"
    for zone in place.zones:
        if why := bounds.closed_because(zone, now):
            return WaitKind.NOT_BEFORE, f"{why}{_of_several(place, why)}"
    # The clock on the wall says otherwise than the search did: whoever is wrong, do not call.
    return WaitKind.CALLING_HOURS, "outside calling hours"


def _of_several(place: Place, why: str) -> str:
    """Complete a reason that ends with a zone, where that is not all there is to it."""
    several = len(place.zones)
    named = several > 1 and why.endswith(place.zones)
    return f", one of the number's {several} time zones" if named else ""
