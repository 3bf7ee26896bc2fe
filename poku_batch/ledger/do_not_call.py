"""The ledger's do-not-call list: numbers that no campaign of it calls.

Invariants: a number has one row, and is on the list while nobody has removed it; the row keeps who
removed it, and when, until it is added again. What writes is called inside a writing transaction.
"""

from collections.abc import Iterable
from datetime import datetime

from poku_batch.ledger import instants
from poku_batch.ledger.cells import storable
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.happenings import do
from poku_batch.models import DoNotCallEntry

#: Where the list was read to: the time of the last entry, and its number.
Place = tuple[int, str]

#: Before every entry.
START: Place = (-(2**63), "")

_ADD = """
    INSERT INTO do_not_call (number, source, reason, added_by, added_at) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (number) DO UPDATE SET
        source = excluded.source, reason = excluded.reason,
        added_by = excluded.added_by, added_at = excluded.added_at,
        removed_by = NULL, removed_at = NULL
    WHERE do_not_call.removed_at IS NOT NULL
"""

_REMOVE = """
    UPDATE do_not_call SET removed_by = :by, removed_at = :at
    WHERE number = :number AND removed_at IS NULL
"""

_FIND_SOURCE = "SELECT source FROM do_not_call WHERE number = :number AND removed_at IS NULL"

_READ = """
    SELECT number, source, reason, added_by, added_at FROM do_not_call
    WHERE removed_at IS NULL AND (added_at, number) > (:after_at, :after_number)
    ORDER BY added_at, number
    LIMIT :limit
"""


def add(connection: Connection, entries: Iterable[DoNotCallEntry]) -> int:
    """Put numbers onto the list, and give how many were not on it.

    A number that is on it already keeps its entry; one that was removed is on it again.
    """
    return connection.executemany(
        _ADD,
        [
            (
                entry.number,
                storable(entry.source),
                None if entry.reason is None else storable(entry.reason),
                None if entry.by is None else storable(entry.by),
                instants.to_stored(entry.at),
            )
            for entry in entries
        ],
    ).rowcount


def remove(connection: Connection, number: str, *, by: str, at: datetime) -> bool:
    """Take a number off the list; False where it is not on it."""
    values = {"number": number, "by": by, "at": instants.to_stored(at)}
    return do(connection, _REMOVE, values).rowcount == 1


def is_listed(connection: Connection, number: str) -> str | None:
    """The source of the number's entry; None where it is not on the list."""
    row = do(connection, _FIND_SOURCE, {"number": number}).fetchone()
    return None if row is None else str(row[0])


def entries(
    connection: Connection, *, after: Place, limit: int
) -> tuple[list[DoNotCallEntry], Place]:
    """The entries after a place, in the order in which they were added; the place to go on from."""
    rows = do(
        connection,
        _READ,
        {"after_at": after[0], "after_number": after[1], "limit": max(limit, 1)},
    ).fetchall()
    if not rows:
        return [], after
    number, *_, added_at = rows[-1]
    return [_entry(*row) for row in rows], (added_at, number)


def _entry(
    number: str, source: str, reason: str | None, by: str | None, added_at: int
) -> DoNotCallEntry:
    return DoNotCallEntry(
        number=number, source=source, at=instants.from_stored(added_at), reason=reason, by=by
    )
