"""A run's hold on contacts: who is reserved for it, and who is not.

Invariant: every function is called inside a writing transaction and has no other effect.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from poku_batch.errors import LedgerError, NotReservedError
from poku_batch.ledger import cells, instants, outbox, statements
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.happenings import do, record_contact
from poku_batch.ledger.kinds import kind_of
from poku_batch.ledger.many import do_each
from poku_batch.models import (
    Admission,
    CampaignId,
    ContactId,
    ContactKey,
    ContactState,
    Happening,
    Later,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A run and its campaign by their numbers in the ledger.

    ``tell_results``: what becomes of contacts under it is told, by way of the outbox. ``worker`` is
    who calls, where the run is distributed.
    """

    campaign: int
    run: int
    tell_results: bool = False
    worker: int | None = None


def campaign_number(connection: Connection, campaign: CampaignId) -> int:
    """The campaign's number in the ledger; it is given one if it has none."""
    identity = {"name": campaign.name, "wave": campaign.wave}
    do(connection, statements.ADD_CAMPAIGN, identity)
    return int(do(connection, statements.FIND_CAMPAIGN, identity).fetchone()[0])


def admit(connection: Connection, hold: Hold, limit: int, *, now: datetime) -> list[Admission]:
    """Reserve due contacts, by priority, then due time, then sheet order."""
    found = due(connection, hold, limit, now=now)
    reserve(connection, hold, found)
    return found


def due(connection: Connection, hold: Hold, limit: int, *, now: datetime) -> list[Admission]:
    """Find whom ``admit`` would reserve."""
    require_open(connection, hold)
    values = {"campaign": hold.campaign, "now": instants.to_stored(now)}
    rows: list[tuple[Any, ...]] = []
    # Found one by one: as few of them as it takes.
    for (priority,) in do(connection, statements.FIND_LEVELS, values):
        if len(rows) >= limit:
            break
        level = values | {"priority": priority, "limit": limit - len(rows)}
        rows += do(connection, statements.FIND_DUE, level).fetchall()
    return [admission_of(row) for row in rows]


def reserve(connection: Connection, hold: Hold, found: Sequence[Admission]) -> None:
    """Reserve contacts that were found to be due in this transaction."""
    reserved = [(admission.contact_id, hold.run) for admission in found]
    do_each(connection, statements.RESERVE, ("contact", "run"), reserved)


def release(connection: Connection, hold: Hold, admission: Admission) -> None:
    """Give a reservation back; nothing changes where this run does not hold it."""
    do(connection, statements.RELEASE, {"contact": admission.contact_id, "run": hold.run})


def defer(connection: Connection, hold: Hold, waits: Sequence[tuple[Admission, Later]]) -> None:
    """Reserved contacts may not be called yet; one that has gone another way is left alone."""
    for admission, later in waits:
        if not try_defer(connection, hold, admission, later):
            release(connection, hold, admission)


def try_defer(connection: Connection, hold: Hold, admission: Admission, later: Later) -> bool:
    """Let a reserved contact wait; False, and nothing changes, where it has gone another way."""
    values = _as_admitted(hold, admission) | {
        "until": instants.to_stored(later.until),
        "kind": later.kind,
        "why": later.why,
    }
    return bool(do(connection, statements.DEFER_RESERVED, values).rowcount)


def skip(
    connection: Connection, hold: Hold, admission: Admission, why: str, *, at: datetime
) -> None:
    """A rule says that a reserved contact must not be dialled."""
    values = _as_admitted(hold, admission) | {"why": why, "kind": kind_of(why)}
    if not do(connection, statements.SKIP_RESERVED, values).rowcount:
        raise not_reserved(connection, hold, admission, "be skipped")
    record_contact(
        connection, Happening.SKIPPED, admission.contact_id, at=at, run=hold.run, detail=why
    )
    if hold.tell_results:
        outbox.add_result(connection, admission.contact_id, None, at=at)


def fail(
    connection: Connection, hold: Hold, admission: Admission, why: str, *, at: datetime
) -> None:
    """A reserved contact cannot be dialled."""
    values = {"contact": admission.contact_id, "run": hold.run, "why": why, "kind": kind_of(why)}
    if not do(connection, statements.FAIL_RESERVED, values).rowcount:
        raise not_reserved(connection, hold, admission, "fail")
    record_contact(
        connection, Happening.UNFIT, admission.contact_id, at=at, run=hold.run, detail=why
    )
    if hold.tell_results:
        outbox.add_result(connection, admission.contact_id, None, at=at)


def _as_admitted(hold: Hold, admission: Admission) -> dict[str, object]:
    return {
        "contact": admission.contact_id,
        "campaign": hold.campaign,
        "run": hold.run,
        "to": admission.to,
    }


def admission_of(found: tuple[Any, ...]) -> Admission:
    """A contact as it is handed over, of the columns of ``FIND_DUE``."""
    contact_id, key, row, to, stored_cells, attempts, placements, country, last_from = found
    return Admission(
        contact_id=ContactId(contact_id),
        key=ContactKey(key),
        row=row,
        to=to,
        cells=cells.from_stored(stored_cells),
        attempt=attempts + 1 if placements is None else attempts,
        placements=placements or 0,
        country=country,
        last_from=last_from,
    )


def require_open(connection: Connection, hold: Hold) -> None:
    """Raise ``LedgerError`` where the run has ended."""
    if do(connection, statements.IS_RUN_OPEN, {"run": hold.run}).fetchone() is None:
        raise LedgerError("this run has ended: it calls nobody any more")


def require_wanted(connection: Connection, hold: Hold, *, at: datetime) -> None:
    """Raise ``NotReservedError`` where a worker may not call: it may not have heard so yet."""
    if hold.worker is None:
        return
    values = {"run": hold.run, "at": instants.to_stored(at)}
    found = do(connection, statements.FIND_HINDRANCE, values).fetchone()
    if found is not None:
        raise NotReservedError(f"nobody may be called now: {found[0]}")


def not_reserved(
    connection: Connection, hold: Hold, admission: Admission, verb: str
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
