"""The history of a campaign's calls, and its numbers and words as far as they may be shown."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from poku_batch.app.deciding import require_contact
from poku_batch.app.reading import existing_ledger
from poku_batch.campaign import Campaign
from poku_batch.models import E164_PATTERN, ContactKey, HistoryEntry

#: Numbers in international form, wherever they stand.
_NUMBER = re.compile(E164_PATTERN)


@asynccontextmanager
async def campaign_history(
    campaign: Campaign, *, key: str | None = None, numbers: bool = False, simulate: bool = False
) -> AsyncIterator[AsyncIterator[list[HistoryEntry]]]:
    """Open what happened to a campaign's contacts, or to one, in order of time, in batches.

    Without ``numbers`` those in international form are masked, in keys and in words too. Raises
    ``UsageError`` if the campaign was never run or has no such key.
    """
    async with existing_ledger(campaign, simulate=simulate) as ledger:
        if key is not None:
            await require_contact(ledger, campaign, key)

        async def batches() -> AsyncIterator[list[HistoryEntry]]:
            async for entries in ledger.history(campaign.identity, key=key):
                yield entries if numbers else [masked(entry) for entry in entries]

        yield batches()


def masked(entry: HistoryEntry) -> HistoryEntry:
    """An entry without the numbers that are in it."""
    return replace(
        entry,
        key=ContactKey(mask_numbers(entry.key)),
        to=None if entry.to is None else mask_numbers(entry.to),
        detail=None if entry.detail is None else mask_numbers(entry.detail),
        prompt=None if entry.prompt is None else mask_numbers(entry.prompt),
        summary=None if entry.summary is None else mask_numbers(entry.summary),
    )


def mask_numbers(text: str) -> str:
    """Text with every number in international form masked."""
    from poku_batch.phone import mask

    return _NUMBER.sub(lambda found: mask(found.group()), text)
