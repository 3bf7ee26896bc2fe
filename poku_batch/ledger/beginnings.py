"""Intents to call, recorded for all that wait in the same few statements.

At the start of a run every slot begins at once, and a statement for each of them would cost more
than all else. The ordinary ones (nothing stands against them, and it is the contact's next attempt)
are begun by one statement a table; the others each by their own.

Invariants: as those of ``transitions``; the intents of one step are of different contacts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from poku_batch.ledger import cells, guards, holds, instants, statements
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.happenings import do, record
from poku_batch.ledger.holds import Hold, not_reserved, require_wanted
from poku_batch.ledger.many import do_each
from poku_batch.models import Admission, AttemptId, Guard, Happening, Later, Never

#: What becomes of an intent: the attempt, or what the ledger knows against it.
Begun = AttemptId | Later | Never

#: A row an intent, as the statements below read it.
_WANTED = (
    *("contact_id", "campaign", "run", "to_number", "number", "digest", "prompt", "from_number"),
    *("at", "worker"),
)

#: One by one, by their indexes: a list may have become long since the statement was prepared.
_FIND_LISTED = """
    SELECT w.contact_id FROM w
    WHERE (
        SELECT d.number FROM do_not_call d
        WHERE d.number = w.to_number AND d.removed_at IS NULL LIMIT 1
    ) IS NOT NULL OR (
        SELECT l.number FROM listed l
        WHERE l.run_id = w.run AND l.number = w.to_number LIMIT 1
    ) IS NOT NULL
"""

#: As ``TAKE_RESERVED`` for each, where it is the contact's next attempt and not a held one.
_TAKE = """
    UPDATE contacts SET state = 'dialing', reserved_by = NULL, reason = NULL, reason_kind = NULL,
        outcome = NULL, attempts = attempts + 1
    FROM w
    WHERE contacts.id = w.contact_id AND campaign_id = w.campaign AND reserved_by = w.run
        AND state = 'pending' AND position IS NOT NULL AND contacts.to_number = w.to_number
        AND attempts = w.number - 1
        AND NOT EXISTS (
            SELECT 1 FROM attempts a
            WHERE a.contact_id = contacts.id AND a.number = contacts.attempts
                AND a.state = 'turned_away'
        )
    RETURNING contacts.id
"""

_ADD_ATTEMPTS = """
    INSERT INTO attempts (contact_id, number, run_id, state, to_number, cells_digest,
        prompt_sha256, placements, began_at, placed_at, from_number, worker_id)
    SELECT contact_id, number, run, 'dialing', to_number, digest, prompt, 1, at, at, from_number,
        CAST(worker AS BIGINT)
    FROM w
    RETURNING contact_id, id
"""

_ADD_EVENTS = """
    INSERT INTO attempt_events (
        contact_id, attempt_id, run_id, at, what, to_number, prompt_sha256
    )
    SELECT a.contact_id, a.id, a.run_id, a.placed_at, 'began', a.to_number, a.prompt_sha256
    FROM w CROSS JOIN attempts a ON a.id = w.attempt
    ORDER BY a.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """An admitted contact that is about to be dialled; ``prompt`` None: it is not kept."""

    admission: Admission
    prompt_sha256: str
    prompt: str | None
    guard: Guard
    at: datetime


def begin(connection: Connection, intents: Sequence[Intent], *, hold: Hold) -> Sequence[Begun]:
    """Record intents; each contact must be reserved by this run, as it was admitted.

    Raises ``NotReservedError`` where one is not, or where a worker's run is to begin no call.
    """
    require_wanted(connection, hold, at=max(intent.at for intent in intents))
    begun = _begin_ordinary(connection, hold, [each for each in intents if _is_ordinary(each)])
    for intent in intents:
        contact = intent.admission.contact_id
        if contact not in begun:
            begun[contact] = _begin_one(connection, hold, intent)
        if intent.prompt is not None and not isinstance(begun[contact], Later | Never):
            values = {"digest": intent.prompt_sha256, "prompt": intent.prompt}
            do(connection, statements.KEEP_PROMPT, values)
    return [begun[intent.admission.contact_id] for intent in intents]


def _is_ordinary(intent: Intent) -> bool:
    """Whether there is no cap to be asked about, and nothing held to go on with."""
    guard = intent.guard
    return not (guard.number_caps or guard.caller_id_caps or intent.admission.placements)


def _begin_ordinary(
    connection: Connection, hold: Hold, intents: Sequence[Intent]
) -> dict[int, Begun]:
    """Begin all that can be begun together; gives the attempts by their contacts."""
    wanted = {intent.admission.contact_id: _row(hold, intent) for intent in intents}
    for (listed,) in do_each(connection, _FIND_LISTED, _WANTED, [*wanted.values()]):
        del wanted[listed]
    taken = do_each(connection, _TAKE, _WANTED, [*wanted.values()])
    ours = [wanted[contact] for (contact,) in taken]
    begun = dict(do_each(connection, _ADD_ATTEMPTS, _WANTED, ours))
    do_each(connection, _ADD_EVENTS, ("attempt",), [(attempt,) for attempt in begun.values()])
    return {contact: AttemptId(attempt) for contact, attempt in begun.items()}


def _row(hold: Hold, intent: Intent) -> tuple[object, ...]:
    admission = intent.admission
    return (
        admission.contact_id,
        hold.campaign,
        hold.run,
        admission.to,
        admission.attempt,
        cells.digest(cells.to_stored(admission.cells)),
        intent.prompt_sha256,
        intent.guard.from_number,
        instants.to_stored(intent.at),
        hold.worker,
    )


def _begin_one(connection: Connection, hold: Hold, intent: Intent) -> Begun:
    """Begin one that may be held back by a rule, or that goes on with a held attempt."""
    admission, guard, at = intent.admission, intent.guard, intent.at
    objection = guards.object_to(connection, admission.to, guard, run=hold.run, at=at)
    if objection is not None:
        _heed(connection, hold, admission, objection, at=at)
        return objection
    values = {
        "contact": admission.contact_id,
        "campaign": hold.campaign,
        "run": hold.run,
        "to": admission.to,
        "number": admission.attempt,
        "placements": admission.placements,
        "digest": cells.digest(cells.to_stored(admission.cells)),
        "prompt": intent.prompt_sha256,
        "from": guard.from_number,
        "worker": hold.worker,
        "at": instants.to_stored(at),
    }
    if not do(connection, statements.TAKE_RESERVED, values).rowcount:
        raise not_reserved(connection, hold, admission, "be called")
    what = Happening.PLACED_AGAIN
    if not do(connection, statements.CONTINUE_ATTEMPT, values).rowcount:
        do(connection, statements.COUNT_ATTEMPT, values)
        do(connection, statements.ADD_ATTEMPT, values)
        what = Happening.BEGAN
    attempt_id = AttemptId(do(connection, statements.FIND_LAST_ATTEMPT, values).fetchone()[0])
    record(connection, what, attempt_id, at=at, run=hold.run, placement=True)
    return attempt_id


def _heed(
    connection: Connection,
    hold: Hold,
    admission: Admission,
    objection: Later | Never,
    *,
    at: datetime,
) -> None:
    if isinstance(objection, Never):
        holds.skip(connection, hold, admission, objection.why, at=at)
    elif not holds.try_defer(connection, hold, admission, objection):
        raise not_reserved(connection, hold, admission, "be called")
