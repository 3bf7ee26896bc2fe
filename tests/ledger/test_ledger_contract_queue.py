"""The contract of the queue: who is admitted first, and what rows say of when."""

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from poku_batch.ledger import inspect, open_ledger
from poku_batch.models import (
    CallResult,
    Cap,
    ContactKey,
    Enrolment,
    Guard,
    Later,
    RunEnding,
    Wait,
    WaitKind,
)
from poku_batch.ports import Ledger
from tests.ledger.ledger_clinic import CLINIC, NOW, OTHER, dial, found, row, take

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)
ONCE = (Cap(calls=1, within=8 * HOUR),)


@pytest.fixture
async def ledger(ledger_url: str) -> AsyncIterator[Ledger]:
    async with open_ledger(ledger_url) as ledger:
        yield ledger
    assert inspect(ledger_url).problems == ()


def later(hours: int, kind: WaitKind = WaitKind.CALLING_HOURS) -> Later:
    return Later(until=NOW + hours * HOUR, kind=kind, why=f"{kind}, {hours} h")


async def test_the_highest_priority_goes_first_then_due_time_then_the_sheet(ledger: Ledger) -> None:
    chance = random.Random(4)  # noqa: S311  # a sheet like any other
    sheet = [
        row(
            n,
            priority=chance.choice([0, 1, 1, 50, 100]),
            later=later(hours) if (hours := chance.randrange(4)) else None,
        )
        for n in range(2, 80)
    ]
    await take(ledger, *sheet)
    run = await ledger.open_run(CLINIC, at=NOW)
    for hours in (0, 2, 3):
        now = NOW + hours * HOUR
        due = sorted(
            (one for one in sheet if one.later is None or one.later.until <= now),
            key=lambda one: (-one.priority, one.later is not None and one.later.until, one.row),
        )
        admitted = [a.key for size in (1, 7, 100) for a in await run.admit(size, now=now)]
        assert admitted == [one.key for one in due]
        sheet = [one for one in sheet if one not in due]
        first = min((one.later.until for one in sheet if one.later), default=None)
        assert await run.next_due_at() == first


@pytest.mark.parametrize("limit", [0, -1])
async def test_nobody_is_admitted_where_nobody_is_wanted(ledger: Ledger, limit: int) -> None:
    await take(ledger, row(2), row(3, priority=5))
    run = await ledger.open_run(CLINIC, at=NOW)
    assert await run.admit(limit, now=NOW) == []


async def test_an_admission_tells_the_country_and_the_last_caller_id(ledger: Ledger) -> None:
    await take(ledger, row(2, country="US"), row(3))
    run = await ledger.open_run(CLINIC, at=NOW)
    told = [(a.country, a.last_from) for a in await run.admit(2, now=NOW)]
    assert told == [("US", None), ("", None)]
    await run.close(RunEnding.STOPPED, at=NOW)
    run = await ledger.open_run(CLINIC, at=NOW)
    attempt = await dial(run, guard=Guard(from_number="+49301"))
    await run.turn_away(attempt, "429", due_at=NOW, at=NOW)
    (found_again,) = [a for a in await run.admit(2, now=NOW) if a.key == "k2"]
    assert found_again.last_from == "+49301"


async def test_another_sheet_may_change_the_priority(ledger: Ledger) -> None:
    await take(ledger, row(2), row(3, priority=7))
    await take(ledger, row(2, priority=9), row(3, priority=7))
    run = await ledger.open_run(CLINIC, at=NOW)
    assert [a.key for a in await run.admit(9, now=NOW)] == ["k2", "k3"]


async def test_a_row_waits_until_it_says_and_may_change_its_mind(ledger: Ledger) -> None:
    report = await take(ledger, row(2, later=later(5)), row(3))
    assert report.counts.waits == {"calling_hours": Wait(contacts=1, first_at=NOW + 5 * HOUR)}
    assert (report.counts.due, report.counts.next_due_at) == (1, NOW + 5 * HOUR)
    record = await found(ledger)
    assert (record.state, record.due_at) == ("pending", NOW + 5 * HOUR)
    assert record.waits_for == "calling_hours, 5 h"
    await take(ledger, row(2, later=later(5, WaitKind.NOT_BEFORE)), row(3))
    assert (await found(ledger)).waits_for == "not_before, 5 h"
    same_words = Later(until=NOW + HOUR, kind=WaitKind.NOT_BEFORE, why="not_before, 5 h")
    await take(ledger, row(2, later=same_words), row(3))
    assert (await found(ledger)).due_at == NOW + HOUR
    other_words = Later(until=NOW + HOUR, kind=WaitKind.NOT_BEFORE, why="her birthday")
    await take(ledger, row(2, later=other_words), row(3))
    assert (await found(ledger)).waits_for == "her birthday"
    other_kind = Later(until=NOW + HOUR, kind=WaitKind.CALLING_HOURS, why="her birthday")
    report = await take(ledger, row(2, later=other_kind), row(3))
    assert set(report.counts.waits) == {"calling_hours"}
    await take(ledger, row(2), row(3))
    assert ((await found(ledger)).due_at, (await found(ledger)).waits_for) == (None, None)


async def test_a_row_that_is_not_pending_waits_for_nothing(ledger: Ledger) -> None:
    await take(ledger, row(2))
    run = await ledger.open_run(CLINIC, at=NOW)
    await run.finish(await dial(run), CallResult(outcome="busy"), at=NOW)
    report = await take(ledger, row(2, later=later(5)), row(3, later=later(5), skip_reason="no"))
    assert (report.counts.waits, report.counts.next_due_at) == ({}, None)
    assert (await found(ledger)).due_at is None
    assert (await found(ledger, "k3")).due_at is None


@pytest.mark.parametrize(
    ("turned_away", "says", "capped", "until", "kind"),
    [
        (3, None, False, 3, "turned_away"),
        (3, 2, False, 3, "turned_away"),
        (3, 4, False, 4, "calling_hours"),
        (3, 4, True, 7, "number_cap"),
        (9, 4, True, 9, "turned_away"),
        (3, 8, True, 8, "calling_hours"),
        (0, None, True, 7, "number_cap"),
    ],
)
async def test_a_contact_is_due_at_the_latest_of_all_that_speaks_against_it(
    ledger: Ledger, turned_away: int, says: int | None, capped: bool, until: int, kind: str
) -> None:
    await take(ledger, row(2), campaign=OTHER)
    await take(ledger, row(2))
    if capped:
        other = await ledger.open_run(OTHER, at=NOW)
        await dial(other, at=NOW - HOUR)
    run = await ledger.open_run(CLINIC, at=NOW)
    due_at = NOW + turned_away * HOUR
    await run.turn_away(await dial(run), "429", due_at=due_at, at=NOW)
    sheet = row(2, later=None if says is None else later(says))
    for _ in range(2):
        report = await take(ledger, sheet, caps=ONCE)
        assert report.counts.waits == {kind: Wait(contacts=1, first_at=NOW + until * HOUR)}
        assert await run.next_due_at() == NOW + until * HOUR
    # What the rules added is forgotten with them.
    report = await take(ledger, row(2))
    first = None if turned_away == 0 else due_at
    assert report.counts.next_due_at == first


async def test_who_is_due_again_has_waited_for_a_reason_that_is_over(ledger: Ledger) -> None:
    await take(ledger, row(2, later=later(1)))
    counts = await ledger.counts(CLINIC, now=NOW + HOUR)
    assert (counts.due, counts.waits, counts.next_due_at) == (1, {}, None)


async def test_a_rejected_contact_whose_row_is_mended_is_due_at_once(ledger: Ledger) -> None:
    await take(ledger, row(2))
    run = await ledger.open_run(CLINIC, at=NOW)
    await run.turn_away(await dial(run), "429", due_at=NOW + HOUR, at=NOW)
    await run.reject(await dial(run, at=NOW + HOUR), "400", at=NOW)
    mended = Enrolment(row=2, cells=("new",), key=ContactKey("k2"), to="+2", later=None)
    report = await take(ledger, mended)
    assert (report.reopened, report.counts.due) == (1, 1)
    assert await run.next_due_at() == datetime(1970, 1, 1, tzinfo=UTC)
