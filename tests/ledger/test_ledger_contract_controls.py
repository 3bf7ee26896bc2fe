"""The contract of what people ask of runs, and of what runs say of themselves."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from poku_batch.errors import LedgerError
from poku_batch.ledger import look_into, open_ledger
from poku_batch.models import CampaignId, Doing, Later, Orders, Pause, RunEnding, WaitKind
from poku_batch.ports import Ledger
from tests.ledger.ledger_clinic import CLINIC, LATER, NOW, OTHER, enrol
from tests.ledger.ledger_raw import raw

pytestmark = pytest.mark.anyio

DOING = Doing(
    now=NOW,
    concurrency=10,
    slots=5,
    in_call=3,
    note="waiting: 2 are due later\u2028é",
    until=LATER,
)
SEEN = datetime(2026, 11, 30, 8, 0, 0, 123456, tzinfo=UTC)


@pytest.fixture
async def ledger(ledger_url: str) -> AsyncIterator[Ledger]:
    async with open_ledger(ledger_url) as ledger:
        await enrol(ledger, 2)
        yield ledger


# --- pause and resume --------------------------------------------------------------------------


async def test_a_campaign_is_not_paused_until_somebody_pauses_it(ledger: Ledger) -> None:
    run = await ledger.open_run(CLINIC, at=NOW)
    assert await ledger.controls.paused(CLINIC) is None
    assert await run.orders() == Orders()
    assert not await ledger.controls.resume(CLINIC)


async def test_who_paused_first_and_when_is_kept_until_it_is_resumed(ledger: Ledger) -> None:
    controls = ledger.controls
    assert await controls.pause(CLINIC, by="ann", at=NOW)
    assert not await controls.pause(CLINIC, by="bob", at=LATER)
    assert await controls.paused(CLINIC) == Pause(at=NOW, by="ann")
    assert await controls.resume(CLINIC)
    assert await controls.paused(CLINIC) is None
    assert not await controls.resume(CLINIC)
    assert await controls.pause(CLINIC, by="bob", at=LATER)
    assert await controls.paused(CLINIC) == Pause(at=LATER, by="bob")


async def test_a_run_is_told_of_a_pause_whether_it_was_open_before_or_not(ledger: Ledger) -> None:
    before = await ledger.open_run(CLINIC, at=NOW)
    await ledger.controls.pause(CLINIC, by="ann", at=NOW)
    paused = Orders(pause=Pause(at=NOW, by="ann"))
    assert await before.orders() == paused
    await before.close(RunEnding.STOPPED, at=NOW)
    after = await ledger.open_run(CLINIC, at=LATER)
    assert await after.orders() == paused
    await ledger.controls.resume(CLINIC)
    assert await after.orders() == Orders()


async def test_a_pause_is_one_campaign_s_and_one_wave_s_alone(ledger: Ledger) -> None:
    wave = CampaignId(name=CLINIC.name, wave="2")
    for campaign in (OTHER, wave):
        await enrol(ledger, 1, campaign=campaign)
    await ledger.controls.pause(CLINIC, by="ann", at=NOW)
    for campaign in (OTHER, wave):
        run = await ledger.open_run(campaign, at=NOW)
        assert await run.orders() == Orders()
        assert not await ledger.controls.resume(campaign)
    assert await ledger.controls.paused(CLINIC) is not None


async def test_a_campaign_that_was_never_run_can_be_paused(ledger: Ledger) -> None:
    assert await ledger.controls.pause(OTHER, by="ann", at=NOW)
    assert await ledger.columns(OTHER) is None
    await enrol(ledger, 1, campaign=OTHER)
    run = await ledger.open_run(OTHER, at=NOW)
    assert (await run.orders()).pause == Pause(at=NOW, by="ann")


async def test_controls_of_another_process_are_seen_at_once_and_outlive_it(
    ledger: Ledger, ledger_url: str
) -> None:
    run = await ledger.open_run(CLINIC, at=NOW)
    async with open_ledger(ledger_url) as other:
        await other.controls.pause(CLINIC, by="ann\ud800", at=NOW)
        assert (await run.orders()).pause == Pause(at=NOW, by="ann\\ud800")
        await other.controls.ask_to_stop(CLINIC, by="bob", at=NOW)
    assert (await run.orders()).stop_by == "bob"
    async with look_into(ledger_url) as looked:
        assert await looked.controls.paused(CLINIC) is not None
        with pytest.raises(LedgerError):
            await looked.controls.resume(CLINIC)


async def test_orders_are_read_while_somebody_else_is_writing(
    ledger: Ledger, ledger_url: str
) -> None:
    run = await ledger.open_run(CLINIC, at=NOW)
    await ledger.controls.pause(CLINIC, by="ann", at=NOW)
    with raw(ledger_url) as other:
        other.begin(writing=True)
        other.execute("UPDATE campaigns SET paused_at = NULL, paused_by = NULL")
        assert (await run.orders()).pause == Pause(at=NOW, by="ann")
        other.commit()
    assert await run.orders() == Orders()


# --- to stop -----------------------------------------------------------------------------------


async def test_where_no_run_is_open_nobody_is_asked_to_stop(ledger: Ledger) -> None:
    assert await ledger.controls.ask_to_stop(CLINIC, by="ann", at=NOW) is None
    assert await ledger.controls.ask_to_stop(OTHER, by="ann", at=NOW) is None
    run = await ledger.open_run(CLINIC, at=NOW)
    await run.close(RunEnding.FINISHED, at=NOW)
    assert await ledger.controls.ask_to_stop(CLINIC, by="ann", at=NOW) is None


async def test_the_open_run_is_asked_to_stop_and_the_next_is_not(ledger: Ledger) -> None:
    run = await ledger.open_run(CLINIC, at=NOW)
    asked = await ledger.controls.ask_to_stop(CLINIC, by="ann", at=NOW)
    assert asked is not None
    assert (asked.campaign, asked.stop_asked_by, asked.ended_at) == (CLINIC, "ann", None)
    again = await ledger.controls.ask_to_stop(CLINIC, by="bob", at=LATER)
    assert again == asked
    assert await run.orders() == Orders(stop_by="ann")
    await run.close(RunEnding.STOPPED, at=LATER)
    following = await ledger.open_run(CLINIC, at=LATER)
    assert await following.orders() == Orders()


async def test_a_run_that_died_is_asked_and_the_one_that_settles_it_is_not(
    ledger: Ledger, ledger_url: str
) -> None:
    async with open_ledger(ledger_url) as dying:
        run = await dying.open_run(CLINIC, at=NOW)
        await run.beat(DOING, seen_at=SEEN)
    asked = await ledger.controls.ask_to_stop(CLINIC, by="ann", at=LATER)
    assert asked is not None
    assert asked.seen_at == SEEN
    following = await ledger.open_run(CLINIC, at=LATER)
    assert await following.orders() == Orders()


# --- what a run says of itself -----------------------------------------------------------------


async def test_the_latest_run_is_known_while_it_goes_on_and_after_its_end(ledger: Ledger) -> None:
    assert await ledger.controls.latest_run(CLINIC) is None
    first = await ledger.open_run(CLINIC, at=NOW)
    await first.close(RunEnding.LIMIT, at=LATER)
    second = await ledger.open_run(CLINIC, at=LATER)
    opened = await ledger.controls.latest_run(CLINIC)
    assert opened is not None
    assert (opened.started_at, opened.ended_at, opened.ending) == (LATER, None, None)
    assert (opened.seen_at, opened.doing, opened.stop_asked_by) == (None, None, None)
    await second.close(RunEnding.DUE_LATER, at=LATER + timedelta(1))
    ended = await ledger.controls.latest_run(CLINIC)
    assert ended is not None
    assert (ended.id, ended.ended_at) == (opened.id, LATER + timedelta(1))
    assert ended.ending is RunEnding.DUE_LATER
    assert await ledger.controls.latest_run(OTHER) is None


async def test_what_a_run_says_of_itself_comes_back_word_for_word(ledger: Ledger) -> None:
    run = await ledger.open_run(CLINIC, at=NOW)
    for doing in (DOING, Doing(now=LATER, concurrency=1, slots=1)):
        await run.beat(doing, seen_at=SEEN)
        record = await ledger.controls.latest_run(CLINIC)
        assert record is not None
        assert (record.doing, record.seen_at) == (doing, SEEN)


async def test_a_run_that_was_closed_says_nothing_more(ledger: Ledger) -> None:
    run = await ledger.open_run(CLINIC, at=NOW)
    await run.beat(DOING, seen_at=SEEN)
    await run.close(RunEnding.FINISHED, at=LATER)
    await run.beat(Doing(now=LATER, concurrency=1, slots=1), seen_at=LATER)
    record = await ledger.controls.latest_run(CLINIC)
    assert record is not None
    assert (record.doing, record.seen_at) == (DOING, SEEN)


@pytest.mark.parametrize(
    "said", ["", "null", "[]", '{"now": "soon"}', '{"now": 99999999999999999}']
)
async def test_what_another_program_says_of_a_run_is_no_reason_to_fail(
    ledger: Ledger, ledger_url: str, said: str
) -> None:
    await ledger.open_run(CLINIC, at=NOW)
    with raw(ledger_url) as other:
        other.execute("UPDATE runs SET doing = ?", (said,))
    record = await ledger.controls.latest_run(CLINIC)
    assert record is not None
    assert record.doing is None


async def test_whoever_is_due_later_is_counted_and_nobody_else(ledger: Ledger) -> None:
    run = await ledger.open_run(CLINIC, at=NOW)
    assert await run.due_later(now=NOW) == 0
    first, second = await run.admit(2, now=NOW)
    wait = Later(until=LATER, why="closed", kind=WaitKind.CALLING_HOURS)
    await run.defer([(first, wait)], at=NOW)
    # Whoever is reserved is neither.
    assert await run.due_later(now=NOW) == 1
    await run.release(second)
    assert await run.due_later(now=NOW) == 1
    assert await run.due_later(now=LATER) == 0


async def test_reading_orders_changes_nothing(ledger: Ledger, ledger_url: str) -> None:
    run = await ledger.open_run(CLINIC, at=NOW)
    with raw(ledger_url) as other:
        before = other.changes()
        await run.orders()
        assert other.changes() == before
        await run.beat(DOING, seen_at=SEEN)
        assert other.changes() != before
