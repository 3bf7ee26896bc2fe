"""What the ledger asks of a database, whether it is SQLite or PostgreSQL.

SQL is written once, in the words of SQLite that PostgreSQL has too or that have a twin there (see
``postgresql.words``). What the two do by other means is a method here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

#: Values of a statement, by position or by name.
Values = Sequence[Any] | Mapping[str, Any]


class Cursor(Protocol):
    """What a statement came to."""

    @property
    def rowcount(self) -> int:
        """How many rows were written."""

    def fetchone(self) -> Any:
        """The next row, a tuple; None after the last."""

    def fetchall(self) -> list[Any]:
        """All rows that are left."""

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """A connection in autocommit; what it raises is among ``failures.DATABASE_ERRORS``."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction was begun and not ended."""

    def execute(self, statement: str, values: Values = ..., /) -> Cursor:
        """Execute a statement with values by position (``?``) or by name (``:name``)."""

    def executemany(self, statement: str, rows: Iterable[Values], /) -> Cursor:
        """Execute a statement for each row of values; ``rowcount`` is that of them all."""

    def with_rows(
        self, statement: str, columns: tuple[str, ...], rows: Sequence[Sequence[Any]]
    ) -> list[tuple[Any, ...]]:
        """Execute a statement that reads the table ``w``; see ``many.do_each``."""

    def add_rows(self, table: str, columns: tuple[str, ...], rows: Iterable[Sequence[Any]]) -> None:
        """Put many rows into a table, as fast as it goes."""

    def begin(self, *, writing: bool, temporary: bool = False) -> None:
        """Begin a transaction; ``writing`` is alone with the ledger from here on.

        One that is not sees one moment. ``temporary``: it makes temporary tables.
        """

    def commit(self) -> None:
        """End the transaction; durable when this returns. Raises where it is not known to be."""

    def rollback(self) -> None:
        """Undo the transaction; nothing happens where the database has done so itself."""

    def look_at(self, *tables: str) -> None:
        """Let the planner know what is in tables that were just filled."""

    def holds(self, text: str) -> bool:
        """Whether a text comes back as it was."""

    def fitting(self, row: Sequence[Any]) -> tuple[Any, ...]:
        """A row as it would come back: what the database cannot hold is spelt out."""

    def count_on(self, table: str) -> None:
        """Let new rows have ids after those that were put into a table."""

    def rebuild(self) -> None:
        """Write the ledger anew, without what was deleted; outside a transaction."""

    def wait_for_locks(self, seconds: float) -> None:
        """Say for how long another's lock is waited for, from now on."""

    def changes(self) -> int:
        """A number that differs whenever another connection has changed the ledger since."""

    def close(self) -> None:
        """Let go of the database."""


@contextmanager
def transaction(
    connection: Connection, *, writing: bool, temporary: bool = False
) -> Iterator[None]:
    """All of the block's statements, or none; ``writing`` takes the write lock at once."""
    connection.begin(writing=writing, temporary=temporary)
    try:
        yield
        connection.commit()
    except BaseException:
        # A full disk, a failed write or a lost connection has rolled back already.
        if connection.in_transaction:
            connection.rollback()
        raise
