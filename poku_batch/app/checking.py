"""Looking without dialling: all that is wrong, and what a run would do.

Nothing here writes, but for a repaired copy where one is asked for: not the ledger, not the
outputs, not the sheet.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio.to_thread

from poku_batch.app import rules
from poku_batch.app.fixing import Fixed, check_target, write_fixed
from poku_batch.app.forecasting import forecast_run
from poku_batch.app.gathering import Gathering
from poku_batch.app.lists import DoNotCallLists, open_lists
from poku_batch.app.preparing import Parts, Prepared, gathering_parts, prepared_of
from poku_batch.app.reading import ledger_or_scratch, time_of
from poku_batch.app.rows import left_out, naming, rows_of
from poku_batch.app.used_columns import used_columns
from poku_batch.campaign import Campaign
from poku_batch.engine.plan import Planner, enrol
from poku_batch.errors import PhoneError, UsageError
from poku_batch.inspection import Finding, Inspector, Mender, Scope
from poku_batch.models import Enrolment, EnrolmentReport, SheetRow
from poku_batch.phone import parse_phone
from poku_batch.policy.forecast import Forecast
from poku_batch.ports import EnrolmentSession, Ledger

if TYPE_CHECKING:
    from poku_batch.contacts import Sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """What ``check`` found: how the sheet was read, and what a run would do ``at`` that time.

    ``rule_columns`` are the columns with rules of the rows' own (``timezone``, ``not_before`` …).
    ``worksheets`` are all visible ones of a workbook. ``findings`` are what looks wrong in the
    rows, ``rows_with_errors`` the first rows with an error among them. ``left_out`` are rows that
    corrected rejects have otherwise than they were called.
    """

    at: datetime
    rule_columns: tuple[str, ...]
    columns: tuple[str, ...]
    phone_column: str
    key_columns: tuple[str, ...]
    encoding: str | None
    delimiter: str | None
    report: EnrolmentReport
    forecast: Forecast
    worksheet: str | None = None
    worksheets: tuple[str, ...] = ()
    header_row: int = 1
    findings: tuple[Finding, ...] = ()
    rows_with_errors: frozenset[int] = frozenset()
    left_out: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """All that could be found of a campaign, faults or not.

    ``report`` is None where ``faults`` keep a run from starting. ``place`` tells where a person
    finds the cell of a row and a column's position; ``columns`` are the sheet's, if it was read.
    """

    faults: Gathering
    report: CheckReport | None = None
    findings: tuple[Finding, ...] = ()
    columns: tuple[str, ...] = ()
    place: Callable[[int, int], str] = field(repr=False, default=lambda row, _position: str(row))
    fixed: Fixed | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FixTo:
    """Where a repaired copy goes; ``force`` lets it replace what is there."""

    path: Path
    force: bool = False


async def check_campaign(
    campaign: Campaign,
    *,
    simulate: bool = False,
    progress: Callable[[int], None] = lambda _rows: None,
) -> CheckReport:
    """Find everything that can be known without dialling.

    Raises ``InputError`` with every fault that keeps a run from starting, or the ``ResultsError``
    that is the only one. ``progress`` hears the rows read so far.
    """
    looked = await look_over(campaign, simulate=simulate, progress=progress)
    looked.faults.raise_all()
    if looked.report is None:
        raise AssertionError("without a fault there is a report")
    return looked.report


async def look_over(
    campaign: Campaign,
    *,
    simulate: bool = False,
    fix: FixTo | None = None,
    progress: Callable[[int], None] = lambda _rows: None,
) -> Looked:
    """Find everything as ``check_campaign`` does, and give it with the faults, gathered.

    Rows are looked at wherever the sheet and its column of numbers are found. With ``fix`` a
    repaired copy is written then. Raises ``UsageError`` where it must not be written there.
    """
    if fix is not None:
        check_target(campaign, fix.path, force=fix.force)
    faults = Gathering()
    lists = DoNotCallLists(None, frozenset())
    with faults.stage():
        lists = await open_lists(campaign, simulate=simulate)
    async with gathering_parts(campaign, simulate=simulate, faults=faults) as parts:
        if parts.opened is None or parts.phone is None:
            return Looked(faults=faults)
        sheet = parts.opened.sheet
        scope = _scope(campaign, parts, parts.phone, sheet)
        inspector = Inspector(scope)
        report = None
        if faults.faults:
            with faults.stage():
                await _look_at_rows(sheet, scope, inspector, progress)
        else:
            prepared = prepared_of(campaign, parts, simulate=simulate)
            report = await _plan(prepared, lists, inspector, faults, progress, simulate=simulate)
        fixed = None
        if fix is not None:
            fixed = await _fix(sheet, scope, inspector, fix, progress)
        return Looked(
            faults=faults,
            report=report,
            findings=inspector.findings(),
            columns=sheet.columns,
            place=sheet.place,
            fixed=fixed,
        )


async def _plan(
    prepared: Prepared,
    lists: DoNotCallLists,
    inspector: Inspector,
    faults: Gathering,
    progress: Callable[[int], None],
    *,
    simulate: bool,
) -> CheckReport | None:
    """Say what a run would do; None where the rows have faults, which are gathered."""
    campaign, sheet = prepared.campaign, prepared.sheet
    permits = rules.permits(campaign, prepared.permit_columns, lists.source)
    async with ledger_or_scratch(campaign, simulate=simulate) as ledger:
        now = await time_of(ledger, simulate=simulate)
        planner = prepared.planner(permits, now=now)
        looking = _Looking(prepared, planner, inspector, faults)
        report = await looking.preview_enrolment(ledger, now, progress)
        if report is None:
            return None
        expected = await forecast_run(campaign, report, permits, ledger, now=now)
    return CheckReport(
        at=now,
        rule_columns=prepared.permit_columns.used,
        columns=sheet.columns,
        phone_column=sheet.columns[prepared.columns.phone],
        key_columns=prepared.columns.names,
        encoding=sheet.encoding,
        delimiter=sheet.delimiter,
        report=report,
        forecast=expected,
        worksheet=sheet.worksheet,
        worksheets=sheet.worksheets,
        header_row=sheet.header_row,
        findings=inspector.findings(),
        rows_with_errors=inspector.rows_with_errors,
        left_out=tuple(left_out(prepared)),
    )


@dataclass(frozen=True, slots=True)
class _Looking:
    """One reading of the sheet, in which rows are planned and looked at."""

    prepared: Prepared
    planner: Planner
    inspector: Inspector
    faults: Gathering

    async def preview_enrolment(
        self, ledger: Ledger, now: datetime, progress: Callable[[int], None]
    ) -> EnrolmentReport | None:
        campaign = self.prepared.campaign
        report: EnrolmentReport | None = None
        async with ledger.enrolment(
            campaign.identity,
            self.prepared.sheet.columns,
            campaign.contacts.duplicates,
            number_caps=rules.number_caps(campaign),
        ) as session:
            with self.faults.stage():
                rows = await rows_of(self.prepared, ledger)
                looked_at = _LookedAt(session, self.inspector)
                await enrol(rows, self.planner, looked_at, progress=progress)
            with self.faults.stage(), naming(self.prepared.sheet):
                report = await session.preview(now=now)
        return None if self.faults.faults else report


@dataclass(frozen=True, slots=True)
class _LookedAt:
    """A session that lets an inspector see what goes into it."""

    session: EnrolmentSession
    inspector: Inspector

    async def add(self, rows: Sequence[Enrolment]) -> None:
        await anyio.to_thread.run_sync(self.inspector.look, rows)
        await self.session.add(rows)

    async def preview(self, *, now: datetime) -> EnrolmentReport:
        return await self.session.preview(now=now)

    async def again(self, source: str) -> AsyncIterator[list[SheetRow]] | None:
        return await self.session.again(source)

    async def commit(self, *, now: datetime, source: str | None = None) -> EnrolmentReport:
        return await self.session.commit(now=now, source=source)


async def _look_at_rows(
    sheet: "Sheet", scope: Scope, inspector: Inspector, progress: Callable[[int], None]
) -> None:
    """Look at the rows of a sheet that cannot be planned, for faults that are elsewhere."""

    def look() -> None:
        read = 0
        for batch in sheet.batches():
            inspector.look([_unplanned(row, scope) for row in batch])
            read += len(batch)
            progress(read)

    await anyio.to_thread.run_sync(look)


def _unplanned(row: SheetRow, scope: Scope) -> Enrolment:
    try:
        to = parse_phone(row.cells[scope.phone], scope.region).e164
    except PhoneError:
        to = None
    return Enrolment(row=row.row, cells=row.cells, key=None, to=to)


async def _fix(
    sheet: "Sheet",
    scope: Scope,
    inspector: Inspector,
    fix: FixTo,
    progress: Callable[[int], None],
) -> Fixed:
    from poku_batch.contacts import CorrectedSheet

    if isinstance(sheet, CorrectedSheet):
        raise UsageError(f"--fix: {sheet.name} holds rejects, which are corrected where they are")
    mender = Mender(scope, inspector.date_columns)
    return await anyio.to_thread.run_sync(partial(write_fixed, sheet, mender, fix.path, progress))


def _scope(campaign: Campaign, parts: Parts, phone: int, sheet: "Sheet") -> Scope:
    uses = () if parts.templates is None else used_columns(parts.templates)
    columns, consent = parts.permit_columns, campaign.contacts.consent
    return Scope(
        columns=sheet.columns,
        phone=phone,
        region=campaign.contacts.region,
        key=parts.key or (),
        used=frozenset(use.position for use in uses),
        required=frozenset(use.position for use in uses if use.blindly),
        timezone=columns.timezone if columns else None,
        not_before=columns.not_before if columns else None,
        not_after=columns.not_after if columns else None,
        consent=columns.consent if columns else None,
        consent_values=consent.values if consent else (),
    )
