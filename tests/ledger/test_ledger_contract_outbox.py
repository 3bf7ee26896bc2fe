"""The contract of the outbox, for every ledger: what is to be told, until it was taken."""

import json
from collections.abc import AsyncIterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poku_batch.ledger import erase, inspect, open_ledger
from poku_batch.models import (
    CallResult,
    CampaignId,
    ContactState,
    DoNotCallEntry,
    HookEvent,
    InteractionId,
    MessageId,
    RunEnding,
    Sequel,
)
from poku_batch.ports import Ledger, LedgerRun
from tests.engine.engine_world import memory_folder
from tests.ledger.ledger_outbox import CLINIC, NOW, YES, at, begin, enrol, results, told
from tests.ledger.ledger_raw import raw

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


async def test_a_result_is_told_with_the_row_the_attempt_and_the_answer(run: LedgerRun) -> None:
    await run.finish(await begin(run), YES, at=at(61.5))
    (message,) = await results(run)
    assert (message.event, message.at, message.tries) == (HookEvent.RESULT, at(61.5), 0)
    assert message.body == {
        "campaign": "clinic",
        "wave": "2026-11",
        "row": 2,
        "key": "k2",
        "to": "+14155550002",
        "state": "done",
        "outcome": "confirmed",
        "evidence": "confirmed",
        "summary": "Yes, at ten.",
        "recording_url": "https://recordings.example/1.wav",
        "interaction_id": "i-1",
        "attempt": 1,
        "started_at": "2026-11-22T10:00:00+00:00",
        "ended_at": "2026-11-22T10:01:01.500000+00:00",
        "duration_s": 61.5,
        "error": None,
        "fields": {"guests": 2, "late": False},
        "columns": {"Name": "Name 2"},
    }
    assert json.loads(json.dumps(message.body)) == message.body
    assert "Yes" not in repr(message)


async def test_every_way_a_contact_ends_under_a_run_is_told_once(run: LedgerRun) -> None:
    await run.finish(
        await begin(run),
        CallResult(outcome="invalid_number"),
        sequel=Sequel(state=ContactState.FAILED, why="no such number", kind="invalid_number"),
        at=at(1),
    )
    await run.reject(await begin(run), "HTTP 400: no", at=at(2))
    await run.doubt(await begin(run), "the answer was lost", at=at(3))
    for seconds, step in ((4, run.fail), (5, run.skip)):
        (admission,) = await run.admit(1, now=NOW)
        await step(admission, f"by {step.__name__}", at=at(seconds))
    assert [
        (body["key"], body["state"], body["outcome"], body["error"], body["attempt"])
        for body in await told(run)
    ] == [
        ("k2", "failed", "invalid_number", "no such number", 1),
        ("k3", "failed", None, "HTTP 400: no", 1),
        ("k4", "unknown", None, "the answer was lost", 1),
        ("k5", "failed", None, "by fail", None),
        ("k6", "skipped", None, "by skip", None),
    ]


async def test_whoever_is_skipped_at_the_moment_of_dialling_is_told_of(
    ledger: Ledger, run: LedgerRun
) -> None:
    (admission,) = await run.admit(1, now=NOW)
    await ledger.add_do_not_call([DoNotCallEntry(number=admission.to, source="added", at=NOW)])
    await run.begin(admission, prompt_sha256="p", at=NOW)
    ((body),) = await told(run)
    assert (body["state"], body["error"]) == ("skipped", "on the do-not-call list: added")


async def test_what_is_not_a_result_is_not_told(run: LedgerRun) -> None:
    attempt = await begin(run)
    await run.hold(attempt, "429", at=NOW)
    await run.begin_again(attempt, at=NOW)
    await run.turn_away(attempt, "429", due_at=at(5), at=NOW)
    await run.started(await begin(run), InteractionId("i"), at=NOW)
    (admission,) = await run.admit(1, now=NOW)
    await run.release(admission)
    assert await told(run) == []
    assert await run.waiting_messages() == (0, None)


async def test_a_run_that_tells_nobody_keeps_no_messages(ledger: Ledger) -> None:
    run = await ledger.open_run(CLINIC, at=NOW)
    await run.finish(await begin(run), YES, at=NOW)
    await run.reject(await begin(run), "no", at=NOW)
    await run.doubt(await begin(run), "lost", at=NOW)
    for step in (run.fail, run.skip):
        (admission,) = await run.admit(1, now=NOW)
        await step(admission, "why", at=NOW)
    assert await run.waiting_messages() == (0, None)


async def test_a_call_that_is_to_be_read_is_told_once_it_is_read(run: LedgerRun) -> None:
    attempt = await begin(run)
    await run.finish(attempt, CallResult(outcome="completed", summary="s"), to_read=True, at=NOW)
    assert await told(run) == []
    await run.reread(attempt, CallResult(outcome="moved", fields={"day": "2026-12-01"}), at=at(9))
    await run.reread(attempt, CallResult(outcome="other"), at=at(10))
    (body,) = await told(run)
    assert (body["outcome"], body["summary"]) == ("moved", "s")
    assert body["fields"] == {"day": "2026-12-01"}


async def test_each_attempt_keeps_its_own_state_however_late_it_is_told(run: LedgerRun) -> None:
    again = Sequel(state=ContactState.PENDING, due_at=at(60))
    attempt = await begin(run)
    await run.finish(attempt, CallResult(outcome="no_answer"), sequel=again, at=at(1))
    for admission in await run.admit(9, now=at(60)):
        if admission.key == "k2":
            second = await run.begin(admission, prompt_sha256="p", at=at(60))
            assert isinstance(second, int)
            await run.finish(second, YES, at=at(90))
    assert [(b["attempt"], b["state"], b["outcome"]) for b in await told(run)] == [
        (1, "pending", "no_answer"),
        (2, "done", "confirmed"),
    ]


async def test_an_unknown_call_and_its_late_answer_are_two_messages(run: LedgerRun) -> None:
    attempt = await begin(run)
    await run.started(attempt, InteractionId("i"), at=NOW)
    await run.doubt(attempt, "lost", at=at(1))
    await run.doubt(attempt, "lost again", at=at(2))
    await run.finish(attempt, YES, at=at(3))
    await run.finish(attempt, YES, at=at(4))
    first, second = await told(run)
    assert (first["state"], first["outcome"], first["summary"]) == ("unknown", None, None)
    assert (first["ended_at"], first["duration_s"], first["fields"]) == (None, None, {})
    assert (second["state"], second["outcome"], second["duration_s"]) == ("done", "confirmed", 3)


async def test_what_a_dead_run_left_unknown_is_told_by_the_run_that_settles_it(
    ledger_url: str,
) -> None:
    path = ledger_url
    async with open_ledger(path) as ledger:
        await enrol(ledger)
        await begin(await ledger.open_run(CLINIC, at=NOW))
    async with open_ledger(path) as ledger:
        run = await ledger.open_run(CLINIC, tell_results=True, at=at(9))
        (body,) = await told(run)
        assert (body["state"], body["attempt"]) == ("unknown", 1)
        assert "the request may have left" in body["error"]


async def test_cells_are_told_by_their_column_and_not_once_the_row_has_left_the_sheet(
    ledger: Ledger, run: LedgerRun
) -> None:
    await run.finish(await begin(run), YES, at=NOW)
    await run.close(RunEnding.FINISHED, at=NOW)
    await enrol(ledger, columns=("Day", "Name"))
    run = await ledger.open_run(CLINIC, tell_results=True, at=NOW)
    assert [b["columns"] for b in await told(run)] == [{"Day": "Day 2", "Name": "Name 2"}]
    await run.close(RunEnding.FINISHED, at=NOW)
    await enrol(ledger, first=3, columns=("Day",))
    run = await ledger.open_run(CLINIC, tell_results=True, at=NOW)
    assert [b["columns"] for b in await told(run)] == [{}]


async def test_a_message_waits_in_the_outbox_until_it_was_taken(
    ledger: Ledger, run: LedgerRun
) -> None:
    await run.finish(await begin(run), YES, at=at(1))
    await run.finish(await begin(run), YES, at=at(2))
    first, second = await results(run)
    assert await run.messages(1, event=HookEvent.RESULT, now=at(2)) == [first]
    assert await results(run, now=at(0)) == []
    assert await run.waiting_messages() == (2, at(1))
    await run.untold(first.id, "HTTP 500", again_at=at(30))
    assert await results(run, now=at(29)) == [second]
    assert [(m.id, m.tries) for m in await results(run, now=at(30))] == [
        (second.id, 0),
        (first.id, 1),
    ]
    await run.close(RunEnding.FINISHED, at=NOW)
    run = await ledger.open_run(CLINIC, at=NOW)
    await run.told(second.id)
    await run.told(second.id)
    assert await run.waiting_messages() == (1, at(30))
    await run.told(first.id)
    assert await run.waiting_messages() == (0, None)


async def test_the_end_of_a_run_is_told_as_it_was_said_and_apart_from_results(
    run: LedgerRun,
) -> None:
    await run.finish(await begin(run), YES, at=at(1))
    await run.tell({"ending": "finished", "states": {"done": 1}}, at=at(2))
    (message,) = await run.messages(9, event=HookEvent.FINISH, now=at(2))
    assert (message.event, message.at) == (HookEvent.FINISH, at(2))
    assert message.body == {"ending": "finished", "states": {"done": 1}}
    assert len(await results(run)) == 1
    assert await run.waiting_messages() == (2, at(1))
    assert await run.waiting_messages(HookEvent.FINISH) == (1, at(2))


async def test_a_campaign_tells_its_own_messages_alone(ledger: Ledger, run: LedgerRun) -> None:
    await run.tell({}, at=NOW)
    ((message),) = await run.messages(9, event=HookEvent.FINISH, now=NOW)
    other = await ledger.open_run(CampaignId(name="other"), at=NOW)
    assert await other.messages(9, event=HookEvent.FINISH, now=NOW) == []
    assert await other.waiting_messages() == (0, None)
    await other.told(message.id)
    await other.untold(message.id, "why", again_at=at(9))
    assert await run.messages(9, event=HookEvent.FINISH, now=NOW) == [message]


async def test_no_message_gets_the_id_of_one_that_is_gone(run: LedgerRun) -> None:
    seen: set[MessageId] = set()
    for _ in range(20):
        await run.tell({}, at=NOW)
        (message,) = await run.messages(9, event=HookEvent.FINISH, now=NOW)
        await run.told(message.id)
        assert message.id not in seen
        assert message.id >= 0
        seen.add(message.id)


async def test_a_result_keeps_no_words_in_the_outbox_itself(
    run: LedgerRun, ledger_url: str
) -> None:
    await run.finish(await begin(run), YES, at=NOW)
    with raw(ledger_url) as connection:
        assert connection.execute("SELECT body FROM outbox").fetchall() == [('{"state":"done"}',)]


async def test_an_erased_person_is_not_told_of(ledger_url: str) -> None:
    path = ledger_url
    async with open_ledger(path) as ledger:
        await enrol(ledger)
        run = await ledger.open_run(CLINIC, tell_results=True, at=NOW)
        for _ in range(2):
            await run.finish(await begin(run), YES, at=NOW)
        await run.close(RunEnding.FINISHED, at=NOW)
    erase(path, "+14155550002", keep_hash=True, by="ann", at=NOW)
    async with open_ledger(path) as ledger:
        run = await ledger.open_run(CLINIC, at=NOW)
        assert [body["key"] for body in await told(run)] == ["k3"]


async def test_half_a_character_in_a_message_does_not_break_the_outbox(run: LedgerRun) -> None:
    await run.tell({"why": "\ud800"}, at=NOW)
    (message,) = await run.messages(9, event=HookEvent.FINISH, now=NOW)
    assert message.body == {"why": "\ud800"}
    await run.untold(message.id, "\ud800", again_at=at(1))
    assert (await run.waiting_messages())[0] == 1


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["tell", "told", "untold"]), st.integers(0, 50)), max_size=25
    )
)
@settings(max_examples=25, deadline=None)
async def test_whatever_happens_a_message_is_there_until_it_was_taken(
    steps: list[tuple[str, int]],
) -> None:
    with memory_folder() as folder:
        async with open_ledger(folder / "l.db") as ledger:
            run = await ledger.open_run(CLINIC, at=NOW)
            due: dict[int, int] = {}
            for number, (step, seconds) in enumerate(steps):
                found = await run.messages(99, event=HookEvent.FINISH, now=at(seconds))
                ready = {n: t for n, t in due.items() if t <= seconds}
                assert {m.body["n"]: m.body["n"] for m in found} == {n: n for n in ready}
                assert [due[m.body["n"]] for m in found] == sorted(ready.values())
                if step == "tell":
                    await run.tell({"n": number}, at=at(seconds))
                    due[number] = seconds
                elif found and step == "told":
                    await run.told(found[0].id)
                    del due[found[0].body["n"]]
                elif found:
                    await run.untold(found[0].id, "why", again_at=at(seconds + 7))
                    due[found[0].body["n"]] = seconds + 7
            first = at(min(due.values())) if due else None
            assert await run.waiting_messages() == (len(due), first)
