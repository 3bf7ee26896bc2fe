"""Lengths of time: read, written, and refused with a sentence."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poku_batch.campaign import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("4h", timedelta(hours=4)),
        ("2d", timedelta(days=2)),
        ("500ms", timedelta(milliseconds=500)),
        ("1h30m", timedelta(minutes=90)),
        (" 1h 30m ", timedelta(minutes=90)),
        ("0s", timedelta()),
    ],
)
def test_a_duration_is_read(text: str, expected: timedelta) -> None:
    assert parse_duration(text) == expected


@pytest.mark.parametrize(
    "text", ["", "m", "-5m", "1.5h", "30m1h", "1h1h", "5 minutes", "١s", "1h\0"]
)
def test_what_is_no_duration_is_refused_with_examples(text: str) -> None:
    with pytest.raises(ValueError, match="such as 90s, 30m"):
        parse_duration(text)


def test_a_bare_number_is_told_to_have_a_unit() -> None:
    with pytest.raises(ValueError, match="'30' has no unit: write 30s, 30m or 30h"):
        parse_duration("30")


def test_a_duration_beyond_all_time_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        parse_duration("999999999d999999999h")


def test_a_negative_duration_cannot_be_written() -> None:
    with pytest.raises(ValueError, match="negative"):
        format_duration(timedelta(seconds=-1))


@given(st.integers(min_value=0, max_value=10**14))
def test_what_is_written_reads_back_the_same(milliseconds: int) -> None:
    duration = timedelta(milliseconds=milliseconds)
    assert parse_duration(format_duration(duration)) == duration


@given(st.text())
def test_any_text_is_a_duration_or_a_value_error(text: str) -> None:
    try:
        duration = parse_duration(text)
    except ValueError:
        return
    assert duration >= timedelta()
