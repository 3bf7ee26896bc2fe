"""A sheet's cells beside those that its contacts have, or were called with.

Digests and differences are Python's (``cells``). SQLite calls it row by row; for a database that
cannot, they are reckoned out for the rows that need them, and laid beside the sheet.
"""

import sqlite3
from collections.abc import Callable

from poku_batch.ledger import cells, decisions
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.kinds import LISTED

#: How many rows of the sheet are read at once.
_BATCH = 20_000

_FIND = """
    SELECT s.position, s.cells, CASE WHEN c.cells <> s.cells THEN c.cells END
    FROM temp.sheet s JOIN contacts c ON c.campaign_id = :campaign AND c.key = s.key
    WHERE s.position >= :first AND s.position < :after AND (c.attempts > 0 OR c.cells <> s.cells)
    ORDER BY s.position
"""


def fill_beside(connection: Connection, campaign: int, differ: Callable[[str, str], int]) -> None:
    """Fill ``beside``; ``differ`` as ``cells.difference`` gives it."""
    values = {"campaign": campaign, "listed": LISTED}
    if isinstance(connection, sqlite3.Connection):
        connection.create_function("cells_differ", 2, differ, deterministic=True)
        connection.create_function("cells_digest", 1, cells.digest, deterministic=True)
        connection.execute(decisions.FILL_BESIDE, values)
        return
    _compare(connection, campaign, differ)
    connection.look_at("temp.compared")
    connection.execute(decisions.FILL_BESIDE_COMPARED, values)


def _compare(connection: Connection, campaign: int, differ: Callable[[str, str], int]) -> None:
    last = connection.execute("SELECT MAX(position) FROM temp.sheet").fetchone()[0]
    for first in range(0, (-1 if last is None else last) + 1, _BATCH):
        values = {"campaign": campaign, "first": first, "after": first + _BATCH}
        found = connection.execute(_FIND, values).fetchall()
        connection.add_rows(
            "temp.compared",
            ("position", "digest", "differs"),
            [
                (position, cells.digest(new), 0 if old is None else differ(old, new))
                for position, new, old in found
            ],
        )
