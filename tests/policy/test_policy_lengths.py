"""What asking tells of how long calls last, and how closely each age is watched for it."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poku_batch.policy.lengths import Lengths

_AGES = st.floats(0, 100_000)
_AMOUNTS = st.floats(0.01, 10_000)
_TOLD = st.lists(st.tuples(st.booleans(), _AGES, _AGES), max_size=300)


def watch(
    lengths: Lengths, length_s: Callable[[], float], *, calls: int, every_s: float = 5.0
) -> None:
    """Ask for so many calls at fixed intervals until each has ended."""
    for _ in range(calls):
        ends_s, age_s = length_s(), 0.0
        while age_s + every_s < ends_s:
            lengths.went_on(age_s, age_s + every_s)
            age_s += every_s
        lengths.ended(age_s, age_s + every_s)


def uniform(shortest_s: float, longest_s: float) -> Callable[[], float]:
    dice = random.Random(7)  # noqa: S311 – lengths of calls
    return lambda: dice.uniform(shortest_s, longest_s)


def weight(lengths: Lengths, from_s: float, to_s: float) -> float:
    """The mean weight of the ages between two."""
    return lengths.reach(from_s, 1e9, most_s=to_s - from_s)[1] / (to_s - from_s)


@given(_AGES, _AMOUNTS, _AMOUNTS)
def test_where_nothing_is_known_every_age_is_watched_alike(
    age_s: float, amount: float, most_s: float
) -> None:
    wait_s, reached = Lengths().reach(age_s, amount, most_s=most_s)
    assert wait_s == pytest.approx(min(amount, most_s), rel=1e-6, abs=1e-6)
    assert reached == pytest.approx(wait_s, rel=1e-6, abs=1e-6)


@given(_TOLD, _AGES, _AMOUNTS, _AMOUNTS)
def test_whatever_was_told_a_wait_is_positive_and_bounded(
    told: list[tuple[bool, float, float]], age_s: float, amount: float, most_s: float
) -> None:
    lengths = Lengths()
    for ended, one_s, other_s in told:
        (lengths.ended if ended else lengths.went_on)(min(one_s, other_s), max(one_s, other_s))
    wait_s, reached = lengths.reach(age_s, amount, most_s=most_s)
    assert 0 < wait_s <= most_s * (1 + 1e-9)
    assert 0 < reached <= amount * (1 + 1e-9)


@given(st.floats(0, 200), st.floats(0.1, 50), st.floats(0.1, 50))
def test_two_waits_come_to_the_same_as_one_of_both(age_s: float, one: float, other: float) -> None:
    lengths = Lengths()
    watch(lengths, uniform(20, 90), calls=200)
    whole_s, _ = lengths.reach(age_s, one + other, most_s=1e6)
    first_s, _ = lengths.reach(age_s, one, most_s=1e6)
    second_s, _ = lengths.reach(age_s + first_s, other, most_s=1e6)
    assert first_s + second_s == pytest.approx(whole_s, rel=1e-6)


def test_ages_at_which_no_call_ends_are_hardly_watched() -> None:
    lengths = Lengths()
    watch(lengths, uniform(60, 120), calls=1_000)
    assert weight(lengths, 0, 50) < weight(lengths, 65, 120) / 5


def test_the_closer_the_last_end_the_more_a_call_is_watched() -> None:
    lengths = Lengths()
    watch(lengths, uniform(60, 120), calls=2_000)
    weights = [weight(lengths, 60, 75), weight(lengths, 75, 95), weight(lengths, 95, 115)]
    assert weights == sorted(weights)


def test_open_calls_count_so_that_first_ends_do_not_stand_for_all() -> None:
    lengths = Lengths()
    for call in range(2_000):
        early = call < 100
        for age_s in range(0, 20 if early else 100, 5):
            lengths.went_on(age_s, age_s + 5)
        if early:
            lengths.ended(20, 25)
    assert weight(lengths, 30, 95) < weight(lengths, 20, 25) / 3


def test_what_changes_is_learned_anew() -> None:
    lengths = Lengths()
    watch(lengths, uniform(10, 30), calls=10_000)
    watch(lengths, uniform(100, 140), calls=20_000)
    assert weight(lengths, 10, 30) < weight(lengths, 105, 135) / 3


def test_an_end_between_the_same_two_ages_tells_nothing() -> None:
    lengths = Lengths()
    for _ in range(1_000):
        lengths.ended(50.0, 50.0)
    assert weight(lengths, 45, 55) == pytest.approx(1)
