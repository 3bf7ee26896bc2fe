"""Small pictures: what was measured as points or bars, its target as a dashed line.

On white, so that they can be read on a dark page too.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.report import Cell

#: Told apart by people who do not see all colours, on white. Source: Okabe and Ito, 2008.
_COLORS = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#555555"]

#: Left, room for labels where the reader's font is wider than the one that was reckoned with.
_PADDING = {"left": 45, "top": 12, "right": 45, "bottom": 12}


def bars(  # noqa: PLR0913 – what a picture can be asked to show
    rows: Sequence[Mapping[str, Cell]],
    *,
    title: str,
    value: str,
    name: str,
    facet: str | None = None,
    bound: str | None = None,
    log: bool = False,
    ours: str = "pipeline",
) -> Any:
    """A bar a row (a point, if ``log``), its figure beside it; ``bound`` is the target's column.

    ``facet`` is a column that makes a panel of its own for each of its values, in their order.
    Rows whose name begins with ``ours`` stand out.
    """
    import altair as alt

    scale = alt.Scale(type="log", nice=True) if log else alt.Scale(zero=True)
    axis = alt.Axis(format=",.6~g", tickCount=5, labelFlush=False)
    names = list(dict.fromkeys(str(row[name]) for row in rows))
    base = alt.Chart().encode(y=alt.Y(name, type="nominal", sort=names, title=None))
    # A bar on a logarithmic scale needs a beginning that is not zero.
    drawn = base.mark_point(filled=True, size=70, opacity=1) if log else base.mark_bar(size=12)
    figures = alt.X(value, type="quantitative", scale=scale, axis=axis, title=value)
    highlight = alt.Scale(domain=[True, False], range=[_COLORS[1], _COLORS[0]])
    color = alt.Color("ours", type="nominal", legend=None, scale=highlight)
    text = base.mark_text(align="left", dx=6, fontSize=10).encode(
        x=figures, text=alt.Text(value, type="quantitative", format=",.4~r")
    )
    layers = [drawn.encode(x=figures, color=color), text]
    if bound is not None:
        rule = alt.Chart().mark_rule(color="#222", strokeDash=[4, 3])
        layers.append(rule.encode(x=alt.X(bound, type="quantitative", aggregate="max")))
    drawn_rows = [dict(row) | {"ours": str(row[name]).startswith(ours)} for row in rows]
    chart: Any = alt.layer(*layers, data=alt.InlineData(values=drawn_rows))
    chart = chart.properties(width=430)
    if facet is not None:
        order = list(dict.fromkeys(str(row[facet]) for row in rows))
        header = alt.Header(title=None, labelAnchor="start", labelFontSize=12, labelOrient="top")
        chart = chart.facet(
            row=alt.Row(facet, type="nominal", sort=order, header=header), spacing=12
        ).resolve_scale(y="independent")
    return _framed(chart, title)


def lines(
    rows: Sequence[Mapping[str, Cell]],
    *,
    title: str,
    over: str,
    value: str,
    name: str,
    bound: float | None = None,
    log: bool = True,
) -> Any:
    """A line with points for each ``name``, over a quantity that grows by orders of magnitude."""
    import altair as alt

    names = list(dict.fromkeys(str(row[name]) for row in rows))
    scale = alt.Scale(type="log") if log else alt.Scale(zero=False)
    steps = sorted({float(at) for row in rows if isinstance(at := row[over], int | float)})
    axis = alt.Axis(format=",d", grid=False, values=steps)
    chart: Any = (
        alt.Chart(alt.InlineData(values=[dict(row) for row in rows]))
        .mark_line(point=alt.OverlayMarkDef(size=50))
        .encode(
            x=alt.X(over, type="quantitative", scale=scale, axis=axis),
            y=alt.Y(value, type="quantitative", scale=alt.Scale(zero=True)),
            color=alt.Color(
                name, type="nominal", sort=names, title=None, scale=alt.Scale(range=_COLORS)
            ),
        )
        .properties(width=460, height=260)
    )
    if bound is not None:
        target = alt.Chart(alt.InlineData(values=[{"target": bound}])).mark_rule(
            color="#222", strokeDash=[4, 3]
        )
        chart = alt.layer(chart, target.encode(y=alt.Y("target", type="quantitative")))
    return _framed(chart, title)


def _framed(chart: Any, title: str) -> Any:
    return (
        chart.properties(title=title, background="white", padding=_PADDING)
        .configure_title(anchor="start", fontSize=14)
        .configure_view(stroke=None)
        .configure_axis(labelFontSize=11, titleFontSize=11, titleFontWeight="normal")
    )
