"""Which recordings have a local copy, and which are still to be fetched."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from poku_batch.models import (
    AttemptId,
    CampaignId,
    Claim,
    KeptRecording,
    MissingRecording,
    RecordingCounts,
    WantedRecording,
)


class Recordings(Protocol):
    """The local copies of a ledger's recordings. Every change is durable.

    Nothing of a recording may lie on a disk but at the place that ``begin`` was told of, or beside
    it under that name with ``.part`` or ``.part.json`` added: whoever erases a person looks there.
    An attempt that was erased is changed by nothing.
    """

    def wanted(
        self, campaign: CampaignId, *, batch: int = 1_000
    ) -> AsyncIterator[list[WantedRecording]]:
        """Ended calls with a recording's address and no local copy, in order of attempts.

        Those that were tried in vain are among them. What comes meanwhile may not be.
        """

    async def wanted_of(self, campaign: CampaignId, keys: Sequence[str]) -> list[WantedRecording]:
        """Those of ``wanted`` that are of contacts with these keys, in order of attempts."""

    async def begin(self, attempt_id: AttemptId, place: Path, *, at: datetime) -> Claim:
        """Say where the copy is to be (absolute), before anything lies there.

        A place that was begun before is given up, but not that of a copy that is kept.
        """

    async def keep(self, attempt_id: AttemptId, kept: KeptRecording) -> bool:
        """Record a local copy, in place of what was known; False where the attempt was erased."""

    async def miss(
        self, attempt_id: AttemptId, why: str, *, at: datetime, place: Path | None = None
    ) -> None:
        """Record that a download failed; one more try. A copy that is kept stays so.

        ``place`` is kept for the next try where something of it lies there; None gives it up.
        """

    async def lose(self, attempt_id: AttemptId, why: str, *, at: datetime) -> None:
        """Record that a local copy is gone, or no longer what it was; its place stays its own."""

    async def of_attempt(self, attempt_id: AttemptId) -> KeptRecording | MissingRecording | None:
        """What is known of an attempt's local copy; None where nobody tried."""

    def kept(
        self, campaign: CampaignId, *, batch: int = 1_000
    ) -> AsyncIterator[list[tuple[WantedRecording, KeptRecording]]]:
        """The local copies of a campaign, in order of attempts, in batches.

        Beside each is what is wanted should it turn out to be gone.
        """

    async def counts(self, campaign: CampaignId) -> RecordingCounts:
        """How many of the campaign's recordings have a local copy, and how many have none."""
