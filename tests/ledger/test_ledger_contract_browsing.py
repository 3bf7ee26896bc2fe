"""The contract of browsing: contacts as plain Python would page them, calls as they come."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import example, given, settings
from hypothesis import strategies as st

from poku_batch.ledger import SqlLedger, open_ledger
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.opening import SqliteConnection
from poku_batch.models import (
    AttemptState,
    CallResult,
    CampaignId,
    ContactKey,
    ContactOrder,
    ContactQuery,
    ContactRecord,
    ContactState,
    Decision,
    DuplicateRule,
    Enrolment,
    InteractionId,
    RunEnding,
    Selection,
    Sequel,
)
from poku_batch.ports import LedgerRun
from tests.ledger.ledger_clinic import CLINIC, OTHER, admitted, begun, dial, enrol

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
TRICKY = "aA zZ%_!*?[]^\"\\,'éÉßςσΣ中İı\n\u2028\ud800"
SEARCHED = TRICKY.replace("\ud800", "")  # nobody can type half a surrogate


def at(seconds: int) -> datetime:
    return NOW + timedelta(seconds=seconds)


@pytest.fixture
async def ledger(ledger_url: str) -> AsyncIterator[SqlLedger]:
    async with open_ledger(ledger_url) as ledger:
        yield ledger


@pytest.fixture
async def run(ledger: SqlLedger) -> LedgerRun:
    await enrol(ledger, 8)
    return await ledger.open_run(CLINIC, at=NOW)


async def lived_through(ledger: SqlLedger) -> None:
    """Sixty contacts in every state and way; the keys of ``k7n`` were put back."""
    async with ledger.enrolment(CLINIC, ["a", "b"], DuplicateRule.ALL) as session:
        await session.add(
            [
                Enrolment(
                    row=n,
                    cells=(f"Person {n}", TRICKY[n % len(TRICKY) :]),
                    key=ContactKey(f"k{n}"),
                    to=f"+1415555{n:04}",
                    skip_reason="no consent" if n % 11 == 0 else None,
                )
                for n in range(2, 62)
            ]
        )
        await session.commit(now=NOW)
    run = await ledger.open_run(CLINIC, at=NOW)
    for step, admission in enumerate(await run.admit(50, now=NOW)):
        if step % 10 == 9:
            await run.release(admission)
            continue
        attempt = begun(await run.begin(admission, prompt_sha256="p", at=at(step)))
        await follow(run, attempt, step)
    await run.close(RunEnding.STOPPED, at=at(5_000))
    await ledger.put_back(CLINIC, Selection(outcomes=("busy",)), agreed=99, by="ann", at=at(6_000))


async def follow(run: LedgerRun, attempt: Any, step: int) -> None:
    match step % 10:
        case 0:
            await run.reject(attempt, "bad number", at=at(step + 1))
        case 1:
            await run.doubt(attempt, "cut off", at=at(step + 1))
        case 2:
            await run.turn_away(attempt, "429", due_at=at(9_000), at=at(step + 1))
        case 3:
            sequel = Sequel(state=ContactState.PENDING, due_at=at(9_000 + step))
            result = CallResult(outcome="no_answer", summary=None)
            await run.finish(attempt, result, sequel=sequel, at=at(step + 7))
        case 4:
            await run.finish(attempt, CallResult(outcome="busy", summary=None), at=at(step + 5))
        case 5:
            sequel = Sequel(state=ContactState.FAILED)
            result = CallResult(outcome="voicemail", summary="Beep.")
            await run.finish(attempt, result, sequel=sequel, at=at(step + 9))
        case 6 | 7:
            await run.started(attempt, InteractionId(f"i{step}"), at=at(step + 1))
        case _:
            result = CallResult(outcome="completed", summary=f"Said {step}.")
            await run.finish(attempt, result, at=at(step + 3 * (step % 7)))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def browsed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Callable[..., Any], SqlLedger, list[ContactRecord]]]:
    """What calls an asynchronous function, a ledger with a past, and all of its records."""
    url = str(tmp_path_factory.mktemp("b") / "ledger.db")
    if request.param == "postgresql":
        url = request.getfixturevalue("postgresql_server").new_ledger()
    with start_blocking_portal() as portal, opened(portal, url) as ledger:
        portal.call(lived_through, ledger)
        yield portal.call, ledger, portal.call(all_records, ledger)


@contextmanager
def opened(portal: BlockingPortal, url: str) -> Iterator[SqlLedger]:
    with portal.wrap_async_context_manager(open_ledger(url)) as ledger:
        yield ledger


async def all_records(ledger: SqlLedger, campaign: CampaignId = CLINIC) -> list[ContactRecord]:
    return [record async for batch in ledger.records(campaign) for record in batch]


def has(text: str | None, wanted: str) -> bool:
    """Whether a text has another in it, each of whose letters may be of either case."""
    cases = [{c, c.lower(), c.upper()} for c in wanted]
    ends = range(len(text or "") - len(wanted) + 1)
    return any(
        all((text or "")[start + n] in case for n, case in enumerate(cases)) for start in ends
    )


def own_outcome(record: ContactRecord) -> str | None:
    """The outcome that a contact stands with: none once it was put back, or is called again."""
    put_back = record.state is ContactState.PENDING and record.outcome == "busy"
    return None if put_back else record.outcome


def value_of(record: ContactRecord, order: ContactOrder) -> Any:
    return {
        ContactOrder.ROW: record.row,
        ContactOrder.STATE: record.state,
        ContactOrder.OUTCOME: own_outcome(record),
        ContactOrder.ATTEMPTS: record.attempts,
        ContactOrder.STARTED: record.started_at,
        ContactOrder.DURATION: record.duration_s,
    }[order]


def in_plain_python(records: list[ContactRecord], query: ContactQuery) -> list[ContactRecord]:
    found = [
        record
        for record in records
        if (not query.states or record.state in query.states)
        and (not query.outcomes or own_outcome(record) in query.outcomes)
        and any(has(text, query.search) for text in (record.key, record.to, *record.cells))
    ]
    known = [record for record in found if value_of(record, query.order) is not None]
    known.sort(key=partial(value_of, order=query.order), reverse=query.descending)
    return known + [record for record in found if value_of(record, query.order) is None]


QUERIES = st.builds(
    ContactQuery,
    search=st.one_of(
        st.just(""),
        st.text(alphabet=SEARCHED + "KkPpnN12345+u0", max_size=3),
        st.sampled_from(["person 1", "K1", "555", '","', "Person 2", "[", "\\n"]),
    ),
    states=st.lists(st.sampled_from(ContactState), max_size=3, unique=True).map(tuple),
    outcomes=st.lists(
        st.sampled_from(["busy", "completed", "no_answer", "voicemail", "x"]), max_size=2
    ).map(tuple),
    order=st.sampled_from(ContactOrder),
    descending=st.booleans(),
    offset=st.integers(0, 70),
    limit=st.integers(0, 70),
)


@given(query=QUERIES)
@example(query=ContactQuery(limit=99))
@example(query=ContactQuery(order=ContactOrder.DURATION, descending=True, limit=99))
@settings(max_examples=300, deadline=None)
def test_a_page_is_what_plain_python_would_filter_and_sort(
    browsed: tuple[Callable[..., Any], SqlLedger, list[ContactRecord]], query: ContactQuery
) -> None:
    call, ledger, records = browsed
    expected = in_plain_python(records, query)
    page = call(ledger.browsing.contacts, CLINIC, query)
    assert page.total == len(expected)
    assert list(page.contacts) == expected[query.offset : query.offset + query.limit]


def test_outcomes_are_counted_as_pages_find_them(
    browsed: tuple[Callable[..., Any], SqlLedger, list[ContactRecord]],
) -> None:
    call, ledger, records = browsed
    found = call(ledger.browsing.outcomes, CLINIC)
    assert found == Counter(filter(None, map(own_outcome, records)))
    assert list(found.values()) == sorted(found.values(), reverse=True)
    for outcome, contacts in found.items():
        page = call(ledger.browsing.contacts, CLINIC, ContactQuery(outcomes=(outcome,)))
        assert page.total == contacts


@given(
    cells=st.lists(
        st.lists(st.text(alphabet=TRICKY + "n,u"), min_size=2, max_size=2).map(tuple),
        min_size=1,
        max_size=6,
    ),
    search=st.text(alphabet=SEARCHED + "n,u", min_size=1, max_size=4),
)
@settings(max_examples=100, deadline=None)
def test_what_is_searched_for_is_found_literally_in_any_cell(
    browsed: tuple[Callable[..., Any], SqlLedger, list[ContactRecord]],
    cells: list[tuple[str, str]],
    search: str,
) -> None:
    call, ledger, _ = browsed

    async def found() -> list[int]:
        async with ledger.enrolment(OTHER, ["a", "b"], DuplicateRule.ALL) as session:
            rows = [
                Enrolment(
                    row=n, cells=pair, key=ContactKey(f"\x7f{n}"), to=f"+{n}", skip_reason="no"
                )
                for n, pair in enumerate(cells, 1_000_000)
            ]
            await session.add(rows)
            await session.commit(now=NOW)
        page = await ledger.browsing.contacts(OTHER, ContactQuery(search=search, limit=99))
        return [record.row for record in page.contacts]

    expected = [
        row for row, pair in enumerate(cells, 1_000_000) if any(has(cell, search) for cell in pair)
    ]
    assert call(found) == expected


async def test_campaigns_are_those_that_were_enrolled_the_latest_first(
    ledger: SqlLedger,
) -> None:
    assert await ledger.browsing.campaigns() == []
    waves = [CampaignId(name="clinic", wave=wave) for wave in ("1", "2")]
    await enrol(ledger, 1, campaign=waves[0])
    await ledger.open_run(OTHER, at=NOW)
    await enrol(ledger, 1, campaign=waves[1])
    assert await ledger.browsing.campaigns() == [waves[1], waves[0]]


async def test_nothing_is_known_of_a_campaign_that_was_never_enrolled(
    ledger: SqlLedger,
) -> None:
    browsing = ledger.browsing
    page = await browsing.contacts(OTHER, ContactQuery())
    assert (page.contacts, page.total) == ((), 0)
    assert await browsing.outcomes(OTHER) == {}
    assert await browsing.attempts(OTHER, "k2") == []
    assert await browsing.attempt(OTHER, "k2", 1) is None
    assert await browsing.calls_now(OTHER, limit=9) == ([], 0)
    assert await browsing.calls_then(OTHER, limit=9) == []
    assert await browsing.ended_since(OTHER, NOW) == 0


async def test_the_version_differs_after_each_change_and_only_then(
    ledger: SqlLedger, run: LedgerRun
) -> None:
    first = await ledger.browsing.version()
    assert await ledger.browsing.version() == first
    await dial(run)
    assert await ledger.browsing.version() != first


async def test_open_calls_are_told_the_oldest_first_with_how_many_there_are(
    ledger: SqlLedger, run: LedgerRun
) -> None:
    second = await dial(run, "k3", at=at(1))
    await dial(run, "k2", at=at(2))
    over = await dial(run, "k4", at=at(3))
    doubted = await dial(run, "k5", at=at(4))
    await run.started(second, InteractionId("i"), at=at(5))
    await run.finish(over, CallResult(outcome="completed", summary=None), at=at(6))
    await run.doubt(doubted, "cut off", at=at(6))
    calls, count = await ledger.browsing.calls_now(CLINIC, limit=9)
    assert [(c.key, c.state, c.placed_at, c.attempt, c.row, c.to) for c in calls] == [
        ("k3", AttemptState.IN_CALL, at(1), 1, 3, "+3"),
        ("k2", AttemptState.DIALING, at(2), 1, 2, "+2"),
    ]
    assert count == 2
    few, count = await ledger.browsing.calls_now(CLINIC, limit=1)
    assert (few, count) == (calls[:1], 2)


async def test_the_latest_calls_are_told_by_their_ends(ledger: SqlLedger, run: LedgerRun) -> None:
    attempts = [await dial(run, f"k{n}", at=at(n)) for n in (2, 3, 4, 5)]
    await run.doubt(attempts[3], "cut off", at=at(10))
    await run.finish(attempts[1], CallResult(outcome="busy", summary="Tut."), at=at(11))
    await run.reject(attempts[0], "bad number", at=at(12))
    calls = await ledger.browsing.calls_then(CLINIC, limit=9)
    assert [(c.at, c.row, c.key, c.attempt, c.word, c.text) for c in calls] == [
        (at(12), 2, "k2", 1, "rejected", "bad number"),
        (at(11), 3, "k3", 1, "busy", "Tut."),
        (at(10), 5, "k5", 1, "unknown", "cut off"),
    ]
    assert await ledger.browsing.calls_then(CLINIC, limit=2) == calls[:2]
    # What is learnt late takes the place of the doubt.
    await run.finish(attempts[3], CallResult(outcome="completed", summary="Hi."), at=at(13))
    latest = await ledger.browsing.calls_then(CLINIC, limit=9)
    assert [(c.at, c.key, c.word) for c in latest] == [
        (at(13), "k5", "completed"),
        (at(12), "k2", "rejected"),
        (at(11), "k3", "busy"),
    ]


async def test_the_latest_calls_of_a_campaign_are_found_behind_those_of_another(
    ledger: SqlLedger, run: LedgerRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run.finish(await dial(run), CallResult(outcome="busy", summary=None), at=at(1))
    await run.close(RunEnding.FINISHED, at=at(2))
    await enrol(ledger, 30, campaign=OTHER)
    other = await ledger.open_run(OTHER, at=at(100))
    for n in range(2, 32):
        attempt = await dial(other, f"k{n}", at=at(100 + n))
        await other.finish(attempt, CallResult(outcome="completed", summary=None), at=at(100 + n))
    monkeypatch.setattr("poku_batch.ledger.latest._LEAST", 10)
    monkeypatch.setattr("poku_batch.ledger.latest._LOOKED_AT", 1)
    assert [c.word for c in await ledger.browsing.calls_then(CLINIC, limit=5)] == ["busy"]
    assert len(await ledger.browsing.calls_then(OTHER, limit=3)) == 3


async def test_calls_that_ended_since_a_time_are_counted(ledger: SqlLedger, run: LedgerRun) -> None:
    attempts = [await dial(run, f"k{n}", at=at(n)) for n in (2, 3, 4, 5)]
    for attempt, end in zip(attempts, (10, 20, 20, 30), strict=True):
        await run.finish(attempt, CallResult(outcome="busy", summary=None), at=at(end))
    since = [await ledger.browsing.ended_since(CLINIC, at(s)) for s in (0, 10, 11, 20, 21, 30, 31)]
    assert since == [4, 4, 3, 3, 1, 1, 0]
    assert await ledger.browsing.ended_since(OTHER, at(0)) == 0


async def test_every_attempt_is_told_with_all_that_is_known(
    ledger: SqlLedger, run: LedgerRun
) -> None:
    admission = await admitted(run)
    first = begun(await run.begin(admission, prompt_sha256="p", at=at(1)))
    await run.hold(first, "429", at=at(2))
    await run.begin_again(first, at=at(3))
    await run.started(first, InteractionId("i-1"), at=at(4))
    result = CallResult(
        outcome="no_answer",
        summary="It rang.",
        recording_url="https://r.example/1.mp3",
        evidence="human did not respond",
        fields={"when": "later", "count": 2},
    )
    again = Sequel(state=ContactState.PENDING, due_at=at(5))
    await run.finish(first, result, sequel=again, at=at(5))
    second = await dial(run, at=at(9))
    await run.doubt(second, "the answer was cut off", at=at(10))
    decision = Decision(
        state=ContactState.DONE, by="ann", at=at(20), outcome="completed", summary="She called."
    )
    await ledger.resolve(CLINIC, ContactKey("k2"), decision)
    one, two = await ledger.browsing.attempts(CLINIC, "k2")
    assert (one.number, one.state, one.to, one.placements) == (1, AttemptState.ENDED, "+2", 2)
    assert (one.began_at, one.placed_at, one.ended_at) == (at(1), at(3), at(5))
    assert (one.outcome, one.summary, one.evidence) == (
        "no_answer",
        "It rang.",
        "human did not respond",
    )
    assert (one.interaction_id, one.recording_url) == ("i-1", "https://r.example/1.mp3")
    assert one.fields == {"when": "later", "count": 2}
    assert (one.verdict_by, one.recording, one.error) == (None, None, None)
    assert (two.number, two.state, two.error) == (
        2,
        AttemptState.UNKNOWN,
        "the answer was cut off",
    )
    assert (two.outcome, two.summary, two.verdict_by) == ("completed", "She called.", "ann")
    assert await ledger.browsing.attempt(CLINIC, "k2", 2) == two
    assert await ledger.browsing.attempt(CLINIC, "k2", 3) is None


@pytest.mark.parametrize("ledger_url", ["sqlite"], indirect=True)
async def test_a_page_of_many_contacts_reads_few_of_them(ledger: SqlLedger) -> None:
    await enrol(ledger, 2_000)
    steps = 0

    def count() -> int:
        nonlocal steps
        steps += 1
        return 0

    def watch(connection: Connection) -> None:
        assert isinstance(connection, SqliteConnection)
        connection.set_progress_handler(count, 100)

    async def work(query: ContactQuery) -> int:
        nonlocal steps
        await ledger._reader.run(watch)
        steps = 0
        page = await ledger.browsing.contacts(CLINIC, query)
        assert page.total == 2_000
        assert len(page.contacts) == query.limit
        return steps

    first = ContactQuery(limit=20)
    by_state = replace(first, states=(ContactState.PENDING,))
    searched = replace(first, search="c")
    # Where an index has what is asked, a contact that is passed over costs some steps of it.
    assert await work(first) < 400
    assert await work(by_state) < 1_000
    assert await work(searched) < 2_000
