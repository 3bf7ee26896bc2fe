"""The time of a call in a paced run: late for it, a call gets another; it leaves with no others."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poku_batch.app.pacing import Turn

pytestmark = pytest.mark.anyio


class Pace:
    """The ledger's spacing, one call a second; the clock is nudged where waits are too long."""

    def __init__(self, delays: list[float]) -> None:
        self.now_s = 0.0
        self.next_s = 0.0
        self.delays = delays
        self.given = 0

    def now(self) -> float:
        return self.now_s

    async def wait(self, seconds: float) -> None:
        late = self.delays.pop(0) if self.delays else 0.0
        self.now_s += max(seconds, 0.0) + late

    async def space_anew(self) -> float:
        self.given += 1
        start = max(self.next_s, self.now_s + 0.25)
        self.next_s = start + 1.0
        return start - self.now_s


def turn(pace: Pace, wait_s: float, *, hindered: bool = False) -> Turn:
    return Turn(
        wait_s,
        now_s=pace.now,
        wait=pace.wait,
        space_anew=pace.space_anew,
        hindered=lambda: hindered,
    )


async def test_a_call_that_is_in_time_leaves_at_its_time() -> None:
    pace = Pace([])
    mine = turn(pace, 2.0)
    await mine.come()
    assert (pace.now_s, pace.given) == (2.0, 0)
    assert await mine.come_again() is None
    assert (pace.now_s, pace.given) == (2.0, 0)


async def test_one_that_the_ledger_kept_waiting_gets_another_time() -> None:
    pace = Pace([])
    mine = turn(pace, 0.0)
    await mine.come()
    pace.now_s += 0.6  # its intent took as long to be recorded
    assert await mine.come_again() is None
    assert (pace.now_s, pace.given) == (0.85, 1)


async def test_one_whose_next_time_is_far_off_is_given_back() -> None:
    pace = Pace([])
    mine = turn(pace, 0.0)
    await mine.come()
    pace.now_s, pace.next_s = 0.6, 9.0
    assert await mine.come_again() == "the ledger kept it waiting until its time had passed"


async def test_one_that_will_not_leave_waits_for_nothing() -> None:
    pace = Pace([5.0])
    mine = turn(pace, 1.0, hindered=True)
    await mine.come()
    assert await mine.come_again() == "its worker was to begin no call any more"
    assert pace.given == 0


@given(st.lists(st.floats(0, 3), max_size=6), st.floats(-2, 2), st.floats(0, 3))
async def test_whatever_delays_it_a_call_leaves_at_a_time_of_its_own_or_not_at_all(
    delays: list[float], wait_s: float, begun_s: float
) -> None:
    pace = Pace(delays)
    pace.next_s = max(wait_s, 0.0) + 1.0
    mine = turn(pace, wait_s)
    await mine.come()
    pace.now_s += begun_s
    if await mine.come_again() is not None:
        return
    assert pace.given or pace.now_s <= wait_s + 0.05 + 1e-9
    last = pace.next_s - 1.0 if pace.given else wait_s
    assert math.isclose(pace.now_s, last, abs_tol=0.05 + 1e-9) or pace.now_s < last
