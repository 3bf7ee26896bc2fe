"""Workbooks are archives, and a small one may stand for more than any memory holds."""

import zipfile
import zlib
from pathlib import Path

_BEGINNING = b"PK\x03\x04"
_PIECE = 1 << 16


class UnsoundError(Exception):
    """An archive is damaged, or its parts are not as long as it says."""


def is_larger(path: Path, most: int) -> bool:
    """Whether a file is an archive of more than ``most`` bytes, unpacked; blocks.

    It is unpacked once, in small memory, since what an archive says of itself may be a lie. Raises
    ``UnsoundError`` where it is one, or where it cannot be unpacked.
    """
    with path.open("rb") as file:
        if file.read(len(_BEGINNING)) != _BEGINNING:
            return False
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if sum(part.file_size for part in parts) > most:
                return True
            for part in parts:
                _unpack(archive, part)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise UnsoundError from error
    return False


def _unpack(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Read a part to the length that it says it has; its sum is wrong where it goes on."""
    with archive.open(part) as unpacked:
        while unpacked.read(_PIECE):
            continue
