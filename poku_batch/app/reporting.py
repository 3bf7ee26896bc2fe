"""The report of a campaign: by its command, and at the end of a run."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from poku_batch.app.outside import Outside
from poku_batch.app.preparing import files_of, output_paths, report_path
from poku_batch.app.reading import existing_ledger, time_of
from poku_batch.campaign import Campaign
from poku_batch.errors import PokuBatchError
from poku_batch.ports import Ledger


def report_place(campaign: Campaign, *, simulate: bool) -> Path:
    """Where a campaign's report goes: where it says, else beside its first results file."""
    from poku_batch.report import default_report

    named = report_path(campaign, simulate=simulate)
    return named or default_report(output_paths(campaign, simulate=simulate)[0])


async def report_campaign(
    campaign: Campaign, *, to: Path | None = None, simulate: bool = False
) -> Path:
    """Write a campaign's report from its ledger, also while a run goes on; say where it is.

    ``to`` takes the place of ``report_place``. Raises ``UsageError`` if the campaign was never run,
    ``ResultsError`` if the file cannot be written.
    """
    from poku_batch.report import check_report

    path = to or report_place(campaign, simulate=simulate)
    check_report(path, others=files_of(campaign, simulate=simulate))
    async with existing_ledger(campaign, simulate=simulate) as ledger:
        at = await time_of(ledger, simulate=simulate)
        return await write_report_of(ledger, campaign, path, simulated=simulate, at=at)


async def write_report_of(
    ledger: Ledger, campaign: Campaign, path: Path, *, simulated: bool, at: datetime
) -> Path:
    """Write a campaign's report as of ``at`` to a place that was checked; say where it is."""
    # It brings the drawing of charts along.
    from poku_batch.report.writing import write_report

    return await write_report(ledger, campaign, path, simulated=simulated, at=at)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportWritten:
    """Where a run's report is, or why there is none; both None where nobody wants one."""

    path: Path | None = None
    fault: str | None = None


async def write_wanted_report(
    campaign: Campaign, outside: Outside, *, at: datetime
) -> ReportWritten:
    """Write the report of a campaign that wants one at the end of its runs.

    Whatever goes wrong is told and raised no further: the results are written by now, and nothing
    may hide them.
    """
    path = report_path(campaign, simulate=outside.simulated)
    if path is None:
        return ReportWritten()
    try:
        place = await write_report_of(
            outside.ledger, campaign, path, simulated=outside.simulated, at=at
        )
    except PokuBatchError as error:
        return ReportWritten(fault=str(error))
    except Exception as error:  # a drawing library's as well as ours
        return ReportWritten(fault=f"{path}: a fault in poku-batch ({type(error).__name__})")
    return ReportWritten(path=place)
