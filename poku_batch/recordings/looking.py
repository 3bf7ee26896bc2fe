"""Looking after the copies that are kept: whether each is there, and still what it was."""

from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from anyio import to_thread

from poku_batch.models import CampaignId, KeptRecording, WantedRecording
from poku_batch.ports import Recordings
from poku_batch.recordings.fetching import Settled
from poku_batch.recordings.folder import Folder, why_unsound
from poku_batch.recordings.partial import note_of


async def look_after(
    recordings: Recordings,
    campaign: CampaignId,
    folder: Folder,
    *,
    verify: bool,
    now: Callable[[], datetime],
) -> AsyncIterator[Settled]:
    """See whether the campaign's copies are there, and give those that are.

    By their lengths, with ``verify`` by their bytes. One that has been moved into the folder is
    taken as it is; one that is gone, or another by now, is recorded as lost and wanted again.
    """
    async for batch in recordings.kept(campaign):
        for wanted, kept in batch:
            found = await _found(wanted, kept, recordings, folder, verify=verify, now=now)
            if found is not None:
                yield Settled(wanted=wanted, kept=found)


async def _found(
    wanted: WantedRecording,
    kept: KeptRecording,
    recordings: Recordings,
    folder: Folder,
    *,
    verify: bool,
    now: Callable[[], datetime],
) -> KeptRecording | None:
    why, here = await to_thread.run_sync(partial(_look, kept, folder, verify=verify))
    if why is None:
        return kept
    if here is None:
        await recordings.lose(wanted.attempt_id, f"its copy {why}", at=now())
        return None
    moved = replace(kept, file=here, at=now())
    await recordings.keep(wanted.attempt_id, moved)
    return moved


def _look(kept: KeptRecording, folder: Folder, *, verify: bool) -> tuple[str | None, Path | None]:
    """What is wrong with a copy, and where it has been moved."""
    why = why_unsound(kept, kept.file, verify=verify)
    if why is None:
        with suppress(OSError):
            note_of(kept.file).unlink(missing_ok=True)
        return None, None
    return why, folder.moved_here(kept)
