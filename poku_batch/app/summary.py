"""What a run is about to do, what its first calls came to, and how it ended."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from poku_batch.campaign import Campaign
from poku_batch.events import CallEnded, CallFailed, CallUnknown
from poku_batch.models import Counts, EnrolmentReport, RecordingCounts, RunEnding
from poku_batch.policy.forecast import Forecast

if TYPE_CHECKING:
    from poku_batch.results import Rejects


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """What is about to happen, for a person to agree to. ``to_call`` phones ring at the most.

    ``report`` says what the sheet changed since the last run, ``forecast`` what the run would come
    to. ``base_url`` is the API's; None where workers call, each by the one that it knows. ``wait``:
    the run waits for contacts that are due later.
    """

    campaign: Campaign
    report: EnrolmentReport
    forecast: Forecast
    base_url: str | None
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

    ``forecast`` is what was expected before it began.
    ``outputs`` are the files written, in the campaign's order; see ``write_outputs`` for their
    names. ``rejects`` are the rows to correct, where the campaign wants a file of them.
    ``messages_left`` are those of ``hooks`` that the next run tells. ``cost`` is what the
    campaign's calls that ended have cost so far, in all its runs; None where it has no budget.
    ``recordings`` are its calls' so far, where it keeps them. ``page`` is the report for a
    browser, where the campaign wants one; ``page_fault`` says why it was not written.
    """

    ending: RunEnding
    why: str | None
    counts: Counts
    report: EnrolmentReport
    forecast: Forecast
    outputs: tuple[Path, ...]
    rejects: "Rejects | None" = None
    messages_left: int = 0
    cost: Decimal | None = None
    recordings: RecordingCounts | None = None
    page: Path | None = None
    page_fault: str | None = None
