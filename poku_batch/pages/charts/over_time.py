"""Calls by the time of their placement and their outcome."""

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from typing import Any

import altair as alt

from poku_batch.models import CampaignStatistics
from poku_batch.pages.charts.bins import Bins, binned
from poku_batch.pages.charts.chart import NO_CALLS, Chart, Figures, Key
from poku_batch.pages.charts.drawing import (
    NARROW,
    WIDE,
    calls_axis,
    coloured,
    configured,
    svg_of,
    values,
)
from poku_batch.pages.charts.palette import Shade, shades
from poku_batch.pages.words import number, plural

_TITLE = "Outcomes over time"
#: So many bins have room, however few there are: a single one would be a wall.
_LEAST_BINS = 12

#: A day where it begins, otherwise the time of day. The clock is the reader's, though called UTC.
_TIME_LABEL = (
    "utchours(datum.value) + utcminutes(datum.value) + utcseconds(datum.value) == 0"
    " ? utcFormat(datum.value, '%-d %b') : utcFormat(datum.value, '%H:%M')"
)


def over_time(statistics: CampaignStatistics, *, zone: tzinfo | None = None) -> Chart:
    """Calls over time, stacked by outcome, on the clock of ``zone``; None for this machine's."""
    bins = binned(statistics, zone)
    if not bins.bins:
        return Chart(key="over-time", title=_TITLE, about=NO_CALLS)
    colours = shades(statistics.outcomes)
    about = _about(statistics.calls, bins)
    return Chart(
        key="over-time",
        title=_TITLE,
        about=about,
        note=f"Calls by the {bins.each} of their placement, on this machine's clock.",
        svg=svg_of(_drawn(bins, colours, NARROW, 190), about=about),
        wide=svg_of(_drawn(bins, colours, WIDE, 240), about=about),
        legend=tuple(_key(shade) for shade in colours),
        figures=_figures(bins, colours),
    )


def _about(calls: int, bins: Bins) -> str:
    busiest = max(bins.bins, key=lambda found: found.calls.total())
    return (
        f"{_TITLE}: {plural(calls, 'call')}. The busiest {bins.each}, from "
        f"{busiest.begins:{bins.label}}, had {number(busiest.calls.total())}."
    )


def _drawn(bins: Bins, colours: Sequence[Shade], width: int, height: int) -> Any:
    most = max(found.calls.total() for found in bins.bins)
    bars = alt.Chart(values(list(_bars(bins, colours)))).mark_rect()
    chart = bars.encode(
        x=_time_axis(bins, width),
        x2="ends:T",
        y=calls_axis(alt.Y, most),
        y2="high:Q",
        color=coloured("outcome", [_key(shade) for shade in colours]),
    )
    return configured(chart, width=width, height=height)


def _bars(bins: Bins, colours: Sequence[Shade]) -> Iterator[dict[str, object]]:
    """The parts of each bar, from the ground up; a little narrower than their bins."""
    for found in bins.bins:
        gap = (found.ends - found.begins) / 10
        low = 0
        for shade in colours:
            calls = shade.of(found.calls)
            if calls:
                yield {
                    # Not to be taken for the clock of the machine that draws.
                    "begins": f"{(found.begins + gap).isoformat()}Z",
                    "ends": f"{(found.ends - gap).isoformat()}Z",
                    "outcome": shade.name,
                    "low": low,
                    "high": low + calls,
                }
            low += calls


def _time_axis(bins: Bins, width: int) -> Any:
    first, last = bins.bins[0], bins.bins[-1]
    missing = max(_LEAST_BINS - len(bins.bins), 0)
    room = (first.ends - first.begins) * missing / 2
    scale = alt.Scale(type="utc", domain=[_utc(first.begins - room), _utc(last.ends + room)])
    axis = alt.Axis(
        grid=False, tickCount=width // 80, labelExpr=_TIME_LABEL, labelOverlap=True, labelFlush=True
    )
    return alt.X("begins:T", title=None, scale=scale, axis=axis)


def _utc(at: datetime) -> Any:
    return alt.DateTime(
        year=at.year,
        month=at.month,
        date=at.day,
        hours=at.hour,
        minutes=at.minute,
        seconds=at.second,
        utc=True,
    )


def _key(shade: Shade) -> Key:
    return Key(name=shade.name, colour=shade.colour)


def _figures(bins: Bins, colours: Sequence[Shade]) -> Figures:
    return Figures(
        columns=(f"{bins.each} from".capitalize(), *(shade.name for shade in colours), "all"),
        rows=tuple(
            (
                f"{found.begins:{bins.label}}",
                *(shade.of(found.calls) for shade in colours),
                found.calls.total(),
            )
            for found in bins.bins
            if found.calls
        ),
    )
