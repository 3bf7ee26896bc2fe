"""The pace at which calls begin: evenly, without bursts, and as fast as was asked for."""

import math
import random
from bisect import bisect_left

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poku_batch.engine.pace import UNBOUNDED, Pace

_PER_S = st.one_of(
    st.floats(0.01, 10_000),
    st.integers(1, 40).map(float),
    st.integers(1, 40).map(lambda whole: whole + 1e-9),
    st.integers(7, 60).map(lambda whole: (whole - 1e-9) / 1.15),
)
_LATE_S = st.sampled_from([0.0, 0.001, 0.005])
_SEEDS = st.integers(0, 2**32)
_EVENTS = 1_500


def _pace(per_s: float, *, ramp_up_s: float = 0.0, started_s: float = 0.0) -> Pace:
    return Pace(per_s * 60, ramp_up_s=ramp_up_s, started_s=started_s)


def _begun(
    pace: Pace, *, from_s: float, until_s: float, late_s: float, seed: int = 0
) -> list[float]:
    """The moments at which calls began, by a caller who sleeps as told and wakes up too late.

    Late by up to ``late_s``, always by all of it for ``seed`` 0.
    """
    odds = random.Random(seed)  # noqa: S311 – a simulation
    now_s, begun = from_s, list[float]()
    while now_s < until_s and len(begun) < _EVENTS:
        calls = pace.room(now_s)
        if calls:
            pace.begin(now_s, calls)
            begun += [now_s] * calls
        now_s += pace.wait_s(now_s)
        now_s += late_s * (odds.random() if seed else 1.0)
    return begun


def _worst_second(begun: list[float]) -> int:
    """The most calls in any second, its beginning included and its end not."""
    return max(bisect_left(begun, at + 1.0) - index for index, at in enumerate(begun))


def _most(per_s: float) -> float:
    return max(math.ceil(per_s), 1.15 * per_s)


@given(per_s=_PER_S, late_s=_LATE_S, seed=_SEEDS, started_s=st.floats(0, 1e7))
@settings(max_examples=60)
def test_no_second_has_more_calls_than_the_pace_allows(
    per_s: float, late_s: float, seed: int, started_s: float
) -> None:
    pace = _pace(per_s, started_s=started_s)
    begun = _begun(pace, from_s=started_s, until_s=math.inf, late_s=late_s, seed=seed)
    assert _worst_second(begun) <= _most(per_s)


@pytest.mark.parametrize("per_s", [1, 2, 3, 4, 5, 6, 10, 20])
@pytest.mark.parametrize("started_s", [0.0, 0.1, 12_345.678, 9_876_543.21])
def test_rounding_adds_no_call_to_a_second(per_s: float, started_s: float) -> None:
    pace = _pace(per_s, started_s=started_s)
    begun = _begun(pace, from_s=started_s, until_s=started_s + 100, late_s=0.0)
    assert _worst_second(begun) <= _most(per_s)


@given(per_s=_PER_S, seed=_SEEDS | st.just(0))
@settings(max_examples=60)
def test_a_caller_who_always_wakes_up_late_keeps_the_pace(per_s: float, seed: int) -> None:
    begun = _begun(_pace(per_s), from_s=0.0, until_s=math.inf, late_s=0.005, seed=seed)
    span_s = begun[-1] - begun[0]
    before_last = bisect_left(begun, begun[-1])
    assert before_last / span_s >= 0.97 * per_s


@given(per_s=_PER_S, seed=_SEEDS, pauses=st.lists(st.floats(0, 1e5), min_size=1, max_size=10))
@settings(max_examples=60)
def test_nothing_is_saved_up_in_a_pause(per_s: float, seed: int, pauses: list[float]) -> None:
    pace = _pace(per_s)
    begun, now_s = list[float](), 0.0
    for pause_s in pauses:
        some = _begun(pace, from_s=now_s, until_s=now_s + 30 / per_s, late_s=0.005, seed=seed)
        begun += some
        now_s = max(some[-1] if some else 0.0, now_s) + pause_s
    assert _worst_second(begun) <= _most(per_s)


@pytest.mark.parametrize("per_s", [0.01, 0.5, 1, 2, 6, 20, 40])
def test_after_a_pause_calls_begin_one_by_one(per_s: float) -> None:
    pace = _pace(per_s)
    for now_s in (0.0, 1e4, 1e4 + 0.5 / per_s):
        assert pace.room(now_s) == (0 if now_s % 1e4 else 1)
        pace.begin(now_s, pace.room(now_s))


@given(per_s=_PER_S, now_s=st.floats(0, 1e6), ramp_up_s=st.sampled_from([0.0, 10.0, 3600.0]))
def test_whoever_waits_as_told_may_begin(per_s: float, now_s: float, ramp_up_s: float) -> None:
    pace = _pace(per_s, ramp_up_s=ramp_up_s)
    for _ in range(20):
        calls = pace.room(now_s)
        assert calls > 0
        assert pace.wait_s(now_s) == 0
        pace.begin(now_s, calls)
        assert pace.room(now_s) == 0
        assert pace.wait_s(now_s) > 0
        now_s += pace.wait_s(now_s) + 1e-6


@given(per_s=_PER_S, ramp_up_s=st.floats(1, 600), seed=_SEEDS)
@settings(max_examples=60)
def test_a_ramp_never_exceeds_the_pace_that_it_has_reached(
    per_s: float, ramp_up_s: float, seed: int
) -> None:
    pace = _pace(per_s, ramp_up_s=ramp_up_s)
    begun = _begun(pace, from_s=0.0, until_s=ramp_up_s * 1.2, late_s=0.005, seed=seed)
    for index, at_s in enumerate(begun):
        reached = per_s * min(0.1 + 0.9 * (at_s + 1) / ramp_up_s, 1.0)
        in_second = bisect_left(begun, at_s + 1.0) - index
        assert in_second <= max(math.ceil(reached), 1.15 * reached) + 1


@pytest.mark.parametrize(("per_s", "ramp_up_s"), [(1.0, 600.0), (10.0, 60.0), (100.0, 10.0)])
def test_a_ramp_begins_with_a_tenth_and_grows_evenly(per_s: float, ramp_up_s: float) -> None:
    pace = _pace(per_s, ramp_up_s=ramp_up_s)
    begun = _begun(pace, from_s=0.0, until_s=2 * ramp_up_s, late_s=0.0)
    tenths = [bisect_left(begun, ramp_up_s * tenth / 10) for tenth in range(14)]
    shares = [0.145 + 0.09 * tenth if tenth < 10 else 1.0 for tenth in range(13)]
    for tenth, share in enumerate(shares):
        calls = tenths[tenth + 1] - tenths[tenth]
        assert abs(calls - share * per_s * ramp_up_s / 10) <= 1.5


def test_the_first_call_begins_at_once() -> None:
    assert _pace(0.01, ramp_up_s=3600).room(0.0) == 1


def test_without_a_pace_any_number_may_begin() -> None:
    pace = Pace(None, ramp_up_s=60, started_s=0)
    pace.begin(0.0, 10**6)
    assert (pace.room(0.0), pace.wait_s(0.0)) == (UNBOUNDED, 0.0)
