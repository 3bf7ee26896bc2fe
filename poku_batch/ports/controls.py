"""What people ask of runs, by way of the ledger."""

from datetime import datetime
from typing import Protocol

from poku_batch.models import CampaignId, Pause, RunRecord


class Controls(Protocol):
    """Pause, resume, stop: they reach a run on whatever process or machine it goes on.

    A run looks for them about once a second. All are durable.
    """

    async def pause(self, campaign: CampaignId, *, by: str, at: datetime) -> bool:
        """Let no call of the campaign begin until it is resumed; False where it is paused already.

        Open calls go on to their end. A run that is begun while the campaign is paused waits. The
        campaign need not have been run before.
        """

    async def resume(self, campaign: CampaignId) -> bool:
        """Let calls begin again; False where the campaign is not paused."""

    async def paused(self, campaign: CampaignId) -> Pause | None:
        """Since when, and by whom, a campaign is paused; None where it is not."""

    async def ask_to_stop(self, campaign: CampaignId, *, by: str, at: datetime) -> RunRecord | None:
        """Ask the campaign's open run to end as at a first Ctrl-C; None where no run is open.

        A run that is begun later is not asked.
        """

    async def latest_run(self, campaign: CampaignId) -> RunRecord | None:
        """The campaign's latest run, open or ended; None where there was none."""
