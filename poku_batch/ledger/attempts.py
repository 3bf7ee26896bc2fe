"""The attempts to call one contact, with all that is known of each."""

import json
from pathlib import Path
from typing import Any

from poku_batch.ledger import instants
from poku_batch.ledger.connection import Connection
from poku_batch.models import (
    AttemptId,
    AttemptRecord,
    AttemptState,
    KeptRecording,
    MissingRecording,
    RunId,
)

#: What the call itself said stands before a person's word.
_READ = """
    SELECT a.id, a.number, a.state, a.run_id, a.to_number, a.placements, a.began_at, a.placed_at,
        a.ended_at, COALESCE(a.outcome, v.outcome), COALESCE(n.summary, v.summary), a.evidence,
        a.error, a.interaction_id, n.recording_url, a.from_number, n.fields, n.opted_out,
        v.decided_by, r.state, r.file, r.size, r.sha256, r.why, r.tries, r.at
    FROM contacts c
    JOIN attempts a ON a.contact_id = c.id
    LEFT JOIN answers n ON n.attempt_id = a.id
    LEFT JOIN verdicts v ON v.attempt_id = a.id
    LEFT JOIN recordings r ON r.attempt_id = a.id
    WHERE c.campaign_id = :campaign AND c.key = :key AND a.number = COALESCE(:number, a.number)
    ORDER BY a.number
"""


def attempts_of(
    connection: Connection, campaign: int, *, key: str, number: int | None = None
) -> list[AttemptRecord]:
    """The attempts of the contact with a key, or the one with a number, in their order."""
    values = {"campaign": campaign, "key": key, "number": number}
    return [_attempt(*row) for row in connection.execute(_READ, values)]


def _attempt(  # noqa: PLR0913, PLR0917 – the columns of ``_READ``
    id_: int,
    number: int,
    state: str,
    run: int,
    to: str,
    placements: int,
    began_at: int,
    placed_at: int,
    ended_at: int | None,
    outcome: str | None,
    summary: str | None,
    evidence: str | None,
    error: str | None,
    interaction_id: str | None,
    recording_url: str | None,
    last_from: str | None,
    fields: str | None,
    opted_out: str | None,
    decided_by: str | None,
    *recording: Any,
) -> AttemptRecord:
    return AttemptRecord(
        id=AttemptId(id_),
        number=number,
        state=AttemptState(state),
        run=RunId(run),
        to=to,
        placements=placements,
        began_at=instants.from_stored(began_at),
        placed_at=instants.from_stored(placed_at),
        ended_at=instants.maybe_from_stored(ended_at),
        outcome=outcome,
        summary=summary,
        evidence=evidence,
        error=error,
        interaction_id=interaction_id,
        recording_url=recording_url,
        recording=_recording(*recording),
        last_from=last_from,
        fields=json.loads(fields) if fields else {},
        opted_out=opted_out,
        verdict_by=decided_by,
    )


def _recording(
    state: str | None,
    file: str | None,
    size: int | None,
    sha256: str | None,
    why: str | None,
    tries: int | None,
    at: int | None,
) -> KeptRecording | MissingRecording | None:
    if state is None or at is None:
        return None
    when = instants.from_stored(at)
    if file is None or size is None or sha256 is None:
        return MissingRecording(why=why or "", tries=tries or 0, at=when)
    return KeptRecording(file=Path(file), size=size, sha256=sha256, at=when)
