"""The contract of answers that come late, for every ledger: the first final result wins."""

from collections.abc import AsyncIterator

import pytest

from poku_batch.ledger import inspect, open_ledger
from poku_batch.models import (
    AttemptId,
    CallResult,
    ContactState,
    Decision,
    InteractionId,
)
from poku_batch.ports import Ledger, LedgerRun
from tests.ledger.ledger_clinic import (
    CLINIC,
    K2,
    LATER,
    NEVER,
    NOW,
    begin,
    enrol,
    found,
    next_run,
    put_back,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ledger(ledger_url: str) -> AsyncIterator[Ledger]:
    async with open_ledger(ledger_url) as ledger:
        await enrol(ledger, 8)
        yield ledger
    assert inspect(ledger_url).problems == ()


@pytest.fixture
async def run(ledger: Ledger) -> LedgerRun:
    return await ledger.open_run(CLINIC, at=NOW)


async def unknown(ledger: Ledger, run: LedgerRun) -> AttemptId:
    _, attempt = await begin(run)
    await run.started(attempt, InteractionId("i"), at=NOW)
    await run.doubt(attempt, "lost", at=NOW)
    assert (await found(ledger)).state is ContactState.UNKNOWN
    return attempt


async def test_a_late_answer_decides_an_unknown_call_by_itself(
    ledger: Ledger, run: LedgerRun
) -> None:
    attempt = await unknown(ledger, run)
    run = await next_run(ledger, run)
    (call,) = await run.open_calls()
    assert (call.was_unknown, call.decided) == (True, False)
    assert await run.finish(attempt, CallResult(outcome="confirmed", summary="Yes."), at=LATER)
    record = await found(ledger)
    assert (record.state, record.outcome, record.error) == (ContactState.DONE, "confirmed", None)


async def test_the_first_final_result_wins_over_whatever_comes_later(
    ledger: Ledger, run: LedgerRun
) -> None:
    attempt = await unknown(ledger, run)
    await run.finish(attempt, CallResult(outcome="confirmed", summary="Yes."), at=NOW)
    before = await found(ledger)
    for weaker in ("completed", "no_answer", "invalid_number"):
        late = CallResult(outcome=weaker)
        assert await run.finish(attempt, late, at=LATER) is False
    await run.doubt(attempt, "404", at=LATER)
    assert await found(ledger) == before
    run = await next_run(ledger, run)
    assert await run.finish(attempt, CallResult(outcome="busy"), at=LATER) is False
    assert await found(ledger) == before
    history = [e.what.value async for b in ledger.history(CLINIC, key="k2") for e in b]
    assert history == ["began", "started", "doubted", "ended"]


@pytest.mark.parametrize("state", [ContactState.DONE, ContactState.FAILED])
async def test_a_late_answer_fills_in_what_a_person_left_open_and_overturns_nothing(
    ledger: Ledger, run: LedgerRun, state: ContactState
) -> None:
    attempt = await unknown(ledger, run)
    await ledger.resolve(CLINIC, K2, Decision(state=state, by="ann", at=NOW, summary="She was in."))
    run = await next_run(ledger, run)
    (call,) = await run.open_calls()
    assert (call.was_unknown, call.decided) == (False, True)
    late = CallResult(outcome="voicemail", summary="A machine.", recording_url="https://r")
    assert await run.finish(attempt, late, at=LATER) is True
    record = await found(ledger)
    assert (record.state, record.outcome, record.summary) == (state, "voicemail", "She was in.")
    assert (record.recording_url, record.ended_at) == ("https://r", LATER)
    history = [e async for b in ledger.history(CLINIC, key="k2") for e in b]
    assert (history[-1].what, history[-1].summary) == ("ended", "A machine.")
    assert await run.open_calls() == []


async def test_a_late_doubt_does_not_touch_a_persons_word(ledger: Ledger, run: LedgerRun) -> None:
    attempt = await unknown(ledger, run)
    word = Decision(state=ContactState.DONE, by="ann", at=NOW, outcome="confirmed")
    await ledger.resolve(CLINIC, K2, word)
    before = await found(ledger)
    await run.doubt(attempt, "404", at=LATER)
    assert await found(ledger) == before


async def test_a_late_wish_not_to_be_called_overturns_even_a_persons_word(
    ledger: Ledger, run: LedgerRun
) -> None:
    attempt = await unknown(ledger, run)
    word = Decision(
        state=ContactState.FAILED, by="ann", at=NOW, outcome="no_answer", summary="It did not ring."
    )
    await ledger.resolve(CLINIC, K2, word)
    assert await run.finish(attempt, NEVER, at=LATER)
    record = await found(ledger)
    assert (record.state, record.outcome, record.summary, record.error) == (
        ContactState.DONE,
        "do_not_call",
        "Never again.",
        None,
    )
    assert (await ledger.counts(CLINIC, now=NOW)).outcomes == {"do_not_call": 1}
    assert (await put_back(ledger, failed=True, outcomes=("do_not_call",))).contacts == 0


async def test_a_late_answer_spares_whoever_was_put_back_a_second_call(
    ledger: Ledger, run: LedgerRun
) -> None:
    attempt = await unknown(ledger, run)
    await put_back(ledger, unknown=True)
    run = await next_run(ledger, run)
    (call,) = await run.open_calls()
    assert call.attempt_id == attempt
    await run.finish(attempt, CallResult(outcome="confirmed"), at=LATER)
    assert (await found(ledger)).state is ContactState.DONE
    assert "k2" not in {a.key for a in await run.admit(9, now=LATER)}


async def test_a_late_answer_does_not_end_the_attempt_after_it(
    ledger: Ledger, run: LedgerRun
) -> None:
    old = await unknown(ledger, run)
    await put_back(ledger, unknown=True)
    admission, new = await begin(run)
    assert (admission.key, admission.attempt) == ("k2", 2)
    assert await run.finish(old, CallResult(outcome="confirmed"), at=LATER)
    assert (await found(ledger)).state is ContactState.DIALING
    await run.finish(new, CallResult(outcome="busy"), at=LATER)
    assert (await found(ledger)).outcome == "busy"
