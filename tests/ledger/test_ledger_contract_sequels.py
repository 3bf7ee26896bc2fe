"""The contract of what an ended call makes of its contact: redials, readings, opting out."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from poku_batch.errors import NotReservedError
from poku_batch.ledger import inspect, open_ledger
from poku_batch.models import (
    CallResult,
    ContactKey,
    ContactState,
    Decision,
    FieldValue,
    InteractionId,
    Never,
    Selection,
    Sequel,
    Usage,
    Wait,
)
from poku_batch.ports import Ledger, LedgerRun
from tests.ledger.ledger_clinic import (
    CLINIC,
    FAILED,
    K2,
    NOW,
    OTHER,
    admitted,
    ask,
    dial,
    found,
    next_run,
    row,
    take,
)

pytestmark = pytest.mark.anyio

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
BUSY = CallResult(outcome="busy", summary="Engaged.")
NEVER = CallResult(outcome="do_not_call", evidence="never again")
OPTED_OUT = CallResult(outcome="confirmed", opted_out="take me off your list")
AGAIN = Sequel(state=ContactState.PENDING, due_at=NOW + HOUR, why="call 2 of 3, after busy")
LISTED = "on the do-not-call list: heard in a call"


@pytest.fixture
async def ledger(ledger_url: str) -> AsyncIterator[Ledger]:
    async with open_ledger(ledger_url) as ledger:
        await take(ledger, row(2), row(3), row(4))
        yield ledger
    assert inspect(ledger_url).problems == ()


@pytest.fixture
async def run(ledger: Ledger) -> LedgerRun:
    return await ledger.open_run(CLINIC, at=NOW)


async def listed(ledger: Ledger) -> dict[str, tuple[str, str | None, str | None]]:
    return {
        entry.number: (entry.source, entry.reason, entry.by)
        async for batch in ledger.do_not_call()
        for entry in batch
    }


# --- redials ---


async def test_a_redial_waits_and_keeps_what_came_of_the_call(
    ledger: Ledger, run: LedgerRun
) -> None:
    await run.finish(await dial(run), BUSY, sequel=AGAIN, at=NOW)
    record = await found(ledger)
    assert (record.state, record.outcome, record.summary) == ("pending", "busy", "Engaged.")
    assert (record.due_at, record.waits_for) == (NOW + HOUR, "call 2 of 3, after busy")
    counts = await run.counts(now=NOW)
    assert (counts.due, counts.waits) == (2, {"redial": Wait(contacts=1, first_at=NOW + HOUR)})
    assert counts.outcomes == {}
    (admission,) = [a for a in await run.admit(9, now=NOW + HOUR) if a.key == K2]
    assert (admission.attempt, admission.placements) == (2, 0)


async def test_a_redial_that_is_turned_away_still_shows_the_last_call(
    ledger: Ledger, run: LedgerRun
) -> None:
    await run.finish(await dial(run), BUSY, sequel=AGAIN, at=NOW + MINUTE)
    attempt = await dial(run, at=NOW + HOUR)
    assert (await found(ledger)).summary is None
    await run.turn_away(attempt, "429", due_at=NOW + 2 * HOUR, at=NOW + HOUR)
    record = await found(ledger)
    assert (record.outcome, record.summary, record.attempts) == ("busy", "Engaged.", 2)
    assert (record.started_at, record.ended_at) == (NOW, NOW + MINUTE)
    assert (record.due_at, record.waits_for) == (NOW + 2 * HOUR, "429")
    await run.skip(await admitted(run, at=NOW + 2 * HOUR), "too late", at=NOW)
    record = await found(ledger)
    assert (record.state, record.outcome, record.summary) == ("skipped", "busy", "Engaged.")


async def test_a_redial_outlasts_runs_sheets_and_rules(ledger: Ledger, run: LedgerRun) -> None:
    await run.finish(await dial(run), BUSY, sequel=AGAIN, at=NOW)
    run = await next_run(ledger, run)
    assert "k2" not in {a.key for a in await run.admit(9, now=NOW)}
    report = await take(ledger, row(2, to="+22"))
    assert (report.counts.due, report.counts.next_due_at) == (0, NOW + HOUR)
    record = await found(ledger)
    assert (record.outcome, record.waits_for) == ("busy", AGAIN.why)
    await take(ledger, row(2, skip_reason="no consent"))
    record = await found(ledger)
    assert (record.state, record.outcome, record.due_at) == ("skipped", "busy", None)
    await take(ledger, row(3))
    report = await take(ledger, row(2), at=NOW)
    assert (report.counts.due, report.counts.next_due_at) == (0, NOW + HOUR)
    assert await dial(run, at=NOW + HOUR)


async def test_a_redial_without_a_time_is_due_at_once_and_says_why(
    ledger: Ledger, run: LedgerRun
) -> None:
    await run.finish(await dial(run), BUSY, sequel=Sequel(state=ContactState.PENDING), at=NOW)
    record = await found(ledger)
    assert (record.due_at, record.waits_for) == (NOW, "called again after busy")


async def test_a_failed_sequel_says_why_and_of_what_kind(ledger: Ledger, run: LedgerRun) -> None:
    used_up = Sequel(state=ContactState.FAILED, why="3 calls, last busy", kind="calls used up")
    await run.finish(await dial(run), BUSY, sequel=used_up, at=NOW)
    record = await found(ledger)
    assert (record.state, record.error, record.outcome) == ("failed", "3 calls, last busy", "busy")
    await run.finish(await dial(run, "k3"), BUSY, sequel=FAILED, at=NOW)
    assert (await run.counts(now=NOW)).failures == {"calls used up": 1, "busy": 1}


async def test_whoever_is_put_back_while_a_redial_waits_elsewhere_is_due_at_once(
    ledger: Ledger, run: LedgerRun
) -> None:
    await run.finish(await dial(run), BUSY, sequel=AGAIN, at=NOW)
    await run.reject(await dial(run, at=NOW + HOUR), "400", at=NOW)
    chosen = Selection(failed=True)
    await ledger.put_back(CLINIC, chosen, agreed=1, by="ann", at=NOW)
    record = await found(ledger)
    assert (record.state, record.due_at, record.waits_for) == ("pending", None, None)
    await take(ledger, row(2))
    assert await dial(run)


# --- late answers ---


async def unknown(run: LedgerRun) -> object:
    attempt = await dial(run)
    await run.started(attempt, InteractionId("i"), at=NOW)
    await run.doubt(attempt, "lost", at=NOW)
    return attempt


async def test_a_late_answer_may_redial(ledger: Ledger, run: LedgerRun) -> None:
    await unknown(run)
    run = await next_run(ledger, run)
    (call,) = await run.open_calls()
    assert call.attempt == 1
    assert await run.finish(call.attempt_id, BUSY, sequel=AGAIN, at=NOW)
    record = await found(ledger)
    assert (record.state, record.outcome, record.due_at) == ("pending", "busy", NOW + HOUR)
    await run.finish(await dial(run, at=NOW + HOUR), BUSY, at=NOW)
    assert (await found(ledger)).attempts == 2


async def test_a_late_answer_redials_nobody_whom_a_person_has_decided(
    ledger: Ledger, run: LedgerRun
) -> None:
    await unknown(run)
    word = Decision(state=ContactState.DONE, by="ann", at=NOW, summary="They came.")
    await ledger.resolve(CLINIC, K2, word)
    run = await next_run(ledger, run)
    (call,) = await run.open_calls()
    await run.finish(call.attempt_id, BUSY, sequel=AGAIN, at=NOW)
    record = await found(ledger)
    assert (record.state, record.outcome, record.summary) == ("done", "busy", "They came.")


async def test_a_late_answer_for_one_who_was_put_back_is_heeded_first(
    ledger: Ledger, run: LedgerRun
) -> None:
    await unknown(run)
    await ledger.put_back(CLINIC, Selection(unknown=True), agreed=1, by="ann", at=NOW)
    run = await next_run(ledger, run)
    (call,) = await run.open_calls()
    assert call.decided
    admission = await admitted(run)
    await run.finish(call.attempt_id, BUSY, sequel=AGAIN, at=NOW)
    with pytest.raises(NotReservedError):
        await run.begin(admission, prompt_sha256="p", at=NOW)
    assert (await found(ledger)).due_at == NOW + HOUR
    assert "k2" not in {a.key for a in await run.admit(9, now=NOW)}


async def test_a_late_answer_after_a_later_attempt_changes_the_attempt_alone(
    ledger: Ledger, run: LedgerRun
) -> None:
    await unknown(run)
    await ledger.put_back(CLINIC, Selection(unknown=True), agreed=1, by="ann", at=NOW)
    run = await next_run(ledger, run)
    (call,) = await run.open_calls()
    await run.turn_away(await dial(run), "429", due_at=NOW, at=NOW)
    await run.finish(call.attempt_id, NEVER, sequel=AGAIN, at=NOW)
    record = await found(ledger)
    assert (record.state, record.attempts) == ("pending", 2)
    assert await ask(run) == Never(why=LISTED)


# --- who asked not to be called ---


@pytest.mark.parametrize("result", [NEVER, OPTED_OUT])
async def test_whoever_asks_not_to_be_called_is_listed_and_not_redialled(
    ledger: Ledger, run: LedgerRun, result: CallResult
) -> None:
    await run.finish(await dial(run), result, sequel=AGAIN, at=NOW)
    record = await found(ledger)
    assert (record.state, record.outcome, record.due_at) == ("done", result.outcome, None)
    reason = result.opted_out or result.evidence
    assert await listed(ledger) == {"+2": ("heard in a call", reason, None)}
    report = await take(ledger, row(12, to="+2"), campaign=OTHER)
    assert [note.note for note in report.skipped] == [LISTED]


async def test_the_number_that_was_called_is_listed_not_that_of_the_row_by_now(
    ledger: Ledger, run: LedgerRun
) -> None:
    await run.finish(await dial(run), BUSY, sequel=AGAIN, at=NOW)
    attempt = await dial(run, at=NOW + HOUR)
    await take(ledger, row(2, to="+22"))
    await run.finish(attempt, NEVER, at=NOW)
    assert set(await listed(ledger)) == {"+2"}


async def test_a_late_word_not_to_call_stands_above_a_persons(
    ledger: Ledger, run: LedgerRun
) -> None:
    await unknown(run)
    word = Decision(state=ContactState.FAILED, by="ann", at=NOW, outcome="busy")
    await ledger.resolve(CLINIC, K2, word)
    run = await next_run(ledger, run)
    (call,) = await run.open_calls()
    await run.finish(call.attempt_id, NEVER, sequel=AGAIN, at=NOW)
    record = await found(ledger)
    assert (record.state, record.outcome) == ("done", "do_not_call")
    assert set(await listed(ledger)) == {"+2"}


async def test_what_a_person_heard_lists_the_number_too(ledger: Ledger, run: LedgerRun) -> None:
    await unknown(run)
    word = Decision(
        state=ContactState.DONE, by="ann", at=NOW, outcome="do_not_call", summary="They wrote."
    )
    await ledger.resolve(CLINIC, K2, word)
    assert await listed(ledger) == {"+2": ("heard in a call", "They wrote.", "ann")}


async def test_an_entry_that_is_there_already_stays(ledger: Ledger, run: LedgerRun) -> None:
    await run.finish(await dial(run), NEVER, at=NOW)
    before = await listed(ledger)
    await take(ledger, row(13), campaign=OTHER)
    await run.finish(await dial(run, "k3"), OPTED_OUT, at=NOW)
    assert await listed(ledger) == before | {
        "+3": ("heard in a call", "take me off your list", None)
    }


# --- what is to be read ---


async def test_a_redial_waits_for_the_reading(ledger: Ledger, run: LedgerRun) -> None:
    await run.finish(await dial(run), BUSY, sequel=AGAIN, to_read=True, at=NOW)
    record = await found(ledger)
    assert (record.state, record.outcome, record.due_at) == ("done", "busy", None)
    await run.finish(await dial(run, "k3"), BUSY, sequel=FAILED, to_read=True, at=NOW)
    assert (await found(ledger, "k3")).state == "failed"
    run = await next_run(ledger, run)
    assert [(c.key, c.attempt, c.decided) for c in await run.unread_calls()] == [
        ("k2", 1, False),
        ("k3", 1, False),
    ]


async def test_fields_of_every_kind_are_kept(ledger: Ledger, run: LedgerRun) -> None:
    fields: dict[str, FieldValue] = {
        "when": "2026-12-01",
        "party": 3,
        "sum": 1.5,
        "sure": True,
        "none": None,
        "é": "ß\ud800",
    }
    result = CallResult(outcome="confirmed", fields=fields)
    await run.finish(await dial(run), result, at=NOW)
    assert (await found(ledger)).fields == fields
    assert (await found(ledger, "k3")).fields == {}


# --- what was used up ---


async def test_usage_counts_started_minutes_and_open_calls(ledger: Ledger, run: LedgerRun) -> None:
    assert await run.usage() == Usage()
    await run.finish(await dial(run), BUSY, sequel=AGAIN, at=NOW + 61 * MINUTE / 60)
    assert await run.usage() == Usage(minutes=2)
    second = await dial(run, at=NOW + HOUR)
    assert await run.usage() == Usage(minutes=2, open=1)
    await run.started(second, InteractionId("i"), at=NOW + HOUR)
    # The clock was set back meanwhile.
    await run.finish(second, BUSY, at=NOW)
    assert await run.usage() == Usage(minutes=3)
    third = await dial(run, "k3")
    await run.doubt(third, "lost", at=NOW)
    fourth = await dial(run, "k4")
    await run.finish(fourth, CallResult(outcome="invalid_number"), at=NOW + HOUR)
    assert await run.usage() == Usage(minutes=3, open=1)
    run = await next_run(ledger, run)
    assert await run.usage() == Usage(minutes=3, open=1)
    word = Decision(state=ContactState.FAILED, by="ann", at=NOW)
    await ledger.resolve(CLINIC, ContactKey("k3"), word)
    assert await run.usage() == Usage(minutes=3)
    await run.finish(third, BUSY, at=NOW + 24 * HOUR)
    assert await run.usage() == Usage(minutes=3 + 24 * 60)
    assert await run.usage(longest=10 * MINUTE) == Usage(minutes=3 + 10)
    assert await (await ledger.open_run(OTHER, at=NOW)).usage() == Usage()


@pytest.mark.parametrize(
    ("microseconds", "minutes"), [(0, 1), (1, 1), (60_000_000, 1), (60_000_001, 2)]
)
async def test_every_started_minute_counts(run: LedgerRun, microseconds: int, minutes: int) -> None:
    length = timedelta(microseconds=microseconds)
    await run.finish(await dial(run), BUSY, at=NOW + length)
    assert (await run.usage()).minutes == minutes


async def test_the_latest_time_is_that_of_the_last_thing_that_happened(
    ledger: Ledger, run: LedgerRun, tmp_path: Path
) -> None:
    async with open_ledger(tmp_path / "other.db") as empty:
        assert await empty.latest_at() is None
    assert await ledger.latest_at() == NOW
    await run.turn_away(await dial(run), "429", due_at=NOW + 9 * HOUR, at=NOW + MINUTE)
    assert await ledger.latest_at() == NOW + MINUTE
    await ledger.open_run(OTHER, at=NOW + HOUR)
    assert await ledger.latest_at() == NOW + HOUR
    await run.finish(await dial(run, "k3"), BUSY, sequel=AGAIN, at=NOW + 2 * HOUR)
    assert await ledger.latest_at() == NOW + 2 * HOUR
