"""What is recorded for many calls at once is what it would be if each were recorded alone."""

import json
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import anyio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poku_batch.errors import NotReservedError
from poku_batch.ledger import inspect, open_ledger
from poku_batch.models import (
    Admission,
    AttemptId,
    CallResult,
    Cap,
    ContactKey,
    ContactState,
    DoNotCallEntry,
    DuplicateRule,
    Enrolment,
    Guard,
    InteractionId,
    Sequel,
)
from poku_batch.ports import Ledger, LedgerRun
from tests.ledger.ledger_clinic import CLINIC, LATER, NOW, begun
from tests.ledger.ledger_raw import raw
from tests.postgresql import Server

pytestmark = pytest.mark.anyio

AGAIN = Sequel(state=ContactState.PENDING, due_at=LATER, why="a redial")
FAILED = Sequel(state=ContactState.FAILED, why="nobody there", kind="no_answer")
ONCE = (Cap(calls=1, within=timedelta(hours=8)),)
GUARDS = (Guard(), Guard(from_number="+1999"), Guard(number_caps=ONCE))
ENDS = (
    (CallResult(outcome="completed", summary="Yes.", recording_url="https://r/1"), Sequel()),
    (CallResult(outcome="completed", summary="a\x00b \ud800 é", evidence="\x00"), Sequel()),
    (CallResult(outcome="busy", interaction_id=InteractionId("i-1")), AGAIN),
    (CallResult(outcome="no_answer", evidence="nobody"), FAILED),
    (CallResult(outcome="do_not_call", summary="Never again."), AGAIN),
    (CallResult(outcome="completed", opted_out="no more", fields={"day": "Monday"}), AGAIN),
)

#: What the ledger knows, told without the ids of attempts.
TABLES = (
    """
    SELECT key, state, reason, reason_kind, outcome, attempts, due_at, base_due_at, wait_kind,
        wait_why, reserved_by
    FROM contacts ORDER BY key
    """,
    """
    SELECT c.key, a.number, a.state, a.to_number, a.cells_digest, a.prompt_sha256, a.placements,
        a.interaction_id, a.began_at, a.placed_at, a.ended_at, a.outcome, a.evidence, a.error,
        a.from_number, n.summary, n.recording_url, n.fields, n.opted_out, n.to_read, n.kept_sequel
    FROM attempts a JOIN contacts c ON c.id = a.contact_id
    LEFT JOIN answers n ON n.attempt_id = a.id
    ORDER BY c.key, a.number
    """,
    """
    SELECT c.key, e.what, e.detail, e.at, e.run_id, e.to_number, e.prompt_sha256, a.number
    FROM attempt_events e JOIN contacts c ON c.id = e.contact_id
    LEFT JOIN attempts a ON a.id = e.attempt_id
    ORDER BY c.key, e.id
    """,
    "SELECT number, source, reason, added_at FROM do_not_call ORDER BY number",
    """
    SELECT c.key, o.event, o.body, o.at FROM outbox o JOIN contacts c ON c.id = o.contact_id
    ORDER BY c.key, o.body
    """,
    "SELECT sha256, prompt FROM prompts ORDER BY sha256",
)


@dataclass(frozen=True)
class Person:
    """A row of the sheet, and what comes of its call; ``ending`` None: it goes on."""

    number: int
    listed: bool
    held: bool
    kept: bool
    to_read: bool
    twice: bool
    ending: int | None


PEOPLE = st.lists(
    st.builds(
        Person,
        number=st.integers(0, 12),
        listed=st.sampled_from([False] * 5 + [True]),
        held=st.sampled_from([False] * 5 + [True]),
        kept=st.booleans(),
        to_read=st.sampled_from([False] * 3 + [True]),
        twice=st.sampled_from([False] * 3 + [True]),
        ending=st.one_of(st.none(), st.integers(0, len(ENDS) - 1)),
    ),
    min_size=1,
    max_size=40,
)

Do = Callable[[Sequence[Callable[[], Coroutine[Any, Any, None]]]], Coroutine[Any, Any, None]]


async def at_once(steps: Sequence[Callable[[], Coroutine[Any, Any, None]]]) -> None:
    async with anyio.create_task_group() as tasks:
        for step in steps:
            tasks.start_soon(step)


async def one_by_one(steps: Sequence[Callable[[], Coroutine[Any, Any, None]]]) -> None:
    for step in steps:
        await step()


@settings(max_examples=60, deadline=None)
@given(people=PEOPLE, guard=st.sampled_from(GUARDS), tell=st.booleans())
def test_calls_recorded_together_are_recorded_as_each_alone(
    people: list[Person], guard: Guard, tell: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        urls = [f"{folder}/{name}.db" for name in ("together", "alone")]
        together = anyio.run(_campaign, urls[0], people, guard, tell, at_once)
        assert together == anyio.run(_campaign, urls[1], people, guard, tell, one_by_one)


@settings(max_examples=12, deadline=None)
@given(people=PEOPLE, guard=st.sampled_from(GUARDS), tell=st.booleans())
def test_a_database_records_together_what_a_file_records_alone(
    postgresql_server: Server, people: list[Person], guard: Guard, tell: bool
) -> None:
    with tempfile.TemporaryDirectory() as folder, postgresql_server.ledger() as url:
        together = anyio.run(_campaign, url, people, guard, tell, at_once)
        alone = anyio.run(_campaign, f"{folder}/alone.db", people, guard, tell, one_by_one)
    # PostgreSQL's text has no NUL: it is spelt out there.
    assert json.dumps(together) == json.dumps(alone).replace("\\u0000", "\\\\x00")


async def _campaign(
    url: str, people: list[Person], guard: Guard, tell: bool, do: Do
) -> tuple[list[str], list[Any]]:
    """Begin and end everybody's call; gives what each was told, and what the ledger holds."""
    async with open_ledger(url) as ledger:
        await _enrol(ledger, people)
        run = await ledger.open_run(CLINIC, tell_results=tell, at=NOW)
        told = await _call_everybody(ledger, run, people, guard, do)
    assert inspect(url).problems == ()
    with raw(url) as connection:
        return told, [connection.execute(table).fetchall() for table in TABLES]


async def _enrol(ledger: Ledger, people: list[Person]) -> None:
    async with ledger.enrolment(CLINIC, ["a"], DuplicateRule.ALL) as session:
        await session.add(
            [
                Enrolment(
                    row=n,
                    cells=(f"c{n}",),
                    key=ContactKey(f"k{n:03}"),
                    to=_number(person),
                )
                for n, person in enumerate(people)
            ]
        )
        await session.commit(now=NOW)


def _number(person: Person) -> str:
    # Whoever is listed has a number that nobody else has.
    return f"+1{900 + person.number}" if person.listed else f"+1{person.number:03}"


async def _call_everybody(
    ledger: Ledger, run: LedgerRun, people: list[Person], guard: Guard, do: Do
) -> list[str]:
    await _hold_some(run, people)
    admitted = await run.admit(len(people), now=LATER)
    listed = {_number(person) for person in people if person.listed}
    await ledger.add_do_not_call(
        [DoNotCallEntry(number=number, source="a person", at=NOW) for number in sorted(listed)]
    )
    told: dict[int, str] = {}
    attempts: dict[int, AttemptId] = {}

    def begin(admission: Admission) -> Callable[[], Coroutine[Any, Any, None]]:
        async def step() -> None:
            kept = people[admission.row].kept
            prompt = f"words for {admission.key}" if kept else None
            answer = await run.begin(
                admission, prompt_sha256=f"p{admission.key}", prompt=prompt, guard=guard, at=LATER
            )
            told[admission.row] = type(answer).__name__
            if isinstance(answer, int):
                attempts[admission.row] = AttemptId(answer)

        return step

    def end(row: int, attempt: AttemptId) -> Callable[[], Coroutine[Any, Any, None]]:
        async def step() -> None:
            ending = people[row].ending
            if ending is None:
                return
            result, sequel = ENDS[ending]
            to_read = people[row].to_read
            new = await run.finish(attempt, result, sequel=sequel, to_read=to_read, at=LATER)
            told[row] += f" {new}"

        return step

    await do([begin(admission) for admission in admitted])
    ends = [end(row, attempt) for row, attempt in sorted(attempts.items())]
    again = [end(row, attempt) for row, attempt in sorted(attempts.items()) if people[row].twice]
    await do([*ends, *again])
    return [f"{row} {what}" for row, what in sorted(told.items())]


async def _hold_some(run: LedgerRun, people: list[Person]) -> None:
    """Have some turned away once, so that their attempts are gone on with."""
    for admission in await run.admit(len(people), now=NOW):
        if people[admission.row].held:
            attempt = begun(await run.begin(admission, prompt_sha256="p", at=NOW))
            await run.turn_away(attempt, "429", due_at=NOW, at=NOW)
        else:
            await run.release(admission)


async def test_one_that_is_listed_meanwhile_is_not_begun_beside_others(ledger_url: str) -> None:
    async with open_ledger(ledger_url) as ledger:
        people = [Person(n, False, False, False, False, False, 0) for n in range(8)]
        await _enrol(ledger, people)
        run = await ledger.open_run(CLINIC, at=NOW)
        admitted = await run.admit(8, now=NOW)
        await ledger.add_do_not_call([DoNotCallEntry(number="+1003", source="a person", at=NOW)])
        answers: dict[int, str] = {}

        async def begin(admission: Admission) -> None:
            answer = await run.begin(admission, prompt_sha256="p", at=NOW)
            answers[admission.row] = type(answer).__name__

        await at_once([lambda admission=one: begin(admission) for one in admitted])  # type: ignore[misc]  # bound early
        assert answers == {n: "Never" if n == 3 else "int" for n in range(8)}


async def test_one_that_is_not_reserved_fails_alone(ledger_url: str) -> None:
    async with open_ledger(ledger_url) as ledger:
        people = [Person(n, False, False, False, False, False, 0) for n in range(8)]
        await _enrol(ledger, people)
        run = await ledger.open_run(CLINIC, at=NOW)
        admitted = await run.admit(8, now=NOW)
        await run.release(admitted[3])
        changed = replace(admitted[5], to="+19999999")
        wanted = [*admitted[:5], changed, *admitted[6:]]
        failed: list[str] = []

        async def begin(admission: Admission) -> None:
            try:
                await run.begin(admission, prompt_sha256="p", at=NOW)
            except NotReservedError as error:
                failed.append(str(error))

        await at_once([lambda admission=one: begin(admission) for one in wanted])  # type: ignore[misc]  # bound early
        assert sorted(failed) == [
            "row 3 cannot be called: its contact is not reserved by this run",
            "row 5 cannot be called: its number changed",
        ]
        assert (await run.counts(now=NOW)).of(ContactState.DIALING) == 6
