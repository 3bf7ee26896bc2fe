"""The charts of a campaign's calls: drawn by Altair as SVG that stands in a page.

``over_time``, ``heat_map``, ``reached`` make one each, by ``drawing``, in the colours of
``palette``; every ``Chart`` has its figures in words and as a table too.
"""

from poku_batch.pages.charts.chart import Chart, Figures, Key
from poku_batch.pages.charts.heat_map import heat_map
from poku_batch.pages.charts.over_time import over_time
from poku_batch.pages.charts.reached import by_hour_of_day, by_weekday, lengths, until_reached

__all__ = [
    "Chart",
    "Figures",
    "Key",
    "by_hour_of_day",
    "by_weekday",
    "heat_map",
    "lengths",
    "over_time",
    "until_reached",
]
