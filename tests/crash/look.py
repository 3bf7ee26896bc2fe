"""A look into a ledger that nobody has open: what it says of each contact."""

import json
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_CONTACTS = """
    SELECT key, state FROM contacts WHERE key IS NOT NULL AND to_number IS NOT NULL
"""

_ATTEMPTS = """
    SELECT c.key, a.number, a.state, a.interaction_id, a.outcome, n.summary, n.fields,
        COALESCE(n.to_read, 0), a.began_at / 1e6, a.ended_at / 1e6
    FROM attempts a
    JOIN contacts c ON c.id = a.contact_id
    LEFT JOIN answers n ON n.attempt_id = a.id
    WHERE c.key IS NOT NULL
    ORDER BY a.number
"""

_HAPPENINGS = """
    SELECT e.what, c.key, a.number, e.to_number
    FROM attempt_events e
    JOIN contacts c ON c.id = e.contact_id
    LEFT JOIN attempts a ON a.id = e.attempt_id
    ORDER BY e.id
"""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt. Times are seconds since the epoch; ``to_read`` while nobody has read it."""

    number: int
    state: str
    interaction_id: str | None
    outcome: str | None
    summary: str | None
    fields: Mapping[str, Any] | None
    to_read: bool
    began_at: float
    ended_at: float | None


@dataclass(frozen=True, slots=True)
class Entry:
    """A contact's state, and its attempts from the first."""

    state: str
    attempts: tuple[Attempt, ...] = ()

    @property
    def last(self) -> Attempt | None:
        return self.attempts[-1] if self.attempts else None

    @property
    def begun(self) -> list[Attempt]:
        """Those for which a phone rang, may have, or never will: all but the turned away."""
        return [attempt for attempt in self.attempts if attempt.state != "turned_away"]

    @property
    def ended(self) -> list[Attempt]:
        return [attempt for attempt in self.attempts if attempt.state == "ended"]

    @property
    def may_ring(self) -> bool:
        """Whether the program would call it by itself."""
        held = self.last is not None and self.last.state == "turned_away"
        return self.state == "pending" or (self.state == "dialing" and held)

    @property
    def is_open(self) -> bool:
        """Whether its call was begun, and nothing is known of it."""
        return self.last is not None and self.last.state == "dialing"

    def attempt(self, number: int) -> Attempt | None:
        """The attempt with a number, from 1."""
        return self.attempts[number - 1] if 0 < number <= len(self.attempts) else None


@dataclass(frozen=True, slots=True)
class Happening:
    """A line of the history: what happened to whom; ``to`` where a number was about to ring."""

    what: str
    key: str
    attempt: int | None
    to: str | None


@dataclass(frozen=True, slots=True)
class Look:
    """``entries`` by key; all empty where there is no ledger yet. ``faults``: its own checks.

    ``happenings`` in the order of the history; ``listed``: the do-not-call list; ``untold``: how
    many messages wait for the hook.
    """

    entries: dict[str, Entry] = field(default_factory=dict)
    happenings: list[Happening] = field(default_factory=list)
    listed: frozenset[str] = frozenset()
    untold: int = 0
    faults: list[str] = field(default_factory=list)

    def entry(self, key: str) -> Entry:
        return self.entries.get(key, Entry("pending"))


def look(folder: Path) -> Look:
    """Look at a copy of the folder's ledger, so that nothing in the folder changes."""
    ledger = folder / ".poku-batch" / "ledger.db"
    if not ledger.exists():
        return Look()
    with tempfile.TemporaryDirectory(prefix="look-") as copies:
        for name in ("ledger.db", "ledger.db-wal", "ledger.db-journal"):
            if ledger.with_name(name).exists():
                shutil.copy(ledger.with_name(name), copies)
        try:
            return _read(Path(copies) / "ledger.db")
        except sqlite3.DatabaseError as error:
            return Look(faults=[f"the ledger cannot be read: {error}"])


def _read(ledger: Path) -> Look:
    with closing(sqlite3.connect(ledger)) as connection:
        integrity = connection.execute("PRAGMA integrity_check").fetchone()[0]
        faults = [] if integrity == "ok" else [f"the ledger's integrity: {integrity}"]
        faults += [
            f"the ledger's foreign keys: {row}"
            for row in connection.execute("PRAGMA foreign_key_check")
        ]
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'outbox'").fetchone():
            return Look(faults=faults)
        listed = connection.execute("SELECT number FROM do_not_call WHERE removed_at IS NULL")
        return Look(
            entries=dict(_entries(connection)),
            happenings=[Happening(*row) for row in connection.execute(_HAPPENINGS)],
            listed=frozenset(number for (number,) in listed),
            untold=connection.execute("SELECT COUNT(*) FROM outbox").fetchone()[0],
            faults=faults,
        )


def _entries(connection: sqlite3.Connection) -> Iterator[tuple[str, Entry]]:
    attempts: dict[str, list[Attempt]] = {}
    for (
        key,
        number,
        state,
        identity,
        outcome,
        summary,
        fields,
        to_read,
        *times,
    ) in connection.execute(_ATTEMPTS):
        values = json.loads(fields) if fields else None
        attempts.setdefault(key, []).append(
            Attempt(number, state, identity, outcome, summary, values, bool(to_read), *times)
        )
    for key, state in connection.execute(_CONTACTS):
        yield key, Entry(state, tuple(attempts.get(key, ())))
