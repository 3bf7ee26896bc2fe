"""What the ledger and the results have in the end: what is held against the API's record."""

import csv
from dataclasses import dataclass
from pathlib import Path

import psycopg

_ATTEMPTS = """
    SELECT c.key, a.number, a.state, a.interaction_id, n.summary, a.error, w.name,
        a.placed_at / 1e6::float8
    FROM attempts a
    JOIN contacts c ON c.id = a.contact_id
    LEFT JOIN answers n ON n.attempt_id = a.id
    LEFT JOIN workers w ON w.id = a.worker_id
    ORDER BY c.key, a.number
"""

_CONTACTS = "SELECT key, state, reserved_by IS NOT NULL FROM contacts"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A call by the ledger; ``pid`` is the process that last had it, ``placed_at`` in seconds."""

    key: str
    number: int
    state: str
    id: str | None
    summary: str | None
    why: str | None
    worker: str | None
    placed_at: float

    @property
    def pid(self) -> int | None:
        return None if self.worker is None else int(self.worker.split(":")[1])


@dataclass(frozen=True, slots=True)
class Contact:
    key: str
    state: str
    is_reserved: bool


def attempts(url: str) -> list[Attempt]:
    """All of them, a contact's in their order."""
    with psycopg.connect(url) as connection:
        return [Attempt(*row) for row in connection.execute(_ATTEMPTS)]


def contacts(url: str) -> dict[str, Contact]:
    """All contacts by their key."""
    with psycopg.connect(url) as connection:
        return {row[0]: Contact(*row) for row in connection.execute(_CONTACTS)}


def rows(file: Path) -> list[dict[str, str]]:
    """The rows of a CSV file, in order."""
    with file.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))
