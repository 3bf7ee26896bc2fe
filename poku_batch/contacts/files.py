"""The file a sheet is in: that it is there, is a file, can be read, and stays as it was."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from poku_batch.contacts.columns import nearest
from poku_batch.errors import ContactsError, Fault

#: What tells one content of a file from another: device, file number, size, time of change.
Stamp = tuple[int, int, int, int]

_LISTED = 5_000


def require_file(path: Path, *, file: str) -> Stamp:
    """Return the stamp of a readable, non-empty, regular file.

    Raises ``ContactsError`` if it is anything else; a missing one comes with the nearest name.
    """
    with reading(path, file=file):
        found = path.stat()
        if stat.S_ISREG(found.st_mode):
            path.open("rb").close()
    if stat.S_ISDIR(found.st_mode):
        raise _fault(file, "is a folder, not a file", "name the sheet in it")
    if not stat.S_ISREG(found.st_mode):
        raise _fault(file, "is not a regular file", "save the sheet as a file first")
    if not found.st_size:
        raise _fault(file, "is empty", "the first row must hold the column names")
    return _stamp_of(found)


def require_unchanged(path: Path, stamp: Stamp, *, file: str) -> None:
    """Raise ``ContactsError`` if the file is not the one that was opened and checked."""
    with reading(path, file=file):
        now = _stamp_of(path.stat())
    if now != stamp:
        raise changed(file)


def changed(file: str) -> ContactsError:
    """Return the error of a file that was written to while it was read."""
    return _fault(file, "was changed while it was being read", "run again once it is saved")


@contextmanager
def reading(path: Path, *, file: str) -> Iterator[None]:
    """Translate what the operating system says about a file to ``ContactsError``."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise _fault(file, "there is no such file", _missing_hint(path)) from error
    except PermissionError as error:
        raise _fault(file, "may not be read", "check the file's permissions") from error
    except OSError as error:
        raise _fault(file, f"cannot be read: {error.strerror or error}", None) from error


def _missing_hint(path: Path) -> str:
    folder = path.parent
    if not folder.is_dir():
        return f"there is no folder {folder} either"
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for _, entry in zip(range(_LISTED), entries, strict=False)]
    except OSError:
        names = []
    near = nearest(path.name, names)
    return f'did you mean "{near}"?' if near is not None else "check the name and the folder"


def _stamp_of(found: os.stat_result) -> Stamp:
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _fault(file: str, message: str, hint: str | None) -> ContactsError:
    return ContactsError([Fault(file=file, message=message, hint=hint)])
