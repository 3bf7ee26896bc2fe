"""Moving a ledger to another place: from a file to a database, back, or from one to another.

Invariants: all of it goes, as it stood at one moment, in one transaction, or nothing; what arrived
is read again and compared before it counts; no run of the source goes on meanwhile, and none begins
a call there afterwards before a person says so: its campaigns are paused.
"""

import hashlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from poku_batch.errors import LedgerError
from poku_batch.ledger import instants
from poku_batch.ledger.connection import Connection, transaction
from poku_batch.ledger.failures import DATABASE_ERRORS, translated
from poku_batch.ledger.holding import all_campaigns, held
from poku_batch.ledger.places import Place, named, place_of
from poku_batch.ledger.schema import MIGRATIONS

#: Tables, those before that others refer to, each with what its rows are known by.
TABLES: dict[str, tuple[str, ...]] = {
    "campaigns": ("id",),
    "runs": ("id",),
    "contacts": ("id",),
    "attempts": ("id",),
    "answers": ("attempt_id",),
    "attempt_events": ("id",),
    "prompts": ("sha256",),
    "verdicts": ("attempt_id",),
    "salts": ("id",),
    "forgotten": ("number_hmac",),
    "do_not_call": ("number",),
    "outbox": ("id",),
    "sharing": ("campaign_id", "first_position", "position"),
    "recordings": ("attempt_id",),
    "definitions": ("run_id",),
    "listed": ("run_id", "number"),
    "workers": ("id",),
    "refusals": ("run_id", "worker_id"),
}

#: How many rows are read at once.
_BATCH = 5_000

_PAUSE = """
    UPDATE campaigns SET paused_at = :at, paused_by = :by WHERE paused_at IS NULL
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What was moved where; ``rows`` are those of all tables."""

    source: Path | str
    target: Path | str
    contacts: int
    attempts: int
    rows: int


@dataclass(frozen=True, slots=True)
class _Contents:
    """How many rows a table has, and a digest of all that is in them."""

    rows: int
    digest: str


def copy_ledger(source: str | Path, target: str | Path, *, at: datetime) -> Copied:
    """Copy the ledger at ``source`` to ``target``, where there must be none or an empty one.

    The campaigns of the source are paused afterwards. Blocks. Raises ``LedgerError``, and leaves
    both as they were, while a run of the source goes on, or where what arrived differs.
    """
    origin, aim = place_of(source), place_of(target)
    if not origin.exists():
        raise LedgerError(f"{origin}: there is no ledger here to be copied")
    origin.prepare()
    with (
        _told(origin),
        closing(origin.connect()) as reading,
        held(reading, origin, "copied") as campaigns,
    ):
        with _told(aim):
            aim.prepare()
            contents = _copy(reading, aim)
        with transaction(reading, writing=True):
            if all_campaigns(reading) != campaigns:
                raise LedgerError(f"{origin}: a campaign was enrolled meanwhile; copy again")
            values = {"at": instants.to_stored(at), "by": f"ledger copy, to {aim}"}
            reading.execute(_PAUSE, values)
    return Copied(
        source=named(origin),
        target=named(aim),
        contacts=contents["contacts"].rows,
        attempts=contents["attempts"].rows,
        rows=sum(table.rows for table in contents.values()),
    )


def copy_tables(reading: Connection, writing: Connection) -> dict[str, _Contents]:
    """Copy all rows of one ledger into another that has none; both are in a transaction."""
    contents = {name: _copy_table(reading, writing, name) for name in TABLES}
    for name, known_by in TABLES.items():
        if known_by == ("id",):
            writing.count_on(name)
    return contents


def _copy(reading: Connection, aim: Place) -> dict[str, _Contents]:
    with closing(aim.connect()) as writing, transaction(writing, writing=True):
        for name in TABLES:
            if writing.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone():  # noqa: S608 – a constant
                raise LedgerError(
                    f"{aim}: there is a ledger here already, and a copy writes over nothing; "
                    "choose another place"
                )
        with transaction(reading, writing=False):
            contents = copy_tables(reading, writing)
        for name, sent in contents.items():
            if _contents(_batches(writing, name)) != sent:
                raise LedgerError(
                    f"{aim}: what arrived of {name} is not what was sent; nothing was copied"
                )
    return contents


def _copy_table(reading: Connection, writing: Connection, name: str) -> _Contents:
    columns = _all_columns()[name]

    def sent() -> Iterator[Sequence[Sequence[Any]]]:
        for rows in _batches(reading, name):
            fitting = [writing.fitting(row) for row in rows]
            writing.add_rows(name, columns, fitting)
            yield fitting

    return _contents(sent())


def _batches(connection: Connection, name: str) -> Iterator[Sequence[Sequence[Any]]]:
    """All rows of a table, by what they are known by."""
    columns, known_by = _all_columns()[name], TABLES[name]
    places = [columns.index(column) for column in known_by]
    order = ", ".join(known_by)
    last: dict[str, Any] = {}
    while True:
        after = f"WHERE ({order}) > ({', '.join(f':{column}' for column in known_by)})"
        statement = f"""
            SELECT {", ".join(columns)} FROM {name} {after if last else ""}
            ORDER BY {order} LIMIT {_BATCH}
        """  # noqa: S608  # names of this file and of the schema
        rows = connection.execute(statement, last).fetchall()
        if not rows:
            return
        yield rows
        last = {column: rows[-1][place] for column, place in zip(known_by, places, strict=True)}


def _contents(batches: Iterator[Sequence[Sequence[Any]]]) -> _Contents:
    number, digest = 0, hashlib.blake2b(digest_size=32)
    for rows in batches:
        number += len(rows)
        digest.update(repr([tuple(row) for row in rows]).encode(errors="surrogatepass"))
    return _Contents(number, digest.hexdigest())


@cache
def _all_columns() -> dict[str, tuple[str, ...]]:
    """The columns of each table, as the migrations lead to them."""
    with closing(sqlite3.connect(":memory:")) as made:
        for statements in MIGRATIONS:
            for statement in statements:
                made.execute(statement)
        ask = "SELECT name FROM pragma_table_info(?)"
        return {name: tuple(column for (column,) in made.execute(ask, (name,))) for name in TABLES}


@contextmanager
def _told(place: Place) -> Iterator[None]:
    try:
        yield
    except DATABASE_ERRORS as error:
        raise translated(error, place) from error
