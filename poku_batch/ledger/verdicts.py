"""Unknown calls, and a person's word on them."""

from poku_batch.errors import LedgerError
from poku_batch.ledger import instants
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.happenings import do, record_contact
from poku_batch.ledger.kinds import DECIDED
from poku_batch.ledger.sequels import list_number, set_contact
from poku_batch.models import (
    ContactKey,
    ContactState,
    Decision,
    Happening,
    InteractionId,
    Outcome,
    UnknownCall,
)

_FIND_UNKNOWN = """
    SELECT c.sheet_row, c.key, a.to_number, a.number, a.placed_at, a.prompt_sha256,
        COALESCE(c.reason, a.error, ''), a.interaction_id
    FROM contacts c JOIN attempts a ON a.contact_id = c.id AND a.number = c.attempts
    WHERE c.campaign_id = :campaign AND c.position IS NOT NULL AND c.state = 'unknown'
    ORDER BY c.position
    LIMIT :limit
"""

_FIND_DECIDED = """
    SELECT c.id, c.state, c.reason, a.id, a.to_number
    FROM contacts c LEFT JOIN attempts a ON a.contact_id = c.id AND a.number = c.attempts
    WHERE c.campaign_id = :campaign AND c.key = :key
"""

_ADD_VERDICT = """
    INSERT INTO verdicts (attempt_id, state, outcome, summary, decided_by, decided_at)
    VALUES (:attempt, :state, :outcome, :summary, :by, :at)
"""


def unknown_calls(connection: Connection, campaign: int, limit: int) -> list[UnknownCall]:
    """The first unknown contacts of the current sheet, in its order."""
    return [
        UnknownCall(
            row=row,
            key=ContactKey(key),
            to=to or None,
            attempt=attempt,
            placed_at=instants.from_stored(placed_at),
            prompt_sha256=digest,
            evidence=evidence,
            interaction_id=None if interaction is None else InteractionId(interaction),
        )
        for row, key, to, attempt, placed_at, digest, evidence, interaction in do(
            connection, _FIND_UNKNOWN, {"campaign": campaign, "limit": max(limit, 0)}
        )
    ]


def resolve(connection: Connection, campaign: int, key: ContactKey, decision: Decision) -> None:
    """Record a person's word on an unknown contact; its attempt stays unknown."""
    row = do(connection, _FIND_DECIDED, {"campaign": campaign, "key": key}).fetchone()
    if row is None:
        raise LedgerError(f"there is no contact with the key {key!r}")
    contact, state, reason, attempt, number = row
    if state != ContactState.UNKNOWN or attempt is None:
        why = f": {reason}" if reason else ""
        raise LedgerError(
            f"the contact with the key {key!r} is not unknown but {state}{why}; "
            "only what is unknown is for a person to decide"
        )
    values = {
        "attempt": attempt,
        "state": decision.state,
        "outcome": decision.outcome,
        "summary": decision.summary,
        "by": decision.by,
        "at": instants.to_stored(decision.at),
    }
    do(connection, _ADD_VERDICT, values)
    # An erased attempt has no number.
    if decision.outcome == Outcome.DO_NOT_CALL and number:
        list_number(connection, number, reason=decision.summary, by=decision.by, at=decision.at)
    _decide(connection, contact, decision)


def _decide(connection: Connection, contact: int, decision: Decision) -> None:
    """Make of a contact what the person said of it."""
    failed = decision.state is ContactState.FAILED
    set_contact(
        connection,
        contact,
        decision.state,
        why=_why(decision) if failed else None,
        kind=DECIDED if failed else None,
        outcome=decision.outcome,
    )
    said = ", ".join(filter(None, (decision.state, decision.outcome)))
    record_contact(
        connection,
        Happening.RESOLVED,
        contact,
        at=decision.at,
        person=decision.by,
        detail=f"{said}: {decision.summary}" if decision.summary else said,
    )


def _why(decision: Decision) -> str:
    said = f": {decision.summary}" if decision.summary else ""
    return f"{DECIDED} ({decision.by}){said}"
