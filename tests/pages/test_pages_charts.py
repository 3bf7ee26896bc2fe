"""Charts: what they show, and that nothing from outside gets into a page by them."""

import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poku_batch.models import (
    AttemptStep,
    CallsWithin,
    CampaignStatistics,
    LengthBand,
    LocalHour,
)
from poku_batch.pages.charts import (
    Chart,
    by_hour_of_day,
    by_weekday,
    heat_map,
    lengths,
    over_time,
    palette,
    until_reached,
)
from poku_batch.pages.charts.palette import shades
from poku_batch.pages.templates import SHARED, page_templates, style

SHOW = '{% from "parts.html.j2" import chart %}{{ chart(c) }}'
NINE = datetime(2026, 11, 30, 9, tzinfo=UTC)
ATTACK = """</text></svg><script>alert(1)</script><a href="javascript:1" onclick='x'>&amp;\x00"""


def placed(*outcomes: str) -> CampaignStatistics:
    step = timedelta(minutes=1)
    return CampaignStatistics(
        calls=len(outcomes),
        called=len(outcomes),
        first_at=NINE,
        last_at=NINE + step * (len(outcomes) - 1),
        outcomes={word: outcomes.count(word) for word in outcomes},
        step=step,
        over_time=tuple(
            CallsWithin(at=NINE + step * n, outcome=word, calls=1)
            for n, word in enumerate(outcomes)
        ),
    )


MONDAY_AT_NINE = [LocalHour(weekday=0, hour=9, calls=1, reached=1)]


def one_of_each(statistics: CampaignStatistics, hours: list[LocalHour]) -> list[Chart]:
    return [
        over_time(statistics, zone=UTC),
        heat_map(hours),
        by_hour_of_day(hours),
        by_weekday(hours),
        until_reached(statistics.by_attempt),
        lengths(statistics.by_length),
    ]


def drawing(chart: Chart) -> ET.Element:
    assert chart.svg is not None
    return ET.fromstring(str(chart.svg))  # noqa: S314


def shown(chart: Chart) -> list[str]:
    return [text.text or "" for text in drawing(chart).iter("text")]


def test_without_calls_every_chart_says_so_and_draws_nothing() -> None:
    for chart in one_of_each(CampaignStatistics(), []):
        assert (chart.svg, chart.about) == (None, "No calls yet.")


def test_a_chart_says_in_words_and_as_a_table_what_it_shows() -> None:
    chart = over_time(placed("confirmed", "voicemail", "voicemail"), zone=UTC)
    assert chart.about == ("Outcomes over time: 3 calls. The busiest minute, from 09:00, had 1.")
    assert drawing(chart).attrib["aria-label"] == chart.about
    assert drawing(chart).attrib["role"] == "img"
    assert chart.figures.columns == ("Minute from", "confirmed", "voicemail", "all")
    assert chart.figures.rows == (("09:00", 1, 0, 1), ("09:01", 0, 1, 1), ("09:02", 0, 1, 1))


def test_a_single_call_is_a_bar_among_room_not_a_wall() -> None:
    chart = over_time(placed("completed"), zone=UTC)
    (bar,) = [path for path in drawing(chart).iter("path") if path.get("fill") == "#00694d"]
    width = re.match(r"M[0-9.]+,0h([0-9.]+)", bar.attrib["d"])
    assert width is not None
    assert float(width.group(1)) < 50


#: Draws three calls of an evening, and prints where the bars begin.
_ELSEWHERE = """
import re
from zoneinfo import ZoneInfo
from tests.pages.test_pages_charts import over_time, placed
chart = over_time(placed("completed", "completed", "completed"), zone=ZoneInfo("Asia/Tokyo"))
print(re.findall(r'd="M([0-9.]+),[^"]*" fill="#00694d"', chart.svg), chart.about)
"""


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kathmandu"])
def test_bars_stand_where_their_times_are_whatever_the_machine_s_clock(zone: str) -> None:
    drawn = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE],
        env=os.environ | {"TZ": zone},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    assert drawn.stdout.strip() == (
        "['152.95', '186.2', '219.45'] "
        "Outcomes over time: 3 calls. The busiest minute, from 18:00, had 1."
    )


def test_shares_stand_behind_the_bars() -> None:
    steps = [
        AttemptStep(attempt=1, called=10, reached=4),
        AttemptStep(attempt=2, called=3, reached=3),
    ]
    chart = until_reached(steps)
    assert {"attempt 1", "40%", "attempt 2", "100%"} <= set(shown(chart))
    assert chart.figures.rows == (("attempt 1", 10, 4, "40%"), ("attempt 2", 3, 3, "100%"))


def test_many_attempts_share_the_last_bar() -> None:
    steps = [AttemptStep(attempt=n, called=2, reached=1) for n in range(1, 15)]
    assert until_reached(steps).figures.rows[-1] == ("attempt 11 on", 8, 4, "50%")


def test_lengths_are_named_as_one_would_say_them() -> None:
    edges = [0, 10, 90, 120, 300, None]
    bands = [
        LengthBand(least_s=least or 0, most_s=most, calls=1, reached=1)
        for least, most in zip(edges, [*edges[1:], None], strict=True)
    ][:-1]
    names = [row[0] for row in lengths(bands).figures.rows]
    assert names == ["under 10 s", "10–90 s", "90–120 s", "2–5 min", "5 min or more"]


def test_hours_in_which_nobody_may_be_called_have_no_ground() -> None:
    chart = heat_map(MONDAY_AT_NINE, open_hours=frozenset({(0, 9), (0, 10)}))
    fills = [shape.get("fill") for shape in drawing(chart).iter("path")]
    assert fills.count(palette.HEAT[-1]) == 1
    assert fills.count(palette.HEAT[0]) == 1


def test_a_call_outside_of_the_hours_is_shown_all_the_same() -> None:
    chart = heat_map(MONDAY_AT_NINE, open_hours=frozenset({(0, 10)}))
    assert [shape.get("fill") for shape in drawing(chart).iter("path")].count(palette.HEAT[-1]) == 1


def test_without_calling_hours_every_hour_of_the_week_has_a_ground() -> None:
    fills = [shape.get("fill") for shape in drawing(heat_map(MONDAY_AT_NINE)).iter("path")]
    assert fills.count(palette.HEAT[0]) == 7 * 24 - 1


@pytest.mark.parametrize("most", [1, 2, 4, 5, 7, 100, 12_345])
def test_the_steps_of_a_heat_map_leave_no_number_out(most: int) -> None:
    hours = [LocalHour(weekday=0, hour=n, calls=n + 1, reached=0) for n in range(min(most, 24))]
    chart = heat_map([*hours[:-1], LocalHour(weekday=6, hour=0, calls=most, reached=0)])
    assert chart.legend[0].name == "no call"
    assert chart.legend[-1].name.endswith(f"{most:,}")


def test_words_from_outside_are_text_and_nothing_else() -> None:
    chart = over_time(placed(ATTACK, "completed"), zone=UTC)
    assert chart.svg is not None
    assert "<script" not in chart.svg
    tags = {element.tag for element in drawing(chart).iter()}
    assert tags <= {"svg", "g", "path", "line", "text", "rect"}
    names = {name for element in drawing(chart).iter() for name in element.attrib}
    assert not names & {"style", "href", "id", "class"}
    assert not {name for name in names if name.startswith("on")}


def test_a_drawing_is_an_image_without_parts_for_who_cannot_see_it() -> None:
    for chart in one_of_each(placed("completed"), MONDAY_AT_NINE)[:4]:
        roles = [element for element in drawing(chart).iter() if element.get("role")]
        assert [element.tag for element in roles] == ["svg"]


def test_every_colour_of_a_chart_has_a_twin_in_the_dark() -> None:
    light, dark = re.findall(r":root \{(.*?)\n\s*\}", style(), re.DOTALL)[:2]
    names = {
        colour: name for name, colour in re.findall(r"--(chart-[a-z0-9-]+): (#[0-9a-f]{6});", light)
    }
    used = set()
    for chart in one_of_each(
        placed("completed", "voicemail", "unknown", "declined"),
        [LocalHour(weekday=0, hour=n, calls=n, reached=0) for n in range(24)],
    )[:4]:
        used |= set(re.findall(r'(fill|stroke)="(#[0-9a-f]{6})"', str(chart.svg)))
    assert len(used) > 10
    for attribute, colour in used:
        assert f'.chart [{attribute}="{colour}"]' in style(), colour
        assert f"--{names[colour]}:" in dark


@given(st.dictionaries(st.sampled_from([f"word {n}" for n in range(9)] + [
    "declined", "do_not_call", "wrong_number", "busy", "voicemail", "no_answer", "timed_out",
    "invalid_number", "unknown",
]), st.integers(1, 99)))  # fmt: skip
def test_every_outcome_has_one_shade_and_there_are_few(outcomes: dict[str, int]) -> None:
    found = shades(outcomes)
    assert sum(shade.of(outcomes) for shade in found) == sum(outcomes.values())
    assert len({shade.colour for shade in found}) == len(found) <= 12
    assert len({shade.name for shade in found}) == len(found)


def test_a_page_shows_a_chart_with_its_legend_and_its_figures() -> None:
    show = page_templates(SHARED).from_string(SHOW)
    page = show.render(c=over_time(placed(ATTACK, "voicemail"), zone=UTC))
    assert page.count("<svg") == 2 + 2
    assert 'aria-label="Outcomes over time: 2 calls.' in page
    assert '<th scope="row">09:00</th>' in page
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_a_page_says_that_there_are_no_calls_yet() -> None:
    show = page_templates(SHARED).from_string(SHOW)
    page = show.render(c=over_time(CampaignStatistics()))
    assert "No calls yet." in page
    assert "<svg" not in page
