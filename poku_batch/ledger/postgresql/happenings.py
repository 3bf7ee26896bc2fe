"""What workers have done, told from the history as a run on one machine tells it."""

from datetime import datetime
from typing import Any

from poku_batch.events import (
    CallEnded,
    CallFailed,
    CallStarted,
    CallTurnedAway,
    CallUnknown,
    ContactSkipped,
    Event,
)
from poku_batch.ledger import instants
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.happenings import do
from poku_batch.models import ContactState, Happening

_LATEST = "SELECT COALESCE(MAX(id), 0) FROM attempt_events"

#: Writers take turns, so that what is committed later has a higher id.
_FIND = """
    SELECT e.id, e.what, e.at, e.detail, c.sheet_row, c.key, c.state, c.due_at,
        a.outcome, n.summary, a.placed_at, a.number = c.attempts,
        e.what = 'began' OR (e.what = 'placed_again' AND 'turned_away' = (
            SELECT p.what FROM attempt_events p
            WHERE p.contact_id = e.contact_id AND p.attempt_id = e.attempt_id AND p.id < e.id
            ORDER BY p.id DESC LIMIT 1
        )),
        e.what IN ('ended', 'doubted') AND 'doubted' = (
            SELECT p.what FROM attempt_events p
            WHERE p.contact_id = e.contact_id AND p.attempt_id = e.attempt_id AND p.id < e.id
                AND p.what IN ('began', 'placed_again', 'ended', 'doubted')
            ORDER BY p.id DESC LIMIT 1
        )
    FROM attempt_events e
    JOIN contacts c ON c.id = e.contact_id
    LEFT JOIN attempts a ON a.id = e.attempt_id
    LEFT JOIN answers n ON n.attempt_id = a.id
    WHERE e.id > :after AND e.id <= :last AND e.run_id = :run
    ORDER BY e.id
    LIMIT :limit
"""


def latest(connection: Connection) -> int:
    """The last entry of the history."""
    return int(connection.execute(_LATEST).fetchone()[0])


def since(connection: Connection, *, run: int, after: int, limit: int) -> tuple[list[Event], int]:
    """What happened in a run after an entry of the history, and the last entry that was read.

    Those of other runs are read but once, too.
    """
    last = latest(connection)
    values = {"run": run, "after": after, "last": last, "limit": limit}
    rows = do(connection, _FIND, values).fetchall()
    events = [event for row in rows for event in _events(*row[1:])]
    return events, max(int(rows[-1][0]) if len(rows) == limit else last, after)


def _events(what: str, stored_at: int, *known: Any) -> list[Event]:
    """What is told of an entry; of a call that was unknown, first that it is taken up again."""
    *told, was_unknown = known
    event = _event(what, stored_at, *told)
    if event is None or not was_unknown:
        return [] if event is None else [event]
    _, row, key, *_ = told
    at = instants.from_stored(stored_at)
    return [CallStarted(at=at, row=row, key=key or "", followed=True, was_unknown=True), event]


def _event(  # noqa: PLR0913, PLR0917 – a row's columns
    what: str,
    stored_at: int,
    detail: str | None,
    row: int,
    key: str | None,
    state: str,
    due_at: int,
    outcome: str | None,
    summary: str | None,
    placed_at: int | None,
    is_last: bool | None,  # noqa: FBT001
    begins: bool,  # noqa: FBT001
) -> Event | None:
    at = instants.from_stored(stored_at)
    who: dict[str, Any] = {"at": at, "row": row, "key": key or ""}
    why = detail or ""
    match Happening(what):
        case Happening.BEGAN | Happening.PLACED_AGAIN:
            return CallStarted(**who) if begins else None
        case Happening.ENDED:
            waits = bool(is_last) and state == ContactState.PENDING
            return CallEnded(
                **who,
                outcome=outcome or why,
                summary=summary,
                duration_s=_seconds(placed_at, at),
                failed=bool(is_last) and state == ContactState.FAILED,
                redial_at=instants.from_stored(due_at) if waits else None,
            )
        case Happening.DOUBTED:
            return CallUnknown(**who, evidence=why)
        case Happening.REJECTED:
            return CallFailed(**who, why=why)
        case Happening.UNFIT:
            return CallFailed(**who, why=why, dialled=False)
        case Happening.TURNED_AWAY:
            return CallTurnedAway(**who, why=why, due_at=instants.from_stored(due_at))
        case Happening.SKIPPED:
            return ContactSkipped(**who, why=why)
        case _:
            return None


def _seconds(placed_at: int | None, at: datetime) -> float | None:
    if placed_at is None:
        return None
    return max((at - instants.from_stored(placed_at)).total_seconds(), 0.0)
