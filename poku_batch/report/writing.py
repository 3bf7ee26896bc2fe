"""Writing a report to its file."""

import os
from contextlib import suppress
from datetime import datetime, tzinfo
from functools import partial
from pathlib import Path

import anyio.to_thread

from poku_batch.campaign import Campaign
from poku_batch.ports import Ledger
from poku_batch.report.contents import contents
from poku_batch.report.page import page
from poku_batch.results import draft_beside, put_in_place, sync
from poku_batch.results.failures import writing

#: How many contacts a report tells one by one: so many open within two seconds.
MOST_CONTACTS = 10_000


async def write_report(
    ledger: Ledger,
    campaign: Campaign,
    path: Path,
    *,
    simulated: bool = False,
    at: datetime,
    zone: tzinfo | None = None,
    most: int = MOST_CONTACTS,
) -> Path:
    """Write a campaign's report as of ``at`` (aware), and say where it is.

    It is written beside ``path`` and renamed; where what stands there cannot be replaced, it is
    beside it under another name, as ``report (2).html``. Readable by its owner alone. Times are on
    the clock of ``zone``, None for this machine's. Raises ``ResultsError``.
    """
    target = Path(await anyio.to_thread.run_sync(os.path.realpath, path))
    told = await contents(
        ledger, campaign, simulated=simulated, at=at, beside=target.parent, most=most
    )
    text = await anyio.to_thread.run_sync(partial(page, told, zone=zone))
    return await anyio.to_thread.run_sync(_write, path, target, text)


def _write(path: Path, target: Path, text: str) -> Path:
    with writing(path):
        draft = draft_beside(target)
        try:
            draft.write_text(text, encoding="utf-8", newline="\n")
            sync(draft)
            place = put_in_place(draft, target)
            sync(target.parent)
        except BaseException:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            raise
    # A link is named as it was asked for.
    return path if place == target else place
