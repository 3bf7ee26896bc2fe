"""Looking without dialling: what is wrong, what a run would do, what a row would be sent.

Nothing here writes: not the ledger, not the outputs, not the sheet.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from poku_batch.app import environment, rules
from poku_batch.app.lists import open_lists
from poku_batch.app.preparing import Prepared, preparing
from poku_batch.app.reading import time_of
from poku_batch.campaign import Campaign
from poku_batch.engine.compose import Unfit
from poku_batch.engine.plan import Planner, enrol
from poku_batch.errors import UsageError
from poku_batch.models import CallRequest, ContactKey, Enrolment, EnrolmentReport, Later, SheetRow
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A row as it would be called; ``request`` is None where ``reason`` says why it would not.

    ``later``: it would be, but not yet.
    """

    row: SheetRow
    key: ContactKey | None
    request: CallRequest | None
    reason: str | None
    later: Later | None = None


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
        async with _ledger_or_scratch(campaign, simulate=simulate) as ledger:
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
        await enrol(prepared.sheet.batches(), planner, session, progress=progress)
        return await session.preview(now=now)


async def preview_row(
    campaign: Campaign, *, row: int | None = None, key: str | None = None
) -> Preview:
    """Make the request of one row: the one numbered ``row``, or of ``key``, or the first to call.

    Raises ``UsageError`` where the sheet has no such row, ``PromptError`` where it cannot be
    rendered.
    """
    # A rehearsal's lists hold the ledger's own too, which no run of this process asks here.
    lists = await open_lists(campaign, simulate=True)
    with preparing(campaign, simulate=False) as prepared:
        permits = rules.permits(campaign, prepared.permit_columns, lists.source)
        planner = prepared.planner(permits, now=datetime.now(UTC))
        for batch in prepared.sheet.batches():
            for found, planned in zip(batch, planner.plan(batch), strict=True):
                if _wanted(planned, row, key):
                    return _preview(prepared, found, planned)
    asked = (
        f"row {row}" if row is not None else f"key {key!r}" if key is not None else "row to call"
    )
    raise UsageError(f"{campaign.contacts.file}: there is no {asked}")


def _wanted(planned: Enrolment, row: int | None, key: str | None) -> bool:
    if row is not None or key is not None:
        return row in {None, planned.row} and key in {None, planned.key}
    return planned.skip_reason is None


def _preview(prepared: Prepared, row: SheetRow, planned: Enrolment) -> Preview:
    if planned.skip_reason is not None or planned.to is None or planned.key is None:
        return Preview(row=row, key=planned.key, request=None, reason=planned.skip_reason)
    made = prepared.composer.compose(row, to=planned.to, key=planned.key, number=1)
    if isinstance(made, Unfit):
        return Preview(row=row, key=planned.key, request=None, reason=made.reason)
    return Preview(row=row, key=planned.key, request=made.request, reason=None, later=planned.later)


@asynccontextmanager
async def _ledger_or_scratch(campaign: Campaign, *, simulate: bool) -> AsyncIterator[Ledger]:
    """Open the campaign's ledger, or one in memory where there is none yet."""
    from poku_batch.ledger import ledger_exists, open_ledger, scratch_ledger

    url = environment.ledger_url(campaign, simulate=simulate)
    async with open_ledger(url) if ledger_exists(url) else scratch_ledger() as ledger:
        yield ledger
