"""Recordings of calls, and their local copies."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from poku_batch.models.identities import AttemptId, ContactKey


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedRecording:
    """A recording of which there is no local copy yet; ``attempt`` is its number, from 1.

    ``tries`` downloads have failed so far, the last one because of ``why``.
    """

    attempt_id: AttemptId
    row: int
    key: ContactKey
    attempt: int
    url: str
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
