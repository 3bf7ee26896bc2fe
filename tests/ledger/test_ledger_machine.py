"""The ledger against a simple model of it, under random sheets, calls, crashes and late answers."""

import shutil
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule

from poku_batch.errors import LedgerError
from poku_batch.ledger import inspect
from poku_batch.models import (
    Admission,
    AttemptId,
    CallResult,
    Cap,
    ContactKey,
    ContactState,
    Decision,
    Guard,
    InteractionId,
    Later,
    Never,
    PutBack,
    RunEnding,
    Selection,
    Sequel,
    WaitKind,
)
from tests.ledger.ledger_clinic import begun
from tests.ledger.ledger_model import CLINIC, NOW, Attempt, Contact, SheetMachine

AGAIN = Sequel(state=ContactState.PENDING, due_at=NOW + timedelta(hours=1))

#: Verbs that end a call, its result, and what that asks for.
ENDS = {
    "finish": (CallResult(outcome="ok"), Sequel()),
    "invalid": (CallResult(outcome="invalid_number"), Sequel(state=ContactState.FAILED)),
    "redial": (CallResult(outcome="busy"), AGAIN),
    "never": (CallResult(outcome="do_not_call"), AGAIN),
    "opted_out": (CallResult(outcome="busy", opted_out="no more"), AGAIN),
}
TWICE = Guard(number_caps=(Cap(calls=2, within=timedelta(hours=1)),))


def next_call(contact: Contact) -> tuple[int, int]:
    """The number of the attempt that a contact's next call is, and its placements so far."""
    last = contact.attempts[-1] if contact.attempts else None
    if last is not None and last.state == "turned_away":
        return len(contact.attempts), last.placements
    return len(contact.attempts) + 1, 0


class LedgerMachine(SheetMachine):
    # --- calls ---

    @rule(limit=st.integers(1, 3), hours=st.sampled_from([0, 2]))
    def admit(self, limit: int, hours: int) -> None:
        self.admitted(limit, hours)

    @rule(limit=st.integers(1, 3), guard=st.sampled_from([Guard(), TWICE]))
    def call_somebody(self, limit: int, guard: Guard) -> None:
        for admission in self.admitted(limit, 2):
            self.begun(admission, guard)

    def admitted(self, limit: int, hours: int) -> list[Admission]:
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
        priorities = [self.sheet[admission.row].priority for admission in admissions]
        assert priorities == sorted(priorities, reverse=True)
        free = [
            c
            for c in self.contacts.values()
            if c.state == "pending" and not c.reserved and c.place is not None
        ]
        assert not free or len(admissions) == limit or hours == 0
        return admissions

    @precondition(lambda self: self.admissions)
    @rule(data=st.data(), guard=st.sampled_from([Guard(), TWICE]))
    def begin(self, data: st.DataObject, guard: Guard) -> None:
        self.begun(data.draw(st.sampled_from(self.admissions)), guard)

    def begun(self, admission: Admission, guard: Guard) -> None:
        contact = self.contacts[admission.key]

        async def act() -> AttemptId | Later | Never:
            return await self.run.begin(admission, prompt_sha256="p", guard=guard, at=NOW)

        reserved = contact.state == "pending" and contact.reserved and contact.to == admission.to
        # It may be reserved anew, for another call than it was admitted for here.
        if not (reserved and (admission.attempt, admission.placements) == next_call(contact)):
            with pytest.raises(LedgerError):
                self.call(act)
            return
        answer = self.call(act)
        if admission.to in self.listed:
            assert isinstance(answer, Never)
            contact.state, contact.reserved = "skipped", False
            return
        if guard is TWICE and self.calls_to(admission.to) >= 2:
            assert isinstance(answer, Later)
            assert answer.until == NOW + timedelta(hours=1)
            contact.reserved = False
            return
        attempt_id = begun(answer)
        contact.outcome = None
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
        assert not any(attempt.may_have_rung for attempt in contact.attempts[contact.forgiven :])
        if not self.first_rule or contact.place is None or contact.forgiven:
            return
        number = self.sheet[contact.place].to
        for other in self.contacts.values():
            if other is not contact and other.place is not None:
                assert self.sheet[other.place].to != number or not other.called

    @precondition(lambda self: self.admissions)
    @rule(data=st.data(), how=st.sampled_from(["release", "defer", "skip", "fail"]))
    def give_up(self, data: st.DataObject, how: str) -> None:
        admission = data.draw(st.sampled_from(self.admissions))
        contact = self.contacts[admission.key]
        if how == "release":
            self.call(lambda: self.run.release(admission))
        elif how == "defer":
            until = NOW + timedelta(hours=2)
            wait = Later(until=until, kind=WaitKind.CALLING_HOURS, why="at night")
            self.call(lambda: self.run.defer([(admission, wait)], at=NOW))
        elif contact.state == "pending" and contact.reserved and contact.to == admission.to:
            end = self.run.fail if how == "fail" else self.run.skip
            self.call(lambda: end(admission, "no", at=NOW))
            contact.state = "failed" if how == "fail" else "skipped"
        elif how == "skip":
            with pytest.raises(LedgerError):
                self.call(lambda: self.run.skip(admission, "no", at=NOW))
            return
        else:
            return
        contact.reserved = False

    @precondition(lambda self: self.open_attempts())
    @rule(data=st.data(), verb=st.sampled_from(sorted(ENDS)))
    def end_a_call(self, data: st.DataObject, verb: str) -> None:
        contact, attempt = data.draw(st.sampled_from(self.open_attempts()))
        assert self.act(verb, attempt)
        self.follow(verb, contact, attempt)

    @precondition(lambda self: self.attempts())
    @rule(
        data=st.data(),
        verb=st.sampled_from(
            [
                "started",
                "turn_away",
                "hold",
                "begin_again",
                "reject",
                "doubt",
                *ENDS,
            ]
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
            case "started":
                given_up = attempt.state == "unknown" and attempt.interaction is None
                return given_up or attempt.state == "dialing"
            case "hold":
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
            case _:
                result, sequel = ENDS[verb]
                return self.call(lambda: run.finish(which, result, sequel=sequel, at=NOW))

    def follow(self, verb: str, contact: Contact, attempt: Attempt) -> None:
        match verb:
            case "started":
                attempt.interaction = f"i{self.events}"
                attempt.state = "in_call" if attempt.state == "dialing" else attempt.state
            case "turn_away":
                attempt.state, contact.state = "turned_away", "pending"
            case "hold":
                attempt.state = "turned_away"
            case "begin_again":
                attempt.state, attempt.placements = "dialing", attempt.placements + 1
            case "reject":
                attempt.state, contact.state = "rejected", "failed"
            case "doubt":
                attempt.state = "unknown"
                if contact.attempts[-1] is attempt and contact.state in {"dialing", "unknown"}:
                    contact.state = "unknown"
            case _:
                self.end(contact, attempt, verb)

    def end(self, contact: Contact, attempt: Attempt, verb: str) -> None:
        outcome = ENDS[verb][0].outcome
        attempt.state, attempt.outcome = "ended", outcome
        attempt.opted_out = verb == "opted_out"
        if verb in {"never", "opted_out"}:
            self.listed.add(attempt.to)
        if contact.attempts[-1] is not attempt:
            return
        undecided = contact.state in {"dialing", "unknown", "pending"}
        if undecided or outcome == "do_not_call":
            contact.state = {"invalid": "failed", "redial": "pending"}.get(verb, "done")
            contact.outcome, contact.reserved = outcome, False
            if verb == "redial":
                contact.forgiven = len(contact.attempts)
        elif contact.state in {"done", "failed"}:
            contact.outcome = contact.outcome or outcome

    # --- what a person decides ---

    @rule(
        failed=st.booleans(),
        unknown=st.booleans(),
        outcomes=st.sets(st.sampled_from(["ok", "busy", "invalid_number", "do_not_call", "said"])),
        keys=st.sets(st.sampled_from("abcde"), max_size=2),
    )
    def put_back(self, *, failed: bool, unknown: bool, outcomes: set[str], keys: set[str]) -> None:
        chosen = Selection(
            failed=failed,
            unknown=unknown,
            outcomes=tuple(outcomes),
            keys=tuple(map(ContactKey, keys)),
        )
        selected, left_alone = [], 0
        for key, contact in self.contacts.items():
            able = contact.place is not None and contact.to is not None
            if not able or contact.state not in {"done", "failed", "unknown"}:
                continue
            named = (
                (failed and contact.state == "failed")
                or (unknown and contact.state == "unknown")
                or (contact.state != "unknown" and contact.outcome in outcomes)
            )
            if key in keys or (named and not self.asked_not_to(contact)):
                selected.append(contact)
            elif named:
                left_alone += 1
        expected = PutBack(
            contacts=len(selected),
            may_ring_twice=sum(any(a.may_have_rung for a in c.attempts) for c in selected),
            asked_not_to=left_alone,
        )
        assert self.call(lambda: self.ledger.selected(CLINIC, chosen)) == expected
        put_back = self.call(
            lambda: self.ledger.put_back(
                CLINIC, chosen, agreed=expected.may_ring_twice, by="ann", at=NOW
            )
        )
        assert put_back == expected
        for contact in selected:
            contact.state, contact.outcome = "pending", None
            contact.forgiven = len(contact.attempts)
            if contact.attempts and contact.attempts[-1].state == "turned_away":
                contact.attempts[-1].state = "rejected"

    @precondition(lambda self: self.contacts)
    @rule(
        data=st.data(),
        state=st.sampled_from([ContactState.DONE, ContactState.FAILED]),
        outcome=st.sampled_from(["said", "do_not_call", None]),
    )
    def resolve(self, data: st.DataObject, state: ContactState, outcome: str | None) -> None:
        key = data.draw(st.sampled_from(sorted(self.contacts)))
        contact = self.contacts[key]
        word = Decision(state=state, by="ann", at=NOW, outcome=outcome)

        async def act() -> None:
            await self.ledger.resolve(CLINIC, ContactKey(key), word)

        if contact.state != "unknown":
            with pytest.raises(LedgerError):
                self.call(act)
            return
        self.call(act)
        contact.state, contact.outcome = state.value, outcome
        contact.attempts[-1].verdict = outcome
        if outcome == "do_not_call":
            self.listed.add(contact.attempts[-1].to)

    @precondition(lambda self: self.listed)
    @rule(data=st.data())
    def take_off_the_list(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.listed)))
        assert self.call(lambda: self.ledger.remove_do_not_call(number, by="ann", at=NOW))
        self.listed.remove(number)

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
            outcome = None
            if contact.attempts:
                last = contact.attempts[-1]
                waits = contact.state in {"pending", "skipped"}
                if waits and last.state == "turned_away" and len(contact.attempts) > 1:
                    last = contact.attempts[-2]
                never = last.outcome == "do_not_call"
                outcome = last.outcome if never else last.verdict or last.outcome
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

    @invariant()
    def nothing_is_wrong_with_the_ledger(self) -> None:
        assert inspect(self.url).problems == ()


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(
    max_examples=40,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
