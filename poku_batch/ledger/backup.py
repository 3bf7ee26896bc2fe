"""A copy of a ledger, made while runs go on, and looked over before it counts."""

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from poku_batch.errors import LedgerError
from poku_batch.ledger.failures import translated
from poku_batch.ledger.opening import connect
from poku_batch.ledger.places import file_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A copy, and what is in it."""

    path: Path
    contacts: int
    attempts: int


def back_up(url: str | Path, to: Path) -> Backup:
    """Copy the ledger at ``url`` to a new file, 0600, as it stands at one moment.

    Blocks; runs go on meanwhile. Raises ``LedgerError`` where the file exists, cannot be written,
    or the copy is not sound; then no file is left.
    """
    source = file_of(url, instead="copy it with pg_dump, see docs/postgresql.md").path
    draft = to.with_name(f".{to.name}.part")
    if to.exists() or to.is_symlink():
        raise LedgerError(f"{to}: exists already, and a backup writes over nothing; name another")
    try:
        _create(draft)
        try:
            with closing(connect(source, read_only=True)) as connection:
                _copy(connection, draft)
            found = _looked_over(draft, to)
            _publish(draft, to)
        finally:
            draft.unlink(missing_ok=True)
    except OSError as error:
        raise LedgerError(
            f"{to}: the backup cannot be written ({error.strerror}); choose another place"
        ) from error
    except sqlite3.Error as error:
        raise translated(error, source) from error
    return found


def _create(draft: Path) -> None:
    # One that is left of a backup that was killed is nobody's.
    draft.unlink(missing_ok=True)
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _copy(source: sqlite3.Connection, draft: Path) -> None:
    with closing(sqlite3.connect(draft, isolation_level=None)) as copy:
        # All pages in one step are one moment's; a copy in steps begins anew at every write.
        source.backup(copy, pages=-1)
        # One file, without a log beside it.
        copy.execute("PRAGMA journal_mode = DELETE")


def _looked_over(draft: Path, to: Path) -> Backup:
    with closing(sqlite3.connect(draft, isolation_level=None)) as copy:
        found = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
        if found != "ok" or copy.execute("PRAGMA foreign_key_check").fetchone():
            raise LedgerError(
                f"{to}: the copy is not sound ({found}), so it is not kept; "
                "look at the ledger with: poku-batch ledger check"
            )
        contacts, attempts = copy.execute(
            "SELECT (SELECT COUNT(*) FROM contacts), (SELECT COUNT(*) FROM attempts)"
        ).fetchone()
    return Backup(path=to, contacts=contacts, attempts=attempts)


def _publish(draft: Path, to: Path) -> None:
    handle = os.open(draft, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    try:
        # A link is made or it is not: nobody's file is written over, however late it came.
        os.link(draft, to)
    except FileExistsError:
        raise
    except OSError:  # a file system without links
        draft.rename(to)
    if os.name != "nt":
        folder = os.open(to.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
