"""The ledger's file as another process would read it: what is committed, and no more."""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from poku_batch.models import AttemptState, ContactState


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRow:
    """An attempt as the file has it, with the state of its contact."""

    state: AttemptState
    contact_state: ContactState
    placements: int
    interaction_id: str | None
    error: str | None
    outcome: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRow:
    """A contact as the file has it."""

    state: ContactState
    reason: str | None
    attempts: int
    due_at: datetime
    reserved: bool
    outcome: str | None


def attempts(path: Path, to: str) -> list[AttemptRow]:
    """A number's attempts, from the first; read from the ledger's file as another process would."""
    rows = _read(
        path,
        "SELECT a.state, c.state, a.placements, a.interaction_id, a.error, a.outcome"
        " FROM attempts a JOIN contacts c ON c.id = a.contact_id"
        " WHERE c.to_number = ? ORDER BY a.number",
        to,
    )
    return [
        AttemptRow(
            state=AttemptState(row[0]),
            contact_state=ContactState(row[1]),
            placements=row[2],
            interaction_id=row[3],
            error=row[4],
            outcome=row[5],
        )
        for row in rows
    ]


def contact(path: Path, to: str) -> ContactRow:
    """The contact with a number; read as ``attempts`` does."""
    [row] = _read(
        path,
        "SELECT state, reason, attempts, due_at, reserved_by IS NOT NULL, outcome"
        " FROM contacts WHERE to_number = ?",
        to,
    )
    return ContactRow(
        state=ContactState(row[0]),
        reason=row[1],
        attempts=row[2],
        due_at=datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=row[3]),
        reserved=bool(row[4]),
        outcome=row[5],
    )


def _read(path: Path, sql: str, *values: str) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return connection.execute(sql, values).fetchall()
    finally:
        connection.close()
