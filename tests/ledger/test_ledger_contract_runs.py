"""The contract of a run's hold on a campaign, for every ledger: each sentence of ``LedgerRun``."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import anyio
import pytest

from poku_batch.errors import LedgerError
from poku_batch.ledger import open_ledger
from poku_batch.models import (
    Admission,
    AttemptId,
    CallResult,
    CampaignId,
    ContactKey,
    ContactRecord,
    ContactState,
    DuplicateRule,
    Enrolment,
    InteractionId,
    RunEnding,
)
from poku_batch.ports import Ledger, LedgerRun
from tests.ledger.ledger_clinic import FAILED, begun

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
LATER = NOW + timedelta(minutes=10)
CLINIC = CampaignId(name="clinic")
OK = CallResult(outcome="completed", summary="fine", recording_url="https://r", evidence="fine")


@pytest.fixture
async def ledger(ledger_url: str) -> AsyncIterator[Ledger]:
    async with open_ledger(ledger_url) as ledger:
        await enrol(ledger, 4)
        yield ledger


@pytest.fixture
async def run(ledger: Ledger) -> LedgerRun:
    return await ledger.open_run(CLINIC, at=NOW)


async def enrol(ledger: Ledger, rows: int, *, campaign: CampaignId = CLINIC) -> None:
    async with ledger.enrolment(campaign, ["a"], DuplicateRule.FIRST) as session:
        await session.add(
            [
                Enrolment(row=n, cells=(f"c{n}",), key=ContactKey(f"k{n}"), to=f"+{n}")
                for n in range(2, 2 + rows)
            ]
        )
        await session.commit(now=NOW)


async def one(run: LedgerRun) -> Admission:
    return (await run.admit(1, now=NOW))[0]


async def begin(run: LedgerRun) -> AttemptId:
    return begun(await run.begin(await one(run), prompt_sha256="p", at=NOW))


async def records(ledger: Ledger) -> list[ContactRecord]:
    return [record async for batch in ledger.records(CLINIC) for record in batch]


async def first(ledger: Ledger) -> ContactRecord:
    return (await records(ledger))[0]


async def test_admit_hands_over_by_due_time_then_sheet_order(run: LedgerRun) -> None:
    for hours in (2, 1):
        await run.turn_away(await begin(run), "429", due_at=NOW + timedelta(hours=hours), at=NOW)
    assert await run.admit(0, now=NOW) == []
    admissions = await run.admit(3, now=NOW)
    assert [a.row for a in admissions] == [4, 5]
    assert [(a.to, a.cells, a.attempt, a.placements) for a in admissions] == [
        ("+4", ("c4",), 1, 0),
        ("+5", ("c5",), 1, 0),
    ]
    assert await run.admit(3, now=NOW) == []
    assert await run.next_due_at() == NOW + timedelta(hours=1)
    late = await run.admit(3, now=NOW + timedelta(hours=2))
    assert [(a.row, a.attempt, a.placements) for a in late] == [(3, 1, 1), (2, 1, 1)]
    assert await run.next_due_at() is None


async def test_many_tasks_that_admit_at_once_never_share_a_contact(
    ledger: Ledger, run: LedgerRun
) -> None:
    await enrol(ledger, 500)
    rows: list[int] = []

    async def work() -> None:
        while admissions := await run.admit(3, now=NOW):
            rows.extend(admission.row for admission in admissions)

    async with anyio.create_task_group() as tasks:
        for _ in range(20):
            tasks.start_soon(work)
    assert sorted(rows) == list(range(2, 502))


async def test_begin_records_the_intent(ledger: Ledger, run: LedgerRun) -> None:
    await begin(run)
    record = await first(ledger)
    assert (record.state, record.attempts, record.started_at) == (ContactState.DIALING, 1, NOW)
    assert (record.ended_at, record.error) == (None, None)


async def test_nobody_dials_a_contact_that_is_not_reserved_by_the_run(run: LedgerRun) -> None:
    admission = await one(run)
    await run.release(admission)
    with pytest.raises(LedgerError, match="not reserved"):
        await run.begin(admission, prompt_sha256="p", at=NOW)
    admission = await one(run)
    await run.begin(admission, prompt_sha256="p", at=NOW)
    with pytest.raises(LedgerError, match="dialing"):
        await run.begin(admission, prompt_sha256="p", at=NOW)
    with pytest.raises(LedgerError, match="dialing"):
        await run.fail(admission, "no", at=NOW)
    await run.release(admission)


async def test_a_reservation_does_not_outlive_its_run(ledger: Ledger, run: LedgerRun) -> None:
    admission = await one(run)
    await run.close(RunEnding.STOPPED, at=NOW)
    await run.close(RunEnding.STOPPED, at=NOW)
    second = await ledger.open_run(CLINIC, at=NOW)
    assert (await one(second)).row == admission.row
    for late in (
        run.begin(admission, prompt_sha256="p", at=NOW),
        run.admit(1, now=NOW),
    ):
        with pytest.raises(LedgerError):
            await late
    await run.release(admission)
    await second.begin(admission, prompt_sha256="p", at=NOW)


async def test_nobody_dials_who_left_the_sheet_or_whose_number_changed(
    ledger: Ledger, run: LedgerRun
) -> None:
    admissions = await run.admit(2, now=NOW)
    async with ledger.enrolment(CLINIC, ["a"], DuplicateRule.FIRST) as session:
        await session.add([Enrolment(row=2, cells=("c",), key=ContactKey("k2"), to="+99")])
        await session.commit(now=NOW)
    with pytest.raises(LedgerError, match="number changed"):
        await run.begin(admissions[0], prompt_sha256="p", at=NOW)
    with pytest.raises(LedgerError, match="no longer in the sheet"):
        await run.begin(admissions[1], prompt_sha256="p", at=NOW)


async def test_a_turned_away_placement_continues_its_attempt(
    ledger: Ledger, run: LedgerRun
) -> None:
    attempt = await begin(run)
    await run.turn_away(attempt, "429", due_at=NOW, at=NOW)
    assert (await first(ledger)).state is ContactState.PENDING
    await run.close(RunEnding.STOPPED, at=NOW)
    run = await ledger.open_run(CLINIC, at=NOW)
    admission = next(a for a in await run.admit(9, now=NOW) if a.row == 2)
    assert (admission.attempt, admission.placements) == (1, 1)
    assert begun(await run.begin(admission, prompt_sha256="q", at=LATER)) == attempt
    record = await first(ledger)
    assert (record.state, record.attempts, record.started_at) == (ContactState.DIALING, 1, LATER)


async def test_a_held_attempt_is_placed_again_by_its_run(ledger: Ledger, run: LedgerRun) -> None:
    attempt = await begin(run)
    with pytest.raises(LedgerError, match="dialing"):
        await run.begin_again(attempt, at=NOW)
    await run.hold(attempt, "429", at=NOW)
    assert (await first(ledger)).state is ContactState.DIALING
    assert [a.row for a in await run.admit(9, now=NOW)] == [3, 4, 5]
    await run.begin_again(attempt, at=LATER)
    await run.hold(attempt, "429", at=NOW)
    await run.turn_away(attempt, "429", due_at=NOW, at=NOW)
    with pytest.raises(LedgerError, match="not held"):
        await run.begin_again(attempt, at=NOW)
    admission = await one(run)
    assert (admission.attempt, admission.placements) == (1, 2)


async def test_a_held_attempt_can_be_rejected(ledger: Ledger, run: LedgerRun) -> None:
    attempt = await begin(run)
    await run.hold(attempt, "429", at=NOW)
    await run.reject(attempt, "turned away too often", at=NOW)
    record = await first(ledger)
    assert (record.state, record.error) == (ContactState.FAILED, "turned away too often")


async def test_reject_and_fail_make_the_contact_failed(ledger: Ledger, run: LedgerRun) -> None:
    await run.reject(await begin(run), "bad number", at=NOW)
    await run.fail(await one(run), "no template", at=NOW)
    found = [(r.state.value, r.error, r.attempts) for r in (await records(ledger))[:2]]
    assert found == [("failed", "bad number", 1), ("failed", "no template", 0)]
    assert (await run.counts(now=NOW)).failures == {"bad number": 1, "no template": 1}


async def test_finish_records_the_result_and_the_first_one_wins(
    ledger: Ledger, run: LedgerRun
) -> None:
    attempt = await begin(run)
    await run.started(attempt, InteractionId("i"), at=NOW)
    await run.started(attempt, InteractionId("i"), at=NOW)
    assert await run.finish(attempt, OK, at=LATER) is True
    before = await first(ledger)
    assert await run.finish(attempt, CallResult(outcome="busy"), sequel=FAILED, at=NOW) is False
    await run.doubt(attempt, "broken", at=NOW)
    assert await first(ledger) == before
    assert before == ContactRecord(
        row=2,
        key="k2",
        cells=("c2",),
        state=ContactState.DONE,
        to="+2",
        attempts=1,
        outcome="completed",
        summary="fine",
        recording_url="https://r",
        interaction_id="i",
        started_at=NOW,
        ended_at=LATER,
        error=None,
        rang=True,
    )
    assert before.duration_s == 600.0


async def test_finish_makes_the_contact_failed_if_said(ledger: Ledger, run: LedgerRun) -> None:
    result = CallResult(
        outcome="invalid_number", evidence="invalid to number", interaction_id=InteractionId("i")
    )
    await run.finish(await begin(run), result, sequel=FAILED, at=NOW)
    record = await first(ledger)
    assert (record.state, record.outcome, record.error, record.interaction_id) == (
        ContactState.FAILED,
        "invalid_number",
        "invalid to number",
        "i",
    )
    counts = await ledger.counts(CLINIC, now=NOW)
    assert (counts.outcomes, counts.failures) == ({}, {"invalid_number": 1})


async def test_doubt_keeps_the_evidence_and_the_interaction_until_a_late_answer(
    ledger: Ledger, run: LedgerRun
) -> None:
    attempt = await begin(run)
    await run.started(attempt, InteractionId("i"), at=NOW)
    await run.doubt(attempt, "connection lost", at=NOW)
    record = await first(ledger)
    assert (record.state, record.error, record.interaction_id) == (
        ContactState.UNKNOWN,
        "connection lost",
        "i",
    )
    assert await run.open_calls() == []
    await run.close(RunEnding.FINISHED, at=NOW)
    run = await ledger.open_run(CLINIC, at=NOW)
    (call,) = await run.open_calls()
    assert (call.attempt_id, call.interaction_id, call.was_unknown) == (attempt, "i", True)
    assert [a.row for a in await run.admit(9, now=NOW)] == [3, 4, 5]
    assert await run.finish(attempt, OK, at=NOW)
    assert (await first(ledger)).state is ContactState.DONE
    assert await run.open_calls() == []


@dataclass(frozen=True)
class Verb:
    """A transition, and the attempt's states that allow it."""

    act: Callable[[LedgerRun, AttemptId], Awaitable[object]]
    allowed: frozenset[str]


VERBS = {
    "hold": Verb(lambda run, a: run.hold(a, "w", at=NOW), frozenset({"dialing"})),
    "begin_again": Verb(lambda run, a: run.begin_again(a, at=NOW), frozenset({"held"})),
    "started": Verb(
        lambda run, a: run.started(a, InteractionId("n"), at=NOW), frozenset({"dialing", "unknown"})
    ),
    "turn_away": Verb(
        lambda run, a: run.turn_away(a, "w", due_at=NOW, at=NOW), frozenset({"dialing", "held"})
    ),
    "reject": Verb(lambda run, a: run.reject(a, "w", at=NOW), frozenset({"dialing", "held"})),
    "finish": Verb(
        lambda run, a: run.finish(a, OK, at=NOW),
        frozenset({"dialing", "in_call", "unknown", "ended"}),
    ),
    "doubt": Verb(
        lambda run, a: run.doubt(a, "w", at=NOW),
        frozenset({"dialing", "in_call", "unknown", "ended"}),
    ),
}

WAYS: dict[str, Callable[[LedgerRun, AttemptId], Awaitable[object]]] = {
    "held": lambda run, a: run.hold(a, "w", at=NOW),
    "in_call": lambda run, a: run.started(a, InteractionId("i"), at=NOW),
    "ended": lambda run, a: run.finish(a, OK, at=NOW),
    "turned_away": lambda run, a: run.turn_away(a, "w", due_at=NOW, at=NOW),
    "rejected": lambda run, a: run.reject(a, "w", at=NOW),
    "unknown": lambda run, a: run.doubt(a, "w", at=NOW),
}


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("state", ["dialing", *WAYS])
async def test_a_transition_that_the_state_forbids_is_refused_and_changes_nothing(
    ledger: Ledger, run: LedgerRun, verb: str, state: str
) -> None:
    attempt = await begin(run)
    if state in WAYS:
        await WAYS[state](run, attempt)
    before = await records(ledger)
    if state in VERBS[verb].allowed:
        await VERBS[verb].act(run, attempt)
        return
    with pytest.raises(LedgerError, match=state.replace("held", "turned_away")):
        await VERBS[verb].act(run, attempt)
    assert await records(ledger) == before


@pytest.mark.parametrize("verb", VERBS)
async def test_an_attempt_of_another_campaign_is_refused(
    ledger: Ledger, run: LedgerRun, verb: str
) -> None:
    other = CampaignId(name="other")
    await enrol(ledger, 1, campaign=other)
    stranger = await ledger.open_run(other, at=NOW)
    attempt = await begin(stranger)
    with pytest.raises(LedgerError):
        await VERBS[verb].act(run, attempt)
    with pytest.raises(LedgerError):
        await VERBS[verb].act(run, AttemptId(10**6))


async def test_counts_tell_due_from_later(ledger: Ledger, run: LedgerRun) -> None:
    await run.turn_away(await begin(run), "429", due_at=LATER, at=NOW)
    for counts in (await run.counts(now=NOW), await ledger.counts(CLINIC, now=NOW)):
        assert (counts.due, counts.next_due_at, counts.total) == (3, LATER, 4)
    assert (await run.counts(now=LATER)).due == 4


async def test_times_keep_their_microseconds(ledger: Ledger, run: LedgerRun) -> None:
    exact = datetime(2026, 11, 22, 10, 0, 0, 123457, tzinfo=UTC)
    attempt = begun(await run.begin(await one(run), prompt_sha256="p", at=exact))
    await run.finish(attempt, OK, at=exact + timedelta(microseconds=1))
    record = await first(ledger)
    assert (record.started_at, record.ended_at) == (exact, exact + timedelta(microseconds=1))
    far = datetime.max.replace(tzinfo=UTC)
    await run.turn_away(await begin(run), "429", due_at=far, at=NOW)
    assert (await run.counts(now=NOW)).next_due_at == far


async def test_words_that_no_file_can_hold_are_kept_as_far_as_they_can(
    ledger: Ledger, run: LedgerRun
) -> None:
    half = "\ud800 = \x00 é"
    result = CallResult(outcome="completed", summary=half, evidence=half)
    assert await run.finish(await begin(run), result, at=NOW)
    await run.doubt(await begin(run), half, at=NOW)
    await run.reject(await begin(run), half, at=NOW)
    found = await records(ledger)
    # PostgreSQL's text has no NUL: it is spelt out there.
    kept = {"\\ud800 = \x00 é", "\\ud800 = \\x00 é"}
    words = {found[0].summary, found[1].error, found[2].error}
    assert len(words) == 1
    assert words <= kept
