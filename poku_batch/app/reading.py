"""What the ledger holds of a campaign: how it stands, and its results once more."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from poku_batch.app import environment
from poku_batch.app.courses import Course, course_of
from poku_batch.app.preparing import output_paths, rejects_path
from poku_batch.app.writing import Written, write_outputs
from poku_batch.campaign import Campaign
from poku_batch.errors import UsageError
from poku_batch.models import Counts, UnknownCall
from poku_batch.ports import Ledger


async def campaign_status(campaign: Campaign, *, simulate: bool = False) -> Counts:
    """Say how a campaign's sheet stands. Raises ``UsageError`` if it was never run."""
    return (await campaign_standing(campaign, limit=0, simulate=simulate)).counts


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignStanding:
    """How a campaign stands and goes on, and the first of its unknown contacts."""

    counts: Counts
    unknown: list[UnknownCall]
    course: Course


async def campaign_standing(
    campaign: Campaign, *, limit: int, simulate: bool = False
) -> CampaignStanding:
    """Say how a campaign stands and goes on; ``limit`` unknown contacts at the most.

    Raises ``UsageError`` if it was never run.
    """
    async with existing_ledger(campaign, simulate=simulate) as ledger:
        now = await time_of(ledger, simulate=simulate)
        return CampaignStanding(
            counts=await ledger.counts(campaign.identity, now=now),
            unknown=await ledger.unknown_calls(campaign.identity, limit=limit),
            course=await course_of(ledger, campaign.identity),
        )


async def time_of(ledger: Ledger, *, simulate: bool) -> datetime:
    """Now; for rehearsals, where the last one of the folder left off, if that is later."""
    now = datetime.now(UTC)
    latest = await ledger.latest_at() if simulate else None
    return now if latest is None else max(now, latest)


async def export_campaign(
    campaign: Campaign, *, to: Path | None = None, simulate: bool = False
) -> tuple[Path, ...]:
    """Write a campaign's results again as ``export_files`` does; say where they are."""
    return (await export_files(campaign, to=to, simulate=simulate)).outputs


async def export_files(
    campaign: Campaign, *, to: Path | None = None, simulate: bool = False
) -> Written:
    """Write a campaign's results again, from the ledger alone, and its rejects; say where.

    ``to`` takes the place of all of the campaign's outputs; what cannot be replaced has the
    results beside it, under another name. Raises ``UsageError`` if the campaign was never run,
    ``ResultsError`` if the file cannot be written.
    """
    from poku_batch.results import check_outputs, check_rejects, fields_of

    outputs = output_paths(campaign, simulate=simulate) if to is None else (to,)
    rejects = rejects_path(campaign, simulate=simulate) if to is None else None
    check_outputs(
        outputs,
        input_file=campaign.contacts.file.file,
        fields=len(fields_of(campaign.outcomes_by)),
    )
    if rejects is not None:
        check_rejects(rejects, outputs=outputs, input_file=campaign.contacts.file.file)
    async with existing_ledger(campaign, simulate=simulate) as ledger:
        now = await time_of(ledger, simulate=simulate)
        return await write_outputs(ledger, campaign, outputs, rejects=rejects, at=now)


@asynccontextmanager
async def existing_ledger(
    campaign: Campaign, *, simulate: bool, writing: bool = False
) -> AsyncIterator[Ledger]:
    """Open the ledger of a campaign that was run before; without ``writing`` to read it alone."""
    from poku_batch.ledger import ledger_exists, look_into, open_ledger

    url = environment.ledger_url(campaign, simulate=simulate)
    option = " --simulate" if simulate else ""
    never = UsageError(
        f"{campaign.identity} was never {'rehearsed' if simulate else 'run'}: there is nothing in "
        f"its ledger; begin with: poku-batch run {campaign.path}{option}"
    )
    if not ledger_exists(url):
        raise never
    async with open_ledger(url) if writing else look_into(url) as ledger:
        if await ledger.columns(campaign.identity) is None:
            raise never
        yield ledger


@asynccontextmanager
async def ledger_or_scratch(campaign: Campaign, *, simulate: bool) -> AsyncIterator[Ledger]:
    """Open the campaign's ledger to read it, or an empty one where there is none yet."""
    from poku_batch.ledger import ledger_exists, look_into, scratch_ledger

    url = environment.ledger_url(campaign, simulate=simulate)
    async with look_into(url) if ledger_exists(url) else scratch_ledger() as ledger:
        yield ledger
