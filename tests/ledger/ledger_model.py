"""A simple model of the ledger, and the machine that enrols random sheets in both."""

import tempfile
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import pytest
from anyio.from_thread import start_blocking_portal
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from poku_batch.errors import ContactsError
from poku_batch.ledger import SqlLedger, open_ledger
from poku_batch.ledger.run import SqlRun
from poku_batch.models import (
    Admission,
    AttemptId,
    CampaignId,
    ContactKey,
    DuplicateRule,
    Enrolment,
    SheetRow,
)
from tests.ledger.ledger_again import contents, copied, enrolled

T = TypeVar("T")

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
CLINIC = CampaignId(name="clinic")
#: What all sheets come from: the one before another is the same sheet, where nothing was enrolled.
SOURCE = "sheet"
MEMORY = Path("/dev/shm")  # noqa: S108  # only the tests' speed: syncing to a disk is slow


class Row(NamedTuple):
    key: str | None
    to: str | None
    cell: str
    reason: str | None
    priority: int = 0

    @property
    def own_reason(self) -> bool:
        return self.reason is not None or self.key is None or self.to is None


ROWS = st.builds(
    Row,
    key=st.sampled_from(["a", "b", "c", "d", "e", None]),
    to=st.sampled_from(["+1", "+2", "+3", "+4", None]),
    cell=st.sampled_from(["x", "y"]),
    reason=st.sampled_from([None, None, None, "no"]),
    priority=st.sampled_from([0, 0, 1, 100]),
)

CALLABLE_ROWS = st.builds(
    Row,
    key=st.sampled_from("abcde"),
    to=st.sampled_from(["+1", "+2", "+3", "+4"]),
    cell=st.just("x"),
    reason=st.none(),
    priority=st.sampled_from([0, 1, 100]),
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
    verdict: str | None = None
    opted_out: bool = False

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
    outcome: str | None = None
    cell: str | None = None
    reserved: bool = False
    place: int | None = None
    #: how many attempts a person has agreed may have rung in vain, or a rule calls again after
    forgiven: int = 0

    @property
    def called(self) -> bool:
        return self.state in {"dialing", "unknown"} or any(a.may_have_rung for a in self.attempts)

    @property
    def next_attempt(self) -> int:
        again = bool(self.attempts) and self.attempts[-1].state == "turned_away"
        return len(self.attempts) + (0 if again else 1)

    def take(self, row: Row, *, skipped: bool) -> None:
        if self.state not in {"pending", "skipped"}:
            self.outcome = None
        self.state = "skipped" if skipped else "pending"
        self.to = row.to

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


def enrolment(n: int, row: Row) -> Enrolment:
    return Enrolment(
        row=n,
        cells=(row.cell,),
        key=None if row.key is None else ContactKey(row.key),
        to=row.to,
        skip_reason=row.reason,
        priority=row.priority,
        group=row.priority % 7,
    )


class SheetMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.portal = self.stack.enter_context(start_blocking_portal())
        self.folder = self.new_folder()
        self.ledger: SqlLedger = self.open()
        self.run_number = 0
        self.contacts: dict[str, Contact] = {}
        self.sheet: list[Row] = []
        self.first_rule = True
        self.duplicates = DuplicateRule.ALL
        self.shown: list[tuple[str, str]] = []
        self.admissions: list[Admission] = []
        self.events = 0
        #: the do-not-call list
        self.listed: set[str] = set()

    def new_folder(self) -> Path:
        return Path(
            self.stack.enter_context(
                tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None)
            )
        )

    @property
    def url(self) -> str:
        """Where the ledger is."""
        return str(self.folder / "ledger.db")

    def open(self) -> SqlLedger:
        manager = open_ledger(self.url)
        return self.stack.enter_context(self.portal.wrap_async_context_manager(manager))

    def call(self, make: Callable[[], Coroutine[Any, Any, T]]) -> T:
        result: T = self.portal.call(make)
        return result

    @initialize(rows=st.lists(CALLABLE_ROWS, min_size=2, max_size=5, unique_by=lambda row: row.key))
    def start(self, rows: list[Row]) -> None:
        self.enrolled(rows, DuplicateRule.ALL)
        self.open_run()

    def open_run(self) -> None:
        self.run: SqlRun = self.call(lambda: self.ledger.open_run(CLINIC, at=NOW))
        self.run_number += 1
        self.admissions = []
        for contact in self.contacts.values():
            contact.reserved = False
            last = contact.attempts[-1] if contact.attempts else None
            if contact.state == "dialing" and last and last.state == "dialing":
                contact.state = last.state = "unknown"
                contact.outcome = None
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
        self.enrolled(rows, duplicates)

    def enrolled(self, rows: list[Row], duplicates: DuplicateRule) -> None:
        async def commit() -> None:
            async with self.ledger.enrolment(CLINIC, ["cell"], duplicates) as session:
                await session.add([enrolment(n, row) for n, row in enumerate(rows)])
                preview = await session.preview(now=NOW)
                report = await session.commit(now=NOW, source=SOURCE)
                assert preview == report
                assert report.counts == await self.ledger.counts(CLINIC, now=NOW)
                self.report = report

        if self.impossible(rows, duplicates):
            with pytest.raises(ContactsError):
                self.call(commit)
            return
        self.duplicates = duplicates
        before = {key: contact.state for key, contact in self.contacts.items()}
        cells = {key: contact.cell for key, contact in self.contacts.items()}
        self.apply(rows, first=duplicates is DuplicateRule.FIRST)
        self.call(commit)
        present = {row.key for row in rows if row.key is not None}
        assert self.report.new == len(present - set(before))
        assert self.report.gone == len(set(before) - present)
        assert self.report.reopened == sum(
            self.contacts[key].state == "pending" and before.get(key, "pending") != "pending"
            for key in present
        )
        self.said_of_the_known(present & set(before), before, cells)
        self.said_of_the_pending()
        assert self.report.called_before == sum(
            self.contacts[key].state != "pending"
            and next(
                (
                    a.cell != rows[self.contacts[key].place or 0].cell
                    for a in reversed(self.contacts[key].attempts)
                    if a.may_have_rung
                ),
                False,
            )
            for key in present
        )

    @rule(hours=st.sampled_from([0, 2]))
    def enrol_again_as_it_is(self, hours: int) -> None:
        """Asking about some rows of a sheet that is known comes to what all of them come to."""
        urls = {again: self.new_url() for again in (True, False)}
        sheet = [SheetRow(row=n, cells=(row.cell,)) for n, row in enumerate(self.sheet)]

        async def enrolled_in(*, again: bool) -> Any:
            return await enrolled(
                copied(self.url, urls[again]),
                CLINIC,
                ["cell"],
                lambda row: enrolment(row.row, self.sheet[row.row]),
                sheet=sheet,
                source=SOURCE,
                again=again,
                duplicates=self.duplicates,
                now=NOW + timedelta(hours=hours),
            )

        known = self.call(lambda: enrolled_in(again=True))
        if known is None:
            return
        report, _ = self.call(lambda: enrolled_in(again=False))
        assert known[0] == report
        assert contents(urls[True]) == contents(urls[False])

    def new_url(self) -> str:
        """Where there is no ledger yet, or nothing in it."""
        return str(self.new_folder() / "ledger.db")

    def said_of_the_known(
        self, known: set[str], before: dict[str, str], cells: dict[str, str | None]
    ) -> None:
        """Assert what the report says of contacts that the ledger had before the sheet."""
        still = [
            any(attempt.may_have_rung for attempt in self.contacts[key].attempts)
            for key in known
            if before[key] == self.contacts[key].state == "pending"
        ]
        report = self.report
        assert report.known == len(known)
        assert report.changed == sum(cells[key] != self.contacts[key].cell for key in known)
        assert (report.redials, report.waiting) == (still.count(True), still.count(False))
        reopened = [self.contacts[note.key] for note in report.reopened_rows]
        assert [contact.state for contact in reopened] == ["pending"] * report.reopened

    def said_of_the_pending(self) -> None:
        """Assert that the pending contacts are in the report by their group and next attempt."""
        expected = Counter(
            (self.sheet[contact.place].priority % 7, contact.next_attempt)
            for contact in self.contacts.values()
            if contact.state == "pending" and contact.place is not None
        )
        pending = self.report.pending
        assert expected == sum(
            (Counter({(one.group, one.attempt): one.contacts}) for one in pending), Counter()
        )
        due = sum(one.contacts for one in pending if one.due_at is None)
        assert due == self.report.counts.due
        assert self.report.redials_due <= min(due, self.report.redials)

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
        return next(iter(called + [n for n in group if not self.barred(rows[n])]), None)

    def barred(self, row: Row) -> bool:
        return row.own_reason or row.to in self.listed

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
            skipped = self.barred(row) or (leader is not None and leader != n)
            contact = self.contacts.setdefault(row.key, Contact())
            contact.place, contact.cell = n, row.cell
            if contact.takes(row):
                contact.take(row, skipped=skipped)
            self.shown.append((row.key, ""))
        for contact in self.contacts.values():
            if contact.state != "pending" or contact.place is None:
                contact.reserved = False

    # --- what the model tells ---

    def attempts(self) -> list[tuple[Contact, Attempt]]:
        return [(c, a) for c in self.contacts.values() for a in c.attempts]

    def open_attempts(self) -> list[tuple[Contact, Attempt]]:
        return [(c, a) for c, a in self.attempts() if a.state in {"dialing", "in_call", "unknown"}]

    def calls_to(self, number: str) -> int:
        return sum(
            a.may_have_rung
            or (a.state == "turned_away" and c.state == "dialing" and c.attempts[-1] is a)
            for c, a in self.attempts()
            if a.to == number
        )

    def asked_not_to(self, contact: Contact) -> bool:
        never = {a.to for _, a in self.attempts() if a.outcome == "do_not_call"}
        own = any("do_not_call" in (a.outcome, a.verdict) for a in contact.attempts)
        opted_out = any(a.opted_out for a in contact.attempts)
        return own or opted_out or contact.to in never | self.listed
