"""Forgetting a ledger: for rehearsals, whose record nobody needs twice."""

import sqlite3
from contextlib import ExitStack, closing
from pathlib import Path

from poku_batch.errors import LedgerError
from poku_batch.ledger.copies import all_places, delete_copies
from poku_batch.ledger.failures import translated
from poku_batch.ledger.lock import FileLease, lock_files
from poku_batch.ledger.opening import connect, is_ledger
from poku_batch.ledger.places import file_of


def forget_ledger(url: str | Path) -> None:
    """Delete the ledger at a path or ``sqlite:///path``, and the recordings that it kept.

    Nothing happens where there is none.

    Blocks. Raises ``LedgerError``, and deletes nothing, while a run of one of its campaigns is
    going on, or where the file is not a ledger.
    """
    path = file_of(url, instead="drop its schema there").path.resolve()
    if not path.exists():
        return
    if not is_ledger(path):
        raise LedgerError(f"{path}: this is not a ledger, so it is not deleted; move it away")
    with ExitStack() as stack:
        for lock_file in lock_files(path):
            lease = FileLease(lock_file)
            if not lease.acquire():
                raise LedgerError(
                    f"{path}: the ledger is in use by a run; wait until that has ended, or stop it"
                )
            stack.callback(lease.release)
        _delete_recordings(path)
        try:
            # The log goes first: left behind, it would be taken for that of a later ledger.
            for name in (f"{path.name}-wal", f"{path.name}-shm", path.name):
                path.with_name(name).unlink(missing_ok=True)
        except OSError as error:
            raise LedgerError(
                f"{path}: the ledger cannot be deleted ({error.strerror}); "
                "give yourself the right to write in its folder"
            ) from error


def _delete_recordings(path: Path) -> None:
    """Delete the local copies; of a damaged ledger nobody knows which they are."""
    try:
        with closing(connect(path)) as connection:
            places = all_places(connection)
    except sqlite3.OperationalError as error:
        raise translated(error, path) from error
    except sqlite3.DatabaseError:
        return
    delete_copies(places)
