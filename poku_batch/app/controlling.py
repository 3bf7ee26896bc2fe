"""What a person asks of a campaign's runs: to pause, to go on, to stop.

It reaches a run by way of the ledger, on whatever process or machine it goes on.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from poku_batch.app import environment
from poku_batch.app.courses import Course, course_of
from poku_batch.campaign import Campaign
from poku_batch.models import RunRecord
from poku_batch.ports import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whether what was asked is new, and how the campaign goes on since; ``stopping`` is asked."""

    new: bool
    course: Course
    stopping: RunRecord | None = None


async def pause_campaign(campaign: Campaign, *, simulate: bool = False) -> Asked:
    """Let no call of a campaign begin, in this run or a later one, until it is resumed.

    A campaign that was never run can be paused too: its first run waits.
    """
    from poku_batch.ledger import open_ledger

    async with open_ledger(environment.ledger_url(campaign, simulate=simulate)) as ledger:
        new = await ledger.controls.pause(
            campaign.identity, by=environment.person(), at=datetime.now(UTC)
        )
        return Asked(new=new, course=await course_of(ledger, campaign.identity))


async def resume_campaign(campaign: Campaign, *, simulate: bool = False) -> Asked:
    """Let calls of a campaign begin again."""
    async with _ledger(campaign, simulate=simulate) as ledger:
        if ledger is None:
            return Asked(new=False, course=Course())
        new = await ledger.controls.resume(campaign.identity)
        return Asked(new=new, course=await course_of(ledger, campaign.identity))


async def stop_campaign(campaign: Campaign, *, simulate: bool = False) -> Asked:
    """Ask a campaign's open run to end as at a first Ctrl-C."""
    async with _ledger(campaign, simulate=simulate) as ledger:
        if ledger is None:
            return Asked(new=False, course=Course())
        before = await ledger.controls.latest_run(campaign.identity)
        stopping = await ledger.controls.ask_to_stop(
            campaign.identity, by=environment.person(), at=datetime.now(UTC)
        )
        if ledger.distribution is not None and stopping is not None:
            # Nobody may be there to end it: no worker, and nobody who watches.
            await ledger.distribution.close_left()
        asked_before = before is not None and before.stop_asked_by is not None
        return Asked(
            new=stopping is not None and not asked_before,
            course=await course_of(ledger, campaign.identity),
            stopping=stopping,
        )


@asynccontextmanager
async def _ledger(campaign: Campaign, *, simulate: bool) -> AsyncIterator[Ledger | None]:
    """The campaign's ledger, to be written; None where there is none, and none is made."""
    from poku_batch.ledger import ledger_exists, open_ledger

    url = environment.ledger_url(campaign, simulate=simulate)
    if not ledger_exists(url):
        yield None
        return
    async with open_ledger(url) as ledger:
        yield ledger
