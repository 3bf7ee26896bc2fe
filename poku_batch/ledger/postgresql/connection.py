"""A connection to a ledger in PostgreSQL; see ``ledger.connection.Connection``.

Invariants:

- A writing transaction is alone with the ledger from its beginning to its commit, as in SQLite: it
  holds an advisory lock that all of them take first. So what one process checks and changes in a
  transaction (who is reserved, the do-not-call list, caps) no other changes meanwhile.
- Where the connection breaks while a transaction is committed, the server is asked afterwards
  whether it was: ``commit`` returns, or says that nothing has happened, or that nobody knows.
- A connection that broke is made anew when the next transaction or question begins; what it had
  prepared for itself, as temporary tables, is gone then, so that one with these is not.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from poku_batch.ledger.connection import Cursor, Values
from poku_batch.ledger.failures import PostgresError
from poku_batch.ledger.postgresql import keys
from poku_batch.ledger.postgresql.session import driver, failure_of
from poku_batch.ledger.postgresql.words import translated

#: How long a server that is gone is looked for in one go, and how often.
_REACH_S = 2.0
_PAUSE_S = 0.1

#: How long the fate of a transaction is asked for whose commit was cut off.
_DOUBT_S = 20.0

_UNCERTAIN = "nobody knows whether it was written"

#: Those that hold words or numbers of people.
_TABLES = (
    *("contacts", "attempts", "answers", "attempt_events", "prompts", "verdicts", "outbox"),
    *("do_not_call", "listed", "recordings"),
)

#: Kinds of values of which texts alone may be something that PostgreSQL cannot hold.
_PLAIN = frozenset((int, str, type(None)))

#: What differs after a crash of the server: when it started, or when it last forgot its statistics.
_INCARNATION = """
    SELECT pg_postmaster_start_time()::text, stats_reset::text FROM pg_stat_bgwriter
"""

_IS_OURS = "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = %s::regclass"

#: Whoever is silent for so long while it is alone with the ledger has lost its way to the database,
#: or is frozen: the others go on before they give it up.
_TAKE_TURN = """
    SELECT pg_advisory_xact_lock(%s), pg_current_xact_id()::text,
        set_config('idle_in_transaction_session_timeout', '15s', true)
"""


class PostgresConnection:
    """One connection, of one thread at a time; ``open_`` makes a session anew."""

    def __init__(self, open_: Callable[[], tuple[Any, int]], *, read_only: bool) -> None:
        self._psycopg = driver()
        self._open = open_
        self._read_only = read_only
        self._revives = True
        self._session, self._schema = open_()
        self._server = self._incarnation(self._session)
        self._began = False
        self._transaction: str | None = None
        self._is_closed = False
        self._lock_s = 30.0

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction was begun and not ended."""
        idle = self._psycopg.pq.TransactionStatus.IDLE
        return not self._session.closed and self._session.info.transaction_status != idle

    @property
    def schema(self) -> int:
        """The number of the schema that the ledger is in."""
        return self._schema

    def execute(self, statement: str, values: Values = (), /) -> Cursor:
        """Execute a statement."""
        self._revive()
        with self._telling():
            cursor: Cursor = self._session.execute(translated(statement), _fitted(values))
            return cursor

    def executemany(self, statement: str, rows: Iterable[Values], /) -> Cursor:
        """Execute a statement for each row of values."""
        self._revive()
        with self._telling():
            cursor = self._session.cursor()
            cursor.executemany(translated(statement), [_fitted(row) for row in rows])
            return cursor  # type: ignore[no-any-return]  # psycopg is imported late

    def script(self, statements: str) -> None:
        """Execute statements of another's, in PostgreSQL's own words."""
        self._revive()
        with self._telling():
            self._session.execute(statements.encode())

    def with_rows(
        self, statement: str, columns: tuple[str, ...], rows: Sequence[Sequence[Any]]
    ) -> list[tuple[Any, ...]]:
        """Execute a statement that reads the table ``w``: an array a column, whatever its length.

        So a statement is prepared once for any number of rows.
        """
        arrays = [list(map(_fit, values)) for values in zip(*rows, strict=True)]
        types = ", ".join(
            f"?::{'bigint' if any(isinstance(value, int) for value in array) else 'text'}[]"
            for array in arrays
        )
        table = f"WITH w ({', '.join(columns)}) AS (SELECT * FROM unnest({types}))"  # noqa: S608
        return self.execute(f"{table} {statement}", arrays).fetchall()

    def add_rows(self, table: str, columns: tuple[str, ...], rows: Iterable[Sequence[Any]]) -> None:
        """Put many rows into a table by COPY."""
        self._revive()
        statement = f"COPY {translated(table)} ({', '.join(columns)}) FROM STDIN"
        with self._telling(), self._session.cursor().copy(statement) as copy:
            for row in _fitting(list(rows)):
                copy.write_row(row)

    def begin(self, *, writing: bool, temporary: bool = False) -> None:
        """Begin a transaction; ``writing`` waits for its turn."""
        self._began = False
        self._revive()
        # What it makes for itself is gone with the session.
        self._revives = self._revives and not temporary
        if not writing:
            access = " READ WRITE" if temporary else ""
            self.execute(f"BEGIN ISOLATION LEVEL REPEATABLE READ{access}")
            self._began = True
            return
        if self._read_only:
            raise PostgresError("this connection only reads", code="25006")
        self.execute("BEGIN")
        self._began = True
        try:
            self._transaction = self._ask(_TAKE_TURN, keys.turn(self._schema))[1]
        except BaseException:
            if self.in_transaction:
                self.rollback()
            raise

    def commit(self) -> None:
        """End the transaction; where the connection breaks, find out what became of it."""
        transaction, self._transaction = self._transaction, None
        try:
            ended: Any = self.execute("COMMIT")
        except PostgresError as error:
            if not error.is_lost or transaction is None or not self._was_committed(transaction):
                raise
        else:
            # One in which a statement failed is undone by COMMIT, without a word.
            if ended.statusmessage != "COMMIT":
                raise PostgresError("the transaction was undone: a statement in it had failed")
        finally:
            self._began = self.in_transaction

    def rollback(self) -> None:
        """Undo the transaction; a lost connection has done so."""
        self._transaction = None
        try:
            self.execute("ROLLBACK")
        except PostgresError as error:
            if not error.is_lost:
                raise
        finally:
            self._began = False

    def holds(self, text: str) -> bool:
        """Whether a text comes back as it was: one that UTF-8 can hold, without NULs."""
        try:
            text.encode()
        except UnicodeEncodeError:
            return False
        return "\0" not in text

    def fitting(self, row: Sequence[Any]) -> tuple[Any, ...]:
        """A row as it would come back: without NULs."""
        return tuple(map(_fit, row))

    def count_on(self, table: str) -> None:
        """Let new rows have ids after those that were put into a table."""
        self.execute(
            f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), MAX(id)) FROM {table} "  # noqa: S608 – a name
            "HAVING MAX(id) IS NOT NULL"
        )

    def rebuild(self) -> None:
        """Write the tables anew, without what was deleted. Raises where one is another user's."""
        # VACUUM passes over others' tables, and only warns.
        if not all(self._ask(_IS_OURS, name)[0] for name in _TABLES):
            raise PostgresError("the tables are another user's", code="42501")
        self.execute(f"VACUUM (FULL, ANALYZE) {', '.join(_TABLES)}")

    def look_at(self, *tables: str) -> None:
        """Count what is in tables that nobody else could have counted."""
        for table in tables:
            self.execute(f"ANALYZE {table}")

    def wait_for_locks(self, seconds: float) -> None:
        """Say for how long another's lock is waited for."""
        self._lock_s = seconds
        self.execute(f"SET lock_timeout = {round(seconds * 1000)}")

    def changes(self) -> int:
        """A number that differs whenever a transaction of this server has ended since."""
        return keys.number("changes", self._ask("SELECT pg_current_snapshot()::text")[0])

    def close(self) -> None:
        """Let go of the database."""
        self._is_closed = True
        self._session.close()

    def _incarnation(self, session: Any) -> Any:
        with self._telling():
            return session.execute(_INCARNATION).fetchone()

    def _ask(self, question: str, *values: object) -> Any:
        with self._telling():
            return self._session.execute(question, values).fetchone()

    def _revive(self) -> None:
        """Make the session anew where it broke. Raises ``PostgresError`` where that fails."""
        if not self._session.closed or self._is_closed:
            return
        if self._began or not self._revives:
            raise PostgresError("the connection to the database broke; run again", is_lost=True)
        give_up = time.monotonic() + _REACH_S
        while True:
            try:
                self._session, schema = self._open()
                self._server = self._incarnation(self._session)
            except PostgresError as error:
                if not error.is_lost or time.monotonic() > give_up:
                    raise
                time.sleep(_PAUSE_S)
            else:
                break
        if schema != self._schema:
            self.close()
            raise PostgresError("this is not the ledger that was here before")
        self._session.execute(f"SET lock_timeout = {round(self._lock_s * 1000)}")

    def _was_committed(self, transaction: str) -> bool:
        """What became of a transaction whose commit was cut off.

        Raises ``PostgresError`` where the server cannot be asked, and where it says so of a server
        that has crashed meanwhile: the ID of a transaction that was lost in that may by now be
        another's, which was committed. Then too nothing goes wrong: the lock that it may still hold
        is waited for by whoever writes next, and finds what it did.
        """
        give_up = time.monotonic() + _DOUBT_S
        while True:
            status = None
            try:
                session, _ = self._open()
            except PostgresError as error:
                if not error.is_lost or time.monotonic() > give_up:
                    raise
            else:
                with session, self._telling():
                    asked = "SELECT pg_xact_status(%s::xid8)"
                    status = session.execute(asked, (transaction,)).fetchone()[0]
                    crashed = self._incarnation(session) != self._server
                if crashed and status == "committed":
                    raise PostgresError(_UNCERTAIN, is_lost=True)
            if status in ("committed", "aborted"):
                return bool(status == "committed")
            if time.monotonic() > give_up:
                raise PostgresError(_UNCERTAIN, is_lost=True)
            time.sleep(_PAUSE_S)

    @contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except self._psycopg.Error as error:
            raise failure_of(error, is_lost=self._session.closed) from error


def _fitted(values: Values) -> Values:
    if isinstance(values, Mapping):
        return {name: _fit(value) for name, value in values.items()}
    return [_fit(value) for value in values]


def _fitting(rows: Sequence[Sequence[Any]]) -> Iterable[Sequence[Any]]:
    """Rows as PostgreSQL can hold them; nearly all are, which shows sooner by their columns."""
    if all(map(_is_held, zip(*rows, strict=True))):
        return rows
    return (tuple(map(_fit, row)) for row in rows)


def _is_held(values: Sequence[Any]) -> bool:
    """Whether values come back as they are."""
    if not _PLAIN.issuperset(map(type, values)):
        return False
    return "\0" not in "".join([value for value in values if isinstance(value, str)])


def _fit(value: Any) -> Any:
    """A value as PostgreSQL can hold it: its text has no NUL, which is spelt out."""
    if isinstance(value, str):
        return value.replace("\0", "\\x00") if "\0" in value else str(value)
    return value
