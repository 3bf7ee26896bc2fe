"""One statement for many rows of values.

``sqlite3`` lets go of Python's lock at every step, and gets it back late where another thread is
busy: what is done for many rows at once is a statement, not a loop. (Values in one JSON text would
end at a NUL.)
"""

import sqlite3
from collections.abc import Sequence
from functools import cache
from typing import Any

from poku_batch.ledger.cells import storable

#: The most rows of one statement. There are so few sizes that each is prepared once.
_MOST_ROWS = 64


def do_each(
    connection: sqlite3.Connection,
    statement: str,
    columns: tuple[str, ...],
    rows: Sequence[Sequence[object]],
) -> list[tuple[Any, ...]]:
    """Execute a statement that reads the table ``w``: the rows, with columns of these names.

    Gives what it returns. Many rows are several statements, each of a power of two of them.
    """
    found: list[tuple[Any, ...]] = []
    start = 0
    while start < len(rows):
        size = min(_MOST_ROWS, 1 << ((len(rows) - start).bit_length() - 1))
        values = [
            storable(value) if isinstance(value, str) else value
            for row in rows[start : start + size]
            for value in row
        ]
        found += connection.execute(_with_rows(statement, columns, size), values).fetchall()
        start += size
    return found


@cache
def _with_rows(statement: str, columns: tuple[str, ...], size: int) -> str:
    row = f"({', '.join('?' * len(columns))})"
    return f"WITH w ({', '.join(columns)}) AS (VALUES {', '.join([row] * size)}) {statement}"
