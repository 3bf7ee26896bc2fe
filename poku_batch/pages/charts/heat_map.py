"""Calls by weekday and hour on the contacts' clocks, beside the hours in which they may be made."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import altair as alt

from poku_batch.models import LocalHour
from poku_batch.pages.charts import palette
from poku_batch.pages.charts.chart import DAYS, NO_CALLS, Chart, Figures, Key
from poku_batch.pages.charts.drawing import NARROW, WIDE, coloured, configured, svg_of, values
from poku_batch.pages.words import number, plural

_TITLE = "Calling hours"
_HOURS = tuple(f"{hour:02d}" for hour in range(24))

#: A weekday (0 is Monday) and an hour of it.
_Field = tuple[int, int]


def heat_map(
    hours: Sequence[LocalHour], *, open_hours: frozenset[_Field] | None = None, note: str = ""
) -> Chart:
    """Calls by weekday and hour.

    ``open_hours`` are those (weekday, 0 is Monday; hour) in which the campaign may call: others
    have no ground. None where it may always.
    """
    calls = {(hour.weekday, hour.hour): hour.calls for hour in hours if hour.calls}
    if not calls:
        return Chart(key="heat-map", title=_TITLE, about=NO_CALLS, note=note)
    steps = _steps(max(calls.values()))
    about = _about(calls)
    return Chart(
        key="heat-map",
        title=_TITLE,
        about=about,
        note=note,
        svg=svg_of(_drawn(calls, open_hours, steps, NARROW, 150), about=about),
        wide=svg_of(_drawn(calls, open_hours, steps, WIDE, 210), about=about),
        legend=tuple(steps.values()),
        figures=_figures(calls),
    )


def _about(calls: Mapping[_Field, int]) -> str:
    day, hour = max(calls, key=lambda field: calls[field])
    return (
        f"{_TITLE}: {plural(sum(calls.values()), 'call')} by weekday and hour on the contacts' "
        f"clocks. The busiest hour, {DAYS[day]} from {hour:02d}:00, had "
        f"{number(calls[day, hour])}."
    )


def _steps(most: int) -> dict[int, Key]:
    """The steps of colour by the most calls that each stands for, from none on."""
    count = min(most, len(palette.HEAT) - 1)
    edges = [round(most * step / count) for step in range(count + 1)]
    steps = {0: Key(name="no call", colour=palette.HEAT[0])}
    for (low, high), colour in zip(pairwise(edges), palette.HEAT[-count:], strict=True):
        name = number(high) if low + 1 == high else f"{number(low + 1)}–{number(high)}"
        steps[high] = Key(name=name, colour=colour)
    return steps


def _drawn(
    calls: Mapping[_Field, int],
    open_hours: frozenset[_Field] | None,
    steps: Mapping[int, Key],
    width: int,
    height: int,
) -> Any:
    data = [
        {
            "day": DAYS[day][:3],
            "hour": _HOURS[hour],
            "step": next(key.name for most, key in steps.items() if calls.get(field, 0) <= most),
        }
        for day in range(7)
        for hour in range(24)
        if (field := (day, hour)) in calls or open_hours is None or field in open_hours
    ]
    bare = alt.Axis(domain=False, ticks=False)
    hour_axis = alt.Axis(
        domain=False, ticks=False, labelAngle=0, values=_HOURS[:: 1 if width == WIDE else 3]
    )
    days = [day[:3] for day in DAYS]
    chart = (
        alt.Chart(values(data))
        .mark_rect(cornerRadius=2)
        .encode(
            x=alt.X("hour:O", title=None, axis=hour_axis, scale=_fields(_HOURS)),
            y=alt.Y("day:O", title=None, axis=bare, scale=_fields(days)),
            color=coloured("step", list(steps.values())),
        )
    )
    return configured(chart, width=width, height=height)


def _fields(names: Sequence[str]) -> Any:
    return alt.Scale(domain=list(names), paddingInner=0.12, paddingOuter=0)


def _figures(calls: Mapping[_Field, int]) -> Figures:
    hours = sorted({hour for _, hour in calls})
    return Figures(
        columns=("Hour", *DAYS),
        rows=tuple(
            (f"{hour:02d}:00", *(calls.get((day, hour), 0) for day in range(7))) for hour in hours
        ),
    )
