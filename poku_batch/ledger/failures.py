"""A database's errors in the words of this program."""

import sqlite3

from poku_batch.errors import LedgerError, LedgerUnwritableError

_UPDATE_HINT = (
    "restore it from a copy; or move it away, and an empty one begins, which knows nobody as "
    "called: everybody would be called anew"
)


class PostgresError(Exception):
    """What PostgreSQL refused, or that it cannot be reached; psycopg need not be there for it.

    ``code`` is the SQLSTATE, empty where there is none; ``is_lost``: the connection is gone.
    """

    def __init__(self, text: str, *, code: str = "", is_lost: bool = False) -> None:
        self.code = code
        self.is_lost = is_lost
        super().__init__(text)


#: What connections raise.
DATABASE_ERRORS = (sqlite3.Error, PostgresError)

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


#: As above, by the beginning of PostgreSQL's SQLSTATE, and whether it may pass.
#: Source: postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL: tuple[tuple[str, bool, str], ...] = (
    ("28", True, "the database does not let this user in; check the address, and PGPASSWORD"),
    ("3D", False, "there is no such database; create it, or correct the address"),
    ("25006", True, "the database takes no writes now: it is a standby, or set to read only"),
    ("42501", False, "this user may not do that; see docs/postgresql.md for the rights it needs"),
    ("53100", True, "the database's disk is full; free some space"),
    ("53", True, "the database has no room for more; free some, or allow more connections"),
    ("55P03", True, "another program keeps the ledger locked; end it and run again"),
    ("40", True, "another program was at the same rows; run again"),
    ("57014", True, "the database gave up on it; look at statement_timeout and who cancelled it"),
    ("57P", True, "the database is being stopped or started; wait until it is there again"),
    ("58", True, "the database's disk failed; look at its log"),
    ("XX001", False, "the database is damaged; go back to a backup"),
    ("XX002", False, "the database is damaged; go back to a backup"),
    ("XX", True, "the database failed; look at its log"),
)


def translated(error: Exception, place: object) -> LedgerError:
    """The ``LedgerError`` that says what one of ``DATABASE_ERRORS`` means for the ledger there."""
    if isinstance(error, PostgresError):
        return _translated(error, place)
    name = getattr(error, "sqlite_errorname", None) or ""
    kind = LedgerUnwritableError if name.startswith(_PASSING) else LedgerError
    for beginning, text in _TEXTS:
        if name.startswith(beginning):
            return kind(f"{place}: {text} ({name}: {error})")
    return LedgerError(f"{place}: the ledger failed: {error} ({name or type(error).__name__})")


def _translated(error: PostgresError, place: object) -> LedgerError:
    said = " ".join(str(error).split())
    for beginning, passing, text in _POSTGRESQL:
        if error.code.startswith(beginning):
            kind = LedgerUnwritableError if passing else LedgerError
            return kind(f"{place}: {text} ({error.code}: {said})")
    if error.is_lost:
        return LedgerUnwritableError(f"{place}: the database cannot be reached ({said})")
    return LedgerError(f"{place}: the ledger failed: {said} ({error.code or 'PostgreSQL'})")


def is_lost(error: BaseException) -> bool:
    """Whether the connection is gone: nothing that was not committed has happened."""
    return isinstance(error, PostgresError) and error.is_lost


def is_busy(error: Exception) -> bool:
    """Whether somebody else held the lock for too long."""
    if isinstance(error, PostgresError):
        return error.code in ("55P03", "40P01")
    name = getattr(error, "sqlite_errorname", None) or ""
    return name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED"))
