"""How a campaign goes on: whether it is paused, and whether a run of it is alive."""

import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from poku_batch.models import Attendance, CampaignId, Pause, RunRecord, WorkerRecord
from poku_batch.policy.liveness import FRESH, Liveness, liveness
from poku_batch.ports import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """A campaign's pause, its latest run, and how many of its calls are open.

    ``liveness`` is that run's; None, as ``run``, for a campaign that was never run. Where
    ``workers`` make its calls, it is alive as long as one of them is, whoever watches;
    ``attendance`` says whether anybody does.
    """

    pause: Pause | None = None
    run: RunRecord | None = None
    liveness: Liveness | None = None
    open_calls: int = 0
    attendance: Attendance | None = None
    workers: tuple[WorkerRecord, ...] = ()

    @property
    def shared(self) -> bool:
        """Whether a run is open whose calls workers make."""
        return self.attendance is not None

    @property
    def goes_on(self) -> bool:
        """Whether a run is alive."""
        return self.liveness is Liveness.ALIVE


async def course_of(ledger: Ledger, campaign: CampaignId) -> Course:
    """How a campaign goes on at this moment."""
    run = await ledger.controls.latest_run(campaign)
    attendance = await attendance_of(ledger, campaign)
    workers = None if attendance is None else await workers_of(ledger, campaign)
    alive = None if run is None else liveness_of(run)
    return Course(
        pause=await ledger.controls.paused(campaign),
        run=run,
        liveness=alive if attendance is None else liveness_by(workers or (), attendance),
        open_calls=(await ledger.browsing.calls_now(campaign, limit=0))[1],
        attendance=attendance,
        workers=tuple(workers or ()),
    )


async def attendance_of(ledger: Ledger, campaign: CampaignId) -> Attendance | None:
    """Whether a campaign's run by workers is watched, and is over; None where none is open."""
    distribution = ledger.distribution
    run = None if distribution is None else await distribution.open_run(campaign)
    if distribution is None or run is None:
        return None
    return await distribution.attendance(run)


async def workers_of(ledger: Ledger, campaign: CampaignId) -> list[WorkerRecord] | None:
    """The workers that make a campaign's calls; None where they do not."""
    distribution = ledger.distribution
    if distribution is None or await distribution.open_run(campaign) is None:
        return None
    return await distribution.workers()


def liveness_by(workers: Sequence[WorkerRecord], attendance: Attendance | None = None) -> Liveness:
    """Whether a run goes on whose calls workers make."""
    if attendance is not None and attendance.is_over:
        return Liveness.FINISHED
    alive = any(worker.silent <= FRESH for worker in workers)
    return Liveness.ALIVE if alive else Liveness.SILENT


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
