"""Files of the desk beside the ledger: for their owner alone, and there in full or not at all.

Everything blocks.
"""

import os
from contextlib import suppress
from pathlib import Path

from poku_batch.app import environment


def private_folder(folder: Path, name: str) -> Path:
    """The folder of a name beside the ledger of a folder's campaigns; made where it is missing."""
    place = environment.desk_folder(folder, name)
    place.parent.mkdir(mode=0o700, exist_ok=True)
    place.mkdir(mode=0o700, exist_ok=True)
    return place


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that is there in full, and on the disk, or not at all."""
    part = path.with_name(f"{path.name}.part")
    try:
        with os.fdopen(new_file(part), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    sync_names(path.parent)


def new_file(path: Path) -> int:
    """A descriptor of a file that was not there, for its owner alone, to be written."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


def sync_names(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the system can do so."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
