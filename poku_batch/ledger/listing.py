"""The numbers on the do-not-call files of a distributed run, which its workers do not have.

A worker is told at every intent, in its transaction, whether its number is among them: from the
commit on that puts one in, no call to it begins. They are there until the run ends. What writes is
called inside a writing transaction, alone with the ledger: with a few thousand numbers at a time.
"""

from collections.abc import Sequence

from poku_batch.ledger.cells import storable
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.happenings import do
from poku_batch.ledger.many import do_each

_ADD = """
    INSERT INTO listed (run_id, number, source)
    SELECT run, number, source FROM w
    WHERE EXISTS (SELECT 1 FROM runs r WHERE r.id = w.run AND r.ended_at IS NULL)
    ON CONFLICT (run_id, number) DO NOTHING
"""

_REMOVE = "DELETE FROM listed WHERE (run_id, number) IN (SELECT run, number FROM w)"

_FIND_SOURCE = "SELECT source FROM listed WHERE run_id = :run AND number = :number"

_READ = """
    SELECT number FROM listed WHERE run_id = :run AND number > :after
    ORDER BY number LIMIT :limit
"""

_FORGET = "DELETE FROM listed WHERE run_id = :run"

_FORGET_ALL = """
    DELETE FROM listed WHERE run_id IN (SELECT id FROM runs WHERE campaign_id = :campaign)
"""


def add(connection: Connection, rows: Sequence[tuple[str, str]], *, run: int) -> None:
    """Put in numbers (E.164) of an open run, each with its list; one that is in it stays."""
    values = [(run, number, storable(source)) for number, source in rows]
    do_each(connection, f"{_ADD} RETURNING number", ("run", "number", "source"), values)


def remove(connection: Connection, numbers: Sequence[str], *, run: int) -> None:
    """Take numbers (E.164) out."""
    values = [(run, number) for number in numbers]
    do_each(connection, f"{_REMOVE} RETURNING number", ("run", "number"), values)


def source(connection: Connection, number: str, *, run: int) -> str | None:
    """The list that a number is on; None where it is on none of the run's."""
    found = do(connection, _FIND_SOURCE, {"run": run, "number": number}).fetchone()
    return None if found is None else str(found[0])


def numbers(connection: Connection, *, run: int, after: str, limit: int) -> list[str]:
    """The numbers of a run after another, in the order of their texts."""
    values = {"run": run, "after": after, "limit": limit}
    return [number for (number,) in do(connection, _READ, values)]


def forget(connection: Connection, *, run: int) -> None:
    """Take out all numbers of a run."""
    do(connection, _FORGET, {"run": run})


def forget_all(connection: Connection, *, campaign: int) -> None:
    """Take out the numbers of all runs of a campaign: of those that were never shared, too."""
    do(connection, _FORGET_ALL, {"campaign": campaign})
