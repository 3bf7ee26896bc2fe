"""What a run is about to do, what its first calls came to, and how it ended."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from poku_batch.campaign import Campaign
from poku_batch.events import CallEnded, CallFailed, CallUnknown
from poku_batch.models import Counts, EnrolmentReport, RunEnding


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """What is about to happen, for a person to agree to. ``to_call`` phones ring at the most.

    ``wait``: the run waits for contacts that are due later.
    """

    campaign: Campaign
    report: EnrolmentReport
    base_url: str
    to_call: int
    simulated: bool
    wait: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryReport:
    """What the first calls came to, in the order in which they ended; ``left`` are pending."""

    results: tuple[CallEnded | CallFailed | CallUnknown, ...]
    left: int
    simulated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """How a run ended, and how its sheet stands now.

    ``outputs`` are the files written, in the campaign's order; see ``write_outputs`` for their
    names. ``messages_left`` are those of ``hooks`` that the next run tells. ``cost`` is what the
    campaign's calls that ended have cost so far, in all its runs; None where it has no budget.
    """

    ending: RunEnding
    why: str | None
    counts: Counts
    report: EnrolmentReport
    outputs: tuple[Path, ...]
    messages_left: int = 0
    cost: Decimal | None = None
