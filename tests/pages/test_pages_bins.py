"""Calls over time, in bins on the reader's clock."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poku_batch.models import CallsWithin, CampaignStatistics
from poku_batch.pages.charts.bins import binned

BERLIN = ZoneInfo("Europe/Berlin")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = datetime(2026, 10, 24, 9, tzinfo=UTC)
WORDS = st.sampled_from(["busy", "completed"])


def statistics(*placed: tuple[datetime, str, int], step: timedelta = HOUR) -> CampaignStatistics:
    return CampaignStatistics(
        calls=sum(calls for _, _, calls in placed),
        first_at=min(at for at, _, _ in placed),
        last_at=max(at for at, _, _ in placed),
        step=step,
        over_time=tuple(
            CallsWithin(at=at, outcome=outcome, calls=calls) for at, outcome, calls in placed
        ),
    )


def test_nothing_has_no_bins() -> None:
    assert binned(CampaignStatistics()).bins == ()


@pytest.mark.parametrize(
    ("span", "each"),
    [
        (HOUR, "hour"),
        (5 * DAY, "hour"),
        (6 * DAY, "day"),
        (120 * DAY, "day"),
        (121 * DAY, "week"),
        (900 * DAY, "month"),
    ],
)
def test_bins_are_as_long_as_the_time_asks_for(span: timedelta, each: str) -> None:
    bins = binned(statistics((START, "busy", 1), (START + span, "busy", 2)), UTC)
    assert bins.each == each
    assert len(bins.bins) <= 125
    assert bins.bins[-1].calls == {"busy": 2}


def test_short_steps_stay_as_they_are() -> None:
    step = timedelta(minutes=5)
    bins = binned(statistics((START, "busy", 1), (START + 3 * step, "busy", 1), step=step), UTC)
    assert (bins.each, len(bins.bins)) == ("5 minutes", 4)


def test_a_day_is_the_reader_s_day() -> None:
    late = datetime(2026, 11, 1, 23, tzinfo=UTC)
    bins = binned(statistics((late - 9 * DAY, "busy", 1), (late, "busy", 1)), BERLIN)
    assert bins.bins[-1].begins == datetime(2026, 11, 2)  # noqa: DTZ001


@given(
    step=st.sampled_from([timedelta(minutes=1), timedelta(minutes=15), HOUR]),
    placed=st.lists(
        st.tuples(st.integers(0, 20_000), WORDS, st.integers(1, 9)),
        min_size=1,
        max_size=30,
    ),
    zone=st.sampled_from(["Europe/Berlin", "Asia/Kathmandu", "America/St_Johns", "UTC"]),
)
def test_no_call_is_lost_and_bins_follow_without_a_gap(
    step: timedelta, placed: list[tuple[int, str, int]], zone: str
) -> None:
    given_ = statistics(*((START + step * n, word, calls) for n, word, calls in placed), step=step)
    bins = binned(given_, ZoneInfo(zone)).bins
    counted: Counter[str] = Counter()
    for _, word, calls in placed:
        counted[word] += calls
    assert sum((found.calls for found in bins), Counter()) == counted
    for before, after in pairwise(bins):
        assert before.ends == after.begins
        assert before.begins < before.ends
