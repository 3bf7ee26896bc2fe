"""Putting a file that is complete where it is to be.

It is written beside its target, brought to the disk and renamed, so that the target is whole at any
time; a target that cannot be replaced stays, and the file goes beside it under another name.
"""

import errno
import itertools
import os
import tempfile
from contextlib import suppress
from pathlib import Path

#: What a system says of a file that stands and cannot be replaced, while its folder takes others.
_NOT_REPLACEABLE = frozenset(
    {errno.EACCES, errno.EPERM, errno.EISDIR, errno.EBUSY, errno.ENOTEMPTY, errno.EEXIST}
)


def draft_beside(target: Path) -> Path:
    """Make an empty file beside a target, readable by its owner alone, and the folders above it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp gives mode 0600, and a name that nobody else has.
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
    os.close(handle)
    return Path(name)


def put_in_place(draft: Path, target: Path) -> Path:
    """Rename a draft to its target or, where that cannot be replaced, to a name beside it."""
    try:
        draft.replace(target)
    except OSError as error:
        if error.errno not in _NOT_REPLACEABLE:
            raise
        beside = _free_name(target)
        draft.replace(beside)
        return beside
    return target


def sync(path: Path) -> None:
    """Bring a file, or the names in a folder, to the disk."""
    if os.name == "nt" and path.is_dir():
        return  # Windows cannot open folders, and needs no such thing
    handle = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _free_name(target: Path) -> Path:
    """Take the first name of ``results (2).csv``, ``results (3).csv`` … that nobody has."""
    for number in itertools.count(2):
        name = target.with_name(f"{target.stem} ({number}){target.suffix}")
        with suppress(FileExistsError):
            os.close(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            return name
    raise AssertionError("numbers do not end")
