"""Looking without dialling: what is wrong, and what a run would do.

Nothing here writes: not the ledger, not the outputs, not the sheet.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from poku_batch.app import rules
from poku_batch.app.lists import open_lists
from poku_batch.app.preparing import Prepared, preparing
from poku_batch.app.reading import ledger_or_scratch, time_of
from poku_batch.app.rows import rows_of
from poku_batch.campaign import Campaign
from poku_batch.engine.plan import Planner, enrol
from poku_batch.models import EnrolmentReport
from poku_batch.ports import Ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What ``check`` found: how the sheet was read, and what a run would do ``at`` that time.

    ``rule_columns`` are the columns with rules of the rows' own (``timezone``, ``not_before`` …).
    """

    at: datetime
    rule_columns: tuple[str, ...]
    columns: tuple[str, ...]
    phone_column: str
    key_columns: tuple[str, ...]
    encoding: str | None
    delimiter: str | None
    report: EnrolmentReport


async def check_campaign(
    campaign: Campaign,
    *,
    simulate: bool = False,
    progress: Callable[[int], None] = lambda _rows: None,
) -> CheckReport:
    """Find everything that can be known without dialling.

    Raises ``InputError`` with every fault of the stage at which the first was found. ``progress``
    hears the rows read so far.
    """
    lists = await open_lists(campaign, simulate=simulate)
    with preparing(campaign, simulate=simulate) as prepared:
        permits = rules.permits(campaign, prepared.permit_columns, lists.source)
        async with ledger_or_scratch(campaign, simulate=simulate) as ledger:
            now = await time_of(ledger, simulate=simulate)
            planner = prepared.planner(permits, now=now)
            report = await _preview_enrolment(prepared, planner, ledger, now, progress)
        sheet = prepared.sheet
        return CheckReport(
            at=now,
            rule_columns=prepared.permit_columns.used,
            columns=sheet.columns,
            phone_column=sheet.columns[prepared.columns.phone],
            key_columns=prepared.columns.names,
            encoding=sheet.encoding,
            delimiter=sheet.delimiter,
            report=report,
        )


async def _preview_enrolment(
    prepared: Prepared,
    planner: Planner,
    ledger: Ledger,
    now: datetime,
    progress: Callable[[int], None],
) -> EnrolmentReport:
    campaign = prepared.campaign
    async with ledger.enrolment(
        campaign.identity,
        prepared.sheet.columns,
        campaign.contacts.duplicates,
        number_caps=rules.number_caps(campaign),
    ) as session:
        rows = await rows_of(prepared, ledger)
        await enrol(rows, planner, session, progress=progress)
        return await session.preview(now=now)
