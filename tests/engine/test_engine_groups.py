"""Rows with the same openings are one group, whose openings are told without its rows."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poku_batch.campaign import CallingHours
from poku_batch.engine import permits as module
from poku_batch.engine.permits import PermitColumns, Permits, hours_of
from poku_batch.engine.plan import KeyColumns, Planner
from poku_batch.models import Go, Later, Never, Permission, SheetRow
from poku_batch.policy.hours import Opening
from tests.engine.test_engine_planning import composer

NOON = datetime(2026, 11, 23, 17, tzinfo=UTC)  # a Monday; noon in New York
NEW_YORK, LONDON = "+12125550100", "+442079460001"
COLUMNS = PermitColumns(timezone=0, not_before=1, names=("timezone", "not_before"))


def permits(*, always: bool = False) -> Permits:
    return Permits(
        hours=hours_of(CallingHours(always=always)), columns=COLUMNS, listed=lambda _number: None
    )


def planned(
    rules: Permits, zone: str = "", not_before: str = "", to: str = NEW_YORK
) -> tuple[Permission, int]:
    return rules.judge_planned([zone, not_before], to=to, country=None, now=NOON)


def test_rows_where_the_same_clock_counts_are_one_group() -> None:
    rules = permits()
    (_, first), (_, second) = planned(rules), planned(rules, to="+12125550199")
    (_, london), (_, own) = planned(rules, to=LONDON), planned(rules, "Europe/London", to=NEW_YORK)
    assert first == second
    assert first not in {london, own}
    _, bounded = planned(rules, not_before="2026-12-24")
    assert bounded not in {first, london, own}


def test_whoever_may_be_called_at_any_time_or_never_is_of_no_group() -> None:
    assert planned(permits(always=True)) == (Go(), 0)
    never, group = planned(permits(), zone="Mars/Olympus")
    assert isinstance(never, Never)
    assert group == 0
    opening = permits(always=True).next_opening(0, NOON)
    assert opening is not None
    assert opening.opens_at == NOON


@given(
    st.sampled_from(["", "Europe/London", "Asia/Kathmandu", "Pacific/Kiritimati"]),
    st.sampled_from(["", "2026-11-24", "2026-11-25 13:00", "19:30"]),
    st.integers(0, 30 * 24 * 60),
)
def test_the_opening_of_a_group_is_when_its_rows_may_be_called(
    zone: str, not_before: str, minutes: int
) -> None:
    rules = permits()
    _, group = planned(rules, zone, not_before)
    at = NOON + timedelta(minutes=minutes)
    opening = rules.next_opening(group, at)
    assert isinstance(opening, Opening)
    match rules.judge([zone, not_before], to=NEW_YORK, country=None, now=at):
        case Go():
            assert opening.opens_at == at
        case Later(until=until):
            assert opening.opens_at == until > at
        case never:
            raise AssertionError(never)


def test_beyond_a_bound_places_share_a_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_GROUPS", 3)
    rules = permits()
    groups = [planned(rules, not_before=f"2026-12-{day:02}")[1] for day in range(1, 8)]
    assert groups == [1, 2, 3, 3, 3, 3, 3]
    assert planned(rules, not_before="2026-12-02")[1] == 2
    opening = rules.next_opening(3, NOON)
    assert opening is not None
    assert opening.opens_at.date() == datetime(2026, 12, 3, tzinfo=UTC).date()


def test_an_enrolment_carries_the_group_of_its_row() -> None:
    rules = Permits(
        hours=hours_of(CallingHours()), columns=PermitColumns(), listed=lambda _number: None
    )
    columns = KeyColumns(phone=0, key=None)
    planner = Planner(composer(), columns, rules, region="US", now=NOON)
    cells = [NEW_YORK, LONDON, "+12125550199", "12"]
    rows = [SheetRow(row=n, cells=(number, "", "")) for n, number in enumerate(cells)]
    assert [one.group for one in planner.plan(rows)] == [1, 2, 1, 0]
