"""Deleting the local copies of recordings, before the ledger forgets where they are.

Invariant: files go first and for good, and the rows that name them after: whoever is killed in
between finds them again.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from poku_batch.errors import LedgerError
from poku_batch.ledger.connection import Connection

#: What lies beside a copy's place while it is being fetched.
_BESIDE = ("", ".part", ".part.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeletedCopies:
    """Copies that were deleted, whole or in part; ``absent`` ones were not where they were kept."""

    deleted: int = 0
    absent: int = 0


def delete_copies(rows: Iterable[tuple[str | None, str | None]]) -> DeletedCopies:
    """Delete what lies at the places of some rows of ``recordings``: their ``file``, ``place``.

    Blocks; when it returns nothing of it comes back, not after a power cut either. Raises
    ``LedgerError`` where one cannot be deleted; some are gone then.
    """
    deleted = absent = 0
    folders: set[Path] = set()
    for file, place in rows:
        found = False
        for path in _paths(place or file):
            if _delete(path):
                found = True
                folders.add(path.parent)
        deleted += found
        absent += not found and file is not None
    for folder in folders:
        sync_folder(folder)
    return DeletedCopies(deleted=deleted, absent=absent)


def all_places(connection: Connection) -> list[tuple[str | None, str | None]]:
    """The files and places of all recordings; none in a ledger from before there were any."""
    there = connection.execute(
        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'recordings'"
    ).fetchone()
    if there is None:
        return []
    return connection.execute("SELECT file, place FROM recordings").fetchall()


def sync_folder(folder: Path) -> None:
    """Bring a folder's names to the disk, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _paths(place: str | None) -> Iterator[Path]:
    if place is not None:
        yield from (Path(f"{place}{ending}") for ending in _BESIDE)


def _delete(path: Path) -> bool:
    try:
        path.unlink()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise LedgerError(
            f"{path}: this recording cannot be deleted ({error.strerror}); close what has it "
            "open, or give yourself the right to delete it, then forget again. Nothing was erased "
            "from the ledger"
        ) from error
    return True
