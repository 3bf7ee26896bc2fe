"""What a message says of a contact that has gone on since, or that a person has decided."""

from collections.abc import AsyncIterator

import pytest

from poku_batch.ledger import inspect, open_ledger
from poku_batch.models import (
    Admission,
    CallResult,
    ContactKey,
    ContactState,
    Decision,
    InteractionId,
    Selection,
    Sequel,
)
from poku_batch.ports import Ledger, LedgerRun
from tests.ledger.ledger_outbox import CLINIC, NOW, YES, at, begin, enrol, told

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ledger(ledger_url: str) -> AsyncIterator[Ledger]:
    async with open_ledger(ledger_url) as ledger:
        await enrol(ledger)
        yield ledger
    assert inspect(ledger_url).problems == ()


@pytest.fixture
async def run(ledger: Ledger) -> LedgerRun:
    return await ledger.open_run(CLINIC, tell_results=True, at=NOW)


async def test_a_persons_word_is_told_with_a_late_answer(ledger: Ledger, run: LedgerRun) -> None:
    attempt = await begin(run)
    await run.started(attempt, InteractionId("i"), at=NOW)
    await run.doubt(attempt, "lost", at=NOW)
    decision = Decision(state=ContactState.DONE, by="ann", at=NOW, outcome="moved", summary="Said.")
    await ledger.resolve(CLINIC, ContactKey("k2"), decision)
    await run.finish(attempt, YES, at=at(3))
    late = (await told(run))[-1]
    assert (late["state"], late["outcome"], late["summary"]) == ("done", "moved", "Said.")


async def test_the_reason_of_another_time_is_not_told(ledger: Ledger, run: LedgerRun) -> None:
    await run.reject(await begin(run), "HTTP 400: first", at=at(1))
    chosen = Selection(keys=(ContactKey("k2"),))
    await ledger.put_back(CLINIC, chosen, agreed=9, by="ann", at=at(2))
    for admission in await run.admit(9, now=at(3)):
        if admission.key == "k2":
            await run.fail(admission, "does not render", at=at(3))
    assert [b["error"] for b in await told(run)] == ["HTTP 400: first", "does not render"]


async def failed_and_put_back(ledger: Ledger, run: LedgerRun) -> Admission:
    """One contact, whose first call ended in vain; it is admitted again."""
    failed = Sequel(state=ContactState.FAILED, why="first", kind="attempts used up")
    await run.finish(await begin(run), CallResult(outcome="no_answer"), sequel=failed, at=at(1))
    chosen = Selection(keys=(ContactKey("k2"),))
    await ledger.put_back(CLINIC, chosen, agreed=9, by="ann", at=at(2))
    return next(found for found in await run.admit(9, now=at(3)) if found.key == "k2")


async def test_the_reason_of_a_later_attempt_is_not_told_of_an_earlier_one(
    ledger: Ledger, run: LedgerRun
) -> None:
    admission = await failed_and_put_back(ledger, run)
    second = await run.begin(admission, prompt_sha256="p", at=at(3))
    assert isinstance(second, int)
    failed = Sequel(state=ContactState.FAILED, why="second", kind="attempts used up")
    await run.finish(second, CallResult(outcome="no_answer"), sequel=failed, at=at(4))
    assert [b["error"] for b in await told(run)] == [None, "second"]


async def test_the_reason_of_another_state_is_not_told(ledger: Ledger, run: LedgerRun) -> None:
    await run.skip(await failed_and_put_back(ledger, run), "no consent", at=at(3))
    assert [(b["state"], b["error"]) for b in await told(run)] == [
        ("failed", None),
        ("skipped", "no consent"),
    ]


async def test_whoever_asks_not_to_be_called_is_told_so_whatever_a_person_said(
    ledger: Ledger, run: LedgerRun
) -> None:
    attempt = await begin(run)
    await run.started(attempt, InteractionId("i"), at=NOW)
    await run.doubt(attempt, "lost", at=NOW)
    decision = Decision(state=ContactState.DONE, by="ann", at=NOW, outcome="moved", summary="Said.")
    await ledger.resolve(CLINIC, ContactKey("k2"), decision)
    never = CallResult(outcome="do_not_call", summary="Never again.", opted_out="never")
    await run.finish(attempt, never, at=at(3))
    late = (await told(run))[-1]
    assert (late["outcome"], late["summary"]) == ("do_not_call", "Never again.")


async def test_the_end_of_a_run_holds_only_numbers_that_json_knows(run: LedgerRun) -> None:
    with pytest.raises(ValueError, match="JSON"):
        await run.tell({"cost": float("nan")}, at=NOW)
