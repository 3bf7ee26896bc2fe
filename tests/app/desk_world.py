"""A folder with campaigns, and the desk of a dashboard over it."""

import json
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio

from poku_batch.dashboard.desk import Entry, Start
from poku_batch.models import CampaignId

if TYPE_CHECKING:
    from poku_batch.app.desk.desk import FolderDesk

KEY = "poku-SECRET-5b1e"
DEMO = CampaignId(name="demo", wave="")


def write_campaign(folder: Path, name: str = "demo", **keys: Any) -> Path:
    """Write a campaign that may call at any hour; keys take the place of its own."""
    campaign = {
        "name": name,
        "contacts": "sheet.csv",
        "prompt": {"text": "Hello {{ name }}."},
        "calling_hours": "always",
        "api": {"poll_interval": "100ms"},
        "output": "out.csv",
        **keys,
    }
    path = folder / f"{name}.yaml"
    path.write_text(json.dumps(campaign), encoding="utf-8")  # JSON is YAML
    return path


def sheet_of(phones: Iterable[str]) -> str:
    return "name,phone\n" + "".join(f"P{n},{phone}\n" for n, phone in enumerate(phones, 1))


async def chunks(*parts: bytes) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


async def entry_of(desk: "FolderDesk", *, simulated: bool, name: str = "demo") -> Entry:
    entry = await desk.entry(CampaignId(name=name, wave=""), simulated=simulated)
    assert entry is not None
    return entry


async def checked(desk: "FolderDesk", entry: Entry, upload: str | None = None) -> str:
    """The ticket of a check that finds nothing wrong."""
    found = await desk.check(entry, upload=upload)
    assert found.ticket is not None, found.text
    return found.ticket


async def ended(desk: "FolderDesk", entry: Entry, *, within_s: float = 30.0) -> Start:
    """The latest start of a campaign, once it has left."""
    with anyio.fail_after(within_s):
        while True:
            latest = (await desk.starts(entry))[0]
            if latest.exit_code is not None:
                return latest
            await anyio.sleep(0.05)


async def left_with(desk: "FolderDesk", entry: Entry, codes: set[int | None]) -> None:
    """Return once the starts of a campaign have left with these codes; None: it goes on."""
    with anyio.fail_after(30):
        while True:
            if {start.exit_code for start in await desk.starts(entry)} == codes:
                return
            await anyio.sleep(0.05)
