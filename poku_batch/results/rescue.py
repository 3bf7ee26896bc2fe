"""What the ledger would not take at a run's end, kept in a file of its own.

One line of JSON a result, readable by its owner alone. Nothing here raises: it is the last resort.
"""

import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path


def rescue(
    lines: Sequence[str], *, bare_lines: Sequence[str], beside: Sequence[Path]
) -> Path | None:
    """Write lines beside the first of some files that has room, else into the temporary folder.

    Gives the file's path; None where no file could be written: then ``bare_lines``, which may hold
    no numbers, went to standard error.
    """
    data = "".join(f"{line}\n" for line in lines).encode()
    stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    places = [path.with_name(f"{path.stem}.rescued-{stamp}.jsonl") for path in beside]
    name = places[0].name if places else f"poku-batch.rescued-{stamp}.jsonl"
    for place in (*places, *_in_temporary_folder(name)):
        if _written(place, data):
            return place
    with suppress(OSError, ValueError):
        sys.stderr.write("".join(f"{line}\n" for line in bare_lines))
        sys.stderr.flush()
    return None


def _in_temporary_folder(name: str) -> list[Path]:
    try:
        return [Path(tempfile.gettempdir()) / name]
    except OSError:
        return []


def _written(place: Path, data: bytes) -> bool:
    """Whether a new file holds the data, on the disk; half a file is taken away again."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError:
        return False
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        with suppress(OSError):
            place.unlink()
        return False
    return True
