"""What an ended call makes of its contact, and of the do-not-call list.

Invariant: every function is called inside a writing transaction and has no other effect.
"""

import json
from datetime import datetime

from poku_batch.ledger import do_not_call, instants, statements
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.happenings import do
from poku_batch.models import (
    CallResult,
    ContactState,
    DoNotCallEntry,
    Outcome,
    Sequel,
    WaitKind,
)

#: The source of what somebody said, to us or to a person who told us.
HEARD = "heard in a call"


def wants_no_calls(result: CallResult) -> bool:
    """Whether the callee asked not to be called again, whatever the outcome is called."""
    return result.opted_out is not None or result.outcome == Outcome.DO_NOT_CALL


def allowed(result: CallResult, sequel: Sequel) -> Sequel:
    """The sequel, or ``done`` where it would call somebody who asked not to be called."""
    if sequel.state is ContactState.PENDING and wants_no_calls(result):
        return Sequel()
    return sequel


def heed(connection: Connection, number: str, result: CallResult, *, at: datetime) -> None:
    """Put the number of whoever asked not to be called onto the do-not-call list."""
    # An erased attempt has no number; its hash keeps the person from being called.
    if number and wants_no_calls(result):
        list_number(connection, number, reason=result.opted_out or result.evidence, by=None, at=at)


def list_number(
    connection: Connection,
    number: str,
    *,
    reason: str | None,
    by: str | None,
    at: datetime,
) -> None:
    """Put a number onto the do-not-call list because of what was said."""
    entry = DoNotCallEntry(number=number, source=HEARD, at=at, reason=reason, by=by)
    do_not_call.add(connection, [entry])


def settle(
    connection: Connection,
    contact_id: int,
    result: CallResult,
    sequel: Sequel,
    *,
    at: datetime,
) -> None:
    """Make of a contact what the sequel says; the outcome becomes its own."""
    if sequel.state is ContactState.PENDING:
        set_contact(
            connection, contact_id, sequel.state, why=None, kind=None, outcome=result.outcome
        )
        why = sequel.why or f"called again after {result.outcome}"
        wait(connection, contact_id, sequel.due_at or at, WaitKind.REDIAL, why)
        return
    state, reason, kind, outcome = settled(result, sequel)
    set_contact(connection, contact_id, state, why=reason, kind=kind, outcome=outcome)


def settled(result: CallResult, sequel: Sequel) -> tuple[ContactState, str | None, str | None, str]:
    """State, reason, kind of reason and outcome of a contact whose last call ends it."""
    if sequel.state is not ContactState.FAILED:
        return sequel.state, None, None, result.outcome
    why = sequel.why or result.evidence or result.outcome
    return sequel.state, why, sequel.kind or result.outcome, result.outcome


def wait(
    connection: Connection, contact_id: int, until: datetime, kind: WaitKind, why: str
) -> None:
    """Say until when a pending contact waits for what its last call or placement made of it."""
    values = {"contact": contact_id, "due": instants.to_stored(until), "kind": kind, "why": why}
    do(connection, statements.SET_BASE, values)


def set_contact(
    connection: Connection,
    contact_id: int,
    state: ContactState,
    *,
    why: str | None,
    kind: str | None,
    outcome: str | None = None,
) -> None:
    """Give a contact its state, with the reason and the outcome that go with it."""
    do(
        connection,
        statements.SET_CONTACT,
        {"contact": contact_id, "state": state, "why": why, "kind": kind, "outcome": outcome},
    )


def to_stored(sequel: Sequel) -> str:
    """A sequel as one JSON object."""
    due_at = None if sequel.due_at is None else instants.to_stored(sequel.due_at)
    return json.dumps(
        {"state": sequel.state, "due_at": due_at, "why": sequel.why, "kind": sequel.kind}
    )
