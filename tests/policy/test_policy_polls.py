"""How many polls a run may send, and whose turn it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poku_batch.policy.polls import (
    LEAST_POLLS_A_SECOND,
    MOST_POLLS_A_SECOND,
    PollRate,
)


def turn(rate: PollRate, now_s: float) -> float:
    """When one who comes now has a turn, which is taken."""
    at_s = now_s + rate.wait_s(now_s)
    rate.take(at_s)
    return at_s


_RATES = st.floats(0.1, 1_000)


def test_a_poll_after_a_pause_is_sent_at_once() -> None:
    rate = PollRate()
    assert turn(rate, 100.0) == 100.0
    assert turn(rate, 200.0) == 200.0


@given(_RATES, st.lists(st.floats(0, 2), min_size=1, max_size=100))
def test_no_time_has_more_turns_than_the_rate_and_a_small_burst(
    most: float, pauses: list[float]
) -> None:
    rate = PollRate(least=0.1, most=most)
    now_s, turns = 0.0, []
    for pause_s in pauses:
        now_s += pause_s
        turns.append(turn(rate, now_s))
    for first, begin_s in enumerate(turns):
        for last in range(first, len(turns)):
            assert last - first <= (turns[last] - begin_s) * most + max(10, most / 10) + 1e-6


@given(_RATES, st.lists(st.floats(0, 2), min_size=1, max_size=100))
def test_turns_come_in_the_order_of_asking_and_none_is_later_than_one_round(
    most: float, pauses: list[float]
) -> None:
    rate = PollRate(least=0.1, most=most)
    now_s, turns = 0.0, [0.0]
    for pause_s in pauses:
        now_s += pause_s
        turns.append(turn(rate, now_s))
        assert turns[-1] >= now_s
        assert turns[-1] - now_s <= len(pauses) / most + 1e-6
    assert turns == sorted(turns)


@given(_RATES, _RATES, st.lists(st.none() | st.floats(0, 3), max_size=100))
def test_whatever_is_measured_the_rate_keeps_within_its_bounds(
    one: float, other: float, readings: list[float | None]
) -> None:
    least, most = sorted((one, other))
    rate = PollRate(least=least, most=most)
    for second, reading in enumerate(readings):
        if reading is None:
            rate.pushed_back(float(second))
        else:
            rate.measured(reading)
        assert least <= rate.a_second <= most
        assert least <= rate.planned * (1 + 1e-9)
        assert rate.planned <= most * (1 + 1e-9)


def test_a_busy_run_polls_less_and_one_at_ease_polls_more_again() -> None:
    rate = PollRate()
    for _ in range(20):
        rate.measured(0.95)
    assert rate.a_second == LEAST_POLLS_A_SECOND
    rate.measured(0.75)
    assert rate.a_second == LEAST_POLLS_A_SECOND
    for _ in range(20):
        rate.measured(0.5)
    assert rate.a_second == MOST_POLLS_A_SECOND


def test_many_pleas_to_wait_within_a_second_count_as_one() -> None:
    rate = PollRate()
    for hundredth in range(100):
        rate.pushed_back(5 + hundredth / 100)
    assert rate.a_second == pytest.approx(MOST_POLLS_A_SECOND / 2)
    rate.pushed_back(6.0)
    assert rate.a_second == pytest.approx(MOST_POLLS_A_SECOND / 4)


def test_a_rush_lowers_the_rate_at_once_and_what_is_planned_hardly() -> None:
    rate = PollRate()
    for _ in range(15):
        rate.measured(1.0)
    assert rate.a_second == LEAST_POLLS_A_SECOND
    assert rate.planned > MOST_POLLS_A_SECOND * 0.75
    for _ in range(600):
        rate.measured(1.0)
    assert rate.planned == pytest.approx(LEAST_POLLS_A_SECOND, rel=0.01)
