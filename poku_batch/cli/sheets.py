"""Another sheet in the place of a campaign's own: ``--contacts``."""

import shlex
from pathlib import Path

from poku_batch.campaign import Campaign, load_campaign
from poku_batch.cli.terminal import shown
from poku_batch.models import Source


def load_reading(file: Path, contacts: str | None) -> Campaign:
    """Load a campaign; ``contacts`` is read in place of its own sheet, if it is given.

    A path is relative to the working directory. Raises ``CampaignError``, and ``UsageError`` where
    no such sheet can be read.
    """
    campaign = load_campaign(file)
    return campaign if contacts is None else campaign.reading(contacts, folder=Path.cwd())


def instead_text(campaign: Campaign) -> str | None:
    """Say that another sheet is read; None where it is the campaign's own."""
    own = campaign.own_sheet
    if own is None:
        return None
    return f"{sheet_name(campaign.contacts.file)}, in place of {sheet_name(own)}"


def contacts_option(campaign: Campaign) -> str:
    """What a command line needs to read the same sheet again, with a space before it."""
    if campaign.own_sheet is None:
        return ""
    source = campaign.contacts.file
    named = shown(source.path) if source.path is not None else source.link or "-"
    return f" --contacts {shlex.quote(named)}"


def sheet_name(source: Source) -> str:
    """A sheet as a person at this terminal would name it."""
    return shown(source.path) if source.path is not None else str(source)
