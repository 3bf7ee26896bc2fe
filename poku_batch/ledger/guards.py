"""What the ledger itself says against a call: the do-not-call list, and caps on calls.

A call counts for a cap if its phone rang or may have, whoever made it: every attempt but those
``turned_away``, ``rejected``, or ended as ``invalid_number``. One that was turned away and is
placed again in a moment counts too: two contacts with one number must not both pass.

Invariant: nothing is changed here.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from poku_batch.campaign.durations import format_duration
from poku_batch.ledger import do_not_call, instants, listing
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.happenings import do
from poku_batch.ledger.kinds import LISTED
from poku_batch.models import Cap, Guard, Later, Never, WaitKind

#: The condition on an attempt ``t`` under which it counts.
COUNTS = """
    (
        t.state IN ('dialing', 'in_call', 'unknown')
        OR (t.state = 'ended' AND t.outcome <> 'invalid_number')
        OR (t.state = 'turned_away' AND EXISTS (
            SELECT 1 FROM contacts h
            WHERE h.id = t.contact_id AND h.attempts = t.number AND h.state = 'dialing'
        ))
    )
"""

#: When the last call but so many was made, of those since a time; nothing where there are fewer.
_FIND_CALL = f"""
    SELECT t.placed_at FROM attempts t
    WHERE t.{{which}} = :number AND t.placed_at > :since AND {COUNTS}
    ORDER BY t.placed_at DESC
    LIMIT 1 OFFSET :but
"""  # noqa: S608  # put together from the parts above alone

_COUNTFROM = f"""
    SELECT COUNT(*) FROM attempts t
    WHERE t.from_number = :number AND t.placed_at > :since AND {COUNTS}
"""  # noqa: S608  # put together from the parts above alone

_TIMES_FROM = f"""
    SELECT t.placed_at FROM attempts t
    WHERE t.from_number = :number AND t.placed_at > :since AND {COUNTS}
"""  # noqa: S608  # put together from the parts above alone

TO = _FIND_CALL.format(which="to_number")
FROM = _FIND_CALL.format(which="from_number")


def listed_by(connection: Connection, number: str, *, run: int) -> str | None:
    """The list against a call to a number by a run: the ledger's, or one that the run has."""
    own = do_not_call.is_listed(connection, number)
    return own if own is not None else listing.source(connection, number, run=run)


def object_to(
    connection: Connection, number: str, guard: Guard, *, run: int, at: datetime
) -> Later | Never | None:
    """Why a run may not call a number at a time, or not yet; None where nothing is against it.

    Of several caps that are reached the one that lasts longest is given.
    """
    source = listed_by(connection, number, run=run)
    if source is not None:
        return Never(why=f"{LISTED}: {source}")
    waits = [
        *_waits(connection, TO, number, guard.number_caps, at),
        *_waits(connection, FROM, guard.from_number, guard.caller_id_caps, at),
    ]
    return max(waits, key=lambda wait: wait.until, default=None)


def calls_from(
    connection: Connection, numbers: Iterable[str], *, since: datetime
) -> dict[str, int]:
    """How many calls were placed from each caller ID since a time; those without any left out."""
    stored = instants.to_stored(since)
    counts = {
        number: do(connection, _COUNTFROM, {"number": number, "since": stored}).fetchone()[0]
        for number in numbers
    }
    return {number: count for number, count in counts.items() if count}


def times_from(
    connection: Connection, numbers: Iterable[str], *, since: datetime
) -> list[datetime]:
    """When calls were placed from caller IDs since a time, earliest first."""
    stored = instants.to_stored(since)
    found = (
        do(connection, _TIMES_FROM, {"number": number, "since": stored}).fetchall()
        for number in numbers
    )
    return [instants.from_stored(at) for at in sorted(row[0] for rows in found for row in rows)]


def said(kind: WaitKind, cap: Cap) -> str:
    """A cap that is reached, in words."""
    whose = "the number was called" if kind is WaitKind.NUMBER_CAP else "the caller ID was used"
    times = "once" if cap.calls == 1 else f"{cap.calls:,} times"
    return f"{whose} {times} within {format_duration(cap.within)}, which is the limit"


def _waits(
    connection: Connection,
    find: str,
    number: str | None,
    caps: Iterable[Cap],
    at: datetime,
) -> Iterator[Later]:
    kind = WaitKind.NUMBER_CAP if find is TO else WaitKind.CALLER_ID_CAP
    for cap in caps if number is not None else ():
        since = instants.to_stored(at) - instants.length(cap.within)
        values = {"number": number, "since": since, "but": cap.calls - 1}
        row = do(connection, find, values).fetchone()
        if row is not None:
            until = instants.from_stored(row[0]) + cap.within
            yield Later(until=until, kind=kind, why=said(kind, cap))
