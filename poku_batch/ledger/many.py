"""One statement for many rows of values.

``sqlite3`` lets go of Python's lock at every step, and gets it back late where another thread is
busy: what is done for many rows at once is a statement, not a loop. (Values in one JSON text would
end at a NUL.)
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from poku_batch.ledger.cells import storable
from poku_batch.ledger.connection import Connection

#: The most rows of one statement. There are so few sizes that each is prepared once.
_MOST_ROWS = 64


def do_each(
    connection: Connection,
    statement: str,
    columns: tuple[str, ...],
    rows: Sequence[Sequence[object]],
) -> list[tuple[Any, ...]]:
    """Execute a statement that reads the table ``w``: the rows, with columns of these names.

    Gives what it returns. SQLite takes many rows in several statements, each of a power of two.
    """
    if not rows:
        return []
    stored = [
        [storable(value) if isinstance(value, str) else value for value in row] for row in rows
    ]
    return connection.with_rows(statement, columns, stored)


def in_values(
    statement: str, columns: tuple[str, ...], rows: Sequence[Sequence[Any]]
) -> Iterator[tuple[str, list[Any]]]:
    """The statement for some rows after the other, with values by position."""
    start = 0
    while start < len(rows):
        size = min(_MOST_ROWS, 1 << ((len(rows) - start).bit_length() - 1))
        some = rows[start : start + size]
        yield _with_values(statement, columns, size), [value for row in some for value in row]
        start += size


@cache
def insertion(table: str, columns: tuple[str, ...]) -> str:
    """The statement that puts a row into a table."""
    places = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})"  # noqa: S608 – names


@cache
def _with_values(statement: str, columns: tuple[str, ...], size: int) -> str:
    row = f"({', '.join('?' * len(columns))})"
    return f"WITH w ({', '.join(columns)}) AS (VALUES {', '.join([row] * size)}) {statement}"
