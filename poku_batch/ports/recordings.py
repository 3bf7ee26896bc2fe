"""Which recordings have a local copy, and which are still to be fetched."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Protocol

from poku_batch.models import (
    AttemptId,
    CampaignId,
    KeptRecording,
    MissingRecording,
    WantedRecording,
)


class Recordings(Protocol):
    """The local copies of a ledger's recordings. Every change is durable."""

    def wanted(
        self, campaign: CampaignId, *, batch: int = 1_000
    ) -> AsyncIterator[list[WantedRecording]]:
        """Ended calls with a recording's address and no local copy, in order of attempts.

        Those that were tried in vain are among them. What comes meanwhile may not be.
        """

    async def keep(self, attempt_id: AttemptId, kept: KeptRecording) -> bool:
        """Record a local copy, in place of what was known; False where the attempt was erased."""

    async def miss(self, attempt_id: AttemptId, why: str, *, at: datetime) -> None:
        """Record that a download failed; one more try. A copy that is kept stays so."""

    async def lose(self, attempt_id: AttemptId, why: str, *, at: datetime) -> None:
        """Record that a local copy is gone, or no longer what it was."""

    async def of_attempt(self, attempt_id: AttemptId) -> KeptRecording | MissingRecording | None:
        """What is known of an attempt's local copy; None where nobody tried."""

    def kept(
        self, campaign: CampaignId, *, batch: int = 1_000
    ) -> AsyncIterator[list[tuple[AttemptId, KeptRecording]]]:
        """The local copies of a campaign, in order of attempts, in batches."""
