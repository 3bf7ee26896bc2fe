"""One connection to PostgreSQL, set up so that what is committed lasts.

Every connection: ``synchronous_commit`` at least ``on`` (a commit is synced before it returns), on
a server with ``fsync``; a transaction that is left lying (a frozen process, a lost network) is
ended by the server after a minute, one that is alone with the ledger after a quarter of that.
"""

from typing import TYPE_CHECKING, Any

from poku_batch.errors import LedgerError
from poku_batch.ledger.failures import PostgresError

if TYPE_CHECKING:
    import psycopg

#: pg_current_xact_id and pg_xact_status came with this version.
_OLDEST = 130_000

_INSTALL = "install it with: pip install 'poku-batch[postgres]'"

#: Unless the address says otherwise; in seconds, the last in milliseconds. A peer that is gone
#: without a word is noticed within half a minute; ``distributed.delivery`` has the same.
_REACH = {
    "application_name": "poku-batch",
    "connect_timeout": "10",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "3",
    "tcp_user_timeout": "30000",
}

#: The server's own part of it, and what a server may have set for others than us. Whatever is read
#: is read in pages; Memoize (from version 14 on) takes longer to begin than a page to be read.
_SETTINGS = """
    SET client_encoding = 'UTF8';
    SET default_transaction_isolation = 'read committed';
    SET idle_in_transaction_session_timeout = '60s';
    SET statement_timeout = 0;
    SET lock_timeout = '30s';
    SET tcp_keepalives_idle = 10;
    SET tcp_keepalives_interval = 5;
    SET tcp_keepalives_count = 3;
    SET tcp_user_timeout = '30s';
    SET standard_conforming_strings = on;
    SET escape_string_warning = off;
    SET jit = off;
    SET work_mem = '64MB';
    SET temp_buffers = '64MB';
    SELECT set_config('enable_memoize', 'off', false)
        WHERE current_setting('enable_memoize', true) IS NOT NULL;
"""

_ASK = """
    SELECT current_setting('synchronous_commit'), current_setting('fsync'),
        current_setting('server_encoding'), current_setting('server_version_num')::int,
        current_schema(), (SELECT oid::bigint FROM pg_namespace WHERE nspname = current_schema())
"""

#: They sync too, and wait for more than that.
_DURABLE = ("on", "remote_apply")


def opened(url: str, place: object, *, read_only: bool) -> "tuple[psycopg.Connection[Any], int]":
    """A connection in autocommit, and the number of the schema that it works in.

    Raises ``PostgresError`` where there is none to be had, and ``LedgerError`` where it would not
    keep what is committed.
    """
    psycopg = driver()
    try:
        given = psycopg.conninfo.conninfo_to_dict(url)
        session = psycopg.connect(
            psycopg.conninfo.make_conninfo("", **{**_REACH, **given}),
            autocommit=True,
            cursor_factory=_cursor_class(),
        )
    except psycopg.Error as error:
        # The text of one without an SQLSTATE may quote the address.
        raise failure_of(error, is_lost=isinstance(error, psycopg.OperationalError)) from None
    try:
        number = _set_up(session, place, read_only=read_only)
    except psycopg.Error as error:
        session.close()
        raise failure_of(error, is_lost=True) from error
    except BaseException:
        session.close()
        raise
    return session, number


def driver() -> Any:
    """The module ``psycopg``. Raises ``LedgerError`` where it is not installed."""
    try:
        import psycopg
        import psycopg.conninfo
    except ImportError as error:
        raise LedgerError(
            f"a ledger in PostgreSQL needs psycopg, which is not there ({error}); {_INSTALL}"
        ) from error
    return psycopg


def failure_of(error: Exception, *, is_lost: bool) -> PostgresError:
    """What psycopg says, in one line; it may name tables and values, but no password."""
    diagnosis = getattr(error, "diag", None)
    said = getattr(diagnosis, "message_primary", None) or str(error) or type(error).__name__
    code = getattr(error, "sqlstate", None) or ""
    # 57P01-57P03: it is shut down, or starts; 08: the way to it is gone.
    gone = is_lost or code.startswith(("57P01", "57P02", "57P03", "08"))
    return PostgresError(" ".join(said.split()), code=code, is_lost=gone)


def _set_up(session: "psycopg.Connection[Any]", place: object, *, read_only: bool) -> int:
    _adapt(session)
    session.execute(_SETTINGS)
    found = session.execute(_ASK).fetchone()
    assert found is not None  # noqa: S101 – a SELECT without FROM
    durable, fsync, encoding, version, schema, number = found
    if version < _OLDEST:
        raise LedgerError(
            f"{place}: PostgreSQL {version // 10_000} is too old; 13 or newer is needed"
        )
    if encoding != "UTF8":
        raise LedgerError(
            f"{place}: the database's encoding is {encoding}, and a ledger needs UTF8; make "
            "another with: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
        )
    if schema is None:
        raise LedgerError(
            f"{place}: there is no schema for the ledger; create the one that search_path names, "
            "or give this user the right to use it (see docs/postgresql.md)"
        )
    if fsync != "on":
        raise LedgerError(
            f"{place}: the server runs with fsync = {fsync}: after a power cut it would not know "
            "who was called. Set fsync = on there"
        )
    if durable not in _DURABLE:
        session.execute("SET synchronous_commit = on")
    if read_only:
        session.execute("SET default_transaction_read_only = on")
    return int(number)


def _adapt(session: "psycopg.Connection[Any]") -> None:
    """Let every statement have the same types whatever its values are, and sums be integers."""
    from psycopg.adapt import Loader
    from psycopg.types.numeric import Int8Dumper
    from psycopg.types.string import StrDumper

    class Whole(Loader):
        """A sum of integers."""

        def load(self, data: Any) -> int:
            return int(bytes(data))

    session.adapters.register_dumper(int, Int8Dumper)
    session.adapters.register_dumper(str, StrDumper)
    session.adapters.register_loader("numeric", Whole)


def _cursor_class() -> Any:
    import psycopg

    class LedgerCursor(psycopg.Cursor[Any]):
        """A cursor that has no rows where a statement gives none, as SQLite's."""

        def fetchone(self) -> Any:
            return super().fetchone() if self.description else None

        def fetchall(self) -> list[Any]:
            return super().fetchall() if self.description else []

    return LedgerCursor
