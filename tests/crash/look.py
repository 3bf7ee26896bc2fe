"""A look into a ledger that nobody has open: what it says of each number."""

import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

_QUERY = """
    SELECT c.key, c.state, a.state, a.interaction_id, n.summary
    FROM contacts c
    LEFT JOIN attempts a ON a.contact_id = c.id AND a.number = c.attempts
    LEFT JOIN answers n ON n.attempt_id = a.id
    WHERE c.key IS NOT NULL AND c.to_number IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """A contact's state, and of its last attempt the state, ID and summary."""

    state: str
    attempt: str | None
    interaction_id: str | None
    summary: str | None

    @property
    def may_ring(self) -> bool:
        """Whether the program would call it by itself."""
        return self.state == "pending" or (
            self.state == "dialing" and self.attempt == "turned_away"
        )

    @property
    def is_open(self) -> bool:
        """Whether its call was begun, and nothing is known of it."""
        return self.attempt == "dialing"


@dataclass(frozen=True, slots=True)
class Look:
    """``entries`` by number; empty where there is no ledger yet. ``faults``: its own checks."""

    entries: dict[str, Entry]
    faults: list[str]

    def entry(self, number: str) -> Entry:
        return self.entries.get(number, Entry("pending", None, None, None))


def look(folder: Path) -> Look:
    """Look at a copy of the folder's ledger, so that nothing in the folder changes."""
    ledger = folder / ".poku-batch" / "ledger.db"
    if not ledger.exists():
        return Look({}, [])
    with tempfile.TemporaryDirectory(prefix="look-") as copies:
        for name in ("ledger.db", "ledger.db-wal", "ledger.db-journal"):
            if ledger.with_name(name).exists():
                shutil.copy(ledger.with_name(name), copies)
        try:
            return _read(Path(copies) / "ledger.db")
        except sqlite3.DatabaseError as error:
            return Look({}, [f"the ledger cannot be read: {error}"])


def _read(ledger: Path) -> Look:
    with closing(sqlite3.connect(ledger)) as connection:
        integrity = connection.execute("PRAGMA integrity_check").fetchone()[0]
        faults = [] if integrity == "ok" else [f"the ledger's integrity: {integrity}"]
        faults += [
            f"the ledger's foreign keys: {row}"
            for row in connection.execute("PRAGMA foreign_key_check")
        ]
        if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'answers'").fetchone():
            return Look({}, faults)
        return Look({row[0]: Entry(*row[1:]) for row in connection.execute(_QUERY)}, faults)
