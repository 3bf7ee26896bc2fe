"""The yardstick: no schedule of the same calls in the same order is shorter."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.ideal import makespan_s

LENGTHS = st.lists(st.integers(min_value=1, max_value=1_000).map(float), max_size=60)
SLOTS = st.integers(min_value=1, max_value=20)


@given(LENGTHS, SLOTS)
def test_no_schedule_is_shorter_than_its_longest_call_or_than_its_work_spread_evenly(
    lengths: list[float], slots: int
) -> None:
    assert makespan_s(lengths, slots) >= max([sum(lengths) / slots, *lengths])


@given(LENGTHS, SLOTS)
def test_one_slot_takes_the_sum_and_a_slot_a_call_the_longest(
    lengths: list[float], slots: int
) -> None:
    assert makespan_s(lengths, 1) == sum(lengths)
    assert makespan_s(lengths, len(lengths) + slots) == max(lengths, default=0.0)


@given(LENGTHS, SLOTS)
def test_it_is_what_slots_come_to_that_are_filled_one_second_after_the_other(
    lengths: list[float], slots: int
) -> None:
    waiting, left, passed = list(lengths), [0.0] * slots, 0
    while True:
        for slot in range(slots):
            if left[slot] == 0 and waiting:
                left[slot] = waiting.pop(0)
        if not any(left):
            break
        step = min(seconds for seconds in left if seconds)
        left = [max(0.0, seconds - step) for seconds in left]
        passed += int(step)
    assert makespan_s(lengths, slots) == passed


@given(
    st.lists(st.integers(min_value=1, max_value=9).map(float), max_size=6),
    st.integers(min_value=1, max_value=3),
)
def test_calls_that_are_put_wherever_one_likes_take_at_least_half_as_long(
    lengths: list[float], slots: int
) -> None:
    """Graham's bound: the greedy schedule is within 2 − 1/slots of the best of all."""
    best = min(
        max(
            sum(length for length, at in zip(lengths, chosen, strict=True) if at == slot)
            for slot in range(slots)
        )
        for chosen in product(range(slots), repeat=len(lengths))
    )
    found = makespan_s(lengths, slots)
    assert best <= found <= (2 - 1 / slots) * best


def test_without_a_slot_there_is_no_schedule() -> None:
    with pytest.raises(ValueError, match="at least one slot"):
        makespan_s([1.0], 0)
