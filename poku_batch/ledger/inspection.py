"""Looking a ledger over: the file, its version, and what must hold between its rows.

Nothing is changed: not even a ledger of an earlier version is brought up to date.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from poku_batch.errors import LedgerError
from poku_batch.ledger import instants
from poku_batch.ledger.connection import Connection, transaction
from poku_batch.ledger.failures import DATABASE_ERRORS, translated
from poku_batch.ledger.opening import SqliteFile, is_ledger
from poku_batch.ledger.places import Place, named, place_of
from poku_batch.ledger.rules import RULES
from poku_batch.ledger.schema import VERSION
from poku_batch.models import CampaignId

#: How many findings of a kind are told.
_MOST = 10

_RESTORE = (
    "keep a copy of the file, and go back to the last backup, or recover what can be read "
    "with SQLite's own tool: sqlite3 ledger.db .recover"
)
_OPEN_RUNS = """
    SELECT c.name, c.wave, r.host, r.pid FROM runs r JOIN campaigns c ON c.id = r.campaign_id
    WHERE r.ended_at IS NULL ORDER BY r.id
"""
#: What PostgreSQL does not look after: see ``postgresql.making``.
_COUNT_STRANGERS = """
    SELECT COUNT(*) FROM contacts c
    WHERE NOT EXISTS (SELECT 1 FROM campaigns g WHERE g.id = c.campaign_id)
        OR (c.reserved_by IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.id = c.reserved_by))
"""
#: Controls came with this version.
_CONTROLS = 5
_PAUSED = "SELECT name, wave, paused_at, paused_by FROM campaigns WHERE paused_at IS NOT NULL"
_DOINGS = "SELECT id, doing FROM runs WHERE doing IS NOT NULL"
#: Who is asked or paused without a time, or at a time by nobody; words that are no JSON.
_HALF_SAID = """
    SELECT name, wave, 'whether it is paused is only half said',
        'say it anew: poku-batch resume, and poku-batch pause if it is to be paused'
    FROM campaigns WHERE (paused_at IS NULL) <> (paused_by IS NULL)
"""
_UNREADABLE = """
    SELECT c.name, c.wave, 'what run ' || r.id || ' was asked, or says of itself, cannot be read',
        'nobody was called or left out for it; the next run says it anew'
    FROM runs r JOIN campaigns c ON c.id = r.campaign_id
    WHERE (r.stop_asked_at IS NULL) <> (r.stop_asked_by IS NULL)
        OR (r.doing IS NULL) <> (r.seen_at IS NULL){or_these}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something wrong with a ledger, and what to do about it."""

    what: str
    do: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What was found; ``notes`` are worth knowing and nothing is wrong with them."""

    place: Path | str
    version: int | None
    contacts: int
    attempts: int
    problems: tuple[Problem, ...]
    notes: tuple[str, ...]


def inspect(url: str | Path) -> Inspection:
    """Look over the ledger at ``url``, as it stands at one moment; runs may go on.

    Blocks. Raises ``LedgerError`` where the file is not there or may not be read.
    """
    place = place_of(url)
    if isinstance(place, SqliteFile) and place.path.exists() and not is_ledger(place.path):
        return _unreadable(place, "this is not a ledger, or its beginning is damaged")
    if not place.exists():
        raise LedgerError(f"{place}: there is no ledger here")
    try:
        with (
            closing(place.connect(read_only=True)) as connection,
            transaction(connection, writing=False),
        ):
            return _inspect(connection, place)
    except DATABASE_ERRORS as error:
        if isinstance(error, sqlite3.DatabaseError) and not isinstance(
            error, sqlite3.OperationalError
        ):
            return _unreadable(place, f"the file is damaged: {error}")
        raise translated(error, place) from error


def _unreadable(place: Place, what: str) -> Inspection:
    problem = Problem(what=what, do=_RESTORE)
    return Inspection(
        place=named(place), version=None, contacts=0, attempts=0, problems=(problem,), notes=()
    )


def _inspect(connection: Connection, place: Place) -> Inspection:
    problems: list[Problem] = []
    if isinstance(connection, sqlite3.Connection):
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        problems += _damage(connection)
    else:
        # A database looks after its own pages, and after most of what belongs to what.
        version = place.version_of(connection)
        problems += _strangers(connection) if version > 0 else ()
    contacts = attempts = 0
    notes: tuple[str, ...] = ()
    if version > VERSION:
        problems.append(
            Problem(
                what=f"the ledger is of version {version}, and this program knows {VERSION}",
                do="update poku-batch",
            )
        )
    elif version > 0:
        contacts = int(connection.execute("SELECT COUNT(*) FROM contacts").fetchone()[0])
        attempts = int(connection.execute("SELECT COUNT(*) FROM attempts").fetchone()[0])
        problems += _broken_rules(connection, version)
        problems += _broken_controls(connection, version)
        notes = tuple(_notes(connection, place, version))
    return Inspection(
        place=named(place),
        version=version,
        contacts=contacts,
        attempts=attempts,
        problems=tuple(problems),
        notes=notes,
    )


def _damage(connection: sqlite3.Connection) -> Iterator[Problem]:
    for (line,) in connection.execute(f"PRAGMA integrity_check({_MOST})"):
        if line != "ok":
            yield Problem(what=f"the file is damaged: {line}", do=_RESTORE)
    orphans: dict[tuple[str, str], int] = {}
    for table, _, parent, _ in connection.execute("PRAGMA foreign_key_check"):
        orphans[table, parent] = orphans.get((table, parent), 0) + 1
    for (table, parent), number in orphans.items():
        yield Problem(what=f"{number:,} of {table} belong to no row of {parent}", do=_RESTORE)


def _strangers(connection: Connection) -> Iterator[Problem]:
    number = connection.execute(_COUNT_STRANGERS).fetchone()[0]
    if number:
        yield Problem(
            what=f"{number:,} of contacts belong to no row of campaigns or runs",
            do="go back to the last backup; nobody of them is called meanwhile",
        )


def _broken_rules(connection: Connection, version: int) -> Iterator[Problem]:
    for rule in RULES:
        if rule.since > version:
            continue
        found = connection.execute(f"{rule.broken} LIMIT {_MOST + 1}").fetchall()
        for campaign, row, what in found[:_MOST]:
            yield Problem(what=f"{campaign}, row {row}: {rule.says} ({what})", do=rule.do)
        if len(found) > _MOST:
            yield Problem(what=f"more rows like these: {rule.says}", do=rule.do)


def _broken_controls(connection: Connection, version: int) -> Iterator[Problem]:
    if version < _CONTROLS:
        return
    no_json = [str(run) for run, doing in connection.execute(_DOINGS) if not _is_json(doing)]
    these = f" OR r.id IN ({', '.join(no_json[:_MOST])})" if no_json else ""
    for statement in (_HALF_SAID, _UNREADABLE.format(or_these=these)):
        found = connection.execute(f"{statement} LIMIT {_MOST}").fetchall()
        for name, wave, what, to_do in found:
            yield Problem(what=f"{CampaignId(name=name, wave=wave)}: {what}", do=to_do)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _notes(connection: Connection, place: Place, version: int) -> Iterator[str]:
    if version < VERSION:
        yield f"of version {version}: the next command that writes brings it to {VERSION}"
    paused = connection.execute(_PAUSED).fetchall() if version >= _CONTROLS else []
    for name, wave, at, by in paused:
        yield (
            f"{CampaignId(name=name, wave=wave)} is paused by {by}, since {instants.in_words(at)}: "
            "no call is begun until poku-batch resume"
        )
    for name, wave, host, pid in connection.execute(_OPEN_RUNS).fetchall():
        campaign = CampaignId(name=name, wave=wave)
        if _is_held(place, campaign):
            yield f"{campaign} is being run, by process {pid} on {host}"
        else:
            yield (
                f"a run of {campaign} (process {pid} on {host}) died; "
                "the next run settles what it left"
            )


def _is_held(place: Place, campaign: CampaignId) -> bool:
    lease = place.lease(campaign)
    try:
        if not lease.acquire():
            return True
    except LedgerError:
        # A folder that may not be written: nobody can run there either.
        return False
    lease.release()
    return False
