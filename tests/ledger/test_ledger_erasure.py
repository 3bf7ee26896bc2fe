"""Erasing a person: nothing of them is left in any byte, and everything else is."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest

from poku_batch.errors import LedgerError
from poku_batch.ledger import Erased, erase, inspect, open_ledger
from poku_batch.ledger.opening import connect
from poku_batch.models import (
    CallResult,
    CampaignId,
    ContactKey,
    ContactState,
    Counts,
    Decision,
    DoNotCallEntry,
    DuplicateRule,
    Enrolment,
    InteractionId,
    Later,
    RunEnding,
    Selection,
    Sequel,
    WaitKind,
)
from poku_batch.ports import Ledger, LedgerRun
from tests.ledger.ledger_clinic import FAILED, begun
from tests.ledger.ledger_raw import all_bytes, raw
from tests.postgresql import Server

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
CLINIC, AGENCY = CampaignId(name="clinic"), CampaignId(name="agency", wave="2")
NUMBER, OTHER = "+14155550177", "+14155550188"
#: Every byte that could tell who it was.
TRACES = (b"4155550177", b"Zoe Quill", b"zoe-key", b"zoe-call", b"Zoe said", b"zoe-sha", b"zoe:")


def row(n: int, key: str, to: str, name: str) -> Enrolment:
    return Enrolment(row=n, cells=(name, to), key=ContactKey(key), to=to, country="US")


ZOE = row(2, "zoe-key", NUMBER, "Zoe Quill")
BOB = row(3, "bob-key", OTHER, "Bob Stone")


async def enrol(ledger: Ledger, campaign: CampaignId, *rows: Enrolment) -> Counts:
    async with ledger.enrolment(campaign, ["name", "phone"], DuplicateRule.ALL) as session:
        await session.add(rows)
        return (await session.commit(now=NOW)).counts


async def call(run: LedgerRun, who: str, ending: str) -> None:
    """Call the next contact, leaving everything about it that a ledger can hold."""
    (admission,) = await run.admit(1, now=NOW)
    attempt = begun(
        await run.begin(
            admission, prompt_sha256=f"{who}-sha", prompt=f"{who}: call {admission.to}", at=NOW
        )
    )
    await run.hold(attempt, f"{who}: 429 for {admission.to}", at=NOW)
    await run.begin_again(attempt, at=NOW)
    if ending == "rejected":
        await run.reject(attempt, f"{who}: 400 for {admission.to}", at=NOW)
        return
    if ending == "waiting":
        await run.turn_away(attempt, f"{who}: 429", due_at=NOW, at=NOW)
        return
    await run.started(attempt, InteractionId(f"{who}-call"), at=NOW)
    if ending == "unknown":
        await run.doubt(attempt, f"{who}: lost {admission.to}", at=NOW)
    elif ending != "open":
        said = CallResult(
            outcome=ending, summary=f"{who.title()} said yes", evidence=f"{who}: {admission.to}"
        )
        await run.finish(attempt, said, at=NOW)


async def fill(path: str, ending: str) -> None:
    async with open_ledger(path) as ledger:
        for campaign in (CLINIC, AGENCY):
            await enrol(ledger, campaign, ZOE, BOB)
            run = await ledger.open_run(campaign, at=NOW)
            if ending != "do_not_call" or campaign is CLINIC:
                await call(run, "zoe", ending)
            if ending == "unknown" and campaign is CLINIC:
                word = Decision(
                    state=ContactState.FAILED, by="ann", at=NOW, summary="zoe: Zoe said no"
                )
                await ledger.resolve(campaign, ContactKey("zoe-key"), word)
            await call(run, "bob", "confirmed")
            await run.close(RunEnding.ABANDONED, at=NOW)


def traces(path: str) -> dict[bytes, int]:
    """What is still in any file of the ledger, and how often."""
    content = all_bytes(path)
    return {trace: content.count(trace) for trace in TRACES if trace in content}


def forget(path: str, *, keep_hash: bool = False, wait_s: float = 5) -> Erased:
    return erase(path, NUMBER, keep_hash=keep_hash, by="ann", at=NOW, wait_s=wait_s)


async def counted(path: str) -> list[Counts]:
    async with open_ledger(path) as ledger:
        return [await ledger.counts(campaign, now=NOW) for campaign in (CLINIC, AGENCY)]


@pytest.mark.parametrize("keep_hash", [False, True])
@pytest.mark.parametrize(
    "ending", ["confirmed", "do_not_call", "unknown", "rejected", "waiting", "open"]
)
def test_no_byte_of_a_person_is_left_and_the_counts_stay(
    ledger_url: str, ending: str, keep_hash: bool
) -> None:
    path = ledger_url
    anyio.run(fill, path, ending)
    assert traces(path)
    before = anyio.run(counted, path)
    erased = forget(path, keep_hash=keep_hash)
    assert traces(path) == {}
    never = ending == "do_not_call"
    assert (erased.contacts, erased.attempts, erased.mentions) == (2, 1 if never else 2, 0)
    assert (erased.asked_not_to, erased.hash_kept) == (never, never or keep_hash)
    after = anyio.run(counted, path)
    for one, other in zip(before, after, strict=True):
        assert one.outcomes == other.outcomes
        assert one.total == other.total
        if ending not in {"waiting", "open"}:
            assert one.states == other.states
        assert other.of(ContactState.PENDING) == other.of(ContactState.DIALING) == 0
    assert inspect(path).problems == ()
    assert forget(path).contacts == 0


async def history(path: str, campaign: CampaignId) -> list[tuple[str, str, str | None]]:
    async with open_ledger(path) as ledger:
        return [
            (e.key[:9], e.what.value, e.person)
            async for batch in ledger.history(campaign)
            for e in batch
        ]


def test_the_skeleton_of_the_history_stays_and_says_who_erased_it(ledger_url: str) -> None:
    path = ledger_url
    anyio.run(fill, path, "confirmed")
    forget(path)
    found = anyio.run(history, path, CLINIC)
    assert [entry for entry in found if entry[0] == "forgotten"] == [
        ("forgotten", what, None) for what in ("began", "held", "placed_again", "started", "ended")
    ] + [("forgotten", "forgotten", "ann")]
    assert len([entry for entry in found if entry[0] == "bob-key"]) == 5


async def look_at_bob(path: str) -> None:
    async with open_ledger(path) as ledger:
        bob = await ledger.contact(CLINIC, "bob-key")
        assert bob is not None
        assert (bob.summary, bob.cells, bob.to) == ("Bob said yes", ("Bob Stone", OTHER), OTHER)
        entries = [e async for batch in ledger.history(CLINIC, key="bob-key") for e in batch]
        assert entries[0].prompt == f"bob: call {OTHER}"
        zoe = (await anext(ledger.records(CLINIC)))[0]
        assert (zoe.cells, zoe.to, zoe.summary, zoe.outcome) == (("", ""), None, None, "confirmed")
        assert zoe.key.startswith("forgotten-")
        chosen = Selection(outcomes=("confirmed",), keys=(ContactKey(zoe.key),))
        assert (await ledger.selected(CLINIC, chosen)).contacts == 1


def test_others_lose_nothing_and_whoever_was_erased_is_never_put_back(ledger_url: str) -> None:
    path = ledger_url
    anyio.run(fill, path, "confirmed")
    forget(path)
    anyio.run(look_at_bob, path)


async def enrol_again(path: str) -> tuple[Counts, list[str | None]]:
    async with open_ledger(path) as ledger:
        counts = await enrol(ledger, CLINIC, ZOE, BOB)
        return counts, [r.error async for batch in ledger.records(CLINIC) for r in batch]


def test_with_its_hash_kept_the_number_is_skipped_in_a_later_sheet(ledger_url: str) -> None:
    path = ledger_url
    anyio.run(fill, path, "confirmed")
    forget(path, keep_hash=True)
    counts, errors = anyio.run(enrol_again, path)
    assert counts.states == {ContactState.SKIPPED: 1, ContactState.DONE: 1}
    assert counts.skip_reasons == {"forgotten; not to be called": 1}
    assert errors == ["forgotten; not to be called", None]
    # What the sheet brought back is erased again, and the hash stays.
    assert forget(path).contacts == 1
    assert traces(path) == {}
    assert anyio.run(enrol_again, path)[0].of(ContactState.SKIPPED) == 1


async def list_zoe(path: str) -> None:
    entry = DoNotCallEntry(number=NUMBER, source="added", at=NOW, reason="Zoe said so", by="ann")
    async with open_ledger(path) as ledger:
        await ledger.add_do_not_call([entry])


async def listed(path: str) -> list[DoNotCallEntry]:
    async with open_ledger(path) as ledger:
        return [entry async for batch in ledger.do_not_call() for entry in batch]


def test_whoever_is_on_the_do_not_call_list_stays_uncallable_without_their_number(
    ledger_url: str,
) -> None:
    path = ledger_url
    anyio.run(list_zoe, path)
    assert forget(path).hash_kept
    assert traces(path) == {}
    assert anyio.run(listed, path) == []
    counts, _ = anyio.run(enrol_again, path)
    assert counts.skip_reasons == {"forgotten; not to be called": 1}


def test_whoever_was_taken_off_the_list_is_erased_like_anybody(ledger_url: str) -> None:
    path = ledger_url
    anyio.run(list_zoe, path)

    async def take_off() -> None:
        async with open_ledger(path) as ledger:
            await ledger.remove_do_not_call(NUMBER, by="ann", at=NOW)

    anyio.run(take_off)
    assert not forget(path).hash_kept
    assert traces(path) == {}


@pytest.mark.parametrize(
    "result",
    [
        CallResult(outcome="do_not_call", summary="Zoe said no"),
        CallResult(outcome="confirmed", opted_out="zoe: no more", fields={"zoe:": "Zoe Quill"}),
    ],
)
def test_whoever_asked_not_to_be_called_stays_uncallable_when_erased(
    ledger_url: str, result: CallResult
) -> None:
    path = ledger_url
    again = Sequel(state=ContactState.PENDING, due_at=NOW, why="zoe: again")

    async def prepare() -> None:
        async with open_ledger(path) as ledger:
            await enrol(ledger, CLINIC, ZOE)
            run = await ledger.open_run(CLINIC, tell_results=True, at=NOW)
            (admission,) = await run.admit(1, now=NOW)
            attempt = begun(await run.begin(admission, prompt_sha256="p", at=NOW))
            to_read = result.opted_out is not None
            await run.finish(attempt, result, sequel=again, to_read=to_read, at=NOW)
            assert await run.waiting_messages() == (0 if to_read else 1, None if to_read else NOW)
            await run.close(RunEnding.FINISHED, at=NOW)

    anyio.run(prepare)
    erased = forget(path)
    assert (erased.asked_not_to, erased.hash_kept) == (True, True)
    assert traces(path) == {}
    assert anyio.run(listed, path) == []
    with raw(path) as connection:
        assert connection.execute("SELECT COUNT(*) FROM outbox").fetchone() == (0,)
    assert inspect(path).problems == ()
    assert anyio.run(enrol_again, path)[0].of(ContactState.SKIPPED) == 1


def test_what_an_erased_person_waited_for_is_erased_too(ledger_url: str) -> None:
    path = ledger_url

    async def prepare() -> None:
        async with open_ledger(path) as ledger:
            later = Later(until=NOW, kind=WaitKind.NOT_BEFORE, why="zoe: on her birthday")
            await enrol(ledger, CLINIC, ZOE._replace(later=later), BOB)
            await enrol(ledger, AGENCY, ZOE)
            run = await ledger.open_run(AGENCY, at=NOW)
            (admission,) = await run.admit(1, now=NOW)
            attempt = begun(await run.begin(admission, prompt_sha256="p", at=NOW))
            again = Sequel(state=ContactState.PENDING, due_at=NOW, why="zoe: again")
            await run.finish(attempt, CallResult(outcome="busy"), sequel=again, at=NOW)
            await run.close(RunEnding.FINISHED, at=NOW)

    anyio.run(prepare)
    assert not forget(path).hash_kept
    assert traces(path) == {}
    assert inspect(path).problems == ()


def test_without_its_hash_the_number_is_as_unknown_as_any(ledger_url: str) -> None:
    path = ledger_url
    anyio.run(fill, path, "confirmed")
    forget(path)
    assert anyio.run(enrol_again, path)[0].states == {ContactState.PENDING: 1, ContactState.DONE: 1}


def test_the_hash_of_one_ledger_says_nothing_in_another(tmp_path: Path) -> None:
    kept = []
    for name in ("one.db", "two.db"):
        forget(str(tmp_path / name), keep_hash=True)
        with closing(sqlite3.connect(tmp_path / name)) as connection:
            kept.append(connection.execute("SELECT number_hmac FROM forgotten").fetchone())
    assert kept[0] != kept[1]


def test_a_key_that_is_the_number_and_a_number_of_long_ago_are_erased_too(ledger_url: str) -> None:
    path = ledger_url

    async def prepare() -> None:
        async with open_ledger(path) as ledger:
            await enrol(ledger, AGENCY, row(2, NUMBER, NUMBER, "Zoe Quill"))
            await enrol(ledger, CLINIC, row(2, "shared", NUMBER, "The Stones"))
            run = await ledger.open_run(CLINIC, at=NOW)
            (admission,) = await run.admit(1, now=NOW)
            attempt = begun(
                await run.begin(admission, prompt_sha256="zoe-sha", prompt="zoe:", at=NOW)
            )
            invalid = CallResult(outcome="invalid_number", evidence=f"zoe: {NUMBER}")
            await run.finish(attempt, invalid, sequel=FAILED, at=NOW)
            await run.close(RunEnding.FINISHED, at=NOW)
            await enrol(ledger, CLINIC, row(2, "shared", OTHER, "The Stones"))

    anyio.run(prepare)
    assert forget(path).contacts == 1
    assert traces(path) == {}

    async def look() -> None:
        async with open_ledger(path) as ledger:
            stones = await ledger.contact(CLINIC, "shared")
            assert stones is not None
            assert (stones.to, stones.state, stones.attempts) == (OTHER, ContactState.PENDING, 1)

    anyio.run(look)


def test_a_prompt_that_others_share_is_theirs_too_and_mentions_are_counted(ledger_url: str) -> None:
    path = ledger_url

    async def prepare() -> None:
        async with open_ledger(path) as ledger:
            await enrol(ledger, CLINIC, ZOE, row(3, "bob", OTHER, f"Bob, friend of {NUMBER}"))
            run = await ledger.open_run(CLINIC, at=NOW)
            for admission in await run.admit(2, now=NOW):
                await run.begin(admission, prompt_sha256="same", prompt="the same words", at=NOW)
            await run.close(RunEnding.FINISHED, at=NOW)

    anyio.run(prepare)
    assert forget(path).mentions == 1
    with raw(path) as connection:
        assert connection.execute("SELECT prompt FROM prompts").fetchall() == [("the same words",)]


def test_nothing_is_erased_while_a_run_holds_any_campaign(ledger_url: str) -> None:
    path = ledger_url
    anyio.run(fill, path, "confirmed")

    async def during() -> None:
        async with open_ledger(path) as ledger:
            await ledger.open_run(AGENCY, at=NOW)
            with pytest.raises(LedgerError, match=r"agency \(2\) is being run"):
                await anyio.to_thread.run_sync(forget, path)

    anyio.run(during)
    assert traces(path)
    assert forget(path).contacts == 2


def test_who_reads_a_database_on_is_told_of_since_its_tables_may_hold_traces(
    postgresql_server: Server,
) -> None:
    with postgresql_server.ledger() as url:
        anyio.run(fill, url, "confirmed")
        with raw(url) as reader:
            reader.begin(writing=False)
            reader.execute("SELECT COUNT(*) FROM contacts").fetchone()
            with pytest.raises(LedgerError, match="may hold traces"):
                forget(url, wait_s=0.2)
            reader.rollback()
        forget(url)
        assert traces(url) == {}


def test_a_reader_that_does_not_end_is_told_of_since_the_log_may_hold_traces(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ledger.db"
    anyio.run(fill, str(path), "confirmed")
    with closing(connect(path, read_only=True)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT COUNT(*) FROM contacts").fetchone()
        with pytest.raises(LedgerError, match="may hold traces"):
            forget(str(path), wait_s=0.2)
    forget(str(path))
    assert traces(str(path)) == {}
