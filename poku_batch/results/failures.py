"""What the operating system says about an output file, in words that say what to do."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from poku_batch.errors import ResultsError


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Translate what the operating system says about an output file to ``ResultsError``."""
    try:
        yield
    except OSError as error:
        raise ResultsError(f"{path}: {_what_to_do(error)}") from error


def _what_to_do(error: OSError) -> str:
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            return "the disk is full; free some space and export again"
        case errno.EACCES | errno.EPERM | errno.EROFS:
            return (
                "may not be written; change the permissions, close the file if another program has "
                "it open, or name another place, and export again"
            )
        case errno.EISDIR:
            return "is a folder; name a file in it"
        case errno.ENOTDIR | errno.EEXIST:
            return "a part of its path is a file, not a folder; name another place"
        case _:
            return f"cannot be written: {error.strerror or error}; export again once that is mended"
