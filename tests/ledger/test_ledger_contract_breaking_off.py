"""The contract of runs that are broken off: crashed, cancelled, or one too many."""

import os
from collections.abc import AsyncIterator
from datetime import timedelta

import anyio
import pytest

from poku_batch.errors import CampaignBusyError
from poku_batch.ledger import SqlLedger, open_ledger
from poku_batch.models import (
    CallResult,
    CampaignId,
    Cap,
    ContactRecord,
    ContactState,
    DuplicateRule,
    Guard,
    InteractionId,
    RunEnding,
    Selection,
)
from poku_batch.ports import Ledger, LedgerRun
from tests.ledger.ledger_clinic import CLINIC, LATER, NOW, admitted, begun, dial, found, row, take

pytestmark = pytest.mark.anyio

OK = CallResult(outcome="completed", summary="fine", recording_url="https://r", evidence="fine")


@pytest.fixture
async def ledger(ledger_url: str) -> AsyncIterator[Ledger]:
    async with open_ledger(ledger_url) as ledger:
        await take(ledger, *map(row, range(2, 6)))
        yield ledger


@pytest.fixture
async def run(ledger: Ledger) -> LedgerRun:
    return await ledger.open_run(CLINIC, at=NOW)


async def records(ledger: Ledger) -> list[ContactRecord]:
    return [record async for batch in ledger.records(CLINIC) for record in batch]


async def test_a_crashed_runs_attempts_are_settled(ledger_url: str) -> None:
    path = ledger_url
    async with open_ledger(path) as ledger:
        await take(ledger, *map(row, range(2, 7)))
        run = await ledger.open_run(CLINIC, at=NOW)
        cut_off, in_call, held = [await dial(run, key) for key in ("k2", "k3", "k4")]
        await run.started(in_call, InteractionId("i"), at=NOW)
        await run.hold(held, "429", at=NOW)
        await run.admit(1, now=NOW)
    async with open_ledger(path) as ledger:
        run = await ledger.open_run(CLINIC, at=LATER)
        kept = await records(ledger)
        assert [r.state.value for r in kept] == [
            "unknown",
            "dialing",
            "pending",
            "pending",
            "pending",
        ]
        assert kept[0].error == (
            "the program stopped after 2026-11-22T10:00:00Z, before an answer came; "
            "the request may have left"
        )
        (call,) = await run.open_calls()
        assert (call.attempt_id, call.row, call.to, call.was_unknown) == (in_call, 3, "+3", False)
        assert (call.placed_at, call.interaction_id) == (NOW, "i")
        admissions = await run.admit(9, now=NOW)
        assert [(a.row, a.placements) for a in admissions] == [(4, 1), (5, 0), (6, 0)]
        assert await run.finish(cut_off, OK, at=LATER)
        assert await run.finish(in_call, OK, at=LATER)
        assert (await run.counts(now=NOW)).states == {"done": 2, "pending": 3}


async def test_open_calls_are_of_earlier_runs_oldest_first_and_from_any_sheet(
    ledger: Ledger, run: LedgerRun
) -> None:
    admissions = await run.admit(2, now=NOW)
    for admission, at in zip(admissions, (LATER, NOW), strict=True):
        attempt = begun(await run.begin(admission, prompt_sha256="p", at=at))
        await run.started(attempt, InteractionId(f"i{admission.row}"), at=LATER)
    assert await run.open_calls() == []
    await run.close(RunEnding.ABANDONED, at=NOW)
    run = await ledger.open_run(CLINIC, at=NOW)
    async with ledger.enrolment(CLINIC, ["a"], DuplicateRule.FIRST) as session:
        await session.commit(now=NOW)
    calls = await run.open_calls()
    assert [(call.row, call.interaction_id) for call in calls] == [(3, "i3"), (2, "i2")]
    assert await run.finish(calls[0].attempt_id, OK, at=NOW)


async def test_a_campaign_has_one_run_at_a_time(ledger: Ledger, run: LedgerRun) -> None:
    with pytest.raises(CampaignBusyError, match="2026-11-22T10:00:00Z") as caught:
        await ledger.open_run(CLINIC, at=LATER)
    assert caught.value.pid == os.getpid()
    await (await ledger.open_run(CampaignId(name="clinic", wave="2"), at=NOW)).close(
        RunEnding.FINISHED, at=NOW
    )
    await run.close(RunEnding.FINISHED, at=NOW)
    await ledger.open_run(CLINIC, at=LATER)


async def test_a_cancelled_begin_happened_or_did_not_and_nobody_is_lost(
    ledger: Ledger, run: LedgerRun
) -> None:
    for _ in range(20):
        with anyio.CancelScope() as scope:
            admission = await admitted(run)
            scope.cancel()
            await run.begin(admission, prompt_sha256="p", at=NOW)
            raise AssertionError("not reached")
    if isinstance(ledger, SqlLedger):
        assert [(a.row, a.placements) for a in await run.admit(9, now=NOW)] == [
            (2, 0),
            (3, 0),
            (4, 0),
            (5, 0),
        ]


async def test_a_cancelled_begin_takes_back_nobody_elses_attempt(
    ledger: Ledger, run: LedgerRun
) -> None:
    admission = await admitted(run)
    await run.begin(admission, prompt_sha256="p", at=NOW)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await run.begin(admission, prompt_sha256="p", at=NOW)
    assert [a.row for a in await run.admit(9, now=NOW)] == [3, 4, 5]
    assert (await found(ledger)).state is ContactState.DIALING


async def test_a_cancelled_finish_still_happens(ledger: Ledger, run: LedgerRun) -> None:
    attempt = await dial(run)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await run.finish(attempt, OK, at=NOW)
    assert await run.finish(attempt, OK, at=NOW) is False
    assert (await found(ledger)).outcome == "completed"


async def test_a_cancelled_begin_that_a_cap_forbids_leaves_the_contact_waiting(
    ledger: Ledger, run: LedgerRun
) -> None:
    await run.finish(await dial(run), OK, at=NOW)
    key = (await found(ledger)).key
    chosen = Selection(outcomes=("completed",))
    await ledger.put_back(CLINIC, chosen, agreed=1, by="ann", at=NOW)
    admission = await admitted(run)
    guard = Guard(number_caps=(Cap(calls=1, within=timedelta(hours=1)),))
    with anyio.CancelScope() as scope:
        scope.cancel()
        await run.begin(admission, prompt_sha256="p", guard=guard, at=NOW)
    assert key not in {a.key for a in await run.admit(9, now=NOW)}
    record = await found(ledger)
    assert (record.state, record.attempts) == (ContactState.PENDING, 1)
    assert record.due_at == NOW + timedelta(hours=1)
