"""Finding, creating and opening a ledger file; settings of its connections; migrations.

Every connection: WAL, ``synchronous=FULL`` (a commit is synced before it returns), foreign keys,
explicit transactions, a busy timeout. The file is readable by its owner alone.
"""

import os
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

from poku_batch.errors import LedgerError
from poku_batch.ledger import many
from poku_batch.ledger.connection import transaction
from poku_batch.ledger.failures import is_busy, translated
from poku_batch.ledger.lock import FileLease, campaign_lease
from poku_batch.ledger.schema import APPLICATION_ID, MIGRATIONS, VERSION
from poku_batch.models import CampaignId

#: How long a connection waits for another process's transaction.
BUSY_TIMEOUT_S = 30.0

#: UPDATE … FROM, window functions and partial indexes are used.
_OLDEST_SQLITE = (3, 35, 0)


def is_ledger(path: Path) -> bool:
    """Whether a file is a ledger, or the empty file that becomes one.

    A damaged database counts as one, since nobody can tell whose it is. Blocks. Raises
    ``LedgerError`` where it cannot be read. SQLite alone opens the file, since this process may
    have it open already: see ``standing.enrolled_from``.
    """
    try:
        if not path.stat().st_size:
            return True
        with closing(connect(path, read_only=True)) as connection:
            owner = connection.execute("PRAGMA application_id").fetchone()[0]
    except OSError as error:
        raise LedgerError(f"{path}: the ledger cannot be read: {error.strerror}") from error
    except sqlite3.Error as error:
        if error.sqlite_errorcode in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            return error.sqlite_errorcode == sqlite3.SQLITE_CORRUPT
        raise translated(error, path) from error
    return bool(owner == APPLICATION_ID)


def prepare(path: Path) -> None:
    """Create the ledger's folder (0700) and file (0600) where missing, and bring it up to date.

    Blocks. Raises ``LedgerError`` where the file cannot be used, saying what to do.
    """
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise LedgerError(
            f"SQLite {sqlite3.sqlite_version} is too old for the ledger; "
            "use a Python built with SQLite 3.35 or newer"
        )
    _create(path)
    _sync_names(path)
    with _translating(path):
        connection = connect(path)
        try:
            _migrate(connection, path)
        finally:
            connection.close()


def version_of(connection: "SqliteConnection", path: Path) -> int:
    """The version of a ledger; 0 for an empty file.

    Raises ``LedgerError`` for another program's database, or a ledger of a newer version.
    """
    _check_owner(connection, path)
    return _version(connection)


class SqliteConnection(sqlite3.Connection):
    """SQLite's connection, with what the ledger asks of every database: see ``Connection``."""

    def with_rows(
        self, statement: str, columns: tuple[str, ...], rows: Sequence[Sequence[Any]]
    ) -> list[tuple[Any, ...]]:
        """Execute a statement that reads the table ``w``."""
        found: list[tuple[Any, ...]] = []
        for text, values in many.in_values(statement, columns, rows):
            found += self.execute(text, values).fetchall()
        return found

    def add_rows(self, table: str, columns: tuple[str, ...], rows: Iterable[Sequence[Any]]) -> None:
        """Put many rows into a table."""
        self.executemany(many.insertion(table, columns), rows)

    def begin(self, *, writing: bool, temporary: bool = False) -> None:
        """Begin a transaction; ``writing`` takes the write lock at once."""
        del temporary
        self.execute("BEGIN IMMEDIATE" if writing else "BEGIN")

    def commit(self) -> None:
        """End the transaction, synced."""
        self.execute("COMMIT")

    def rollback(self) -> None:
        """Undo the transaction."""
        self.execute("ROLLBACK")

    def look_at(self, *tables: str) -> None:
        """Let the tables be: statements name the indexes to use."""

    def holds(self, text: str) -> bool:
        """Whether a text comes back as it was: what UTF-8 can hold does."""
        try:
            text.encode()
        except UnicodeEncodeError:
            return False
        return True

    def fitting(self, row: Sequence[Any]) -> tuple[Any, ...]:
        """A row as it would come back."""
        return tuple(row)

    def count_on(self, table: str) -> None:
        """SQLite counts on from the highest id by itself."""

    def rebuild(self) -> None:
        """Write the file anew, without what was deleted."""
        self.execute("VACUUM")

    def wait_for_locks(self, seconds: float) -> None:
        """Say for how long another's lock is waited for."""
        self.execute(f"PRAGMA busy_timeout = {round(seconds * 1000)}")

    def changes(self) -> int:
        """A number that differs whenever another connection has changed the ledger since."""
        return int(self.execute("PRAGMA data_version").fetchone()[0])


@dataclass(frozen=True, slots=True)
class SqliteFile:
    """A ledger in one file; see ``places.Place``."""

    path: Path

    #: A commit writes every page that was changed: the fewer, the better.
    gather_s: ClassVar[float] = 0.010

    def __str__(self) -> str:
        return str(self.path)

    def exists(self) -> bool:
        """Whether the file is there; opens and creates nothing."""
        try:
            return self.path.is_file()
        except OSError as error:
            raise LedgerError(
                f"{self.path}: the ledger cannot be looked for: {error.strerror}"
            ) from error

    def prepare(self) -> None:
        """Create the file where it is missing, and bring it up to date."""
        prepare(self.path)

    def connect(self, *, read_only: bool = False, sealed: bool = False) -> SqliteConnection:
        """A connection to the file."""
        return connect(self.path, read_only=read_only, sealed=sealed)

    def version_of(self, connection: SqliteConnection) -> int:
        """The version of the ledger."""
        return version_of(connection, self.path)

    def lease(self, campaign: CampaignId, *, beside: FileLease | None = None) -> FileLease:
        """What lets one process at a time run a campaign."""
        del beside
        return campaign_lease(self.path, campaign)

    def distribution(self, writer: object, reader: object, keep: object) -> None:
        """A file is one machine's."""


def connect(path: Path, *, read_only: bool = False, sealed: bool = False) -> SqliteConnection:
    """A connection to an existing ledger, in autocommit; may be handed from thread to thread.

    A ``read_only`` one changes nothing at all. A ``sealed`` one has temporary tables of its own;
    it must not be the last to leave: it would leave the log's files behind.
    """
    connection = sqlite3.connect(
        f"file:{quote(str(path))}?mode={'ro' if sealed else 'rw'}",
        uri=True,
        timeout=BUSY_TIMEOUT_S,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=256,
        factory=SqliteConnection,
    )
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA temp_store = FILE")
        if read_only:
            connection.execute("PRAGMA query_only = ON")
    except BaseException:
        connection.close()
        raise
    return connection


@contextmanager
def _translating(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise translated(error, path) from error


def _create(path: Path) -> None:
    folder = path.parent
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        # O_EXCL: an existing file keeps its mode; its -wal and -shm files inherit it.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError as error:
        if not folder.is_dir():
            raise LedgerError(
                f"{path}: {folder} is a file, not a folder; choose another place for the ledger"
            ) from error
        if path.is_dir():
            raise LedgerError(f"{path}: the ledger's path is a folder; name a file") from error
    except FileNotFoundError as error:
        raise LedgerError(
            f"{path}: the folder {folder.parent} does not exist; create it, or choose another place"
        ) from error
    except OSError as error:
        raise LedgerError(
            f"{path}: the ledger cannot be created ({error.strerror}); "
            "give yourself the right to write there, or set POKU_BATCH_LEDGER to another place"
        ) from error


def _sync_names(path: Path) -> None:
    """Bring the names of the ledger and of its folder to the disk; SQLite syncs only contents.

    Done at every start: whoever created them may have died before this. As SQLite does, a folder
    that cannot be opened or synced (Windows, some network file systems) is passed over.
    """
    for folder in (path.parent, path.parent.parent):
        with suppress(OSError):
            handle = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def _migrate(connection: SqliteConnection, path: Path) -> None:
    _check_owner(connection, path)
    _switch_to_wal(connection, path)
    if _version(connection) == VERSION:
        return
    # Tables are made anew; SQLite changes this outside transactions alone. The connection is
    # closed afterwards.
    connection.execute("PRAGMA foreign_keys = OFF")
    with transaction(connection, writing=True):
        # Another process may have migrated while this one waited for the lock.
        for number in range(_version(connection), VERSION):
            for statement in MIGRATIONS[number]:
                connection.execute(statement)
        _check_references(connection, path)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {VERSION}")


def _check_references(connection: SqliteConnection, path: Path) -> None:
    broken = connection.execute("PRAGMA foreign_key_check").fetchone()
    if broken is not None:
        raise LedgerError(
            f"{path}: the ledger cannot be brought up to date: a row of {broken[0]} names a row of "
            f"{broken[2]} that is not there; nothing was changed. See what else is wrong with "
            "poku-batch ledger check, or go back to a copy"
        )


def _check_owner(connection: SqliteConnection, path: Path) -> None:
    with transaction(connection, writing=False):
        owner = connection.execute("PRAGMA application_id").fetchone()[0]
        filled = connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
        version = _version(connection)
    if filled and owner != APPLICATION_ID:
        raise LedgerError(
            f"{path}: this database belongs to another program; choose another place for the ledger"
        )
    if version > VERSION:
        raise LedgerError(
            f"{path}: the ledger is of version {version}, written by a newer poku-batch than this "
            f"one, which knows version {VERSION}; update poku-batch"
        )


def _version(connection: SqliteConnection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _switch_to_wal(connection: SqliteConnection, path: Path) -> None:
    # SQLite does not wait its busy timeout for this change when two processes make it at once.
    give_up = time.monotonic() + BUSY_TIMEOUT_S
    while True:
        try:
            mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
            break
        except sqlite3.OperationalError as error:
            if not is_busy(error) or time.monotonic() > give_up:
                raise
            time.sleep(0.02)
    if mode != "wal":
        raise LedgerError(
            f"{path}: this file system cannot hold a ledger (no shared memory for SQLite's WAL); "
            "set POKU_BATCH_LEDGER to a path on a local disk"
        )
