"""The latest calls of a campaign, found from the end of the history.

The history is nearly in the order of time, so that a moment is found in it by halving. How far is
looked back from there is bounded: other campaigns may have written much since.
"""

from datetime import datetime

from poku_batch.ledger import instants
from poku_batch.ledger.connection import Connection
from poku_batch.models import AttemptState, CallThen, ContactKey

#: How many entries of the history are looked at for each call that is wanted, and at the least.
_LOOKED_AT = 100
_LEAST = 5_000

#: How far entries that are written at once may be out of the order of time, in microseconds.
_SLACK = 5_000_000

_ENDS = "('ended', 'rejected', 'doubted')"

_FIND_ENTRY = "SELECT id, at FROM attempt_events WHERE id >= :id ORDER BY id LIMIT 1"

#: When the campaign's last run ended; NULL while one goes on, no row where there was none.
_FIND_LAST_RUN = """
    SELECT ended_at FROM runs WHERE campaign_id = :campaign ORDER BY id DESC LIMIT 1
"""

#: An attempt whose end was learnt of later has two entries: the latest counts.
_FIND_CALLS = f"""
    SELECT e.at, c.sheet_row, c.key, a.number, a.state, a.outcome, a.error, n.summary, a.id
    FROM attempt_events e
    CROSS JOIN contacts c ON c.id = e.contact_id
    JOIN attempts a ON a.id = e.attempt_id
    LEFT JOIN answers n ON n.attempt_id = a.id
    WHERE e.id < :before AND e.id >= :after AND e.what IN {_ENDS} AND c.campaign_id = :campaign
    ORDER BY e.id DESC
    LIMIT :limit
"""  # noqa: S608  # put together from the parts above alone

_COUNT_ENDED = """
    SELECT COUNT(DISTINCT e.attempt_id)
    FROM attempt_events e CROSS JOIN contacts c ON c.id = e.contact_id
    WHERE e.id >= :first AND e.at >= :since AND e.what IN ('ended', 'doubted')
        AND c.campaign_id = :campaign
"""


def calls(connection: Connection, campaign: int, *, limit: int) -> list[CallThen]:
    """The latest calls that ended, failed or are unknown, the latest first."""
    run = connection.execute(_FIND_LAST_RUN, {"campaign": campaign}).fetchone()
    if run is None:
        return []
    last = _last(connection) + 1
    before = last if run[0] is None else _first_after(connection, run[0] + _SLACK)
    # What a person decided, or another run, may stand between the last call and the run's end.
    values = {
        "campaign": campaign,
        "before": before,
        "after": before - max(_LEAST, limit * _LOOKED_AT),
        "limit": max(limit, 0) * 2,
    }
    found: dict[int, CallThen] = {}
    for *row, attempt in connection.execute(_FIND_CALLS, values):
        found.setdefault(attempt, _call(*row))
    return list(found.values())[: max(limit, 0)]


def count_ended(connection: Connection, campaign: int, *, since: datetime) -> int:
    """How many of the campaign's calls ended, or became unknown, since then."""
    stored = instants.to_stored(since)
    values = {
        "campaign": campaign,
        "since": stored,
        "first": _first_after(connection, stored - _SLACK),
    }
    return int(connection.execute(_COUNT_ENDED, values).fetchone()[0])


def _call(  # noqa: PLR0913, PLR0917 – the columns of ``_FIND_CALLS``
    at: int,
    row: int,
    key: str | None,
    attempt: int,
    state: str,
    outcome: str | None,
    error: str | None,
    summary: str | None,
) -> CallThen:
    ended = state == AttemptState.ENDED and outcome is not None
    return CallThen(
        at=instants.from_stored(at),
        row=row,
        key=ContactKey(key or ""),
        attempt=attempt,
        word=outcome if ended and outcome is not None else state,
        text=summary if ended else error,
    )


def _last(connection: Connection) -> int:
    return int(connection.execute("SELECT MAX(id) FROM attempt_events").fetchone()[0] or 0)


def _first_after(connection: Connection, stored: int) -> int:
    """The id of the first entry after a stored time; one more than that of the last for none."""
    low, high = 1, _last(connection) + 1
    while low < high:
        middle = (low + high) // 2
        id_, at = connection.execute(_FIND_ENTRY, {"id": middle}).fetchone()
        if at > stored:
            high = middle
        else:
            low = id_ + 1
    return low
