"""SQLite's errors in the words of this program."""

import sqlite3
from pathlib import Path

from poku_batch.errors import LedgerError, LedgerUnwritableError

_UPDATE_HINT = "move it away to start with an empty one, or restore it from a copy"

#: What to tell a person, by the beginning of SQLite's error name; the first match counts.
_TEXTS: tuple[tuple[str, str], ...] = (
    ("SQLITE_FULL", "the disk is full; free some space"),
    ("SQLITE_IOERR_SHMSIZE", "the disk is full; free some space"),
    ("SQLITE_NOTADB", f"this is not a ledger but some other file; {_UPDATE_HINT}"),
    ("SQLITE_CORRUPT", f"the ledger is damaged; {_UPDATE_HINT}"),
    ("SQLITE_READONLY", "the ledger cannot be written; give yourself the right to write there"),
    ("SQLITE_PERM", "the ledger may not be opened; give yourself the right to read and write it"),
    ("SQLITE_CANTOPEN", "the ledger cannot be opened; check that its folder may be written"),
    ("SQLITE_BUSY", "another program keeps the ledger locked; end it and run again"),
    ("SQLITE_LOCKED", "another program keeps the ledger locked; end it and run again"),
    ("SQLITE_IOERR", "the disk failed to read or write the ledger; check the disk and its space"),
)

#: What may pass by itself, or by somebody's making room.
_PASSING = (
    "SQLITE_FULL",
    "SQLITE_IOERR",
    "SQLITE_BUSY",
    "SQLITE_LOCKED",
    "SQLITE_READONLY",
    "SQLITE_CANTOPEN",
    "SQLITE_PERM",
)


def translated(error: sqlite3.Error, path: Path) -> LedgerError:
    """The ``LedgerError`` that says what SQLite's error means for the ledger at ``path``."""
    name = getattr(error, "sqlite_errorname", None) or ""
    kind = LedgerUnwritableError if name.startswith(_PASSING) else LedgerError
    for beginning, text in _TEXTS:
        if name.startswith(beginning):
            return kind(f"{path}: {text} ({name}: {error})")
    return LedgerError(f"{path}: the ledger failed: {error} ({name or type(error).__name__})")


def is_busy(error: Exception) -> bool:
    """Whether somebody else held the lock for too long."""
    name = getattr(error, "sqlite_errorname", None) or ""
    return name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
