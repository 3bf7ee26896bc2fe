"""The contract of readings that come after a person, or another call, has decided the contact."""

from collections.abc import AsyncIterator

import pytest

from poku_batch.ledger import inspect, open_ledger
from poku_batch.models import (
    CallResult,
    ContactState,
    Decision,
    DuplicateRule,
    Enrolment,
    InteractionId,
    Never,
    RunEnding,
)
from poku_batch.ports import Ledger, LedgerRun
from tests.ledger.ledger_clinic import (
    CLINIC,
    K2,
    LATER,
    NOW,
    begin,
    enrol,
    found,
    next_run,
    put_back,
)
from tests.ledger.ledger_readings import (
    AGAIN,
    BY_MODEL,
    BY_RULES,
    GIVEN_UP,
    TOMORROW,
    listed,
    to_read,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ledger(ledger_url: str) -> AsyncIterator[Ledger]:
    async with open_ledger(ledger_url) as ledger:
        await enrol(ledger, 1)
        yield ledger
    assert inspect(ledger_url).problems == ()


@pytest.fixture
async def run(ledger: Ledger) -> LedgerRun:
    return await ledger.open_run(CLINIC, at=NOW)


async def test_a_contact_that_a_person_put_back_stays_callable(
    ledger: Ledger, run: LedgerRun
) -> None:
    attempt = await to_read(run)
    await put_back(ledger, keys=(K2,))
    run = await next_run(ledger, run)
    (call,) = await run.unread_calls()
    assert call.decided
    assert await run.reread(attempt, BY_MODEL, sequel=GIVEN_UP, at=LATER) is True
    record = await found(ledger)
    assert (record.state, record.error) == (ContactState.PENDING, None)
    assert record.fields == BY_MODEL.fields
    (admission,) = await run.admit(1, now=LATER)
    assert admission.attempt == 2


async def test_a_contact_that_was_put_back_and_cannot_be_called_stays_failed(
    ledger: Ledger, run: LedgerRun
) -> None:
    attempt = await to_read(run)
    await put_back(ledger, keys=(K2,))
    (admission,) = await run.admit(1, now=LATER)
    await run.fail(admission, "the prompt does not render", at=LATER)
    run = await next_run(ledger, run)
    assert (await run.unread_calls())[0].decided
    await run.reread(attempt, BY_MODEL, at=LATER)
    record = await found(ledger)
    assert (record.state, record.error) == (ContactState.FAILED, "the prompt does not render")


async def test_a_contact_that_was_put_back_and_opts_out_on_rereading_is_not_called(
    ledger: Ledger, run: LedgerRun
) -> None:
    attempt = await to_read(run)
    await put_back(ledger, keys=(K2,))
    asked = CallResult(outcome="do_not_call", evidence="never again")
    await run.reread(attempt, asked, at=LATER)
    assert (await found(ledger)).state is ContactState.DONE
    assert await run.admit(1, now=LATER) == []


async def test_a_later_attempt_is_left_alone(ledger: Ledger, run: LedgerRun) -> None:
    attempt = await to_read(run)
    await put_back(ledger, keys=(K2,))
    _, second = await begin(run)
    before = await found(ledger)
    assert before.state is ContactState.DIALING
    assert await run.reread(attempt, BY_MODEL, sequel=GIVEN_UP, at=LATER) is True
    assert await found(ledger) == before
    await run.finish(second, CallResult(outcome="confirmed", summary="Yes."), at=LATER)
    run = await next_run(ledger, run)
    record = await found(ledger)
    assert (record.state, record.outcome, record.fields) == (ContactState.DONE, "confirmed", {})


async def test_an_opt_out_in_an_earlier_call_does_not_end_the_one_that_is_open(
    ledger: Ledger, run: LedgerRun
) -> None:
    attempt = await to_read(run)
    await put_back(ledger, keys=(K2,))
    _, second = await begin(run)
    await run.reread(attempt, CallResult(outcome="do_not_call"), at=LATER)
    assert (await found(ledger)).state is ContactState.DIALING
    assert await listed(ledger) == ["+2"]
    await run.finish(second, BY_RULES, sequel=AGAIN, at=LATER)
    (admission,) = await run.admit(1, now=TOMORROW)
    assert isinstance(await run.begin(admission, prompt_sha256="p", at=TOMORROW), Never)


async def test_a_contact_whose_row_was_corrected_stays_callable(
    ledger: Ledger, run: LedgerRun
) -> None:
    dead = CallResult(outcome="invalid_number", summary="Not in service.")
    attempt = await to_read(run, result=dead, sequel=GIVEN_UP)
    await run.close(RunEnding.FINISHED, at=NOW)
    async with ledger.enrolment(CLINIC, ["a"], DuplicateRule.ALL) as session:
        await session.add([Enrolment(row=2, cells=("c2",), key=K2, to="+20")])
        await session.commit(now=NOW)
    assert (await found(ledger)).state is ContactState.PENDING
    run = await ledger.open_run(CLINIC, at=LATER)
    assert (await run.unread_calls())[0].decided
    await run.reread(attempt, BY_MODEL, at=LATER)
    assert [each.to for each in await run.admit(1, now=LATER)] == ["+20"]


async def test_an_opt_out_in_an_earlier_call_stops_the_next_attempt(
    ledger: Ledger, run: LedgerRun
) -> None:
    attempt = await to_read(run)
    await put_back(ledger, keys=(K2,))
    (admission,) = await run.admit(1, now=LATER)
    asked = CallResult(outcome="declined", opted_out="take me off")
    await run.reread(attempt, asked, at=LATER)
    answer = await run.begin(admission, prompt_sha256="p", at=LATER)
    assert isinstance(answer, Never)
    assert (await found(ledger)).state is ContactState.SKIPPED


@pytest.mark.parametrize("word", [None, "confirmed", "no_answer"])
async def test_what_a_person_said_stands_and_what_they_left_open_is_read(
    ledger: Ledger, run: LedgerRun, word: str | None
) -> None:
    _, attempt = await begin(run)
    await run.started(attempt, InteractionId("i"), at=NOW)
    await run.doubt(attempt, "lost", at=NOW)
    decision = Decision(state=ContactState.DONE, by="ann", at=NOW, outcome=word)
    await ledger.resolve(CLINIC, K2, decision)
    run = await next_run(ledger, run)
    await run.finish(attempt, BY_RULES, sequel=AGAIN, to_read=True, at=LATER)
    run = await next_run(ledger, run)
    (call,) = await run.unread_calls()
    assert call.decided
    await run.reread(attempt, BY_MODEL, sequel=AGAIN, at=LATER)
    record = await found(ledger)
    assert (record.state, record.outcome) == (ContactState.DONE, word or "rescheduled")
    assert (await run.counts(now=LATER)).outcomes == {word or "rescheduled": 1}
    assert record.fields == BY_MODEL.fields
    assert await run.admit(1, now=TOMORROW) == []


async def test_a_row_that_left_the_sheet_is_read_for_the_record(
    ledger: Ledger, run: LedgerRun
) -> None:
    attempt = await to_read(run)
    await run.close(RunEnding.FINISHED, at=NOW)
    await enrol(ledger, 1, first=7)
    run = await ledger.open_run(CLINIC, at=LATER)
    assert (await run.unread_calls())[0].decided
    await run.reread(attempt, BY_MODEL, sequel=AGAIN, at=LATER)
    assert (await found(ledger)).outcome == "rescheduled"
    assert [each.row for each in await run.admit(9, now=TOMORROW)] == [7]
