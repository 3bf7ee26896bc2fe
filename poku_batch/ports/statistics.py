"""A campaign's calls, added up."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Protocol

from poku_batch.models import CampaignId, CampaignStatistics

#: A call for statistics by local time: when it was placed, the number, the cells of its row (a JSON
#: array of texts), and its outcome (``unknown`` where it is).
PlacedCall = tuple[datetime, str, str, str]


class Statistics(Protocol):
    """Reads figures over a whole campaign; nothing here changes the ledger."""

    async def of(
        self, campaign: CampaignId, *, longest: timedelta | None = None
    ) -> CampaignStatistics:
        """The campaign's figures, exact, in one consistent view; empty for one never enrolled.

        No call counts longer than ``longest``: its end may have been learnt of late.
        """

    def placed(
        self, campaign: CampaignId, *, batch: int = 5_000
    ) -> AsyncIterator[list[PlacedCall]]:
        """Every call that ended or is unknown, in order of attempts, in batches."""
