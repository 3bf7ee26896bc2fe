"""The results of a campaign's current sheet, from the ledger to its files."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from poku_batch.campaign import Campaign
from poku_batch.ports import Ledger

if TYPE_CHECKING:
    from poku_batch.results import Rejects


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The files that were written: results, and the rows to correct, if the campaign wants them."""

    outputs: tuple[Path, ...] = ()
    rejects: "Rejects | None" = None


async def write_outputs(
    ledger: Ledger,
    campaign: Campaign,
    outputs: tuple[Path, ...],
    *,
    rejects: Path | None = None,
    at: datetime,
) -> Written:
    """Write the results of the campaign's current sheet, and say where; in the order given.

    ``at`` (aware) is when they are written. Where a file cannot be replaced (open in another
    program, protected), it is beside it under another name. Raises ``ResultsError``.
    """
    from poku_batch.results import fields_of, is_plain, write_plain, write_rejects

    identity = campaign.identity
    columns = await ledger.columns(identity) or ()
    if is_plain(outputs, fields_of(campaign.outcomes_by)):
        places = await write_plain(outputs, columns, ledger.plain_records(identity))
    else:
        places = await _write_results(ledger, campaign, outputs, columns, at)
    return Written(
        outputs=tuple(places),
        rejects=None
        if rejects is None
        else await write_rejects(rejects, columns, ledger.records(identity)),
    )


async def _write_results(
    ledger: Ledger,
    campaign: Campaign,
    outputs: tuple[Path, ...],
    columns: tuple[str, ...],
    at: datetime,
) -> list[Path]:
    from poku_batch.results import Overview, fields_of, write_results

    identity = campaign.identity
    used = await ledger.usage(identity, longest=campaign.pricing.longest_call)
    overview = Overview(
        campaign=identity,
        written_at=at,
        counts=await ledger.counts(identity, now=at),
        minutes=used.minutes,
    )
    return await write_results(
        outputs,
        columns,
        ledger.records(identity),
        fields=fields_of(campaign.outcomes_by),
        overview=overview,
    )
