"""What happened, written into the history beside the change that it tells.

Invariant: every function is called inside the writing transaction that makes the thing true.
"""

from collections.abc import Mapping
from datetime import datetime

from poku_batch.ledger import cells, instants
from poku_batch.ledger.connection import Connection, Cursor
from poku_batch.models import Happening

#: ``placement`` is 1 where a number was about to be dialled: which, and with what words.
_ADD = """
    INSERT INTO attempt_events (
        contact_id, attempt_id, run_id, at, what, detail, to_number, prompt_sha256
    )
    SELECT contact_id, id, :run, :at, :what, :detail,
        CASE WHEN :placement THEN to_number END, CASE WHEN :placement THEN prompt_sha256 END
    FROM attempts WHERE id = :attempt
"""

#: What a person says is about the last attempt; what a run says here was never an attempt.
_ADD_TO_CONTACT = """
    INSERT INTO attempt_events (contact_id, attempt_id, run_id, at, what, detail, person)
    SELECT c.id, CASE WHEN CAST(:person AS TEXT) IS NOT NULL THEN a.id END, :run, :at, :what,
        :detail, :person
    FROM contacts c LEFT JOIN attempts a ON a.contact_id = c.id AND a.number = c.attempts
    WHERE c.id = :contact
"""


def do(connection: Connection, statement: str, values: Mapping[str, object]) -> Cursor:
    """Execute a statement with named values."""
    # Summaries and messages come from outside, and may hold what UTF-8 cannot.
    return connection.execute(
        statement,
        {
            name: cells.storable(value) if isinstance(value, str) else value
            for name, value in values.items()
        },
    )


def record(
    connection: Connection,
    what: Happening,
    attempt: int,
    *,
    at: datetime,
    run: int,
    detail: str | None = None,
    placement: bool = False,
) -> None:
    """Tell what a run did to an attempt; of a placement also the number and the prompt's hash."""
    values = {
        "attempt": attempt,
        "run": run,
        "at": instants.to_stored(at),
        "what": what,
        "detail": detail,
        "placement": placement,
    }
    do(connection, _ADD, values)


def record_contact(
    connection: Connection,
    what: Happening,
    contact: int,
    *,
    at: datetime,
    run: int | None = None,
    detail: str | None = None,
    person: str | None = None,
) -> None:
    """Tell what happened to a contact, by a run or by a person."""
    values = {
        "contact": contact,
        "run": run,
        "at": instants.to_stored(at),
        "what": what,
        "detail": detail,
        "person": person,
    }
    do(connection, _ADD_TO_CONTACT, values)
