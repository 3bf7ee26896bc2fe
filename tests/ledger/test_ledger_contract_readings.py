"""The contract of calls that are read again, for every ledger: once, and never against a person."""

import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import anyio
import pytest

from poku_batch.errors import LedgerError
from poku_batch.ledger import erase, inspect, open_ledger
from poku_batch.models import (
    CallResult,
    ContactState,
    Happening,
    HistoryEntry,
    InteractionId,
    RunEnding,
    Sequel,
    UnreadCall,
)
from poku_batch.ports import Ledger, LedgerRun
from tests.ledger.ledger_clinic import (
    CLINIC,
    K2,
    LATER,
    NOW,
    OTHER,
    begin,
    enrol,
    found,
    next_run,
    put_back,
)
from tests.ledger.ledger_raw import everything, file_bytes
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


async def history(ledger: Ledger) -> list[HistoryEntry]:
    return [entry async for batch in ledger.history(CLINIC) for entry in batch]


async def test_a_reading_takes_the_place_of_what_the_rules_said(
    ledger: Ledger, run: LedgerRun
) -> None:
    attempt = await to_read(run)
    before = await found(ledger)
    assert (before.state, before.outcome, before.fields) == (ContactState.DONE, "no_answer", {})
    assert await run.reread(attempt, BY_MODEL, at=LATER) is True
    record = await found(ledger)
    assert (record.state, record.outcome) == (ContactState.DONE, "rescheduled")
    assert record.fields == BY_MODEL.fields
    assert (record.summary, record.recording_url) == (BY_RULES.summary, "https://r")
    assert (record.interaction_id, record.ended_at) == ("i", NOW)
    last = (await history(ledger))[-1]
    assert (last.what, last.detail, last.at, last.attempt) == (
        Happening.READ,
        "rescheduled",
        LATER,
        1,
    )
    counts = await run.counts(now=LATER)
    assert counts.outcomes == {"rescheduled": 1}


async def test_a_call_is_read_once_only(ledger: Ledger, run: LedgerRun) -> None:
    attempt = await to_read(run)
    await run.reread(attempt, BY_MODEL, at=LATER)
    before, told = await found(ledger), await history(ledger)
    for sequel in (Sequel(), AGAIN, GIVEN_UP):
        again = CallResult(outcome="do_not_call", opted_out="never")
        assert await run.reread(attempt, again, sequel=sequel, at=LATER) is False
    assert await found(ledger) == before
    assert await history(ledger) == told
    assert await listed(ledger) == []


async def test_what_nobody_wanted_read_is_not_read(ledger: Ledger, run: LedgerRun) -> None:
    _, attempt = await begin(run)
    await run.finish(attempt, BY_RULES, sequel=AGAIN, at=NOW)
    before = await found(ledger)
    assert await run.reread(attempt, BY_MODEL, at=LATER) is False
    assert await found(ledger) == before


async def test_what_has_not_ended_or_is_anothers_cannot_be_read(
    ledger: Ledger, run: LedgerRun
) -> None:
    _, attempt = await begin(run)
    with pytest.raises(LedgerError, match="it has not ended"):
        await run.reread(attempt, BY_MODEL, at=LATER)
    await enrol(ledger, 1, campaign=OTHER)
    other = await ledger.open_run(OTHER, at=NOW)
    with pytest.raises(LedgerError, match="not one of this campaign's"):
        await other.reread(attempt, BY_MODEL, at=LATER)


@pytest.mark.parametrize(
    ("sequel", "state", "error"),
    [
        (Sequel(), ContactState.DONE, None),
        (AGAIN, ContactState.PENDING, None),
        (GIVEN_UP, ContactState.FAILED, "no_answer after 3 attempts"),
    ],
)
@pytest.mark.parametrize("before", [Sequel(), AGAIN, GIVEN_UP])
async def test_the_contact_becomes_what_the_reading_makes_of_it(
    ledger: Ledger,
    run: LedgerRun,
    before: Sequel,
    sequel: Sequel,
    state: ContactState,
    error: str | None,
) -> None:
    attempt = await to_read(run, sequel=before)
    kept = ContactState.DONE if before is AGAIN else before.state
    assert (await found(ledger)).state is kept
    assert await run.admit(1, now=TOMORROW) == []
    await run.reread(attempt, BY_MODEL, sequel=sequel, at=LATER)
    record = await found(ledger)
    assert (record.state, record.outcome, record.error) == (state, "rescheduled", error)
    assert await run.admit(1, now=TOMORROW - timedelta(seconds=1)) == []
    admitted = await run.admit(1, now=TOMORROW)
    assert [each.attempt for each in admitted] == ([2] if sequel is AGAIN else [])


async def test_the_next_run_finds_what_is_still_to_be_read(ledger: Ledger, run: LedgerRun) -> None:
    admission, attempt = await begin(run)
    await run.finish(attempt, BY_RULES, sequel=AGAIN, to_read=True, at=LATER)
    assert await run.unread_calls() == []  # this run is reading it
    run = await next_run(ledger, run)
    assert await run.unread_calls() == [
        UnreadCall(
            attempt_id=attempt,
            contact_id=admission.contact_id,
            key=K2,
            row=2,
            attempt=1,
            summary="Nobody came to the phone, but her son did.",
            recording_url="https://r",
            interaction_id=InteractionId("i"),
            placed_at=NOW,
            ended_at=LATER,
        )
    ]
    assert await run.reread(attempt, BY_MODEL, sequel=AGAIN, at=LATER)
    assert await run.unread_calls() == []
    run = await next_run(ledger, run)
    assert await run.unread_calls() == []
    assert (await found(ledger)).state is ContactState.PENDING


async def test_unread_calls_come_oldest_first_and_of_this_campaign_alone(ledger: Ledger) -> None:
    await enrol(ledger, 4)
    run = await ledger.open_run(CLINIC, at=NOW)
    attempts = [await begin(run) for _ in range(4)]
    for hours, (_, attempt) in zip((3, 1, 4, 2), attempts, strict=True):
        at = NOW + timedelta(hours=hours)
        await run.finish(attempt, BY_RULES, to_read=True, at=at)
    await enrol(ledger, 1, campaign=OTHER)
    other = await ledger.open_run(OTHER, at=NOW)
    await to_read(other)
    run = await next_run(ledger, run)
    assert [call.row for call in await run.unread_calls()] == [3, 5, 2, 4]


async def test_a_call_that_this_run_followed_to_its_end_is_its_own_to_read(
    ledger: Ledger, run: LedgerRun
) -> None:
    _, attempt = await begin(run)
    await run.started(attempt, InteractionId("i"), at=NOW)
    run = await next_run(ledger, run)
    await run.finish(attempt, BY_RULES, to_read=True, at=LATER)
    assert await run.unread_calls() == []
    run = await next_run(ledger, run)
    assert [call.attempt_id for call in await run.unread_calls()] == [attempt]


async def test_whoever_opts_out_on_rereading_is_not_called_again(
    ledger: Ledger, run: LedgerRun
) -> None:
    attempt = await to_read(run)
    asked = CallResult(outcome="declined", opted_out="take me off")
    await run.reread(attempt, asked, sequel=AGAIN, at=LATER)
    record = await found(ledger)
    assert (record.state, record.outcome) == (ContactState.DONE, "declined")
    assert await listed(ledger) == ["+2"]
    assert await run.admit(1, now=TOMORROW) == []


@pytest.mark.parametrize("sequel", [Sequel(), AGAIN, GIVEN_UP])
async def test_a_wish_not_to_be_called_is_never_taken_back(
    ledger: Ledger, run: LedgerRun, sequel: Sequel
) -> None:
    heard = CallResult(outcome="do_not_call", summary="Never again.", evidence="never again")
    attempt = await to_read(run, result=heard)
    assert await listed(ledger) == ["+2"]
    assert await run.reread(attempt, BY_MODEL, sequel=sequel, at=LATER)
    record = await found(ledger)
    assert (record.state, record.outcome) == (ContactState.DONE, "do_not_call")
    assert record.fields == BY_MODEL.fields
    assert (await history(ledger))[-1].detail == "do_not_call"
    assert await listed(ledger) == ["+2"]
    assert (await put_back(ledger, outcomes=("do_not_call",))).contacts == 0


async def test_an_opt_out_under_another_outcome_is_not_taken_back_either(
    ledger: Ledger, run: LedgerRun
) -> None:
    heard = CallResult(outcome="no_answer", summary="x", opted_out="no more calls")
    attempt = await to_read(run, result=heard)
    await run.reread(attempt, BY_MODEL, sequel=AGAIN, at=LATER)
    assert (await found(ledger)).state is ContactState.DONE
    assert await listed(ledger) == ["+2"]
    assert (await put_back(ledger, outcomes=("rescheduled",))).contacts == 0


@pytest.mark.parametrize("tell_results", [False, True])
async def test_a_result_is_told_once_it_was_read(ledger: Ledger, tell_results: bool) -> None:
    run = await ledger.open_run(CLINIC, tell_results=tell_results, at=NOW)
    attempt = await to_read(run)
    assert (await run.waiting_messages())[0] == 0
    await run.reread(attempt, BY_MODEL, at=LATER)
    assert (await run.waiting_messages())[0] == int(tell_results)
    await run.reread(attempt, BY_MODEL, at=LATER)
    assert (await run.waiting_messages())[0] == int(tell_results)


async def test_an_erased_call_is_not_read_any_more(ledger_url: str) -> None:
    path = ledger_url
    async with open_ledger(path) as ledger:
        await enrol(ledger, 1)
        run = await ledger.open_run(CLINIC, at=NOW)
        attempt = await to_read(run)
        await run.close(RunEnding.FINISHED, at=NOW)
    erase(path, "+2", keep_hash=False, by="ann", at=NOW)
    async with open_ledger(path) as ledger:
        run = await ledger.open_run(CLINIC, at=LATER)
        assert await run.unread_calls() == []
        assert await run.reread(attempt, BY_MODEL, sequel=AGAIN, at=LATER) is False
        assert await run.admit(1, now=TOMORROW) == []
    assert "her son" not in everything(path)
    assert b"her son" not in file_bytes(path)


_FINISHES_AND_IS_KILLED = """
import os, signal, sys, anyio
from poku_batch.ledger import open_ledger
from tests.ledger.ledger_clinic import CLINIC, NOW, begin, enrol
from tests.ledger.ledger_readings import to_read

async def main():
    async with open_ledger(sys.argv[1]) as ledger:
        await enrol(ledger, 1)
        await to_read(await ledger.open_run(CLINIC, at=NOW))
        os.kill(os.getpid(), signal.SIGKILL)

anyio.run(main)
"""


async def test_a_kill_between_the_end_and_the_reading_loses_neither(ledger_url: str) -> None:
    path = ledger_url
    killed = await anyio.run_process(
        [sys.executable, "-c", _FINISHES_AND_IS_KILLED, path],
        check=False,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": "."},
    )
    assert killed.returncode == -signal.SIGKILL
    async with open_ledger(path) as ledger:
        run = await ledger.open_run(CLINIC, at=LATER)
        record = await found(ledger)
        assert (record.state, record.summary) == (ContactState.DONE, BY_RULES.summary)
        assert await run.admit(1, now=TOMORROW) == []
        (call,) = await run.unread_calls()
        assert (call.summary, call.decided) == (BY_RULES.summary, False)
        assert await run.reread(call.attempt_id, BY_MODEL, sequel=AGAIN, at=LATER)
        assert (await found(ledger)).state is ContactState.PENDING
    assert inspect(path).problems == ()
