"""The ledger against a simple model of it, under random sheets, calls, crashes and late answers."""

import shutil
import tempfile
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest
from anyio.from_thread import start_blocking_portal
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from poku_batch.errors import ContactsError, LedgerError
from poku_batch.ledger import SqliteLedger, open_ledger
from poku_batch.ledger.run import SqliteRun
from poku_batch.models import (
    Admission,
    AttemptId,
    CallResult,
    CampaignId,
    ContactKey,
    DuplicateRule,
    Enrolment,
    InteractionId,
    RunEnding,
)

T = TypeVar("T")

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
CLINIC = CampaignId(name="clinic")
MEMORY = Path("/dev/shm")  # noqa: S108  # only the tests' speed: syncing to a disk is slow


class Row(NamedTuple):
    key: str | None
    to: str | None
    cell: str
    reason: str | None

    @property
    def own_reason(self) -> bool:
        return self.reason is not None or self.key is None or self.to is None


ROWS = st.builds(
    Row,
    key=st.sampled_from(["a", "b", "c", "d", "e", None]),
    to=st.sampled_from(["+1", "+2", "+3", "+4", None]),
    cell=st.sampled_from(["x", "y"]),
    reason=st.sampled_from([None, None, None, "no"]),
)


@dataclass
class Attempt:
    to: str
    cell: str
    id: AttemptId
    state: str = "dialing"
    outcome: str | None = None
    interaction: str | None = None
    placements: int = 1
    run: int = 0

    @property
    def may_have_rung(self) -> bool:
        if self.state == "ended":
            return self.outcome != "invalid_number"
        return self.state in {"dialing", "in_call", "unknown"}


@dataclass
class Contact:
    state: str = ""
    to: str | None = None
    attempts: list[Attempt] = field(default_factory=list)
    reserved: bool = False
    place: int | None = None

    @property
    def called(self) -> bool:
        return self.state in {"dialing", "unknown"} or any(a.may_have_rung for a in self.attempts)

    def takes(self, row: Row) -> bool:
        """Whether an enrolled row decides the state anew."""
        if self.state in {"", "pending", "skipped"}:
            return True
        if self.state not in {"failed", "done"}:
            return False
        last = self.attempts[-1] if self.attempts else None
        if last and last.state == "rejected":
            return (last.to, last.cell) != (row.to, row.cell)
        if last and last.outcome == "invalid_number":
            return last.to != row.to
        return self.state == "failed" and not self.called


class LedgerMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.portal = self.stack.enter_context(start_blocking_portal())
        self.folder = self.new_folder()
        self.ledger: SqliteLedger = self.open()
        self.run_number = 0
        self.contacts: dict[str, Contact] = {}
        self.sheet: list[Row] = []
        self.first_rule = True
        self.shown: list[tuple[str, str]] = []
        self.admissions: list[Admission] = []
        self.events = 0

    def new_folder(self) -> Path:
        return Path(
            self.stack.enter_context(
                tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
            )
        )

    def open(self) -> SqliteLedger:
        manager = open_ledger(self.folder / "ledger.db")
        return self.stack.enter_context(self.portal.wrap_async_context_manager(manager))

    def call(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        result: T = self.portal.call(make)
        return result

    @initialize()
    def start(self) -> None:
        self.open_run()

    def open_run(self) -> None:
        self.run: SqliteRun = self.call(lambda: self.ledger.open_run(CLINIC, at=NOW))
        self.run_number += 1
        self.admissions = []
        for contact in self.contacts.values():
            contact.reserved = False
            last = contact.attempts[-1] if contact.attempts else None
            if contact.state == "dialing" and last and last.state == "dialing":
                contact.state = last.state = "unknown"
            elif contact.state == "dialing" and last and last.state == "turned_away":
                contact.state = "pending"

    def teardown(self) -> None:
        self.stack.close()

    # --- sheets ---

    @rule(
        rows=st.one_of(
            st.lists(ROWS, max_size=7),
            st.lists(ROWS, min_size=2, max_size=6, unique_by=lambda row: row.key),
        ),
        duplicates=st.sampled_from([DuplicateRule.FIRST] * 3 + [*DuplicateRule]),
    )
    def enrol(self, rows: list[Row], duplicates: DuplicateRule) -> None:
        async def commit() -> None:
            async with self.ledger.enrolment(CLINIC, ["cell"], duplicates) as session:
                await session.add(
                    [
                        Enrolment(
                            row=n,
                            cells=(row.cell,),
                            key=None if row.key is None else ContactKey(row.key),
                            to=row.to,
                            skip_reason=row.reason,
                        )
                        for n, row in enumerate(rows)
                    ]
                )
                preview = await session.preview(now=NOW)
                report = await session.commit(now=NOW)
                assert preview == report
                assert report.counts == await self.ledger.counts(CLINIC, now=NOW)
                self.report = report

        if self.impossible(rows, duplicates):
            with pytest.raises(ContactsError):
                self.call(commit)
            return
        before = {key: contact.state for key, contact in self.contacts.items()}
        self.apply(rows, first=duplicates is DuplicateRule.FIRST)
        self.call(commit)
        present = {row.key for row in rows if row.key is not None}
        assert self.report.new == len(present - set(before))
        assert self.report.gone == len(set(before) - present)
        assert self.report.reopened == sum(
            self.contacts[key].state == "pending" and before.get(key, "pending") != "pending"
            for key in present
        )
        assert self.report.called_before == sum(
            next(
                (
                    a.cell != rows[self.contacts[key].place or 0].cell
                    for a in reversed(self.contacts[key].attempts)
                    if a.may_have_rung
                ),
                False,
            )
            for key in present
        )

    def impossible(self, rows: list[Row], duplicates: DuplicateRule) -> bool:
        keys = [row.key for row in rows if row.key is not None]
        numbers = [row.to for row in rows if row.to is not None]
        conflict = any(
            len({row.to for row in rows if row.key == key and row.to is not None}) > 1
            for key in keys
        )
        return (
            conflict
            or (duplicates is DuplicateRule.ALL and len(set(keys)) < len(keys))
            or (duplicates is DuplicateRule.ERROR and len(set(numbers)) < len(numbers))
        )

    def leader(self, rows: list[Row], to: str | None) -> int | None:
        group = [n for n, row in enumerate(rows) if row.to == to]
        if to is None or len(group) < 2 or not self.first_rule:
            return None
        called = [n for n in group if self.contacts.get(rows[n].key or "", Contact()).called]
        return next(iter(called + [n for n in group if not rows[n].own_reason]), None)

    def apply(self, rows: list[Row], *, first: bool) -> None:
        self.sheet, self.first_rule = rows, first
        leaders = {row.to: self.leader(rows, row.to) for row in rows}
        carriers: dict[str, int] = {}
        for key in {row.key for row in rows if row.key is not None}:
            group = [n for n, row in enumerate(rows) if row.key == key]
            carriers[key] = min(
                group,
                key=lambda n: (
                    leaders[rows[n].to] != n,
                    rows[n].own_reason,
                    rows[n].to is None,
                    n,
                ),
            )
        for contact in self.contacts.values():
            contact.place = None
        self.shown = []
        for n, row in enumerate(rows):
            if row.key is None or carriers[row.key] != n:
                self.shown.append(("", "skipped"))
                continue
            leader = leaders[row.to]
            skipped = row.own_reason or (leader is not None and leader != n)
            contact = self.contacts.setdefault(row.key, Contact())
            contact.place = n
            if contact.takes(row):
                contact.state = "skipped" if skipped else "pending"
                contact.to = row.to
            self.shown.append((row.key, ""))
        for contact in self.contacts.values():
            if contact.state != "pending" or contact.place is None:
                contact.reserved = False

    # --- calls ---

    @rule(limit=st.integers(1, 3), hours=st.sampled_from([0, 2]))
    def admit(self, limit: int, hours: int) -> None:
        now = NOW + timedelta(hours=hours)
        admissions = self.call(lambda: self.run.admit(limit, now=now))
        for admission in admissions:
            contact = self.contacts[admission.key]
            assert contact.state == "pending"
            assert not contact.reserved
            assert contact.place == admission.row
            assert contact.to == admission.to
            assert admission.cells == (self.sheet[admission.row].cell,)
            contact.reserved = True
            self.admissions.append(admission)
        free = [
            c
            for c in self.contacts.values()
            if c.state == "pending" and not c.reserved and c.place is not None
        ]
        assert not free or len(admissions) == limit or hours == 0

    @precondition(lambda self: self.admissions)
    @rule(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        admission = data.draw(st.sampled_from(self.admissions))
        contact = self.contacts[admission.key]

        async def act() -> AttemptId:
            return await self.run.begin(admission, prompt_sha256="p", at=NOW)

        if not (contact.state == "pending" and contact.reserved and contact.to == admission.to):
            with pytest.raises(LedgerError):
                self.call(act)
            return
        attempt_id = self.call(act)
        self.nobody_rings_twice(contact)
        last = contact.attempts[-1] if contact.attempts else None
        if last and last.state == "turned_away":
            assert last.id == attempt_id
            last.state, last.placements = "dialing", last.placements + 1
            last.to, last.cell, last.run = admission.to, admission.cells[0], self.run_number
        else:
            contact.attempts.append(
                Attempt(admission.to, admission.cells[0], attempt_id, run=self.run_number)
            )
        contact.state, contact.reserved = "dialing", False

    def nobody_rings_twice(self, contact: Contact) -> None:
        assert not any(attempt.may_have_rung for attempt in contact.attempts)
        if not self.first_rule or contact.place is None:
            return
        number = self.sheet[contact.place].to
        for other in self.contacts.values():
            if other is not contact and other.place is not None:
                assert self.sheet[other.place].to != number or not other.called

    @precondition(lambda self: self.admissions)
    @rule(data=st.data(), fails=st.booleans())
    def give_up(self, data: st.DataObject, fails: bool) -> None:
        admission = data.draw(st.sampled_from(self.admissions))
        contact = self.contacts[admission.key]
        if not fails:
            self.call(lambda: self.run.release(admission))
        elif contact.state == "pending" and contact.reserved:
            self.call(lambda: self.run.fail(admission, "no", at=NOW))
            contact.state = "failed"
        contact.reserved = False

    def attempts(self) -> list[tuple[Contact, Attempt]]:
        return [(c, a) for c in self.contacts.values() for a in c.attempts]

    @precondition(lambda self: self.attempts())
    @rule(
        data=st.data(),
        verb=st.sampled_from(
            ["started", "turn_away", "hold", "begin_again", "reject", "doubt", "finish", "invalid"]
        ),
    )
    def answer(self, data: st.DataObject, verb: str) -> None:
        contact, attempt = data.draw(st.sampled_from(self.attempts()))
        self.events += 1
        if not self.allowed(verb, contact, attempt):
            with pytest.raises(LedgerError):
                self.act(verb, attempt)
            return
        changed = self.act(verb, attempt)
        if attempt.state == "ended":
            assert not changed
            return
        self.follow(verb, contact, attempt)

    def allowed(self, verb: str, contact: Contact, attempt: Attempt) -> bool:
        held = (
            attempt.state == "turned_away"
            and contact.state == "dialing"
            and contact.attempts[-1] is attempt
        )
        match verb:
            case "started" | "hold":
                return attempt.state == "dialing"
            case "begin_again":
                return held and attempt.run == self.run_number
            case "turn_away" | "reject":
                return held or attempt.state == "dialing"
            case _:
                return attempt.state in {"dialing", "in_call", "unknown", "ended"}

    def act(self, verb: str, attempt: Attempt) -> bool | None:
        run, which = self.run, attempt.id
        due_at = NOW + timedelta(hours=self.events % 3)
        match verb:
            case "started":
                name = InteractionId(f"i{self.events}")
                return self.call(lambda: run.started(which, name, at=NOW))
            case "turn_away":
                return self.call(lambda: run.turn_away(which, "429", due_at=due_at, at=NOW))
            case "hold":
                return self.call(lambda: run.hold(which, "429", at=NOW))
            case "begin_again":
                return self.call(lambda: run.begin_again(which, at=NOW))
            case "reject":
                return self.call(lambda: run.reject(which, "400", at=NOW))
            case "doubt":
                return self.call(lambda: run.doubt(which, "lost", at=NOW))
            case "finish":
                return self.call(lambda: run.finish(which, CallResult(outcome="ok"), at=NOW))
            case _:
                result = CallResult(outcome="invalid_number")
                return self.call(lambda: run.finish(which, result, failed=True, at=NOW))

    def follow(self, verb: str, contact: Contact, attempt: Attempt) -> None:
        match verb:
            case "started":
                attempt.state, attempt.interaction = "in_call", f"i{self.events}"
            case "turn_away":
                attempt.state, contact.state = "turned_away", "pending"
            case "hold":
                attempt.state = "turned_away"
            case "begin_again":
                attempt.state, attempt.placements = "dialing", attempt.placements + 1
            case "reject":
                attempt.state, contact.state = "rejected", "failed"
            case "doubt":
                attempt.state = contact.state = "unknown"
            case "finish":
                attempt.state, attempt.outcome, contact.state = "ended", "ok", "done"
            case _:
                attempt.state, attempt.outcome = "ended", "invalid_number"
                contact.state = "failed"

    # --- ends ---

    @rule()
    def close_run(self) -> None:
        self.call(lambda: self.run.close(RunEnding.STOPPED, at=NOW))
        self.open_run()

    @rule()
    def crash(self) -> None:
        old = self.folder
        self.folder = self.new_folder()
        for file in old.iterdir():
            if file.suffix != ".lock" and not file.name.endswith("-shm"):
                shutil.copy(file, self.folder / file.name)
        self.ledger = self.open()
        self.open_run()

    # --- what must always hold ---

    @invariant()
    def the_results_are_the_models(self) -> None:
        async def read() -> list[tuple[str, str, str | None, int, str | None]]:
            return [
                (r.key, r.state.value, r.to, r.attempts, r.outcome)
                async for batch in self.ledger.records(CLINIC, batch=3)
                for r in batch
            ]

        expected: list[tuple[str, str, str | None, int, str | None]] = []
        for n, (key, state) in enumerate(self.shown):
            if not key:
                expected.append((key, state, self.sheet[n].to, 0, None))
                continue
            contact = self.contacts[key]
            outcome = contact.attempts[-1].outcome if contact.attempts else None
            expected.append((key, contact.state, contact.to, len(contact.attempts), outcome))
        assert self.call(read) == expected

    @invariant()
    def open_calls_are_the_models(self) -> None:
        if not hasattr(self, "run"):
            return
        calls = {call.attempt_id for call in self.call(self.run.open_calls)}
        assert calls == {
            attempt.id
            for _, attempt in self.attempts()
            if attempt.interaction
            and attempt.state in {"in_call", "unknown"}
            and attempt.run < self.run_number
        }


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
