"""What a run would come to, against a queue that begins call after call."""

import heapq
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poku_batch.models import PendingGroup
from poku_batch.policy.day_caps import DayCap
from poku_batch.policy.flow import CallFigures, ForecastEnd, ForecastRules, RedialShare
from poku_batch.policy.forecast import Forecast, affordable_calls, forecast
from poku_batch.policy.hours import Opening

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
DAY_S = 86_400
TWO_MINUTES = CallFigures(seconds=120.0, minutes=2.0)
ALWAYS = (0, DAY_S)


def daily(spans: Sequence[tuple[int, int]]) -> Callable[[int, datetime], Opening | None]:
    """The openings of groups 0, 1, … that are open from and to a second of each day (UTC)."""

    def opening(group: int, at: datetime) -> Opening | None:
        opens_s, closes_s = spans[group]
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
        if (at - midnight).total_seconds() >= closes_s:
            midnight += timedelta(days=1)
        return Opening(
            opens_at=max(midnight + timedelta(seconds=opens_s), at),
            closes_at=midnight + timedelta(seconds=closes_s),
        )

    return opening


def group(contacts: int, number: int = 0, *, due_s: float = 0, attempt: int = 1) -> PendingGroup:
    due_at = NOW + timedelta(seconds=due_s) if due_s else None
    return PendingGroup(group=number, contacts=contacts, due_at=due_at, attempt=attempt)


def say(
    groups: Sequence[PendingGroup],
    rules: ForecastRules,
    spans: Sequence[tuple[int, int]] = (ALWAYS,),
) -> Forecast:
    return forecast(groups, rules, now=NOW, opening=daily(spans))


def after(found: Forecast) -> float:
    """Seconds from now to the forecast's end."""
    assert found.ends_at is not None
    return (found.ends_at - NOW).total_seconds()


def queue(
    groups: Sequence[PendingGroup],
    rules: ForecastRules,
    spans: Sequence[tuple[int, int]] = (ALWAYS,),
    *,
    length_s: Callable[[], float] | None = None,
) -> list[float]:
    """When each call begins, call by call: who has been callable longest first."""
    opening = daily(spans)
    waiting = []
    for one in groups:
        due_s = 0.0 if one.due_at is None else (one.due_at - NOW).total_seconds()
        waiting += [(due_s, (n + 0.5) / one.contacts, one.group) for n in range(one.contacts)]
    heapq.heapify(waiting)
    free = [0.0] * rules.slots
    gap_s = 60 / rules.calls_per_minute if rules.calls_per_minute else 0.0
    begun: list[float] = []
    while waiting:
        since_s, place, number = heapq.heappop(waiting)
        at_s = max(since_s, free[0], begun[-1] + gap_s if begun else 0)
        at = NOW + timedelta(seconds=at_s)
        found = opening(number, at)
        assert found is not None
        if found.opens_at > at:
            heapq.heappush(waiting, ((found.opens_at - NOW).total_seconds(), place, number))
            continue
        heapq.heapreplace(free, at_s + (length_s() if length_s else rules.call.seconds))
        begun.append(at_s)
    return begun


SPANS = st.tuples(st.integers(0, 20), st.integers(2, 24)).map(
    lambda drawn: (drawn[0] * 3600, min(drawn[0] + drawn[1], 24) * 3600)
)


@st.composite
def campaigns(draw: st.DrawFn) -> tuple[list[PendingGroup], ForecastRules, list[tuple[int, int]]]:
    spans = draw(st.lists(SPANS, min_size=1, max_size=4))
    groups = draw(
        st.lists(
            st.builds(
                lambda contacts, number, hours: group(contacts, number, due_s=hours * 3600),
                st.integers(1, 150),
                st.integers(0, len(spans) - 1),
                st.sampled_from([0, 0, 0, 1, 5, 30]),
            ),
            min_size=1,
            max_size=5,
        )
    )
    rules = ForecastRules(
        slots=draw(st.integers(1, 12)),
        call=CallFigures(seconds=draw(st.sampled_from([30.0, 120.0, 600.0])), minutes=2.0),
        calls_per_minute=draw(st.sampled_from([None, None, 0.5, 3.0, 40.0])),
    )
    return groups, rules, spans


@settings(max_examples=40, deadline=None)
@given(campaigns(), st.floats(0, 1))
def test_at_any_time_as_many_calls_have_begun_as_by_a_queue(
    campaign: tuple[list[PendingGroup], ForecastRules, list[tuple[int, int]]], share: float
) -> None:
    groups, rules, spans = campaign
    begun = queue(groups, rules, spans)
    whole = say(groups, rules, spans)
    assert (whole.end, whole.calls) == (ForecastEnd.EVERYBODY, len(begun))
    at_s = 1 + share * begun[-1]
    part = say(groups, replace(rules, until=NOW + timedelta(seconds=at_s)), spans)
    by_queue = sum(1 for moment in begun if moment < at_s)
    openings = at_s // DAY_S + 2  # each begins with slots that are free, and ends with full ones
    near = openings * rules.slots + len(groups) + 0.02 * len(begun)
    assert abs(part.calls - by_queue) <= near, (part.calls, by_queue, near)


@st.composite
def odd_openings(draw: st.DrawFn) -> Callable[[int, datetime], Opening | None]:
    """Openings at odd times, some of which go on in the next, or never open again."""
    starts_s = sorted(draw(st.sets(st.floats(0, 5 * DAY_S), max_size=6)))
    lengths_s = [draw(st.floats(1e-6, DAY_S)) for _ in starts_s]

    def opening(number: int, at: datetime) -> Opening | None:
        for start_s, length_s in zip(starts_s[number:], lengths_s[number:], strict=True):
            opens_at = NOW + timedelta(seconds=start_s)
            closes_at = opens_at + timedelta(seconds=length_s)
            if at < closes_at:
                return Opening(opens_at=max(opens_at, at), closes_at=closes_at)
        return None

    return opening


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 50), st.integers(0, 3), st.floats(0, 6 * DAY_S), st.integers(1, 3)
        ),
        max_size=6,
    ),
    st.builds(
        ForecastRules,
        slots=st.integers(1, 5),
        call=st.builds(CallFigures, seconds=st.floats(1, 7_200), minutes=st.just(1.0)),
        calls_per_minute=st.none() | st.floats(0.01, 1_000),
        ramp_up_s=st.sampled_from([0.0, 1.0, 3_600.0]),
        redials=st.none() | st.just((RedialShare(share=0.4, attempts=3, after_s=(0.5, 7.5)),)),
        limit=st.none() | st.integers(1, 50),
        until=st.none() | st.floats(0, 6 * DAY_S).map(lambda s: NOW + timedelta(seconds=s)),
        wait=st.booleans(),
    ),
    odd_openings(),
)
def test_whatever_the_hours_everybody_is_called_or_left_or_too_late(
    drawn: list[tuple[int, int, float, int]],
    rules: ForecastRules,
    opening: Callable[[int, datetime], Opening | None],
) -> None:
    groups = [group(n, number, due_s=due_s, attempt=a) for n, number, due_s, a in drawn]
    found = forecast(groups, rules, now=NOW, opening=opening)
    contacts = sum(one.contacts for one in groups)
    after_all = found.calls + found.left + found.too_late
    assert contacts - 3 <= after_all <= contacts * 3
    if not rules.redials:
        assert abs(after_all - contacts) <= 2  # each figure is rounded
    assert rules.limit is None or found.calls <= rules.limit
    assert (found.ends_at is None) == (found.starts_at is None) or found.end == "horizon"


def test_calls_of_all_lengths_take_as_many_days_as_by_a_queue() -> None:
    rules, spans = ForecastRules(slots=5, call=TWO_MINUTES), [(36_000, 43_200)]
    chance = Random(7)  # noqa: S311  # lengths of calls
    begun = queue([group(5_000)], rules, spans, length_s=lambda: chance.expovariate(1 / 120))
    assert after(say([group(5_000)], rules, spans)) == pytest.approx(begun[-1], rel=0.01)


@pytest.mark.parametrize(
    ("contacts", "slots", "seconds"), [(1, 10, 120), (10, 10, 120), (20, 10, 240), (600, 10, 7_200)]
)
def test_slots_are_filled_at_once_and_freed_by_calls_that_end(
    contacts: int, slots: int, seconds: float
) -> None:
    found = say([group(contacts)], ForecastRules(slots=slots, call=TWO_MINUTES))
    assert after(found) == pytest.approx(seconds)
    assert (found.starts_at, found.calls, found.left) == (NOW, contacts, 0)


def test_cost_is_that_of_started_minutes() -> None:
    call = CallFigures(seconds=70.5, minutes=1.6, calls=20)
    rules = ForecastRules(slots=3, call=call, per_minute=Decimal("0.125"))
    found = say([group(30)], rules)
    assert (found.calls, found.minutes, found.cost) == (30, 48, Decimal("6.000"))
    assert found.call == call


def test_a_pace_is_kept_and_slots_bound_it() -> None:
    slow = ForecastRules(slots=10, call=TWO_MINUTES, calls_per_minute=1)
    assert after(say([group(60)], slow)) == pytest.approx(60 * 60 + 120)
    fast = replace(slow, calls_per_minute=60)
    assert after(say([group(600)], fast)) == pytest.approx(600 * 12 + 120 - 120, rel=0.02)


def test_a_ramp_up_takes_about_half_its_length_longer() -> None:
    rules = ForecastRules(slots=10, call=TWO_MINUTES)
    ramped = replace(rules, ramp_up_s=3_600)
    late_s = after(say([group(600)], ramped)) - after(say([group(600)], rules))
    assert late_s == pytest.approx(0.45 * 3_600, abs=120)


def test_nobody_to_call_is_no_run() -> None:
    found = say([], ForecastRules(slots=1, call=TWO_MINUTES))
    assert found.end is ForecastEnd.EVERYBODY
    assert (found.calls, found.minutes, found.cost) == (0, 0, Decimal(0))
    assert (found.starts_at, found.ends_at) == (None, None)


def test_whoever_is_not_called_before_the_hours_end_is_called_on_another_day() -> None:
    rules = ForecastRules(slots=1, call=CallFigures(seconds=3_600, minutes=60))
    found = say([group(5)], rules, [(36_000, 43_200)])
    assert found.starts_at == NOW
    assert found.ends_at is not None
    assert found.ends_at.date() == NOW.date() + timedelta(days=1)


def test_a_run_that_begins_at_night_waits_for_the_morning() -> None:
    found = say([group(5, due_s=7_200)], ForecastRules(slots=5, call=TWO_MINUTES), [(0, DAY_S)])
    assert found.starts_at == NOW + timedelta(hours=2)
    found = say([group(5)], ForecastRules(slots=5, call=TWO_MINUTES), [(50_400, 57_600)])
    assert found.starts_at == NOW + timedelta(hours=4)
    assert found.ends_at == NOW + timedelta(hours=4, minutes=2)


def test_rows_whose_own_time_ends_before_they_are_reached_are_too_late() -> None:
    ends_at = NOW + timedelta(hours=1)

    def opening(number: int, at: datetime) -> Opening | None:
        if number == 0:
            return Opening(opens_at=at, closes_at=at + timedelta(days=1))
        return Opening(opens_at=at, closes_at=ends_at) if at < ends_at else None

    rules = ForecastRules(slots=1, call=TWO_MINUTES)
    found = forecast([group(60, 1)], rules, now=NOW, opening=opening)
    assert found.end is ForecastEnd.EVERYBODY
    assert (found.calls, found.too_late) == (31, 29)
    never = forecast([group(60, 1)], rules, now=ends_at, opening=opening)
    assert (never.calls, never.too_late, never.ends_at) == (0, 60, None)


@pytest.mark.parametrize(
    ("rules", "end", "calls", "left"),
    [
        ({"limit": 7}, "limit", 7, 93),
        ({"limit": 100}, "everybody", 100, 0),
        ({"affordable": 7, "limit": 9}, "budget", 7, 93),
        ({"affordable": 9, "limit": 9}, "limit", 9, 91),
        ({"affordable": 0}, "budget", 0, 100),
        ({"until": NOW + timedelta(minutes=10)}, "until", 15, 85),
        ({"until": NOW}, "until", 0, 100),
        ({"wait": False}, "everybody", 100, 0),
    ],
)
def test_what_ends_a_run_first_is_said_with_who_is_left(
    rules: dict[str, Any], end: str, calls: int, left: int
) -> None:
    bounds = replace(ForecastRules(slots=3, call=CallFigures(seconds=150, minutes=3)), **rules)
    found = say([group(100)], bounds)
    assert (found.end, found.calls, found.left) == (end, calls, left)
    assert (found.ends_at is None) == (calls == 0)


def test_without_waiting_those_who_are_due_later_are_left() -> None:
    rules = ForecastRules(slots=3, call=TWO_MINUTES, wait=False)
    found = say([group(10), group(5, due_s=86_000)], rules)
    assert (found.end, found.calls, found.left) == (ForecastEnd.DUE_LATER, 10, 5)


def test_what_takes_more_than_400_days_is_not_foretold() -> None:
    rules = ForecastRules(slots=1, call=CallFigures(seconds=3_600, minutes=60))
    found = say([group(100_000)], rules)
    assert (found.end, found.ends_at) == (ForecastEnd.HORIZON, None)
    assert found.calls + found.left == 100_000


def test_redials_are_expected_by_the_share_of_calls_that_come_to_nothing() -> None:
    share = RedialShare(share=0.3, attempts=3, after_s=(1_800, 14_400))
    rules = ForecastRules(slots=10, call=TWO_MINUTES, redials=(share,))
    found = say([group(1_000)], rules)
    assert found.redials == pytest.approx(300 + 90, abs=2)
    assert found.calls == 1_000 + (found.redials or 0)
    assert after(found) == pytest.approx(12_000 + 120 + 1_800 + 120 + 14_400 + 120, rel=0.1)
    again = say([group(1_000, attempt=3)], rules)
    assert (again.calls, again.redials) == (1_000, 0)
    unknown = say([group(1_000)], replace(rules, redials=None))
    assert (unknown.calls, unknown.redials) == (1_000, None)


def test_a_handful_of_calls_is_not_said_to_come_to_a_part_of_a_redial() -> None:
    share = RedialShare(share=0.1, attempts=3, after_s=(1_800,))
    found = say([group(4)], ForecastRules(slots=1, call=TWO_MINUTES, redials=(share,)))
    assert (found.calls, found.redials, after(found)) == (4, 0, 480)


def test_a_redial_at_night_is_said_to_be_called_in_the_morning() -> None:
    spans = [(28_800, 75_600)]
    rules = ForecastRules(slots=1, call=TWO_MINUTES)
    assert say([group(1)], rules, spans).redials_from is None
    first_calls = [group(1), group(1, due_s=3_600)]
    found = say([*first_calls, group(2, due_s=46_800, attempt=2)], rules, spans)
    assert found.redials_from == datetime(2026, 11, 23, 8, tzinfo=UTC)


@given(
    st.integers(0, 5_000), st.integers(1, 30), st.lists(st.integers(1, 30), min_size=1, max_size=50)
)
def test_a_budget_allows_for_the_calls_that_a_run_would_begin(
    minutes: int, longest: int, lengths: list[int]
) -> None:
    mean = min(lengths[0], longest)
    begun = used = 0
    while minutes - used >= longest:
        begun, used = begun + 1, used + mean
    assert affordable_calls(minutes, longest=longest, mean=mean) == begun


def test_a_budget_bounds_nothing_where_calls_cost_no_minutes() -> None:
    assert affordable_calls(10, longest=10, mean=0) > 1e9
    assert affordable_calls(9, longest=10, mean=0) == 0


def test_a_million_contacts_in_hundreds_of_groups_cost_no_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spans = [(n * 90, 43_200 + n * 90) for n in range(400)]
    groups = [group(2_500, number) for number in range(400)]
    rules = ForecastRules(slots=40, call=TWO_MINUTES)
    share = RedialShare(share=0.2, attempts=3, after_s=(1_800, 14_400))
    began = time.process_time()
    merged = say(groups, rules, spans)
    with_redials = say(groups, replace(rules, redials=(share,)), spans)
    assert time.process_time() - began < 2
    assert with_redials.calls == pytest.approx(1_240_000, rel=0.001)
    monkeypatch.setattr("poku_batch.policy.forecast._LOOK_UPS", 10**9)
    assert after(merged) == pytest.approx(after(say(groups, rules, spans)), rel=0.02)
    assert after(with_redials) == pytest.approx(1.24 * after(merged), rel=0.03)


def test_a_part_of_a_minute_is_charged_as_a_whole_one() -> None:
    call = CallFigures(seconds=90.0, minutes=1.25)
    found = say([group(5)], ForecastRules(slots=1, call=call, per_minute=Decimal("0.10")))
    assert (found.calls, found.minutes, found.cost) == (5, 7, Decimal("0.70"))


def test_a_limit_is_named_where_it_ends_the_run_and_else_not() -> None:
    rules = ForecastRules(slots=1, call=TWO_MINUTES, limit=3, limit_why="--limit")
    assert say([group(3)], rules).limit_why is None
    assert say([group(4)], rules).limit_why == "--limit"


def test_groups_that_are_taken_together_are_looked_up_seldom_and_nobody_is_lost() -> None:
    asked: list[int] = []
    always = daily([ALWAYS] * 4_000)

    def opening(number: int, at: datetime) -> Opening | None:
        asked.append(number)
        return always(number, at)

    groups = [group(1, number) for number in range(4_000)]
    rules = ForecastRules(slots=10, call=CallFigures(seconds=80_000.0, minutes=1_334.0))
    found = forecast(groups, rules, now=NOW, opening=opening)
    assert (found.calls, found.left) == (4_000, 0)
    # Once each to put them into order, and then a few of them on every day.
    assert len(asked) < 30_000


# --- caller IDs ----------------------------------------------------------------------------------


def test_a_cap_a_day_takes_as_many_days_as_it_takes() -> None:
    cap = DayCap(a_day=12, left=12)
    rules = ForecastRules(slots=5, call=TWO_MINUTES, day_cap=cap)
    found = say([group(30)], rules)
    assert (found.calls, found.end, found.day_cap) == (30, ForecastEnd.EVERYBODY, cap)
    assert after(found) == pytest.approx(2 * DAY_S + 120, abs=600)


def test_a_day_of_caller_ids_begins_with_its_first_call() -> None:
    morning, cap = [(11 * 3600, 22 * 3600)], DayCap(a_day=10, left=10)
    rules = ForecastRules(slots=10, call=TWO_MINUTES, day_cap=cap)
    found = say([group(20)], rules, morning)
    assert after(found) == pytest.approx(3600 + DAY_S + 120, abs=300)


def test_caller_ids_that_are_used_up_are_waited_for_or_end_the_run() -> None:
    cap = DayCap(a_day=10, left=0, renewed_at=NOW + timedelta(hours=3))
    rules = ForecastRules(slots=10, call=TWO_MINUTES, day_cap=cap)
    found = say([group(10)], rules)
    assert found.starts_at == NOW + timedelta(hours=3)
    assert (found.calls, found.day_cap) == (10, cap)

    left = say([group(10)], replace(rules, wait=False))
    assert (left.calls, left.left, left.end) == (0, 10, ForecastEnd.DUE_LATER)
    early = say([group(10)], replace(rules, until=NOW + timedelta(hours=1)))
    assert (early.calls, early.left, early.end) == (0, 10, ForecastEnd.UNTIL)


def test_a_cap_a_day_that_makes_nobody_wait_is_not_told() -> None:
    rules = ForecastRules(slots=5, call=TWO_MINUTES, day_cap=DayCap(a_day=12, left=12))
    found = say([group(12)], rules)
    assert (found.calls, found.day_cap) == (12, None)


@given(campaigns(), st.integers(5, 90), st.integers(0, 90), st.integers(1, 30))
@settings(max_examples=40)
def test_whatever_the_cap_a_day_no_day_has_more_calls_and_nobody_is_lost(
    drawn: tuple[list[PendingGroup], ForecastRules, list[tuple[int, int]]],
    a_day: int,
    left: int,
    hours: int,
) -> None:
    groups, rules, spans = drawn
    renewed_at = NOW + timedelta(hours=hours)
    cap = DayCap(a_day=a_day, left=min(left, a_day), renewed_at=renewed_at)
    found = say(groups, replace(rules, day_cap=cap), spans)
    contacts = sum(one.contacts for one in groups)
    assert found.calls + found.left + found.too_late == pytest.approx(contacts, abs=2)
    if found.end is ForecastEnd.EVERYBODY:
        days = max(contacts - cap.left, 0) // a_day
        assert after(found) >= (days - 1) * DAY_S
