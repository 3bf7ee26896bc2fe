"""How many slots are used: fewer when the API turns calls away, more again when it takes them."""

import heapq
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poku_batch.policy.window import QUIET_S, Window


def _window(slots: int, *, ramp_up_s: float = 0.0) -> Window:
    return Window(slots, ramp_up_s=ramp_up_s, started_s=0.0)


# --- one step at a time ------------------------------------------------------------------------


def test_all_slots_are_used_until_a_call_is_turned_away() -> None:
    window = _window(10)
    assert not window.taken(1.0)
    assert window.size(1.0) == 10


@pytest.mark.parametrize(("slots", "sizes"), [(10, [5, 2, 1, 1]), (1, [1, 1]), (7, [3, 1, 1])])
def test_being_turned_away_halves_the_slots_down_to_one(slots: int, sizes: list[int]) -> None:
    window, before = _window(slots), slots
    for round_, size in enumerate(sizes, start=1):
        changed = window.turned_away(round_ + 0.5, placed_s=round_)
        assert window.size(round_ + 0.5) == size
        assert changed is (size != before)
        before = size


def test_what_was_sent_before_the_last_halving_does_not_halve_again() -> None:
    window = _window(16)
    assert window.turned_away(10.0, placed_s=9.0)
    assert not window.turned_away(10.1, placed_s=9.5)
    assert not window.turned_away(10.2, placed_s=10.0)
    assert window.size(11.0) == 8
    assert window.turned_away(11.0, placed_s=10.1)
    assert window.size(11.0) == 4


def test_a_window_of_taken_placements_wins_one_slot() -> None:
    window = _window(16)
    window.turned_away(0.0, placed_s=0.0)
    changes = [window.taken(1.0) for _ in range(8 + 9)]
    assert changes == [False] * 7 + [True] + [False] * 8 + [True]
    assert window.size(1.0) == 10


def test_after_a_quiet_minute_every_taken_placement_wins_one() -> None:
    window = _window(16)
    window.turned_away(0.0, placed_s=0.0)
    assert not window.taken(QUIET_S - 0.1)
    assert [window.taken(QUIET_S) for _ in range(9)] == [True] * 8 + [False]
    assert window.size(QUIET_S) == 16


def test_being_turned_away_begins_the_minute_anew_even_within_a_round() -> None:
    window = _window(16)
    window.turned_away(10.0, placed_s=9.0)
    window.turned_away(50.0, placed_s=9.0)
    assert not window.taken(70.0 + 10)
    assert window.taken(50.0 + QUIET_S)


def test_time_alone_wins_no_slot() -> None:
    window = _window(16)
    window.turned_away(0.0, placed_s=0.0)
    assert window.size(1e6) == 8


# --- the ramp ----------------------------------------------------------------------------------


@given(slots=st.integers(1, 10_000), ramp_up_s=st.floats(0.001, 86_400), share=st.floats(0, 2))
def test_a_ramp_grows_linearly_from_one_slot_to_all(
    slots: int, ramp_up_s: float, share: float
) -> None:
    window = Window(slots, ramp_up_s=ramp_up_s, started_s=100.0)
    size = window.size(100.0 + share * ramp_up_s)
    assert abs(size - (1 + (slots - 1) * min(share, 1.0))) <= 1.01
    assert window.size(100.0) == window.size(0.0) == 1
    assert window.size(100.0 + 1.001 * ramp_up_s) == slots


def test_in_a_ramp_half_of_what_it_has_reached_is_left() -> None:
    window = _window(101, ramp_up_s=100.0)
    assert window.size(20.0) == 21
    assert window.turned_away(20.0, placed_s=19.0)
    assert window.size(20.0) == window.size(99.0) == 10


# --- whatever happens --------------------------------------------------------------------------


@given(
    slots=st.integers(1, 200),
    ramp_up_s=st.sampled_from([0.0, 30.0]),
    steps=st.lists(st.tuples(st.floats(0, 20), st.sampled_from(["taken", "away", "late"]))),
)
def test_a_change_is_told_and_the_size_stays_within_its_bounds(
    slots: int, ramp_up_s: float, steps: list[tuple[float, str]]
) -> None:
    window, now_s = _window(slots, ramp_up_s=ramp_up_s), 0.0
    for gap_s, what in steps:
        now_s += gap_s
        before = window.size(now_s)
        if what == "taken":
            changed = window.taken(now_s)
            assert before <= window.size(now_s) <= before + 1
        else:
            placed_s = now_s if what == "away" else now_s - 25
            changed = window.turned_away(now_s, placed_s=placed_s)
            assert window.size(now_s) in (before, max(before // 2, 1))
        assert changed is (window.size(now_s) != before)
        assert 1 <= window.size(now_s) <= slots


# --- against an API that takes so many at once -------------------------------------------------


class _Served:
    """A run with endless contacts, against an API that takes ``limit(now)`` calls at once."""

    def __init__(self, slots: int, *, limit: int, call_s: float, held: bool, seed: int) -> None:
        self.window = _window(slots)
        self.limit = limit
        self.odds = random.Random(seed)  # noqa: S311 – a simulation
        self.call_s = call_s
        self.held = held  # the answer comes with the call's end, not with its beginning
        self.turned_away_at: list[float] = []
        self.used: list[tuple[float, int]] = []

    def run(self, until_s: float) -> None:
        ends: list[float] = []
        now_s = self.used[-1][0] if self.used else 0.0
        while now_s < until_s:
            while ends and ends[0] <= now_s:
                heapq.heappop(ends)
                if self.held:
                    self.window.taken(now_s)
            if len(ends) < self.window.size(now_s):
                if len(ends) < self.limit:
                    heapq.heappush(ends, now_s + self.call_s * self.odds.uniform(0.5, 1.5))
                    if not self.held:
                        self.window.taken(now_s)
                else:
                    self.turned_away_at.append(now_s)
                    self.window.turned_away(now_s, placed_s=now_s)
            self.used.append((now_s, len(ends)))
            now_s += 0.25

    def mean_used(self, from_s: float) -> float:
        used = [calls for at_s, calls in self.used if at_s >= from_s]
        return sum(used) / len(used)


@pytest.mark.parametrize("held", [False, True])
@given(limit=st.integers(1, 40), call_s=st.sampled_from([20.0, 90.0]), seed=st.integers(0, 99))
@settings(max_examples=10)
def test_an_api_that_takes_fewer_is_used_well_and_seldom_overstepped(
    held: bool, limit: int, call_s: float, seed: int
) -> None:
    served = _Served(50, limit=limit, call_s=call_s, held=held, seed=seed)
    served.run(3_600)
    assert served.mean_used(600) >= 0.6 * limit
    away = [at_s for at_s in served.turned_away_at if at_s >= 600]
    assert len(away) <= 3_000 / 10


@pytest.mark.parametrize("held", [False, True])
def test_a_shortage_that_is_over_is_forgotten_within_a_few_calls_lengths(held: bool) -> None:
    served = _Served(50, limit=5, call_s=60.0, held=held, seed=1)
    served.run(600)
    assert served.mean_used(500) <= 5
    served.limit = 1_000
    served.run(600 + QUIET_S + 6 * 60)
    assert served.window.size(2_000) == 50
