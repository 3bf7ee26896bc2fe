"""The results of a campaign's current sheet, from the ledger to its files."""

from pathlib import Path

from poku_batch.campaign import Campaign
from poku_batch.ports import Ledger


async def write_outputs(
    ledger: Ledger, campaign: Campaign, outputs: tuple[Path, ...]
) -> tuple[Path, ...]:
    """Write the results of the campaign's current sheet, and say where; in the order given.

    Where a file cannot be replaced (open in another program, protected), the results are beside it
    under another name. Raises ``ResultsError``.
    """
    from poku_batch.results import fields_of, write_results

    columns = await ledger.columns(campaign.identity) or ()
    return tuple(
        await write_results(
            outputs,
            columns,
            ledger.records(campaign.identity),
            fields=fields_of(campaign.outcomes_by),
        )
    )
