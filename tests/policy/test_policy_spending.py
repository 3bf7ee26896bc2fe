"""What calls cost, and that a budget is never overrun."""

import math
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poku_batch.policy.spending import UNBOUNDED, Budget, started_minutes

_LIMIT = st.decimals(0, 10**9, allow_nan=False, allow_infinity=False, places=4)
_PRICE = st.decimals("0.0001", 100, allow_nan=False, allow_infinity=False, places=4)


def _budget(limit: str, price: str, longest_s: float = 600) -> Budget:
    return Budget(limit=Decimal(limit), per_minute=Decimal(price), longest_s=longest_s)


@pytest.mark.parametrize(
    ("duration_s", "minutes"),
    [(-1, 1), (0, 1), (0.1, 1), (59.9, 1), (60, 1), (60.001, 2), (120, 2), (600, 10), (601, 11)],
)
def test_a_begun_minute_counts_whole_and_a_call_counts_one_at_least(
    duration_s: float, minutes: int
) -> None:
    assert started_minutes(duration_s) == minutes


@pytest.mark.parametrize(
    ("limit", "price", "minutes", "open_", "room"),
    [
        ("50", "0.125", 0, 0, 40),  # 400 minutes, 10 for each
        ("50", "0.125", 0, 40, 0),
        ("50", "0.125", 1, 0, 39),
        ("50", "0.125", 10, 38, 1),
        ("50", "0.125", 391, 0, 0),
        ("1.24", "0.125", 0, 0, 0),
        ("1.25", "0.125", 0, 0, 1),
        ("0.3", "0.1", 2, 0, 0),
        ("0", "0.125", 0, 0, 0),
        ("1", "0.125", 10_000, 50, 0),
    ],
)
def test_room_is_what_the_rest_pays_for_if_every_call_takes_its_longest(
    limit: str, price: str, minutes: int, open_: int, room: int
) -> None:
    assert _budget(limit, price).room(minutes, open_) == room


def test_tenths_are_tenths() -> None:
    assert _budget("0.3", "0.1", 60).room(0, 0) == 3
    assert _budget("0.3", "0.1", 60).cost(3) == Decimal("0.3")


def test_money_that_is_missing_is_missing_however_little_it_is() -> None:
    assert _budget("0." + "9" * 60, "1", 60).room(0, 0) == 0


def test_a_price_of_nothing_bounds_nothing() -> None:
    assert _budget("0", "0").room(10**9, 10**9) == UNBOUNDED
    assert _budget("0", "0").cost(5) == 0


@pytest.mark.parametrize("price", ["1e-40", "1e-999999"])
def test_a_price_next_to_nothing_is_reckoned_in_time(price: str) -> None:
    assert _budget("1000000000", price).room(5, 5) > 10**15


@given(_LIMIT, _PRICE, st.integers(0, 10**6), st.integers(0, 10**4), st.integers(1, 86_400))
def test_the_room_fits_the_limit_and_one_more_does_not(
    limit: Decimal, price: Decimal, minutes: int, open_: int, longest_s: int
) -> None:
    budget = Budget(limit=limit, per_minute=price, longest_s=longest_s)
    longest = math.ceil(longest_s / 60)

    def worst(calls: int) -> Fraction:
        return Fraction(price) * (minutes + (open_ + calls) * longest)

    room = budget.room(minutes, open_)
    assert room >= 0
    assert room == 0 or worst(room) <= Fraction(limit)
    assert worst(room + 1) > Fraction(limit)


@given(
    limit=st.decimals(0, 60, places=2),
    price=st.sampled_from([Decimal("0.125"), Decimal("0.1"), Decimal("0.07"), Decimal(1)]),
    slots=st.integers(1, 20),
    lengths=st.lists(st.floats(0, 600), min_size=1, max_size=80),
    order=st.randoms(use_true_random=False),
)
def test_a_campaign_never_spends_more_than_its_budget(
    limit: Decimal, price: Decimal, slots: int, lengths: list[float], order: Random
) -> None:
    budget = Budget(limit=limit, per_minute=price, longest_s=600)
    waiting, minutes = list(lengths), 0
    open_calls: list[float] = []
    while True:
        while waiting and len(open_calls) < slots and budget.room(minutes, len(open_calls)) > 0:
            open_calls.append(waiting.pop())
        if not open_calls:
            break
        ended = open_calls.pop(order.randrange(len(open_calls)))
        minutes += started_minutes(ended)
        assert budget.cost(minutes) <= limit
    # What is left could not have paid for another call of the longest length.
    assert not waiting or budget.cost(minutes + 10) > limit
