"""The folder of a campaign's copies: one program at a time puts recordings there."""

import os
import stat
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Self

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

from poku_batch.errors import ResultsError
from poku_batch.models import KeptRecording
from poku_batch.recordings.naming import name_of
from poku_batch.recordings.partial import digest_of, note_of, part_of, read_note

_LOCK = ".poku-batch.lock"


class FolderBusyError(Exception):
    """Another program puts recordings there just now."""


class Folder:
    """A folder of copies; a ``with`` block makes it (0700) and holds it. Blocks."""

    def __init__(self, path: Path) -> None:
        """Take an absolute path."""
        self.path = path
        self._lock: BaseFileLock = FileLock(path / _LOCK, mode=0o600, thread_local=False)

    def __enter__(self) -> Self:
        """Take it. Raises ``FolderBusyError``, and ``OSError`` where it cannot be used."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Two names of one folder must come to the same places.
        self.path = self.path.resolve()
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise FolderBusyError from None
        if isinstance(self._lock, SoftFileLock):
            # A marker that a dead process leaves behind holds nobody off.
            self._lock.release(force=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lock.release(force=True)

    def free_places(self, stem: str, ending: str) -> Iterator[Path]:
        """Places where nothing lies, nor is being made, one after the other."""
        for number in count(1):
            place = self.path / name_of(stem, ending, number)
            if not any(os.path.lexists(path) for path in (place, part_of(place), note_of(place))):
                yield place

    def moved_here(self, kept: KeptRecording) -> Path | None:
        """The copy that was kept elsewhere under the same name, if it is here, byte for byte."""
        here = self.path / kept.file.name
        return here if here != kept.file and is_sound(kept, here, verify=True) else None


def check_folder(path: Path) -> None:
    """Raise ``ResultsError`` where no recording could be kept; makes nothing."""
    folder = next(place for place in (path, *path.parents) if place.exists())
    if not folder.is_dir():
        raise ResultsError(
            f"{path}: {folder} is a file, not a folder; name another folder for the recordings"
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise ResultsError(
            f"{path}: the folder {folder} may not be written to; change its permissions, or name "
            "another folder for the recordings"
        )


def is_sound(kept: KeptRecording, at: Path, *, verify: bool) -> bool:
    """Whether a regular file of a copy's length lies there; ``verify``: and of its bytes."""
    return why_unsound(kept, at, verify=verify) is None


def why_unsound(kept: KeptRecording, at: Path, *, verify: bool) -> str | None:
    """What is wrong with a copy, in words that follow its name; None for nothing."""
    try:
        found = at.lstat()
    except OSError:
        return "is not there any more"
    if not stat.S_ISREG(found.st_mode):
        return "is no file any more"
    if found.st_size != kept.size:
        return "does not have its length any more"
    if verify and digest_of(at) != (kept.size, kept.sha256):
        return "does not hold its bytes any more"
    return None


def whole_copy(place: Path) -> tuple[int, str] | None:
    """The length and SHA-256 of a copy that was made to its end, and never recorded.

    It is given its place, if it had not got it.
    """
    note = read_note(place)
    if note is None or not note.whole:
        return None
    for path in (place, part_of(place)):
        if digest_of(path) == (note.length, note.sha256):
            if path != place:
                path.replace(place)
            return note.length, note.sha256
    return None
