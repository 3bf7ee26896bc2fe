"""The circuit breaker: when it opens, what it tells, and how one call finds out."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poku_batch.policy.breaker import Breaker, BreakerState, Tripped

CLOSED, OPEN, HALF_OPEN = BreakerState.CLOSED, BreakerState.OPEN, BreakerState.HALF_OPEN


def _breaker(last: int = 4, share: float = 0.5, *, trips: int = 3) -> Breaker:
    return Breaker(last=last, share=share, cool_down_s=60.0, trips=trips)


def _noted(breaker: Breaker, ends: str, *, now_s: float = 0.0, row: int = 2) -> list[Tripped]:
    """Note ``x`` for a call that went wrong and ``.`` for another; row numbers count on."""
    tripped = [
        breaker.note(row + index, f"end {row + index}", bad=end == "x", now_s=now_s)
        for index, end in enumerate(ends)
    ]
    return [each for each in tripped if each is not None]


# --- closed ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("last", "share", "ends", "trips"),
    [
        (4, 0.5, "xxx", False),
        (4, 0.5, "xxxx", True),
        (4, 0.5, "xx..", False),
        (4, 0.5, "xxx.", True),
        (4, 0.5, ".xx.xx", True),
        (4, 0.5, "x.x.x.x.x.", False),
        (2, 0.0, ".x", True),
        (2, 0.0, "......", False),
        (4, 1.0, "xxxxxxxx", False),
        (100, 0.29, "x" * 29 + "." * 71, False),
        (100, 0.29, "x" * 30 + "." * 70, True),
        (20, 0.55, "x" * 11 + "." * 9, False),
    ],
)
def test_it_opens_when_more_than_the_share_of_the_last_went_wrong(
    last: int, share: float, ends: str, trips: bool
) -> None:
    breaker = _breaker(last, share)
    assert bool(_noted(breaker, ends)) is trips
    assert breaker.state(0.0) is (OPEN if trips else CLOSED)


def test_it_tells_the_calls_that_went_wrong_oldest_first() -> None:
    [tripped] = _noted(_breaker(), "..x.xx", now_s=100.0)
    assert tripped == Tripped(
        calls=((4, "end 4"), (6, "end 6"), (7, "end 7")),
        why="3 of the last 4 calls failed or are unknown",
        until_s=160.0,
        final=False,
    )


def test_while_closed_any_number_may_begin() -> None:
    breaker = _breaker()
    _noted(breaker, "xx.")
    assert (breaker.may_begin(0.0), breaker.wait_s(0.0)) == (None, 0.0)


@given(st.integers(2, 12), st.sampled_from([0.0, 0.25, 0.3, 0.5, 1.0]), st.text("x.", max_size=60))
def test_it_opens_as_soon_as_the_rule_says_and_not_before(
    last: int, share: float, ends: str
) -> None:
    breaker = _breaker(last, share)
    for index, end in enumerate(ends):
        known = ends[max(index + 1 - last, 0) : index + 1]
        tripped = breaker.note(index, end, bad=end == "x", now_s=0.0)
        expected = len(known) == last and known.count("x") * 100 > round(share * 100) * last
        assert (tripped is not None) is expected
        if expected:
            return


# --- open and half-open ------------------------------------------------------------------------


@pytest.fixture
def opened() -> Breaker:
    breaker = _breaker()
    assert _noted(breaker, "xxxx")
    return breaker


def test_while_it_cools_down_no_call_begins(opened: Breaker) -> None:
    assert [opened.may_begin(now_s) for now_s in (0.0, 30.0, 59.9)] == [0, 0, 0]
    assert opened.wait_s(15.0) == 45.0
    assert opened.state(59.9) is OPEN


def test_cooled_down_it_lets_one_call_find_out(opened: Breaker) -> None:
    assert (opened.state(60.0), opened.may_begin(60.0), opened.wait_s(60.0)) == (HALF_OPEN, 1, 0.0)
    opened.probe(50)
    assert opened.probing
    assert opened.may_begin(math.inf) == 0


def test_a_probe_that_was_not_placed_leaves_it_to_another(opened: Breaker) -> None:
    opened.probe(50)
    opened.no_probe()
    assert opened.may_begin(60.0) == 1
    assert opened.note(50, "ended", bad=False, now_s=61.0) is None
    assert opened.state(61.0) is HALF_OPEN


def test_a_good_probe_closes_it_and_the_window_is_forgotten(opened: Breaker) -> None:
    opened.probe(50)
    assert opened.note(50, "ended", bad=False, now_s=61.0) is None
    assert (opened.state(61.0), opened.may_begin(61.0), opened.probing) == (CLOSED, None, False)
    assert _noted(opened, "xxx", now_s=62.0) == []
    assert _noted(opened, "x", now_s=62.0) != []


def test_a_bad_probe_opens_it_again_for_as_long(opened: Breaker) -> None:
    opened.probe(50)
    tripped = opened.note(50, "HTTP 500", bad=True, now_s=70.0)
    assert tripped is not None
    assert (tripped.calls, tripped.until_s, tripped.final) == (((50, "HTTP 500"),), 130.0, False)
    assert (opened.may_begin(129.9), opened.may_begin(130.0)) == (0, 1)


@pytest.mark.parametrize("end", ["x", "."])
def test_calls_that_were_in_flight_neither_open_it_again_nor_close_it(
    opened: Breaker, end: str
) -> None:
    assert _noted(opened, end * 10, now_s=10.0, row=20) == []
    opened.probe(50)
    assert _noted(opened, end * 10, now_s=65.0, row=30) == []
    assert opened.probing
    assert opened.wait_s(10.0) == 50.0


# --- again and again ---------------------------------------------------------------------------


def test_the_last_of_several_openings_in_a_row_is_final() -> None:
    breaker = _breaker(trips=3)
    finals = [each.final for each in _noted(breaker, "xxxx")]
    for now_s in (60.0, 120.0):
        breaker.probe(50)
        finals += [each.final for each in _noted(breaker, "x", now_s=now_s, row=50)]
    assert finals == [False, False, True]


def test_with_one_trip_the_first_is_final() -> None:
    [tripped] = _noted(_breaker(trips=1), "xxxx")
    assert tripped.final


def _probe_well(breaker: Breaker, now_s: float) -> None:
    breaker.probe(50)
    assert _noted(breaker, ".", now_s=now_s, row=50) == []


def test_a_lucky_probe_does_not_end_the_row_of_openings() -> None:
    breaker = _breaker(trips=2)
    _noted(breaker, "xxxx")
    _probe_well(breaker, 60.0)
    [tripped] = _noted(breaker, "x.xx", now_s=70.0)
    assert tripped.final


def test_a_window_that_went_well_ends_the_row_of_openings() -> None:
    breaker = _breaker(trips=2)
    _noted(breaker, "xxxx")
    _probe_well(breaker, 60.0)
    assert _noted(breaker, "....", now_s=70.0) == []
    [tripped] = _noted(breaker, "xxx", now_s=80.0)
    assert not tripped.final
