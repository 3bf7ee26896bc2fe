"""When a turned-away placement is tried again, and when a placed call is asked for again."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poku_batch.policy.polls import wait_before_poll_s
from poku_batch.policy.waits import FIRST_WAIT_S, wait_before_retry_s

_CHANCE = st.floats(0, 1, exclude_max=True)
_PLACEMENTS = st.integers(1, 10**9)
_SECONDS = st.floats(0, 1e12)
_CAP = st.floats(0.001, 1e6)


@given(_PLACEMENTS, _SECONDS, _CAP, _CHANCE)
def test_a_retry_never_comes_sooner_than_was_asked_for(
    placements: int, asked_s: float, cap_s: float, chance: float
) -> None:
    wait_s = wait_before_retry_s(placements, retry_after_s=asked_s, max_wait_s=cap_s, chance=chance)
    assert asked_s <= wait_s <= asked_s + cap_s + 1e-3


@given(_PLACEMENTS, _CAP, _CHANCE)
def test_a_retry_nobody_asked_to_wait_for_is_capped(
    placements: int, cap_s: float, chance: float
) -> None:
    wait_s = wait_before_retry_s(placements, retry_after_s=None, max_wait_s=cap_s, chance=chance)
    assert 0 < wait_s <= cap_s
    assert wait_s >= min(cap_s, FIRST_WAIT_S) / 2


@given(_PLACEMENTS, st.none() | _SECONDS, _CAP, _CHANCE, _CHANCE)
def test_a_retry_comes_later_with_more_chance(
    placements: int, asked_s: float | None, cap_s: float, one: float, other: float
) -> None:
    waits = [
        wait_before_retry_s(placements, retry_after_s=asked_s, max_wait_s=cap_s, chance=chance)
        for chance in sorted((one, other))
    ]
    assert waits == sorted(waits)


@given(st.integers(1, 200), _CAP, _CHANCE)
def test_a_retry_comes_no_sooner_than_the_one_before(
    placements: int, cap_s: float, chance: float
) -> None:
    waits = [
        wait_before_retry_s(n, retry_after_s=None, max_wait_s=cap_s, chance=chance)
        for n in (placements, placements + 1)
    ]
    assert waits == sorted(waits)


def test_retries_back_off_by_doubling() -> None:
    waits = [
        wait_before_retry_s(n, retry_after_s=None, max_wait_s=120, chance=0) for n in range(1, 12)
    ]
    assert waits == [0.25, 0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60]


@pytest.mark.parametrize("placements", [10**6, 10**100])
def test_no_number_of_placements_overflows(placements: int) -> None:
    assert wait_before_retry_s(placements, retry_after_s=None, max_wait_s=60, chance=0.5) == 45


def test_a_wait_of_zero_that_was_asked_for_is_kept() -> None:
    assert wait_before_retry_s(3, retry_after_s=0, max_wait_s=60, chance=0.9) == 0


@given(st.floats(0.1, 3600), st.none() | _SECONDS, _CHANCE)
def test_a_poll_comes_about_its_interval_later_and_never_sooner_than_was_asked_for(
    interval_s: float, asked_s: float | None, chance: float
) -> None:
    wait_s = wait_before_poll_s(interval_s, retry_after_s=asked_s, chance=chance)
    assert math.isfinite(wait_s)
    assert wait_s >= (asked_s or 0)
    assert wait_s >= interval_s * 0.89
    assert wait_s <= max(interval_s * 1.11, asked_s or 0)


@given(st.floats(0.1, 3600), st.none() | _SECONDS, _CHANCE, _CHANCE)
def test_a_poll_comes_later_with_more_chance(
    interval_s: float, asked_s: float | None, one: float, other: float
) -> None:
    waits = [
        wait_before_poll_s(interval_s, retry_after_s=asked_s, chance=chance)
        for chance in sorted((one, other))
    ]
    assert waits == sorted(waits)
