"""Calls by something, and how many of them reached somebody: when, at which attempt, how long."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from poku_batch.models import AttemptStep, LengthBand, LocalHour
from poku_batch.pages.charts import palette
from poku_batch.pages.charts.chart import DAYS, NO_CALLS, Chart, Figures, Key
from poku_batch.pages.charts.drawing import (
    NARROW,
    calls_axis,
    coloured,
    configured,
    named_axis,
    svg_of,
    values,
)
from poku_batch.pages.words import percent, plural

_KEYS = (
    Key(name="reached", colour=palette.REACHED),
    Key(name="not reached", colour=palette.NOT_REACHED),
)
#: Attempts that are shown one by one; later ones share a bar.
_ATTEMPTS_SHOWN = 10
#: The height of a lying bar with the room about it, and that of upright ones, in pixels.
_BAR, _HEIGHT = 26, 180


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bar:
    """How many calls there are of one kind, and how many of them reached somebody.

    ``short`` is the name at the axis, where that is not the whole of it.
    """

    name: str
    calls: int
    reached: int
    short: str = ""

    @property
    def label(self) -> str:
        return self.short or self.name

    @property
    def share(self) -> str:
        return percent(self.reached, self.calls) if self.calls else ""


def by_hour_of_day(hours: Iterable[LocalHour], *, note: str = "") -> Chart:
    """Calls by hour of the day on the contacts' clocks."""
    calls, reached = _sums(hours, lambda found: found.hour)
    bars = [
        _Bar(name=f"{h:02d}:00", short=f"{h:02d}", calls=calls[h], reached=reached[h])
        for h in range(24)
    ]
    return _chart("by-hour", "By hour of day", bars, _upright(every=3), note=note)


def by_weekday(hours: Iterable[LocalHour], *, note: str = "") -> Chart:
    """Calls by weekday on the contacts' clocks."""
    calls, reached = _sums(hours, lambda found: found.weekday)
    bars = [
        _Bar(name=day, short=day[:3], calls=calls[place], reached=reached[place])
        for place, day in enumerate(DAYS)
    ]
    return _chart("by-weekday", "By weekday", bars, _upright(every=1), note=note)


def until_reached(steps: Sequence[AttemptStep]) -> Chart:
    """Calls by the number of the attempt, and whether it was the one that reached the contact."""
    bars = [
        _Bar(name=f"attempt {step.attempt}", calls=step.called, reached=step.reached)
        for step in steps[:_ATTEMPTS_SHOWN]
    ]
    if later := steps[_ATTEMPTS_SHOWN:]:
        calls, reached = sum(step.called for step in later), sum(step.reached for step in later)
        bars.append(_Bar(name=f"attempt {later[0].attempt} on", calls=calls, reached=reached))
    note = "A contact counts as reached at the first attempt in which somebody was talked to."
    return _chart("attempts", "Attempts until reached", bars, _lying, note=note)


def lengths(bands: Sequence[LengthBand]) -> Chart:
    """Ended calls by their length, from placement to end."""
    bars = [_Bar(name=_band(band), calls=band.calls, reached=band.reached) for band in bands]
    note = "From placement to the end of the call, ringing included."
    return _chart("lengths", "Length of calls", bars, _lying, note=note)


def _band(band: LengthBand) -> str:
    least, most = band.least_s, band.most_s
    if most is None:
        return f"{least // 60} min or more"
    if most > 120:
        return f"{least / 60:g}–{most / 60:g} min"
    return f"{least}–{most} s" if least else f"under {most} s"


def _sums(
    hours: Iterable[LocalHour], of: Callable[[LocalHour], int]
) -> tuple[Counter[int], Counter[int]]:
    """Calls, and those that reached somebody, by a part of the hour."""
    calls: Counter[int] = Counter()
    reached: Counter[int] = Counter()
    for hour in hours:
        calls[of(hour)] += hour.calls
        reached[of(hour)] += hour.reached
    return calls, reached


def _chart(
    key: str, title: str, bars: Sequence[_Bar], drawn: Callable[[Sequence[_Bar]], Any], *, note: str
) -> Chart:
    calls, reached = sum(bar.calls for bar in bars), sum(bar.reached for bar in bars)
    if not calls:
        return Chart(key=key, title=title, about=NO_CALLS, note=note)
    most = max(bars, key=lambda bar: bar.calls)
    about = (
        f"{title}: {plural(calls, 'call')}, of which {percent(reached, calls)} reached somebody. "
        f"The largest bar, {most.name}, has {plural(most.calls, 'call')}."
    )
    return Chart(
        key=key,
        title=title,
        about=about,
        note=note,
        svg=svg_of(drawn(bars), about=about),
        legend=_KEYS,
        figures=Figures(
            columns=(title, "calls", "reached", "share"),
            rows=tuple((bar.name, bar.calls, bar.reached, bar.share) for bar in bars if bar.calls),
        ),
    )


def _upright(*, every: int) -> Callable[[Sequence[_Bar]], Any]:
    """Draw upright bars, with every so manieth of their names."""

    def drawn(bars: Sequence[_Bar]) -> Any:
        labels = [bar.label for bar in bars]
        axis = alt.Axis(labelAngle=0, ticks=False, values=labels[::every])
        x = alt.X("label:O", title=None, sort=labels, axis=axis, scale=_names(labels))
        chart = _stack(bars).encode(x=x, y=calls_axis(alt.Y, _most(bars)), y2="high:Q")
        return configured(chart, width=NARROW, height=_HEIGHT)

    return drawn


def _lying(bars: Sequence[_Bar]) -> Any:
    """Draw lying bars, each with the share of those who were reached behind it."""
    labels = [bar.label for bar in bars]
    y = alt.Y("label:O", title=None, sort=labels, axis=named_axis(labels), scale=_names(labels))
    most = _most(bars)
    chart = _stack(bars).encode(y=y, x=calls_axis(alt.X, most), x2="high:Q")
    ends = [{"label": bar.label, "low": bar.calls, "share": bar.share} for bar in bars if bar.calls]
    shares = (
        alt.Chart(values(ends))
        .mark_text(align="left", dx=6)
        .encode(y=y, x=calls_axis(alt.X, most), text="share:N")
    )
    return configured(chart + shares, width=NARROW, height=_BAR * len(bars))


def _names(labels: Sequence[str]) -> Any:
    return alt.Scale(domain=list(labels), paddingInner=0.25, paddingOuter=0.15)


def _most(bars: Sequence[_Bar]) -> int:
    return max(bar.calls for bar in bars)


def _stack(bars: Sequence[_Bar]) -> Any:
    return (
        alt.Chart(values(list(_parts(bars))))
        .mark_bar(stroke=None)
        .encode(color=coloured("of", _KEYS))
    )


def _parts(bars: Sequence[_Bar]) -> Iterator[dict[str, object]]:
    """The parts of each bar, from where it begins."""
    for bar in bars:
        for key, low, high in zip(_KEYS, (0, bar.reached), (bar.reached, bar.calls), strict=True):
            if high > low:
                yield {"label": bar.label, "of": key.name, "low": low, "high": high}
