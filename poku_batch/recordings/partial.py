"""A copy that is being made: its bytes beside their place, and a note of how far they are sure.

Invariants: ``PLACE.part`` grows; ``PLACE.part.json`` says of its first bytes how many are on the
disk and their SHA-256, so that whatever broke off when is gone on with from bytes that are right.
At the end the note says so, and only then ``PLACE.part`` gets its place's name: a file with such a
note beside it is whole, whoever was killed before saying so. All of it blocks.
"""

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO, Self, cast

from poku_batch.ledger.copies import sync_folder

#: Long enough for any note; one of constant length is written at one stroke.
_NOTE_LENGTH = 1_024
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """How far a copy is: its sure bytes, of ``total`` if that is known.

    ``validator`` is the server's name for these very bytes, ``""`` without one. ``whole``: it is
    all of the recording.
    """

    length: int
    sha256: str
    validator: str
    total: int | None
    whole: bool = False


class Partial:
    """A copy on its way to its place.

    Both files stay open: whoever is forgotten meanwhile has theirs deleted, and nothing of them is
    made again under their name.
    """

    def __init__(self, place: Path, part: BinaryIO, beside: BinaryIO, note: Note) -> None:
        self.place = place
        self.note = note
        self._part = part
        self._beside = beside
        self._digest = hashlib.sha256()

    @classmethod
    def begin(cls, place: Path, *, validator: str, total: int | None) -> Self:
        """Begin anew, in place of what may lie there. Raises ``OSError``."""
        discard(place)
        note = Note(length=0, sha256="", validator=validator, total=total)
        return cls(place, *_both(place, os.O_RDWR | os.O_CREAT | os.O_EXCL), note)

    @classmethod
    def resume(cls, place: Path) -> Self | None:
        """Go on with what lies there; None where nothing does that could be gone on with."""
        note = read_note(place)
        if note is None or not note.validator or not note.length or note.whole:
            return None
        try:
            partial = cls(place, *_both(place, os.O_RDWR), note)
        except OSError:
            return None
        if partial._is_sure():
            return partial
        partial._close()
        return None

    def append(self, data: bytes) -> None:
        """Add bytes, and be sure of them when it returns. Raises ``OSError``."""
        _write(self._part, data)
        self._digest.update(data)
        self.note = replace(
            self.note, length=self.note.length + len(data), sha256=self._digest.hexdigest()
        )
        self._write_note()

    def finish(self) -> Note:
        """Give it its place, for good. Raises ``OSError``."""
        self.note = replace(self.note, whole=True)
        self._write_note()
        self._close()
        part_of(self.place).replace(self.place)
        sync_folder(self.place.parent)
        return self.note

    def leave(self) -> bool:
        """Let go of it, so that another try goes on with it; False where none could."""
        self._close()
        if self.note.validator and self.note.length:
            return True
        with suppress(OSError):
            discard(self.place)
        return False

    def _is_sure(self) -> bool:
        """Whether its first bytes are those that the note tells of; whatever follows is cut off."""
        left = self.note.length
        while left and (piece := self._part.read(min(left, _PIECE))):
            self._digest.update(piece)
            left -= len(piece)
        self._part.truncate(self.note.length)
        return not left and self._digest.hexdigest() == self.note.sha256

    def _write_note(self) -> None:
        self._beside.seek(0)
        _write(self._beside, json.dumps(asdict(self.note)).ljust(_NOTE_LENGTH).encode())

    def _close(self) -> None:
        self._part.close()
        self._beside.close()


def part_of(place: Path) -> Path:
    """Where the bytes are."""
    return Path(f"{place}.part")


def note_of(place: Path) -> Path:
    """Where the note is."""
    return Path(f"{place}.part.json")


def read_note(place: Path) -> Note | None:
    """The note beside a place; None where there is none that can be read."""
    try:
        told = json.loads(note_of(place).read_bytes()[: 2 * _NOTE_LENGTH])
        note = Note(**told)
    except (OSError, ValueError, TypeError):
        return None
    lengths = [length for length in (note.length, note.total) if length is not None]
    if not all(type(length) is int and length >= 0 for length in lengths):
        return None
    return note if all(isinstance(text, str) for text in (note.sha256, note.validator)) else None


def discard(place: Path) -> None:
    """Delete what was made of a copy, but not one that has its place. Raises ``OSError``."""
    for path in (note_of(place), part_of(place)):
        path.unlink(missing_ok=True)


def digest_of(path: Path) -> tuple[int, str] | None:
    """A file's length and SHA-256; None where there is no regular file."""
    digest, size = hashlib.sha256(), 0
    try:
        with _opened(path, "rb", os.O_RDONLY) as file:
            while piece := file.read(_PIECE):
                digest.update(piece)
                size += len(piece)
    except OSError:
        return None
    return size, digest.hexdigest()


def _both(place: Path, flags: int) -> tuple[BinaryIO, BinaryIO]:
    part = _opened(part_of(place), "r+b", flags)
    try:
        return part, _opened(note_of(place), "r+b", flags)
    except OSError:
        part.close()
        raise


def _opened(path: Path, mode: str, flags: int) -> BinaryIO:
    """Open what is there itself, and never what a link leads to; a new file is this user's."""
    flags |= getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    # Unbuffered: what a full disk did not take must not be tried again by closing.
    return cast("BinaryIO", os.fdopen(os.open(path, flags, 0o600), mode, buffering=0))


def _write(file: BinaryIO, data: bytes) -> None:
    """Write all of it, and have it on the disk."""
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]
    os.fsync(file.fileno())
