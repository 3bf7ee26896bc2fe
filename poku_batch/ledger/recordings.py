"""Local copies of recordings, in a ledger; see ``ports.Recordings``.

What happens is one statement each, which does nothing for an attempt whose answer was erased.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from poku_batch.ledger import instants
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.happenings import do
from poku_batch.ledger.reading import Reader
from poku_batch.ledger.writer import Writer
from poku_batch.models import (
    AttemptId,
    CampaignId,
    Claim,
    ContactKey,
    InteractionId,
    KeptRecording,
    MissingRecording,
    RecordingCounts,
    WantedRecording,
)

_UNTRIED = "not fetched to its end yet"

#: SQLite lets so many values into a statement, at the least.
_MOST_KEYS = 500

_READ = """
    SELECT a.id, c.sheet_row, c.key, a.number, n.recording_url, a.interaction_id,
        r.place, r.tries, r.why, r.file, r.size, r.sha256, r.at
    FROM campaigns g
    JOIN contacts c ON c.campaign_id = g.id
    JOIN attempts a ON a.contact_id = c.id
    JOIN answers n ON n.attempt_id = a.id
    LEFT JOIN recordings r ON r.attempt_id = a.id
    WHERE g.name = :name AND g.wave = :wave AND n.recording_url IS NOT NULL AND {which}
    ORDER BY a.id
"""

#: In the order of attempts from the first on: answers are what is walked along.
_WALK = """
    SELECT a.id, c.sheet_row, c.key, a.number, n.recording_url, a.interaction_id,
        r.place, r.tries, r.why, r.file, r.size, r.sha256, r.at
    FROM answers n
    CROSS JOIN attempts a ON a.id = n.attempt_id
    CROSS JOIN contacts c ON c.id = a.contact_id
    CROSS JOIN campaigns g ON g.id = c.campaign_id
    LEFT JOIN recordings r ON r.attempt_id = a.id
    WHERE n.attempt_id > :after AND g.name = :name AND g.wave = :wave
        AND n.recording_url IS NOT NULL AND (r.file IS NOT NULL) = :kept
    ORDER BY n.attempt_id
    LIMIT :limit
"""

_COUNT = """
    SELECT COUNT(r.file), COUNT(*) FILTER (WHERE r.file IS NULL AND r.tries > 0), COUNT(*)
    FROM campaigns g
    JOIN contacts c ON c.campaign_id = g.id
    JOIN attempts a ON a.contact_id = c.id
    JOIN answers n ON n.attempt_id = a.id
    LEFT JOIN recordings r ON r.attempt_id = a.id
    WHERE g.name = :name AND g.wave = :wave AND n.recording_url IS NOT NULL
"""

_IS_THERE = """
    SELECT 1 FROM answers WHERE attempt_id = :attempt AND recording_url IS NOT NULL
"""

_HOLDER = "SELECT attempt_id FROM recordings WHERE place = :place"

_BEGIN = """
    INSERT INTO recordings (attempt_id, state, place, why, at)
    VALUES (:attempt, 'missing', :place, :why, :at)
    ON CONFLICT (attempt_id) DO UPDATE SET place = excluded.place, at = excluded.at
    WHERE recordings.state = 'missing'
"""

_KEEP = """
    INSERT INTO recordings (attempt_id, state, file, size, sha256, place, at)
    VALUES (:attempt, 'kept', :file, :size, :sha256, :file, :at)
    ON CONFLICT (attempt_id) DO UPDATE SET state = 'kept', file = excluded.file,
        size = excluded.size, sha256 = excluded.sha256, place = excluded.place, why = NULL,
        tries = 0, at = excluded.at
"""

_MISS = """
    INSERT INTO recordings (attempt_id, state, place, why, tries, at)
    VALUES (:attempt, 'missing', :place, :why, 1, :at)
    ON CONFLICT (attempt_id) DO UPDATE SET place = excluded.place, why = excluded.why,
        tries = recordings.tries + 1, at = excluded.at
    WHERE recordings.state = 'missing'
"""

_LOSE = """
    UPDATE recordings SET state = 'missing', file = NULL, size = NULL, sha256 = NULL, why = :why,
        tries = 0, at = :at
    WHERE attempt_id = :attempt AND state = 'kept'
"""

_OF_ATTEMPT = """
    SELECT file, size, sha256, why, tries, at FROM recordings WHERE attempt_id = :attempt
"""


class SqlRecordings:
    """The implementation of ``ports.Recordings``."""

    def __init__(self, writer: Writer, reader: Reader) -> None:
        """Take the ledger's writer and reader."""
        self._writer = writer
        self._reader = reader

    async def wanted(
        self, campaign: CampaignId, *, batch: int = 1_000
    ) -> AsyncIterator[list[WantedRecording]]:
        """Recordings without a local copy, in order of attempts, in batches."""
        async for rows in self._walk(campaign, kept=False, batch=batch):
            yield [_wanted(row) for row in rows]

    async def wanted_of(self, campaign: CampaignId, keys: Sequence[str]) -> list[WantedRecording]:
        """Recordings without a local copy of contacts with these keys."""
        found: list[WantedRecording] = []
        for first in range(0, len(keys), _MOST_KEYS):
            some = keys[first : first + _MOST_KEYS]
            found += await self._reader.run(partial(_wanted_of, campaign=campaign, keys=some))
        return sorted(found, key=lambda wanted: wanted.attempt_id)

    async def begin(self, attempt_id: AttemptId, place: Path, *, at: datetime) -> Claim:
        """Say where the copy is to be."""
        values = {
            "attempt": attempt_id,
            "place": str(place),
            "why": _UNTRIED,
            "at": instants.to_stored(at),
        }

        def act(connection: Connection) -> Claim:
            if not _is_there(connection, attempt_id):
                return Claim.ERASED
            holder = do(connection, _HOLDER, values).fetchone()
            if holder is not None and holder[0] != attempt_id:
                return Claim.TAKEN
            do(connection, _BEGIN, values)
            return Claim.CLAIMED

        return await self._writer.run(act)

    async def keep(self, attempt_id: AttemptId, kept: KeptRecording) -> bool:
        """Record a local copy; False where the attempt was erased."""
        values = {
            "attempt": attempt_id,
            "file": str(kept.file),
            "size": kept.size,
            "sha256": kept.sha256,
            "at": instants.to_stored(kept.at),
        }
        return await self._change(attempt_id, _KEEP, values)

    async def miss(
        self, attempt_id: AttemptId, why: str, *, at: datetime, place: Path | None = None
    ) -> None:
        """Record that a download failed."""
        values = {
            "attempt": attempt_id,
            "why": why,
            "at": instants.to_stored(at),
            "place": None if place is None else str(place),
        }
        await self._change(attempt_id, _MISS, values)

    async def lose(self, attempt_id: AttemptId, why: str, *, at: datetime) -> None:
        """Record that a local copy is gone, or no longer what it was."""
        values = {"attempt": attempt_id, "why": why, "at": instants.to_stored(at)}
        await self._change(attempt_id, _LOSE, values)

    async def of_attempt(self, attempt_id: AttemptId) -> KeptRecording | MissingRecording | None:
        """What is known of an attempt's local copy."""
        row = await self._reader.run(
            lambda connection: do(connection, _OF_ATTEMPT, {"attempt": attempt_id}).fetchone()
        )
        if row is None:
            return None
        file, size, sha256, why, tries, at = row
        if file is None:
            return MissingRecording(why=why, tries=tries, at=instants.from_stored(at))
        return _kept((file, size, sha256, at))

    async def kept(
        self, campaign: CampaignId, *, batch: int = 1_000
    ) -> AsyncIterator[list[tuple[WantedRecording, KeptRecording]]]:
        """The local copies of a campaign, in order of attempts, in batches."""
        async for rows in self._walk(campaign, kept=True, batch=batch):
            yield [(_wanted(row), _kept(row[-4:])) for row in rows]

    async def counts(self, campaign: CampaignId) -> RecordingCounts:
        """How many of the campaign's recordings have a local copy, and how many have none."""
        values = {"name": campaign.name, "wave": campaign.wave}
        kept, missing, recorded = await self._reader.run(
            lambda connection: do(connection, _COUNT, values).fetchone()
        )
        return RecordingCounts(kept=kept, missing=missing, untried=recorded - kept - missing)

    async def _walk(
        self, campaign: CampaignId, *, kept: bool, batch: int
    ) -> AsyncIterator[list[tuple[Any, ...]]]:
        values = {
            "name": campaign.name,
            "wave": campaign.wave,
            "after": 0,
            "kept": kept,
            "limit": max(batch, 1),
        }

        def ask(connection: Connection) -> list[tuple[Any, ...]]:
            return do(connection, _WALK, values).fetchall()

        while rows := await self._reader.run(ask):
            yield rows
            values["after"] = rows[-1][0]

    async def _change(
        self, attempt_id: AttemptId, statement: str, values: dict[str, object]
    ) -> bool:
        def act(connection: Connection) -> bool:
            if not _is_there(connection, attempt_id):
                return False
            do(connection, statement, values)
            return True

        return await self._writer.run(act)


def _is_there(connection: Connection, attempt_id: AttemptId) -> bool:
    return do(connection, _IS_THERE, {"attempt": attempt_id}).fetchone() is not None


def _wanted_of(
    connection: Connection, campaign: CampaignId, keys: Sequence[str]
) -> list[WantedRecording]:
    names = {f"key{at}": key for at, key in enumerate(keys)}
    places = ", ".join(f":{name}" for name in names)
    statement = _READ.format(which=f"c.key IN ({places}) AND r.file IS NULL")
    values = {"name": campaign.name, "wave": campaign.wave, **names}
    return [_wanted(row) for row in do(connection, statement, values)]


def _wanted(row: tuple[Any, ...]) -> WantedRecording:
    attempt_id, sheet_row, key, attempt, url, interaction_id, place, tries, why, *_ = row
    return WantedRecording(
        attempt_id=AttemptId(attempt_id),
        row=sheet_row,
        key=ContactKey(key or ""),
        attempt=attempt,
        url=url,
        interaction_id=None if interaction_id is None else InteractionId(interaction_id),
        place=None if place is None else Path(place),
        tries=tries or 0,
        why=why,
    )


def _kept(row: tuple[Any, ...]) -> KeptRecording:
    file, size, sha256, at = row
    return KeptRecording(file=Path(file), size=size, sha256=sha256, at=instants.from_stored(at))
