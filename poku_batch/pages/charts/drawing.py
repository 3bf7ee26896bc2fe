"""Charts as SVG that stands in a page: drawn by Vega-Lite without a browser, and without a network.

What comes out is parsed and written anew, so that it is well formed whatever was in the data, and
holds no style of its own: the page's policy forbids it, and the page's style colours it.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

import altair as alt
import vl_convert
from markupsafe import Markup

from poku_batch.pages.charts import palette
from poku_batch.pages.charts.chart import Key

#: The widths of charts, in pixels: of one that has half of a page, and all of it.
NARROW, WIDE = 420, 1_000

_FONT_SIZE = 11
#: Room for a letter. The reader's font is another than that which Vega measures with.
_LETTER = 7

#: Nobody sees a hundredth of a pixel.
_LONG_NUMBER = re.compile(r"[0-9]+\.[0-9]{3,}")

_SVG = "http://www.w3.org/2000/svg"
#: What a drawing keeps of the attributes of its elements, and of the elements themselves.
_KEPT = frozenset(
    "cx cy d dominant-baseline dx dy fill fill-opacity font-family font-size font-style "
    "font-weight height opacity r rx ry stroke stroke-dasharray stroke-linecap stroke-opacity "
    "stroke-width text-anchor transform viewBox width x x1 x2 y y1 y2".split()
)
_KEPT_ELEMENTS = frozenset("svg g path line rect text tspan circle".split())


def values(rows: Sequence[Mapping[str, object]]) -> Any:
    """The data of a chart, a row an item."""
    return alt.Data(values=[dict(row) for row in rows])  # type: ignore[no-untyped-call]


def coloured(field: str, keys: Sequence[Key]) -> Any:
    """Colours by the names in a field. The legend is the page's, which breaks its lines."""
    scale = alt.Scale(domain=[key.name for key in keys], range=[key.colour for key in keys])
    return alt.Color(f"{field}:N", scale=scale, legend=None)


def calls_axis(of: type[Any], most: int) -> Any:
    """The axis of a number of calls up to ``most``, of the fields ``low`` and ``high``."""
    ticks = _ticks(most)
    extent = _LETTER * len(f"{ticks[-1]:,}") + 10 if of is alt.Y else 0
    axis = alt.Axis(values=ticks, domain=False, ticks=False, minExtent=extent)
    return of("low:Q", title=None, scale=alt.Scale(domain=[0, ticks[-1]]), axis=axis)


def named_axis(names: Sequence[str]) -> Any:
    """An upright axis with a name for each of some lying bars."""
    extent = _LETTER * max(map(len, names)) + 10
    return alt.Axis(ticks=False, domain=False, minExtent=extent, labelLimit=extent)


def _ticks(most: int) -> list[int]:
    """Round numbers from 0 to ``most`` or above: five at the most."""
    step = 1
    while step * 4 < most:
        # 1, 2, 5, 10, 20, 50 …
        step = step * 5 // 2 if str(step).startswith("2") else step * 2
    return list(range(0, most + step, step))


def configured(chart: Any, *, width: int, height: int) -> Any:
    """A chart with the look of all of them.

    ``width`` is that of all of it, so that letters are equally large in all charts; ``height`` that
    of its plot.
    """
    fitted = alt.AutoSizeParams(type="fit-x", contains="padding")
    return (
        chart.properties(width=width, height=height, padding=2, autosize=fitted)
        .configure(aria=False, background="transparent", font="sans-serif", numberFormat=",d")
        .configure_view(stroke=None)
        .configure_axis(
            labelColor=palette.INK,
            labelFontSize=_FONT_SIZE,
            labelPadding=6,
            domainColor=palette.AXIS,
            gridColor=palette.LINE,
            tickColor=palette.AXIS,
        )
        .configure_text(color=palette.INK, fontSize=_FONT_SIZE)
    )


def svg_of(chart: Any, *, about: str) -> Markup:
    """Draw a chart. ``about`` says in words what it shows, to who cannot see it."""
    version = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    drawn = vl_convert.vegalite_to_svg(chart.to_dict(), vl_version=version, allowed_base_urls=[])
    root = ET.fromstring(drawn)  # noqa: S314  # our own, just made
    _clean(root)
    del root.attrib["width"], root.attrib["height"]
    root.attrib |= {"role": "img", "aria-label": about}
    # ElementTree has escaped every text and attribute.
    return Markup(ET.tostring(root, encoding="unicode"))  # noqa: S704


def _clean(element: ET.Element) -> None:
    """Take away all that is not a shape, and names that would be twice in a page."""
    element.tag = element.tag.removeprefix(f"{{{_SVG}}}")
    element.attrib = {
        name: _LONG_NUMBER.sub(_shortened, value)
        for name, value in element.attrib.items()
        if name in _KEPT and value
    }
    for child in list(element):
        if child.tag.removeprefix(f"{{{_SVG}}}") in _KEPT_ELEMENTS:
            _clean(child)
        else:
            element.remove(child)


def _shortened(number: re.Match[str]) -> str:
    return f"{float(number.group()):.2f}".rstrip("0").rstrip(".")
