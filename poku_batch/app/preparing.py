"""A campaign made ready: its sheet open, its templates compiled, its outputs known to be possible.

Everything that can be wrong before the first row is read is found here, and told at once.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from poku_batch.app.corrected import fitted, laid_out
from poku_batch.app.gathering import Gathering
from poku_batch.app.sources import OpenSource, opening
from poku_batch.app.unchanged import Recognition
from poku_batch.campaign import Campaign
from poku_batch.engine.compose import PRIORITY, Composer
from poku_batch.engine.permits import PermitColumns, Permits
from poku_batch.engine.plan import KeyColumns, Planner
from poku_batch.engine.whereabouts import WhereContactsAre
from poku_batch.errors import CampaignError, Fault, PromptError
from poku_batch.prompts import RowTemplates, read_prompt

if TYPE_CHECKING:
    import pandas as pd

    from poku_batch.contacts import Sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A campaign with its sheet open.

    ``outputs`` are where its results go, ``rejects`` where the rows to correct. ``recognition``
    knows whether the ledger has the sheet already; None where nobody asked.
    """

    campaign: Campaign
    sheet: "Sheet"
    columns: KeyColumns
    permit_columns: PermitColumns
    composer: Composer
    outputs: tuple[Path, ...]
    rejects: Path | None = None
    recognition: Recognition | None = None

    def planner(self, permits: Permits, *, now: datetime) -> Planner:
        """A planner for one reading of the sheet, by the rules as they stand ``now`` (aware)."""
        return Planner(
            self.composer,
            self.columns,
            permits,
            region=self.campaign.contacts.region,
            now=now,
        )


@dataclass(slots=True, kw_only=True)
class Parts:
    """What could be made ready of a campaign; None where faults stand in the way."""

    opened: OpenSource | None = None
    phone: int | None = None
    key: tuple[int, ...] | None = None
    permit_columns: PermitColumns | None = None
    templates: RowTemplates | None = None
    recognition: Recognition | None = None


@asynccontextmanager
async def preparing(
    campaign: Campaign,
    *,
    simulate: bool,
    contacts: "pd.DataFrame | None" = None,
    faults: Gathering | None = None,
    recognise: bool = False,
) -> AsyncIterator[Prepared]:
    """Open a campaign's sheet (or a DataFrame in its place) and make it ready; closes the sheet.

    With ``recognise`` a sheet that the ledger has already is not read.

    Raises ``ContactsError``, ``PromptError``, ``CampaignError`` or ``ResultsError`` with all that
    is wrong so far; where that is of several kinds, as ``Gathering`` tells. ``faults`` holds what
    was found before.
    """
    faults = faults or Gathering()
    async with gathering_parts(
        campaign, simulate=simulate, contacts=contacts, faults=faults, recognise=recognise
    ) as parts:
        faults.raise_all()
        yield prepared_of(campaign, parts, simulate=simulate)


@asynccontextmanager
async def gathering_parts(
    campaign: Campaign,
    *,
    simulate: bool,
    faults: Gathering,
    contacts: "pd.DataFrame | None" = None,
    recognise: bool = False,
) -> AsyncIterator[Parts]:
    """Make ready what can be, and gather what is wrong with the rest; closes the sheet."""
    parts = Parts()
    async with AsyncExitStack() as stack:
        with faults.stage():
            if contacts is None and recognise:
                parts.recognition = await Recognition.of(campaign, simulate=simulate)
            if parts.recognition is not None and parts.recognition.sheet is not None:
                opened = OpenSource(sheet=parts.recognition.sheet, files=parts.recognition.files)
            elif contacts is None:
                opened = await stack.enter_async_context(opening(await laid_out(campaign)))
            else:
                from poku_batch.contacts import frame_sheet

                opened = OpenSource(sheet=stack.enter_context(frame_sheet(contacts)))
            parts.opened = await fitted(campaign, opened, simulate=simulate)
        _check_outputs(campaign, parts.opened, simulate=simulate, faults=faults)
        if parts.opened is not None:
            _find_columns(campaign, parts, parts.opened.sheet, faults)
        with faults.stage():
            parts.templates = compile_templates(
                campaign, None if parts.opened is None else parts.opened.sheet.columns
            )
        yield parts


def prepared_of(campaign: Campaign, parts: Parts, *, simulate: bool) -> Prepared:
    """The campaign made ready, of parts that have no faults."""
    if parts.opened is None or parts.phone is None or parts.permit_columns is None:
        raise AssertionError("parts without faults are all there")
    if parts.templates is None:
        raise AssertionError("templates without faults are there")
    names = campaign.contacts.key or ()
    return Prepared(
        campaign=campaign,
        sheet=parts.opened.sheet,
        columns=KeyColumns(phone=parts.phone, key=parts.key, names=names),
        permit_columns=parts.permit_columns,
        composer=Composer(
            parts.templates,
            region=campaign.contacts.region,
            places=_places(campaign, parts.opened.sheet, parts.permit_columns),
        ),
        outputs=output_paths(campaign, simulate=simulate),
        rejects=rejects_path(campaign, simulate=simulate),
        recognition=parts.recognition,
    )


def _places(campaign: Campaign, sheet: "Sheet", columns: PermitColumns) -> WhereContactsAre:
    return WhereContactsAre(
        region=campaign.contacts.region,
        timezone=columns.timezone,
        default_timezone=campaign.calling_hours.default_timezone,
        decimal=sheet.decimal,
    )


def _check_outputs(
    campaign: Campaign, opened: OpenSource | None, *, simulate: bool, faults: Gathering
) -> None:
    from poku_batch.results import check_columns, check_outputs, check_rejects, fields_of

    outputs = output_paths(campaign, simulate=simulate)
    rejects = rejects_path(campaign, simulate=simulate)
    fields = fields_of(campaign.outcomes_by)
    if opened is not None:
        with faults.stage():
            check_columns(
                opened.sheet.columns,
                file=str(campaign.contacts.file),
                fields=fields,
                row=opened.sheet.header_row,
            )
    for file in (opened.files if opened is not None else ()) or (None,):
        with faults.stage():
            check_outputs(outputs, input_file=file, fields=len(fields))
        if rejects is not None:
            with faults.stage():
                check_rejects(rejects, outputs=outputs, input_file=file)
    report = report_path(campaign, simulate=simulate)
    if report is not None:
        from poku_batch.report import check_report

        with faults.stage():
            check_report(report, others=files_of(campaign, simulate=simulate))
    recordings = recordings_folder(campaign, simulate=simulate)
    if recordings is not None:
        from poku_batch.recordings import check_folder

        with faults.stage():
            check_folder(recordings)


def _find_columns(campaign: Campaign, parts: Parts, sheet: "Sheet", faults: Gathering) -> None:
    """Find the columns that the campaign names, each of them on its own."""
    from poku_batch.contacts import require_column

    with faults.stage():
        name = _phone_column(campaign, sheet)
        parts.phone = require_column(name, sheet.columns, file=sheet.name, key="contacts.phone")
    keys = []
    for name in campaign.contacts.key or ():
        with faults.stage():
            keys.append(require_column(name, sheet.columns, file=sheet.name, key="contacts.key"))
    parts.key = tuple(keys) if campaign.contacts.key is not None else None
    parts.permit_columns = _permit_columns(campaign, sheet, faults)


def output_paths(campaign: Campaign, *, simulate: bool) -> tuple[Path, ...]:
    """Where a campaign's results are to go, or a rehearsal's of it."""
    if not simulate:
        return campaign.output.file
    from poku_batch.results import simulated_path

    return tuple(simulated_path(path) for path in campaign.output.file)


def rejects_path(campaign: Campaign, *, simulate: bool) -> Path | None:
    """Where a campaign's rejects are to go, or a rehearsal's of it; None where nobody wants any."""
    path = campaign.output.rejects
    if path is None or not simulate:
        return path
    from poku_batch.results import simulated_path

    return simulated_path(path)


def report_path(campaign: Campaign, *, simulate: bool) -> Path | None:
    """Where a campaign's report is to go, or a rehearsal's of it; None where nobody wants one."""
    path = campaign.output.report
    if path is None or not simulate:
        return path
    from poku_batch.results import simulated_path

    return simulated_path(path)


def files_of(campaign: Campaign, *, simulate: bool) -> tuple[Path, ...]:
    """What a campaign is made of and writes, all but its report: nothing may take its place."""
    files = (
        campaign.path,
        campaign.contacts.file.file,
        campaign.prompt.file,
        rejects_path(campaign, simulate=simulate),
        *output_paths(campaign, simulate=simulate),
    )
    return tuple(file for file in files if file is not None)


def recordings_folder(campaign: Campaign, *, simulate: bool) -> Path | None:
    """Where a campaign's recordings are kept, or its rehearsals'; None where nobody wants them."""
    path = campaign.output.recordings
    return path if path is None or not simulate else path.with_name(f"{path.name}.simulated")


def compile_templates(campaign: Campaign, columns: tuple[str, ...] | None) -> RowTemplates:
    """Compile the prompt and the call values for a sheet with these columns; None: any columns.

    Raises ``PromptError`` for a template that cannot be read or compiled, or that uses names which
    no column provides.
    """
    prompt = campaign.prompt
    text = read_prompt(prompt.file) if prompt.file else prompt.text or ""
    try:
        templates = RowTemplates.compile(
            prompt=text,
            prompt_name=str(prompt.file or campaign.path),
            prompt_line=campaign.prompt_line,
            folder=prompt.file.parent if prompt.file else campaign.folder,
            call=_row_values(campaign),
            columns=columns or (),
            campaign={"name": campaign.name, "wave": campaign.wave},
        )
    except PromptError as error:
        raise PromptError(campaign.located(error.faults)) from error
    missing = templates.missing() if columns is not None else []
    if missing:
        raise PromptError(campaign.located(missing))
    return templates


def _row_values(campaign: Campaign) -> dict[str, str]:
    """What is rendered for each row beside its prompt."""
    values = dict(campaign.call.templates)
    if campaign.contacts.priority is not None:
        values[PRIORITY] = campaign.contacts.priority
    return values


def _permit_columns(campaign: Campaign, sheet: "Sheet", faults: Gathering) -> PermitColumns:
    from poku_batch.contacts import find_column, require_column

    def at(key: str, name: str | None, *usual: str) -> int | None:
        if name is None:
            return find_column(sheet.columns, usual)
        with faults.stage():
            return require_column(name, sheet.columns, file=sheet.name, key=f"contacts.{key}")
        return None

    contacts = campaign.contacts
    consent = contacts.consent
    return PermitColumns(
        timezone=at("timezone", contacts.timezone, "timezone"),
        not_before=at("not_before", contacts.not_before, "not_before"),
        not_after=at("not_after", contacts.not_after, "not_after"),
        consent=None if consent is None else at("consent.column", consent.column),
        names=sheet.columns,
    )


def _phone_column(campaign: Campaign, sheet: "Sheet") -> str:
    from poku_batch.contacts import find_phone_column

    name = campaign.contacts.phone or find_phone_column(sheet.columns)
    if name is None:
        raise CampaignError(
            campaign.located(
                [
                    Fault(
                        column="contacts",
                        message="no column of the sheet has a usual name for a phone number",
                        hint="name it with contacts.phone; the columns are "
                        + ", ".join(sheet.columns[:30]),
                    )
                ]
            )
        )
    return name
