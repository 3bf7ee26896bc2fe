"""Numbers and times as pages write them."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from poku_batch.pages import words

NOON = datetime(2026, 11, 30, 12, 0, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "written"),
    [(0, "0"), (1234567, "1,234,567"), (2.5, "2.5"), (3.0, "3"), (Decimal(12), "12"), (None, "–")],
)
def test_a_number_has_thousands_separators(value: float | None, written: str) -> None:
    assert words.number(value) == written


@pytest.mark.parametrize(
    ("part", "whole", "written"),
    [
        (0, 5, "0%"),
        (5, 5, "100%"),
        (1, 3, "33%"),
        (1, 40, "2.5%"),
        (1, 100_000, "<0.1%"),
        (999, 1_000, "99.9%"),
        (3, 0, "–"),
    ],
)
def test_a_share_never_rounds_little_to_nothing(part: int, whole: int, written: str) -> None:
    assert words.percent(part, whole) == written


@pytest.mark.parametrize(
    ("seconds", "written"),
    [(0, "0 s"), (59.4, "59 s"), (65, "1 min 5 s"), (4_800, "1 h 20 min"), (180_000, "2 d 2 h")],
)
def test_a_length_of_time_has_its_two_largest_units(seconds: float, written: str) -> None:
    assert words.duration(seconds) == written
    assert words.duration(timedelta(seconds=seconds)) == written


def test_a_time_is_on_the_reader_s_clock_with_its_zone() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    assert words.moment(NOON, zone=berlin) == "2026-11-30 13:00:05 CET"
    assert words.clock(NOON, zone=berlin) == "13:00:05"
    assert words.day(NOON, zone=berlin) == "30 November 2026"


def test_an_age_says_whether_it_is_past_or_to_come() -> None:
    assert words.age(NOON, NOON + timedelta(seconds=12)) == "12 s ago"
    assert words.age(NOON + timedelta(minutes=5), NOON) == "in 5 min 0 s"


def test_what_is_not_known_is_a_dash() -> None:
    assert {words.moment(None), words.duration(None), words.age(None, NOON), words.day(None)} == {
        "–"
    }


@pytest.mark.parametrize(
    ("octets", "written"),
    [(812, "812 B"), (1_400_000, "1.4 MB"), (999_999, "1.0 MB"), (3_200_000_000, "3.2 GB")],
)
def test_a_size_has_the_unit_that_fits(octets: int, written: str) -> None:
    assert words.size(octets) == written


def test_every_word_has_a_badge_by_what_it_means() -> None:
    assert words.tone("unknown") == "unknown"
    assert words.tone("failed") == "failed"
    assert words.tone("confirmed") == "reached"
    assert words.tone("voicemail") == "quiet"
    assert words.tone("do_not_call") == "stop"
    assert words.tone('"><script>') == "reached"
