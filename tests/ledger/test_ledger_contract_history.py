"""The contract of the history, for every ledger: who was called when, why and with what words."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import anyio
import pytest

from poku_batch.ledger import inspect, open_ledger
from poku_batch.models import (
    Admission,
    CallResult,
    CampaignId,
    ContactKey,
    DuplicateRule,
    Enrolment,
    HistoryEntry,
    InteractionId,
    RunEnding,
)
from poku_batch.ports import Ledger, LedgerRun
from tests.ledger.ledger_clinic import begun
from tests.ledger.ledger_raw import raw

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
CLINIC = CampaignId(name="clinic")
WORDS = "Call Ann. Half a letter: \ud800, é."


def at(seconds: int) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.fixture
async def ledger(ledger_url: str) -> AsyncIterator[Ledger]:
    async with open_ledger(ledger_url) as ledger:
        async with ledger.enrolment(CLINIC, ["a"], DuplicateRule.FIRST) as session:
            rows = [
                Enrolment(row=n, cells=("c",), key=ContactKey(f"k{n}"), to=f"+{n}")
                for n in range(2, 6)
            ]
            await session.add(rows)
            await session.commit(now=NOW)
        yield ledger
    assert inspect(ledger_url).problems == ()


@pytest.fixture
async def run(ledger: Ledger) -> LedgerRun:
    return await ledger.open_run(CLINIC, at=NOW)


async def one(run: LedgerRun) -> Admission:
    return (await run.admit(1, now=at(1_000)))[0]


async def told(ledger: Ledger, key: str | None = None, batch: int = 3) -> list[HistoryEntry]:
    return [e async for entries in ledger.history(CLINIC, key=key, batch=batch) for e in entries]


async def test_every_step_of_an_attempt_is_told_with_its_time_and_its_run(
    ledger: Ledger, run: LedgerRun
) -> None:
    admission = await one(run)
    attempt = begun(await run.begin(admission, prompt_sha256="first", at=at(1)))
    await run.hold(attempt, "429", at=at(2))
    await run.begin_again(attempt, at=at(3))
    await run.turn_away(attempt, "503", due_at=at(5), at=at(4))
    await run.close(RunEnding.STOPPED, at=at(4))
    run = await ledger.open_run(CLINIC, at=at(5))
    admission = next(a for a in await run.admit(9, now=at(6)) if a.key == "k2")
    await run.begin(admission, prompt_sha256="second", at=at(6))
    await run.started(attempt, InteractionId("i"), at=at(7))
    await run.started(attempt, InteractionId("i"), at=at(8))
    await run.doubt(attempt, "lost", at=at(9))
    result = CallResult(outcome="confirmed", summary="Yes.")
    await run.finish(attempt, result, at=at(10))
    await run.finish(attempt, CallResult(outcome="busy"), at=at(11))
    assert [
        ((e.at - NOW).seconds, e.what.value, e.attempt, e.detail, e.run, e.prompt_sha256)
        for e in await told(ledger, "k2")
    ] == [
        (1, "began", 1, None, 1, "first"),
        (2, "held", 1, "429", 1, None),
        (3, "placed_again", 1, None, 1, "first"),
        (4, "turned_away", 1, "503", 1, None),
        (6, "placed_again", 1, None, 2, "second"),
        (7, "started", 1, None, 2, None),
        (9, "doubted", 1, "lost", 2, None),
        (10, "ended", 1, "confirmed", 2, None),
    ]
    whole = await told(ledger)
    assert (whole[0].to, whole[0].key, whole[0].row) == ("+2", "k2", 2)
    assert (whole[-1].summary, whole[-1].interaction_id) == ("Yes.", "i")
    assert await told(ledger, "k3") == await told(ledger, "nobody") == []


async def test_what_a_dead_run_left_is_told_of_the_run_that_settles_it(ledger_url: str) -> None:
    path = ledger_url
    async with open_ledger(path) as ledger:
        async with ledger.enrolment(CLINIC, ["a"], DuplicateRule.FIRST) as session:
            for n in (2, 3):
                await session.add(
                    [Enrolment(row=n, cells=("c",), key=ContactKey(f"k{n}"), to=f"+{n}")]
                )
            await session.commit(now=NOW)
        run = await ledger.open_run(CLINIC, at=NOW)
        await run.begin(await one(run), prompt_sha256="p", at=at(1))
        held = begun(await run.begin(await one(run), prompt_sha256="p", at=at(2)))
        await run.hold(held, "429", at=at(3))
    async with open_ledger(path) as ledger:
        await ledger.open_run(CLINIC, at=at(9))
        found = [(e.key, e.what.value, e.at, e.run) for e in (await told(ledger))[3:]]
    assert found == [
        ("k3", "turned_away", at(9), 2),
        ("k2", "doubted", at(9), 2),
    ]


async def test_a_row_that_could_not_be_dialled_is_told_without_an_attempt(
    ledger: Ledger, run: LedgerRun
) -> None:
    await run.fail(await one(run), "does not render", at=at(1))
    attempt = begun(await run.begin(await one(run), prompt_sha256="p", at=at(2)))
    await run.reject(attempt, "400", at=at(3))
    assert [(e.what.value, e.attempt, e.detail) for e in await told(ledger)] == [
        ("unfit", None, "does not render"),
        ("began", 1, None),
        ("rejected", 1, "400"),
    ]


async def test_an_intent_that_was_taken_back_is_told(ledger: Ledger, run: LedgerRun) -> None:
    admission = await one(run)
    with anyio.CancelScope() as scope:
        scope.cancel()
        await run.begin(admission, prompt_sha256="p", at=at(1))
    await run.counts(now=NOW)
    await run.release(admission)
    assert [e.what.value for e in await told(ledger)] in ([], ["began", "withdrawn"])


async def test_a_prompt_that_is_given_is_kept_once_for_all_that_share_it(
    ledger: Ledger, run: LedgerRun, ledger_url: str
) -> None:
    digest = sha256(b"shared").hexdigest()
    for _ in range(2):
        await run.begin(await one(run), prompt_sha256=digest, prompt="a shared prompt", at=NOW)
    await run.begin(await one(run), prompt_sha256="x", prompt=WORDS, at=NOW)
    await run.begin(await one(run), prompt_sha256="y", at=NOW)
    found = await told(ledger)
    assert [(e.prompt_sha256, e.prompt) for e in found] == [
        (digest, "a shared prompt"),
        (digest, "a shared prompt"),
        ("x", WORDS.replace("\ud800", "\\ud800")),
        ("y", None),
    ]
    assert "shared" not in repr(found)
    with raw(ledger_url) as connection:
        assert connection.execute("SELECT COUNT(*) FROM prompts").fetchone() == (2,)


async def test_the_order_is_that_of_writing_even_when_the_clock_was_set_back(
    ledger: Ledger, run: LedgerRun
) -> None:
    attempt = begun(await run.begin(await one(run), prompt_sha256="p", at=at(100)))
    await run.finish(attempt, CallResult(outcome="busy"), at=at(-100))
    for batch in (1, 2, 9):
        assert [e.what.value for e in await told(ledger, batch=batch)] == ["began", "ended"]
