"""How a campaign goes on: whether it is paused, and whether a run of it is alive."""

import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from poku_batch.models import CampaignId, Pause, RunRecord
from poku_batch.policy.liveness import Liveness, liveness
from poku_batch.ports import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A campaign's pause, its latest run, and how many of its calls are open.

    ``liveness`` is that run's; None, as ``run``, for a campaign that was never run.
    """

    pause: Pause | None = None
    run: RunRecord | None = None
    liveness: Liveness | None = None
    open_calls: int = 0

    @property
    def goes_on(self) -> bool:
        """Whether a run is alive."""
        return self.liveness is Liveness.ALIVE


async def course_of(ledger: Ledger, campaign: CampaignId) -> Course:
    """How a campaign goes on at this moment."""
    run = await ledger.controls.latest_run(campaign)
    return Course(
        pause=await ledger.controls.paused(campaign),
        run=run,
        liveness=None if run is None else liveness_of(run),
        open_calls=(await ledger.browsing.calls_now(campaign, limit=0))[1],
    )


def liveness_of(run: RunRecord) -> Liveness:
    """Whether a run is alive, as far as this machine can tell."""
    return liveness(
        run,
        now=datetime.now(UTC),
        host=socket.gethostname(),
        process_lives=process_lives(run.pid),
    )


def process_lives(pid: int) -> bool:
    """Whether there is a process of this number here; True where that cannot be told."""
    if os.name == "nt":  # there, asking would end it
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    # One that died, and whose parent has not asked about it yet, is still counted by Linux.
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return True
