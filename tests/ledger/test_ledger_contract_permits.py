"""The contract of what keeps a contact from being called: the list, caps, deferring, skipping."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from poku_batch.errors import NotReservedError
from poku_batch.ledger import inspect, open_ledger
from poku_batch.models import (
    CallResult,
    Cap,
    ContactKey,
    DoNotCallEntry,
    Guard,
    Happening,
    InteractionId,
    Later,
    Never,
    Selection,
    Wait,
    WaitKind,
)
from poku_batch.ports import Ledger, LedgerRun
from tests.ledger.ledger_clinic import (
    CLINIC,
    FAILED,
    K2,
    LATER,
    NOW,
    OTHER,
    admitted,
    ask,
    begun,
    dial,
    found,
    next_run,
    row,
    take,
)

pytestmark = pytest.mark.anyio

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
ONCE_A_DAY = Guard(number_caps=(Cap(calls=1, within=DAY),))
LISTED = DoNotCallEntry(number="+2", source="imported from list.csv", at=NOW)
WHY = "on the do-not-call list: imported from list.csv"


@pytest.fixture
async def ledger(ledger_url: str) -> AsyncIterator[Ledger]:
    async with open_ledger(ledger_url) as ledger:
        await take(ledger, row(2), row(3), row(4, to="+2"))
        await take(ledger, row(2), campaign=OTHER)
        yield ledger
    assert inspect(ledger_url).problems == ()


@pytest.fixture
async def run(ledger: Ledger) -> LedgerRun:
    return await ledger.open_run(CLINIC, at=NOW)


async def happened(ledger: Ledger, key: str = "k2") -> list[tuple[Happening, str | None]]:
    return [
        (entry.what, entry.detail)
        async for batch in ledger.history(CLINIC, key=key)
        for entry in batch
    ]


# --- the do-not-call list ---


async def test_nobody_on_the_list_is_begun(ledger: Ledger, run: LedgerRun) -> None:
    admission = await admitted(run)
    await ledger.add_do_not_call([LISTED])
    assert await run.begin(admission, prompt_sha256="p", at=NOW) == Never(why=WHY)
    record = await found(ledger)
    assert (record.state, record.error, record.attempts) == ("skipped", WHY, 0)
    assert await happened(ledger) == [(Happening.SKIPPED, WHY)]
    assert (await run.counts(now=NOW)).skip_reasons == {"on the do-not-call list": 1}
    assert [a.key for a in await run.admit(9, now=NOW)] == ["k3", "k4"]


async def test_whoever_was_taken_off_the_list_may_be_begun(ledger: Ledger, run: LedgerRun) -> None:
    await ledger.add_do_not_call([LISTED])
    await ledger.remove_do_not_call("+2", by="ann", at=NOW)
    assert await dial(run)


async def test_a_turned_away_attempt_of_somebody_who_came_onto_the_list_is_not_continued(
    ledger: Ledger, run: LedgerRun
) -> None:
    await run.turn_away(await dial(run), "429", due_at=NOW, at=NOW)
    await ledger.add_do_not_call([LISTED])
    assert await ask(run) == Never(why=WHY)
    record = await found(ledger)
    assert (record.state, record.attempts) == ("skipped", 1)


async def test_a_held_attempt_of_somebody_who_came_onto_the_list_is_not_placed_again(
    ledger: Ledger, run: LedgerRun
) -> None:
    attempt = await dial(run)
    await run.hold(attempt, "429", at=NOW)
    await ledger.add_do_not_call([LISTED])
    with pytest.raises(NotReservedError, match=r"on the do-not-call list: imported from list\.csv"):
        await run.begin_again(attempt, at=NOW)
    await run.turn_away(attempt, "429", due_at=NOW, at=NOW)
    assert await ask(run) == Never(why=WHY)


async def test_whoever_is_on_the_list_is_enrolled_as_skipped_whatever_the_row_says(
    ledger: Ledger,
) -> None:
    await ledger.add_do_not_call([LISTED])
    report = await take(ledger, row(2, skip_reason="no consent"), row(3))
    assert [(note.row, note.note) for note in report.skipped] == [(2, WHY)]
    assert report.counts.skip_reasons == {"on the do-not-call list": 1}
    await ledger.remove_do_not_call("+2", by="ann", at=NOW)
    assert (await take(ledger, row(2), row(3))).counts.due == 2


async def test_a_contact_that_is_done_stays_so_though_its_number_is_listed(
    ledger: Ledger, run: LedgerRun
) -> None:
    await run.finish(await dial(run), CallResult(outcome="confirmed"), at=NOW)
    await ledger.add_do_not_call([LISTED])
    await take(ledger, row(2))
    assert (await found(ledger)).state == "done"


# --- caps ---


async def test_a_call_to_the_number_by_any_campaign_counts(ledger: Ledger, run: LedgerRun) -> None:
    other = await ledger.open_run(OTHER, at=NOW)
    placed_at = NOW - HOUR
    await other.finish(await dial(other, at=placed_at), CallResult(outcome="busy"), at=NOW)
    later = await ask(run, guard=ONCE_A_DAY)
    assert later == Later(
        until=placed_at + DAY,
        kind=WaitKind.NUMBER_CAP,
        why="the number was called once within 1d, which is the limit",
    )
    record = await found(ledger)
    assert (record.state, record.attempts) == ("pending", 0)
    assert (record.due_at, record.waits_for) == (later.until, later.why)
    assert await happened(ledger) == []
    assert [a.key for a in await run.admit(9, now=NOW)] == ["k3", "k4"]
    assert await dial(run, guard=ONCE_A_DAY, at=later.until)


@pytest.mark.parametrize(
    ("becomes", "counts"),
    [
        ("dialing", True),
        ("in_call", True),
        ("held", True),
        ("unknown", True),
        ("ended", True),
        ("invalid_number", False),
        ("turned_away", False),
        ("rejected", False),
    ],
)
async def test_a_call_counts_if_it_rang_or_may_have(
    ledger: Ledger, run: LedgerRun, becomes: str, counts: bool
) -> None:
    attempt = await dial(run)
    match becomes:
        case "in_call":
            await run.started(attempt, InteractionId("i"), at=NOW)
        case "held":
            await run.hold(attempt, "429", at=NOW)
        case "unknown":
            await run.doubt(attempt, "lost", at=NOW)
        case "ended":
            await run.finish(attempt, CallResult(outcome="busy"), at=NOW)
        case "invalid_number":
            invalid = CallResult(outcome="invalid_number")
            await run.finish(attempt, invalid, sequel=FAILED, at=NOW)
        case "turned_away":
            await run.turn_away(attempt, "429", due_at=LATER, at=NOW)
        case "rejected":
            await run.reject(attempt, "400", at=NOW)
    answer = await ask(run, "k4", guard=ONCE_A_DAY)
    assert isinstance(answer, Later) is counts


async def test_a_contacts_own_turned_away_attempt_is_continued_under_a_cap(
    run: LedgerRun,
) -> None:
    attempt = await dial(run, guard=ONCE_A_DAY)
    await run.turn_away(attempt, "429", due_at=NOW, at=NOW)
    assert await dial(run, guard=ONCE_A_DAY) == attempt


async def test_continuing_a_turned_away_attempt_is_checked_too(run: LedgerRun) -> None:
    await run.turn_away(await dial(run), "429", due_at=NOW, at=NOW)
    await dial(run, "k4")
    assert await ask(run, guard=ONCE_A_DAY) == Later(
        until=NOW + DAY,
        kind=WaitKind.NUMBER_CAP,
        why="the number was called once within 1d, which is the limit",
    )


async def called_at(ledger: Ledger, run: LedgerRun, *times: datetime) -> None:
    for at in times:
        await run.finish(await dial(run, at=at), CallResult(outcome="busy"), at=at)
        chosen = Selection(keys=(K2,))
        await ledger.put_back(CLINIC, chosen, agreed=9, by="ann", at=at)


@pytest.mark.parametrize(
    ("caps", "until"),
    [
        ([(4, 8 * HOUR)], None),
        ([(3, 8 * HOUR)], -5 * HOUR + 8 * HOUR),
        ([(2, 8 * HOUR)], -3 * HOUR + 8 * HOUR),
        ([(1, 8 * HOUR)], -1 * HOUR + 8 * HOUR),
        # At the very end of a span its first call is in it no more.
        ([(3, 5 * HOUR)], None),
        ([(3, 5 * HOUR + timedelta(microseconds=1))], timedelta(microseconds=1)),
        # The latest of all that are reached.
        ([(1, 2 * HOUR), (3, 6 * HOUR)], 1 * HOUR),
        ([(3, 6 * HOUR), (1, 3 * HOUR)], 2 * HOUR),
        ([(9, 8 * HOUR), (2, 4 * HOUR)], 1 * HOUR),
    ],
)
async def test_the_number_may_be_called_when_every_cap_allows_it(
    ledger: Ledger, run: LedgerRun, caps: list[tuple[int, timedelta]], until: timedelta | None
) -> None:
    await called_at(ledger, run, NOW - 5 * HOUR, NOW - 3 * HOUR, NOW - HOUR)
    rules = tuple(Cap(calls=calls, within=within) for calls, within in caps)
    report = await take(ledger, row(2), caps=rules)
    assert report.counts.next_due_at == (None if until is None else NOW + until)
    assert (report.counts.due, set(report.counts.waits)) == (
        (1, set()) if until is None else (0, {"number_cap"})
    )
    await take(ledger, row(2))
    answer = await ask(run, guard=Guard(number_caps=rules))
    if until is None:
        begun(answer)
    else:
        assert isinstance(answer, Later)
        assert answer.until == NOW + until
        record = await found(ledger)
        assert (record.due_at, record.waits_for) == (answer.until, answer.why)


async def test_a_caller_id_is_used_as_often_as_its_cap_allows(
    ledger: Ledger, run: LedgerRun
) -> None:
    guard = Guard(from_number="+49301", caller_id_caps=(Cap(calls=2, within=DAY),))
    other = Guard(from_number="+49302", caller_id_caps=(Cap(calls=2, within=DAY),))
    first = await dial(run, guard=guard, at=NOW - HOUR)
    await run.turn_away(first, "429", due_at=NOW, at=NOW)
    (admission,) = [a for a in await run.admit(9, now=NOW) if a.key == K2]
    assert admission.last_from == "+49301"
    assert begun(await run.begin(admission, prompt_sha256="p", guard=guard, at=NOW)) == first
    run = await next_run(ledger, run)
    assert begun(await ask(run, "k3", guard=guard, at=NOW + MINUTE))
    later = await ask(run, "k4", guard=guard, at=NOW + 2 * MINUTE)
    assert isinstance(later, Later)
    assert (later.kind, later.until) == (WaitKind.CALLER_ID_CAP, NOW + DAY)
    run = await next_run(ledger, run)
    await take(ledger, row(4, to="+2"))
    assert await dial(run, "k4", guard=other, at=NOW + 3 * MINUTE)


async def test_two_runs_at_once_do_not_pass_one_cap(ledger: Ledger, run: LedgerRun) -> None:
    other = await ledger.open_run(OTHER, at=NOW)
    answers = [await ask(one, guard=ONCE_A_DAY) for one in (run, other)]
    assert [isinstance(answer, Later) for answer in answers] == [False, True]


# --- deferring and skipping ---


def until(hours: int, kind: WaitKind = WaitKind.CALLING_HOURS) -> Later:
    return Later(until=NOW + hours * HOUR, kind=kind, why=f"not for {hours} h")


async def test_the_deferred_wait_and_are_released(ledger: Ledger, run: LedgerRun) -> None:
    a, b, c = await run.admit(9, now=NOW)
    await run.defer([(a, until(2)), (b, until(1)), (c, until(3, WaitKind.NOT_BEFORE))], at=NOW)
    counts = await run.counts(now=NOW)
    assert counts.due == 0
    assert counts.waits == {
        "calling_hours": Wait(contacts=2, first_at=NOW + HOUR),
        "not_before": Wait(contacts=1, first_at=NOW + 3 * HOUR),
    }
    assert counts.next_due_at == await run.next_due_at() == NOW + HOUR
    record = await found(ledger)
    assert (record.due_at, record.waits_for) == (NOW + 2 * HOUR, "not for 2 h")
    assert await happened(ledger) == []
    assert await run.admit(9, now=NOW) == []
    assert [x.key for x in await run.admit(9, now=NOW + 2 * HOUR)] == ["k3", "k2"]
    run = await next_run(ledger, run)
    assert (await found(ledger)).due_at == NOW + 2 * HOUR


async def test_what_was_deferred_is_forgotten_by_the_next_enrolment(
    ledger: Ledger, run: LedgerRun
) -> None:
    await run.turn_away(await dial(run), "429", due_at=NOW + HOUR, at=NOW)
    chosen = {a.key: a for a in await run.admit(9, now=NOW + HOUR)}
    await run.defer([(a, until(30)) for a in chosen.values()], at=NOW + HOUR)
    await take(ledger, row(2), row(3))
    assert (await found(ledger)).due_at == NOW + HOUR
    assert (await found(ledger)).waits_for == "429"
    assert (await found(ledger, "k3")).due_at is None


async def test_whoever_has_gone_another_way_is_not_deferred(ledger: Ledger, run: LedgerRun) -> None:
    admission = await admitted(run)
    await take(ledger, row(2, to="+22"))
    await run.defer([(admission, until(1))], at=NOW)
    (again,) = await run.admit(9, now=NOW)
    assert (again.to, (await found(ledger)).due_at) == ("+22", None)
    await run.release(again)
    await run.defer([(again, until(1))], at=NOW)
    assert (await found(ledger)).due_at is None


async def test_a_skipped_contact_keeps_what_came_of_it(ledger: Ledger, run: LedgerRun) -> None:
    await called_at(ledger, run, NOW)
    admission = await admitted(run)
    await run.skip(admission, "too late: not after 2026-11-20", at=NOW)
    record = await found(ledger)
    assert (record.state, record.error, record.outcome, record.attempts) == (
        "skipped",
        "too late: not after 2026-11-20",
        "busy",
        1,
    )
    assert (await happened(ledger))[-1] == (Happening.SKIPPED, "too late: not after 2026-11-20")
    with pytest.raises(NotReservedError, match="its contact is skipped"):
        await run.skip(admission, "again", at=NOW)
    await take(ledger, row(2))
    assert [a.key for a in await run.admit(9, now=NOW)] == ["k2"]


async def test_whoever_has_gone_another_way_is_not_skipped(ledger: Ledger, run: LedgerRun) -> None:
    admission = await admitted(run)
    await run.release(admission)
    with pytest.raises(NotReservedError, match="not reserved by this run"):
        await run.skip(admission, "no", at=NOW)
    with pytest.raises(NotReservedError, match="not reserved by this run"):
        await run.begin(admission, prompt_sha256="p", at=NOW)
    await dial(run, "k4")
    with pytest.raises(NotReservedError, match="not reserved by this run"):
        await run.begin(admission, prompt_sha256="p", guard=ONCE_A_DAY, at=NOW)
    assert (await found(ledger)).state == "pending"
    assert (await found(ledger)).due_at is None
    assert ContactKey("k2") in {a.key for a in await run.admit(9, now=NOW)}
