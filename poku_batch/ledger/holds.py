"""A run's hold on contacts: who is reserved for it, and who is not.

Invariant: every function is called inside a writing transaction and has no other effect.
"""

import sqlite3
from dataclasses import dataclass
from datetime import datetime

from poku_batch.errors import LedgerError, NotReservedError
from poku_batch.ledger import cells, instants, statements
from poku_batch.ledger.happenings import do, record_contact
from poku_batch.ledger.kinds import kind_of
from poku_batch.models import (
    Admission,
    CampaignId,
    ContactId,
    ContactKey,
    ContactState,
    Happening,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A run and its campaign by their numbers in the ledger."""

    campaign: int
    run: int


def campaign_number(connection: sqlite3.Connection, campaign: CampaignId) -> int:
    """The campaign's number in the ledger; it is given one if it has none."""
    identity = {"name": campaign.name, "wave": campaign.wave}
    do(connection, statements.ADD_CAMPAIGN, identity)
    return int(do(connection, statements.FIND_CAMPAIGN, identity).fetchone()[0])


def admit(
    connection: sqlite3.Connection, hold: Hold, limit: int, *, now: datetime
) -> list[Admission]:
    """Reserve due contacts, by due time, then sheet order."""
    require_open(connection, hold)
    rows = do(
        connection,
        statements.FIND_DUE,
        {"campaign": hold.campaign, "now": instants.to_stored(now), "limit": max(limit, 0)},
    ).fetchall()
    connection.executemany(statements.RESERVE, [(hold.run, row[0]) for row in rows])
    return [_admission(*row) for row in rows]


def release(connection: sqlite3.Connection, hold: Hold, admission: Admission) -> None:
    """Give a reservation back; nothing changes where this run does not hold it."""
    do(connection, statements.RELEASE, {"contact": admission.contact_id, "run": hold.run})


def fail(
    connection: sqlite3.Connection, hold: Hold, admission: Admission, why: str, *, at: datetime
) -> None:
    """A reserved contact cannot be dialled."""
    values = {"contact": admission.contact_id, "run": hold.run, "why": why, "kind": kind_of(why)}
    if not do(connection, statements.FAIL_RESERVED, values).rowcount:
        raise not_reserved(connection, hold, admission, "fail")
    record_contact(
        connection, Happening.UNFIT, admission.contact_id, at=at, run=hold.run, detail=why
    )


def _admission(
    contact_id: int,
    key: str,
    row: int,
    to: str,
    stored_cells: str,
    attempts: int,
    placements: int | None,
) -> Admission:
    return Admission(
        contact_id=ContactId(contact_id),
        key=ContactKey(key),
        row=row,
        to=to,
        cells=cells.from_stored(stored_cells),
        attempt=attempts + 1 if placements is None else attempts,
        placements=placements or 0,
    )


def require_open(connection: sqlite3.Connection, hold: Hold) -> None:
    """Raise ``LedgerError`` where the run has ended."""
    if do(connection, statements.IS_RUN_OPEN, {"run": hold.run}).fetchone() is None:
        raise LedgerError("this run has ended: it calls nobody any more")


def not_reserved(
    connection: sqlite3.Connection, hold: Hold, admission: Admission, verb: str
) -> NotReservedError:
    """What to raise where a contact is not reserved as it was admitted, saying why."""
    row = do(
        connection,
        statements.FIND_CONTACT,
        {"contact": admission.contact_id, "campaign": hold.campaign},
    ).fetchone()
    if row is None:
        return NotReservedError(
            f"row {admission.row} cannot {verb}: it is no contact of this campaign"
        )
    state, reserved_by, position, to, _ = row
    if state != ContactState.PENDING:
        what = f"its contact is {state}"
    elif position is None:
        what = "it is no longer in the sheet"
    elif reserved_by != hold.run:
        what = "its contact is not reserved by this run"
    else:
        what = "its number changed" if to != admission.to else "its contact changed"
    return NotReservedError(f"row {admission.row} cannot {verb}: {what}")
