"""The contract of what a person decides, for every ledger: put back, resolve."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from poku_batch.errors import LedgerError
from poku_batch.ledger import inspect, open_ledger
from poku_batch.models import (
    AttemptId,
    CallResult,
    ContactKey,
    ContactState,
    Decision,
    DoNotCallEntry,
    DuplicateRule,
    Enrolment,
    InteractionId,
    Never,
    PutBack,
    Selection,
)
from poku_batch.ports import Ledger, LedgerRun
from tests.ledger.ledger_clinic import (
    CLINIC,
    FAILED,
    K2,
    LATER,
    NEVER,
    NOW,
    OTHER,
    begin,
    begun,
    enrol,
    found,
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


async def in_every_state(run: LedgerRun) -> None:
    """Contacts 2 to 9: done, failed (three ways), unknown, dialing, asked not to, pending."""
    _, a = await begin(run)
    await run.finish(a, CallResult(outcome="voicemail", summary="A machine."), at=NOW)
    _, a = await begin(run)
    await run.reject(a, "400", at=NOW)
    (unfit,) = await run.admit(1, now=NOW)
    await run.fail(unfit, "does not render", at=NOW)
    _, a = await begin(run)
    await run.finish(a, CallResult(outcome="invalid_number"), sequel=FAILED, at=NOW)
    _, a = await begin(run)
    await run.doubt(a, "lost", at=NOW)
    await begin(run)
    _, a = await begin(run)
    await run.finish(a, NEVER, at=NOW)


@pytest.mark.parametrize(
    ("chosen", "keys", "twice", "asked_not_to"),
    [
        ({"failed": True}, ["k3", "k4", "k5"], 0, 0),
        ({"unknown": True}, ["k6"], 1, 0),
        ({"outcomes": ("voicemail",)}, ["k2"], 1, 0),
        ({"outcomes": ("invalid_number", "no_answer")}, ["k5"], 0, 0),
        ({"outcomes": ("do_not_call",)}, [], 0, 1),
        ({"keys": ("k8", "k3")}, ["k3", "k8"], 1, 0),
        ({"keys": ("k7", "k9", "nobody")}, [], 0, 0),
        (
            {"unknown": True, "failed": True, "keys": (K2, "k6")},
            ["k2", "k3", "k4", "k5", "k6"],
            2,
            0,
        ),
        ({"outcomes": ("do_not_call",), "keys": ("k8",)}, ["k8"], 1, 0),
        ({}, [], 0, 0),
    ],
)
async def test_a_selection_is_put_back_and_nobody_else(
    ledger: Ledger,
    run: LedgerRun,
    chosen: dict[str, object],
    keys: list[str],
    twice: int,
    asked_not_to: int,
) -> None:
    await in_every_state(run)
    before = {key: await found(ledger, key) for key in (f"k{n}" for n in range(2, 10))}
    did = await put_back(ledger, **chosen)
    assert did == PutBack(contacts=len(keys), may_ring_twice=twice, asked_not_to=asked_not_to)
    for key, record in before.items():
        now = await found(ledger, key)
        if key in keys:
            assert (now.state, now.error) == (ContactState.PENDING, None)
            assert now.attempts == record.attempts
        else:
            assert now == record


async def test_the_next_call_is_a_new_attempt_and_the_old_ones_stay(
    ledger: Ledger, run: LedgerRun
) -> None:
    await in_every_state(run)
    await put_back(ledger, unknown=True, failed=True, outcomes=("voicemail",))
    # The run that is going on calls them, and whoever it has not called yet.
    admitted = await run.admit(9, now=NOW)
    assert {a.key: (a.attempt, a.placements) for a in admitted} == {
        "k2": (2, 0),
        "k3": (2, 0),
        "k4": (1, 0),
        "k5": (2, 0),
        "k6": (2, 0),
        "k9": (1, 0),
    }
    for admission in admitted:
        attempt = begun(await run.begin(admission, prompt_sha256="q", at=LATER))
        await run.finish(attempt, CallResult(outcome="completed"), at=LATER)
    assert (await found(ledger)).attempts == 2
    history = [e async for batch in ledger.history(CLINIC, key="k3") for e in batch]
    assert [(e.what.value, e.attempt, e.detail, e.person) for e in history] == [
        ("began", 1, None, None),
        ("rejected", 1, "400", None),
        ("put_back", 1, "was failed: 400", "ann"),
        ("began", 2, None, None),
        ("ended", 2, "completed", None),
    ]


async def test_an_attempt_that_was_turned_away_is_not_continued_after_a_person_put_it_back(
    ledger: Ledger, run: LedgerRun
) -> None:
    _, attempt = await begin(run)
    await run.turn_away(attempt, "429", due_at=NOW, at=NOW)
    again = next(a for a in await run.admit(9, now=NOW) if a.key == "k2")
    assert (again.attempt, again.placements) == (1, 1)
    await run.fail(again, "does not render any more", at=NOW)
    await put_back(ledger, failed=True)
    (again,) = await run.admit(1, now=NOW)
    assert (again.attempt, again.placements) == (2, 0)
    assert begun(await run.begin(again, prompt_sha256="p", at=NOW)) != attempt


async def test_more_than_was_agreed_to_is_refused_and_changes_nothing(
    ledger: Ledger, run: LedgerRun
) -> None:
    for _ in range(3):
        _, attempt = await begin(run)
        await run.doubt(attempt, "lost", at=NOW)
    chosen = Selection(unknown=True)
    with pytest.raises(LedgerError, match="3 of them may ring twice, not 2"):
        await ledger.put_back(CLINIC, chosen, agreed=2, by="ann", at=NOW)
    assert (await ledger.counts(CLINIC, now=NOW)).of(ContactState.UNKNOWN) == 3


async def test_who_asked_not_to_be_called_in_any_campaign_is_put_back_by_key_alone(
    ledger: Ledger, run: LedgerRun
) -> None:
    _, attempt = await begin(run)
    await run.doubt(attempt, "lost", at=NOW)
    await enrol(ledger, 1, campaign=OTHER)
    elsewhere = await ledger.open_run(OTHER, at=NOW)
    _, attempt = await begin(elsewhere)
    await elsewhere.finish(attempt, NEVER, at=NOW)
    assert await put_back(ledger, unknown=True) == PutBack(
        contacts=0, may_ring_twice=0, asked_not_to=1
    )
    assert (await put_back(ledger, keys=(K2,))).contacts == 1


async def test_who_once_asked_not_to_be_called_stays_so_after_another_attempt(
    ledger: Ledger, run: LedgerRun
) -> None:
    _, attempt = await begin(run)
    await run.finish(attempt, NEVER, at=NOW)
    await put_back(ledger, keys=(K2,))
    await ledger.remove_do_not_call("+2", by="ann", at=NOW)
    _, attempt = await begin(run)
    await run.finish(attempt, CallResult(outcome="no_answer"), at=NOW)
    assert (await put_back(ledger, outcomes=("no_answer",))).asked_not_to == 1
    assert (await found(ledger)).state is ContactState.DONE


async def test_whoever_is_on_the_list_is_put_back_by_key_alone_and_not_called_even_then(
    ledger: Ledger, run: LedgerRun
) -> None:
    _, attempt = await begin(run)
    await run.finish(attempt, CallResult(outcome="busy"), at=NOW)
    await ledger.add_do_not_call([DoNotCallEntry(number="+2", source="added", at=NOW)])
    assert await put_back(ledger, outcomes=("busy",)) == PutBack(
        contacts=0, may_ring_twice=0, asked_not_to=1
    )
    assert (await put_back(ledger, keys=(K2,))).contacts == 1
    (admission,) = await run.admit(1, now=LATER)
    assert admission.key == K2
    assert isinstance(await run.begin(admission, prompt_sha256="p", at=NOW), Never)
    record = await found(ledger)
    assert (record.state, record.attempts, record.outcome) == ("skipped", 1, "busy")


async def test_whoever_asked_so_under_another_outcome_is_put_back_by_key_alone(
    ledger: Ledger, run: LedgerRun
) -> None:
    _, attempt = await begin(run)
    said = CallResult(outcome="confirmed", opted_out="do not call me again")
    await run.finish(attempt, said, at=NOW)
    await ledger.remove_do_not_call("+2", by="ann", at=NOW)
    assert (await put_back(ledger, outcomes=("confirmed",))).asked_not_to == 1
    assert (await put_back(ledger, keys=(K2,))).contacts == 1


async def test_whoever_was_put_back_and_cannot_be_dialled_has_failed(
    ledger: Ledger, run: LedgerRun
) -> None:
    _, attempt = await begin(run)
    await run.doubt(attempt, "lost", at=NOW)
    await put_back(ledger, unknown=True)
    (admission,) = await run.admit(1, now=NOW)
    await run.fail(admission, "the prompt does not render", at=NOW)
    record = await found(ledger)
    assert (record.state, record.error) == ("failed", "the prompt does not render")


async def test_whoever_left_the_sheet_is_not_put_back(ledger: Ledger, run: LedgerRun) -> None:
    _, attempt = await begin(run)
    await run.doubt(attempt, "lost", at=NOW)
    await enrol(ledger, 2, first=5)
    assert (await put_back(ledger, unknown=True, keys=(K2,))).contacts == 0
    assert (await found(ledger)).state is ContactState.UNKNOWN


async def test_whoever_was_put_back_is_not_among_those_who_are_not_called_again(
    ledger: Ledger, run: LedgerRun
) -> None:
    _, attempt = await begin(run)
    await run.doubt(attempt, "lost", at=NOW)
    await put_back(ledger, unknown=True)
    async with ledger.enrolment(CLINIC, ["a"], DuplicateRule.ALL) as session:
        await session.add([Enrolment(row=2, cells=("new",), key=K2, to="+2")])
        report = await session.commit(now=NOW)
    assert (report.called_before, report.counts.due) == (0, 1)


# --- a person's word ---


async def unknown(ledger: Ledger, run: LedgerRun) -> AttemptId:
    _, attempt = await begin(run)
    await run.started(attempt, InteractionId("i"), at=NOW)
    await run.doubt(attempt, "lost", at=NOW)
    assert (await found(ledger)).state is ContactState.UNKNOWN
    return attempt


async def test_unknown_calls_are_listed_with_the_evidence(ledger: Ledger, run: LedgerRun) -> None:
    for _ in range(3):
        _, attempt = await begin(run)
        await run.doubt(attempt, f"lost {attempt}", at=NOW)
    calls = await ledger.unknown_calls(CLINIC, limit=2)
    assert [(c.row, c.key, c.to, c.attempt, c.prompt_sha256) for c in calls] == [
        (2, "k2", "+2", 1, "p"),
        (3, "k3", "+3", 1, "p"),
    ]
    assert (calls[0].evidence, calls[0].placed_at, calls[0].interaction_id) == ("lost 1", NOW, None)
    assert await ledger.unknown_calls(OTHER, limit=2) == []


@pytest.mark.parametrize("state", [ContactState.DONE, ContactState.FAILED])
async def test_a_person_decides_an_unknown_contact(
    ledger: Ledger, run: LedgerRun, state: ContactState
) -> None:
    await unknown(ledger, run)
    word = Decision(state=state, by="ann", at=LATER, outcome="confirmed", summary="I asked her.")
    await ledger.resolve(CLINIC, K2, word)
    record = await found(ledger)
    assert (record.state, record.outcome, record.summary) == (state, "confirmed", "I asked her.")
    failed = state is ContactState.FAILED
    assert record.error == ("decided by a person (ann): I asked her." if failed else None)
    counts = await ledger.counts(CLINIC, now=NOW)
    assert counts.outcomes == ({} if failed else {"confirmed": 1})
    assert counts.failures == ({"decided by a person": 1} if failed else {})
    history = [e async for batch in ledger.history(CLINIC, key="k2") for e in batch]
    assert (history[-1].what, history[-1].at, history[-1].person) == ("resolved", LATER, "ann")
    assert history[-1].detail == f"{state}, confirmed: I asked her."
    with pytest.raises(LedgerError, match=f"not unknown but {state}"):
        await ledger.resolve(CLINIC, K2, word)


STATES: dict[str, Callable[[LedgerRun, AttemptId], Awaitable[object]]] = {
    "dialing": lambda run, a: run.started(a, InteractionId("i"), at=NOW),
    "done": lambda run, a: run.finish(a, CallResult(outcome="busy"), at=NOW),
    "failed": lambda run, a: run.reject(a, "400", at=NOW),
    "pending": lambda run, a: run.turn_away(a, "429", due_at=NOW, at=NOW),
}


@pytest.mark.parametrize("state", STATES)
async def test_what_is_not_unknown_is_not_for_a_person_to_decide(
    ledger: Ledger, run: LedgerRun, state: str
) -> None:
    _, attempt = await begin(run)
    await STATES[state](run, attempt)
    before = await found(ledger)
    with pytest.raises(LedgerError, match=f"not unknown but {state}"):
        await ledger.resolve(CLINIC, K2, Decision(state=ContactState.DONE, by="ann", at=NOW))
    assert await found(ledger) == before
    with pytest.raises(LedgerError, match="no contact"):
        await ledger.resolve(
            CLINIC, ContactKey("nobody"), Decision(state=ContactState.DONE, by="ann", at=NOW)
        )
