"""A file of rejects in the place of a campaign's sheet: recognised, and fitted to the sheet."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio.to_thread

from poku_batch.app import environment
from poku_batch.app.sources import OpenSource
from poku_batch.campaign import Campaign
from poku_batch.errors import ContactsError, Fault


async def laid_out(campaign: Campaign) -> Campaign:
    """The campaign as it reads its sheet: rejects begin in the first row of their only worksheet.

    What ``contacts.sheet`` and ``contacts.header_row`` say is said of the whole sheet.
    """
    contacts = campaign.contacts
    path = contacts.file.file
    plain = contacts.sheet is None and contacts.header_row == 1
    if plain or path is None or campaign.output.rejects is None:
        return campaign
    if not await anyio.to_thread.run_sync(_holds_rejects, path, campaign):
        return campaign
    rejects = contacts.model_copy(update={"sheet": None, "header_row": 1, "decimal": None})
    return campaign.model_copy(update={"contacts": rejects})


async def fitted(campaign: Campaign, opened: OpenSource, *, simulate: bool) -> OpenSource:
    """Give a campaign's sheet as it is; or where it is a file of rejects, the corrected rows of it.

    Raises ``ContactsError`` where those have no sheet to go back into, or do not fit it.
    """
    from poku_batch.contacts import corrected_sheet

    sheet = opened.sheet
    if not _are_rejects(sheet.columns, campaign):
        return opened
    columns = await _columns(campaign, simulate=simulate)
    if columns is None:
        raise await _no_whole_sheet(campaign, sheet.name, simulate=simulate)
    fitting = partial(corrected_sheet, sheet, columns)
    return replace(opened, sheet=await anyio.to_thread.run_sync(fitting))


def _holds_rejects(path: Path, campaign: Campaign) -> bool:
    from poku_batch.contacts import open_sheet

    try:
        with open_sheet(path) as sheet:
            return _are_rejects(sheet.columns, campaign)
    except ContactsError:
        return False


def _are_rejects(columns: Iterable[str], campaign: Campaign) -> bool:
    from poku_batch.contacts import are_corrections
    from poku_batch.results import fields_of, taken_columns

    return are_corrections(columns, taken_columns(fields_of(campaign.outcomes_by)))


async def _no_whole_sheet(campaign: Campaign, file: str, *, simulate: bool) -> ContactsError:
    """The error of rejects whose campaign the ledger does not know."""
    done = "rehearsed" if simulate else "run"
    option = " --simulate" if simulate else ""
    hint = f"run it with its whole sheet first: poku-batch run {campaign.path}{option}"
    if await _columns(campaign, simulate=not simulate) is not None:
        other = "run for real: leave --simulate out" if simulate else "rehearsed: add --simulate"
        hint = f"it was {other}; or {hint}"
    message = (
        f"holds rejects to be corrected, and the campaign {campaign.identity} was never {done}, "
        "so that there is no sheet to put them back into"
    )
    return ContactsError([Fault(file=file, message=message, hint=hint)])


async def _columns(campaign: Campaign, *, simulate: bool) -> tuple[str, ...] | None:
    """The columns of the sheet that the ledger has; None where it has none."""
    from poku_batch.ledger import ledger_exists, look_into

    url = environment.ledger_url(campaign, simulate=simulate)
    if not ledger_exists(url):
        return None
    async with look_into(url) as ledger:
        return await ledger.columns(campaign.identity)
