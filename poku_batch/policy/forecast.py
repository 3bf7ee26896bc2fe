"""How many calls a run would come to, what they would cost, and when it would end.

What is said is what ``flow`` makes of the pending contacts, for calls of the mean length.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from poku_batch.models import PendingGroup
from poku_batch.policy.day_caps import DayCap
from poku_batch.policy.flow import (
    HORIZON_S,
    CallFigures,
    Flow,
    ForecastEnd,
    ForecastRules,
    OpeningOf,
)
from poku_batch.policy.spending import UNBOUNDED

#: How many openings are looked up, roughly, at the most; in a campaign of many days with many
#: groups, small groups are then taken for the largest of those that open at about the same time.
_LOOK_UPS = 20_000
#: Likewise where redials are expected, which make every step dearer.
_LOOK_UPS_OF_REDIALS = 2_500
#: So many groups are told apart in any case.
_FEWEST = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """What a run would come to: ``calls`` of about so many started ``minutes``, at that ``cost``.

    ``end`` is what would end it; ``limit_why`` names the limit, if that is one.
    ``redials`` of the calls are redials of what this run's own calls come to; None where that
    cannot be estimated. ``starts_at`` is when the first call begins, ``ends_at`` when the last one
    ends (aware UTC): None where there is none, or no end within 400 days. ``left`` contacts would
    still wait then, and ``too_late`` contacts would not be reached before their rows' own time is
    over. ``day_cap`` is what lets no more be called a day, where that makes some wait.
    ``redials_from`` is when the first of the redials that are due later can really be called.
    """

    end: ForecastEnd
    limit_why: str | None = None
    calls: int
    redials: int | None
    minutes: int
    cost: Decimal
    currency: str = ""
    call: CallFigures
    starts_at: datetime | None
    ends_at: datetime | None
    left: int = 0
    too_late: int = 0
    day_cap: DayCap | None = None
    redials_from: datetime | None = None


def forecast(
    groups: Sequence[PendingGroup], rules: ForecastRules, *, now: datetime, opening: OpeningOf
) -> Forecast:
    """Say what a run that begins ``now`` (aware UTC) would come to; groups in any order."""
    flow = Flow(rules, now, opening)
    for group in _fewer(groups, rules, now, opening):
        flow.add(group)
    end = flow.run()
    calls = round(flow.begun)
    minutes = math.ceil(round(calls * rules.call.minutes, 3))
    return Forecast(
        end=end,
        limit_why=rules.limit_why if end is ForecastEnd.LIMIT else None,
        calls=calls,
        redials=None if rules.redials is None else round(flow.redials),
        minutes=minutes,
        cost=rules.per_minute * minutes,
        currency=rules.currency,
        call=rules.call,
        starts_at=flow.starts_at,
        ends_at=flow.ends_at(end),
        left=round(flow.left),
        too_late=round(flow.too_late),
        day_cap=rules.day_cap if flow.capped else None,
        redials_from=_redials_from(groups, opening),
    )


def affordable_calls(minutes: int, *, longest: int, mean: float) -> int:
    """How many calls so many started minutes allow for, one after the other.

    Each sets the ``longest`` aside before it begins, and has used up the ``mean`` when it ends.
    """
    if minutes < longest:
        return 0
    if mean <= 0:
        return UNBOUNDED
    return math.floor((minutes - longest) / mean) + 1


def _redials_from(groups: Iterable[PendingGroup], opening: OpeningOf) -> datetime | None:
    """When the first redial that is due later can be called: within the hours of its group."""
    later = (
        opening(group.group, group.due_at)
        for group in groups
        if group.attempt > 1 and group.due_at is not None
    )
    return min((found.opens_at for found in later if found is not None), default=None)


def _fewer(
    groups: Sequence[PendingGroup], rules: ForecastRules, now: datetime, opening: OpeningOf
) -> Sequence[PendingGroup]:
    """Take small groups for similar larger ones, where the run is long and groups are many."""
    sizes: dict[int, int] = {}
    for group in groups:
        sizes[group.group] = sizes.get(group.group, 0) + group.contacts
    days = sum(sizes.values()) * rules.call.seconds / rules.slots / 86_400 * 3 + 3
    look_ups = _LOOK_UPS_OF_REDIALS if rules.redials else _LOOK_UPS
    most = max(int(look_ups / days), _FEWEST)
    if len(sizes) <= most:
        return groups
    middles = {group: _middle_s(group, now, opening) for group in sizes}
    ordered = sorted(sizes, key=lambda group: (middles[group], group))
    shelves: dict[int, list[int]] = {}
    before, total = 0, sum(sizes.values())
    for number in ordered:
        shelves.setdefault((2 * before + sizes[number]) * most // (2 * total), []).append(number)
        before += sizes[number]
    taken_for = {
        group: max(shelf, key=sizes.__getitem__) for shelf in shelves.values() for group in shelf
    }
    return [replace(group, group=taken_for[group.group]) for group in groups]


def _middle_s(group: int, now: datetime, opening: OpeningOf) -> float:
    """The middle of a group's first opening, in seconds from now."""
    found = opening(group, now)
    if found is None:
        return HORIZON_S
    return ((found.opens_at - now) + (found.closes_at - now)).total_seconds() / 2
