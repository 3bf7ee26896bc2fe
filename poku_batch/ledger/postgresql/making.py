"""The ledger's tables in PostgreSQL: made, told apart from others', and brought up to date.

There is one list of migrations for both databases (``schema``). PostgreSQL came with version 5:
what earlier ones lead to is taken from SQLite, so that the tables are the same by construction;
later ones are executed as they stand.
"""

import re
import sqlite3
from contextlib import closing

from poku_batch.errors import LedgerError
from poku_batch.ledger.connection import transaction
from poku_batch.ledger.postgresql.connection import PostgresConnection
from poku_batch.ledger.schema import MIGRATIONS, VERSION

#: The first version that there was in PostgreSQL.
_FIRST = 5

#: What PostgreSQL alone needs after a version's migration. It looks a contact's campaign and run up
#: one by one, which takes a third of the time of an enrolment; neither is ever deleted, and
#: ``ledger check`` finds a contact whose campaign or run is not there.
_OWN: dict[int, tuple[str, ...]] = {
    6: (
        "ALTER TABLE contacts DROP CONSTRAINT IF EXISTS contacts_campaign_id_fkey",
        "ALTER TABLE contacts DROP CONSTRAINT IF EXISTS contacts_reserved_by_fkey",
        # Whoever is admitted next stands in the index behind all who were since the last VACUUM.
        "ALTER TABLE contacts SET (autovacuum_vacuum_scale_factor = 0.02)",
    )
}

_MARK = "poku_batch_ledger"

_IS_MARKED = """
    SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND c.relname = :name
"""
_CREATE_MARK = f"CREATE TABLE {_MARK} (version BIGINT NOT NULL)"

_REFERENCES = re.compile(r'REFERENCES "?(\w+)"?')
_NAME = re.compile(r'\s*CREATE TABLE "?(\w+)"?')


def version(connection: PostgresConnection) -> int:
    """The version of the ledger in the schema; 0 where there is none."""
    if connection.execute(_IS_MARKED, {"name": _MARK}).fetchone() is None:
        return 0
    found = connection.execute(f"SELECT version FROM {_MARK}").fetchone()  # noqa: S608 – a constant
    return 0 if found is None else int(found[0])


def known_version(connection: PostgresConnection, place: object) -> int:
    """As ``version``. Raises ``LedgerError`` for a newer one than this program knows."""
    found = version(connection)
    if found > VERSION:
        raise LedgerError(
            f"{place}: the ledger is of version {found}, written by a newer poku-batch than this "
            f"one, which knows version {VERSION}; update poku-batch"
        )
    return found


def prepare(connection: PostgresConnection, place: object) -> None:
    """Make the tables, or bring them up to date; one process at a time."""
    if known_version(connection, place) == VERSION:
        return
    with transaction(connection, writing=True):
        # Another process may have done it while this one waited for its turn.
        found = known_version(connection, place)
        if found == 0:
            _refuse_others(connection, place)
            for statement in (_CREATE_MARK, *_tables()):
                connection.execute(statement)
            connection.execute(f"INSERT INTO {_MARK} (version) VALUES ({_FIRST})")  # noqa: S608
            found = _FIRST
        for number, statements in enumerate(MIGRATIONS[found:], found + 1):
            for statement in (*statements, *_OWN.get(number, ())):
                connection.execute(statement)
        connection.execute(f"UPDATE {_MARK} SET version = {VERSION}")  # noqa: S608 – constants


def _refuse_others(connection: PostgresConnection, place: object) -> None:
    for name in ("campaigns", "contacts", "attempts", "runs"):
        if connection.execute(_IS_MARKED, {"name": name}).fetchone():
            raise LedgerError(
                f"{place}: this schema has a table {name} of another program; give the ledger a "
                "schema of its own (see docs/postgresql.md)"
            )


def _tables() -> list[str]:
    """The statements that make the tables and indexes of ``_FIRST``, referenced tables first."""
    with closing(sqlite3.connect(":memory:")) as made:
        for statements in MIGRATIONS[:_FIRST]:
            for statement in statements:
                made.execute(statement)
        found = "SELECT sql FROM sqlite_master WHERE type = ? AND sql IS NOT NULL ORDER BY rowid"
        tables = [sql for (sql,) in made.execute(found, ("table",))]
        indexes = [sql for (sql,) in made.execute(found, ("index",))]
    return [*_in_order(tables), *indexes]


def _in_order(tables: list[str]) -> list[str]:
    """Tables after those that they refer to."""
    ordered: list[str] = []
    known: set[str] = set()
    while len(ordered) < len(tables):
        for table in tables:
            name = _NAME.match(table)
            if name and name[1] not in known and known.issuperset(_REFERENCES.findall(table)):
                known.add(name[1])
                ordered.append(table)
    return ordered
