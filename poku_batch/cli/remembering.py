"""``history``: who was called when, why, with what words, and what came of it."""

import json as json_text
import sys
from collections.abc import AsyncIterator
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from poku_batch.cli.arguments import AsJson, CampaignFile, Simulated

if TYPE_CHECKING:
    from poku_batch.campaign import Campaign
    from poku_batch.models import HistoryEntry


def history(
    campaign: CampaignFile,
    *,
    key: Annotated[str | None, typer.Option(metavar="K", help="One contact's alone.")] = None,
    numbers: Annotated[
        bool, typer.Option("--numbers", help="Show telephone numbers, else masked.")
    ] = False,
    simulate: Simulated = False,
    json: AsJson = False,
) -> None:
    """Tell who of CAMPAIGN was called when, why, with what words, and what came of it.

    In order of time. The words are given by the prompt's SHA-256, and in full where the campaign
    has keep_prompts: true and --key or --json is given.
    """
    import anyio

    from poku_batch.campaign import load_campaign

    loaded = load_campaign(campaign)
    anyio.run(partial(_tell, loaded, key=key, numbers=numbers, simulate=simulate, as_json=json))


async def _tell(
    campaign: "Campaign", *, key: str | None, numbers: bool, simulate: bool, as_json: bool
) -> None:
    from poku_batch.app.remembering import campaign_history

    async with campaign_history(campaign, key=key, numbers=numbers, simulate=simulate) as batches:
        if as_json:
            await _write_json(campaign, batches)
        else:
            await _write_lines(batches, with_prompts=key is not None)


async def _write_json(campaign: "Campaign", batches: "AsyncIterator[list[HistoryEntry]]") -> None:
    """One object, written as it is read: a history may be longer than memory."""
    head = json_text.dumps({"campaign": campaign.name, "wave": campaign.wave})
    sys.stdout.write(f'{head[:-1]}, "history": [')
    before = "\n"
    async for entries in batches:
        for entry in entries:
            sys.stdout.write(before + json_text.dumps(_plain(entry)))
            before = ",\n"
    sys.stdout.write("\n]}\n")


def _plain(entry: "HistoryEntry") -> dict[str, Any]:
    return asdict(entry) | {"at": entry.at.isoformat()}


async def _write_lines(batches: "AsyncIterator[list[HistoryEntry]]", *, with_prompts: bool) -> None:
    from poku_batch.cli.terminal import err, printable, say

    anything = False
    async for entries in batches:
        anything = True
        for entry in entries:
            sys.stdout.write(printable(_line(entry)) + "\n")
            if with_prompts and entry.prompt is not None:
                lines = printable(entry.prompt).splitlines()
                sys.stdout.write("".join(f"    | {line}\n" for line in lines))
    if not anything:
        say(err, "nothing has happened yet")


def _line(entry: "HistoryEntry") -> str:
    from poku_batch.progress.words import one_line

    attempt = "" if entry.attempt is None else f" attempt {entry.attempt}"
    parts = [
        entry.what.replace("_", " "),
        f"to {entry.to}" if entry.to else "",
        f"prompt {entry.prompt_sha256}" if entry.prompt_sha256 else "",
        one_line(entry.detail, limit=300) if entry.detail else "",
        f"interaction {one_line(entry.interaction_id)}" if entry.interaction_id else "",
        one_line(entry.summary, limit=300) if entry.summary else "",
        f"by {one_line(entry.person)}" if entry.person else "",
        f"run {entry.run} on {one_line(entry.run_on or '')}" if entry.run is not None else "",
    ]
    told = " · ".join(part for part in parts if part)
    return (
        f"{entry.at:%Y-%m-%d %H:%M:%S} UTC  row {entry.row}, {one_line(entry.key)}{attempt}: {told}"
    )
