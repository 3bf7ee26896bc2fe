"""Recordings of calls, and their local copies."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from poku_batch.models.identities import AttemptId, ContactKey, InteractionId


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRecording:
    """A recording of which there is no local copy yet; ``attempt`` is its number, from 1.

    ``tries`` downloads have failed so far, the last one because of ``why``. ``place`` is where its
    copy is to be, or has been, if somebody has begun one: an absolute path.
    """

    attempt_id: AttemptId
    row: int
    key: ContactKey
    attempt: int
    url: str
    interaction_id: InteractionId | None = None
    place: Path | None = None
    tries: int = 0
    why: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRecording:
    """A local copy: an absolute path, its length in bytes and its SHA-256 in hexadecimal digits."""

    file: Path
    size: int
    sha256: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingRecording:
    """Why there is no local copy, and how many downloads have failed."""

    why: str
    tries: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordingCounts:
    """A campaign's recordings: with a local copy, tried in vain, and not tried yet."""

    kept: int = 0
    missing: int = 0
    untried: int = 0

    @property
    def left(self) -> int:
        """How many have no local copy."""
        return self.missing + self.untried


class Claim(StrEnum):
    """What came of asking for a place."""

    CLAIMED = "claimed"
    #: it is another attempt's
    TAKEN = "taken"
    #: the attempt was erased meanwhile, and has no recording any more
    ERASED = "erased"
