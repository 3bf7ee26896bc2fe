"""A campaign made ready: its sheet open, its templates compiled, its outputs known to be possible.

Everything that can be wrong before the first row is read is found here, and told at once.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from poku_batch.campaign import Campaign
from poku_batch.engine.compose import PRIORITY, Composer
from poku_batch.engine.permits import PermitColumns, Permits
from poku_batch.engine.plan import KeyColumns, Planner
from poku_batch.errors import CampaignError, Fault, PromptError
from poku_batch.prompts import RowTemplates, read_prompt

if TYPE_CHECKING:
    import pandas as pd

    from poku_batch.contacts import Sheet


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A campaign with its sheet open; ``outputs`` are where its results go."""

    campaign: Campaign
    sheet: "Sheet"
    columns: KeyColumns
    permit_columns: PermitColumns
    composer: Composer
    outputs: tuple[Path, ...]

    def planner(self, permits: Permits, *, now: datetime) -> Planner:
        """A planner for one reading of the sheet, by the rules as they stand ``now`` (aware)."""
        return Planner(
            self.composer,
            self.columns,
            permits,
            region=self.campaign.contacts.region,
            now=now,
        )


@contextmanager
def preparing(
    campaign: Campaign, *, simulate: bool, contacts: "pd.DataFrame | None" = None
) -> Iterator[Prepared]:
    """Open a campaign's sheet (or a DataFrame in its place) and make it ready; closes the sheet.

    Raises ``ContactsError``, ``PromptError``, ``CampaignError`` or ``ResultsError`` with all that
    is wrong so far.
    """
    from poku_batch.contacts import frame_sheet, open_sheet
    from poku_batch.results import check_columns, check_outputs, fields_of

    source = campaign.contacts.file
    path = source.path or Path()
    sheet = open_sheet(path) if contacts is None else frame_sheet(contacts)
    with sheet:
        outputs = output_paths(campaign, simulate=simulate)
        fields = fields_of(campaign.outcomes_by)
        check_columns(sheet.columns, file=str(source), fields=fields)
        check_outputs(
            outputs, input_file=source.file if contacts is None else None, fields=len(fields)
        )
        yield Prepared(
            campaign=campaign,
            sheet=sheet,
            columns=_key_columns(campaign, sheet),
            permit_columns=_permit_columns(campaign, sheet),
            composer=Composer(
                compile_templates(campaign, sheet.columns), region=campaign.contacts.region
            ),
            outputs=outputs,
        )


def output_paths(campaign: Campaign, *, simulate: bool) -> tuple[Path, ...]:
    """Where a campaign's results are to go, or a rehearsal's of it."""
    if not simulate:
        return campaign.output.file
    from poku_batch.results import simulated_path

    return tuple(simulated_path(path) for path in campaign.output.file)


def compile_templates(campaign: Campaign, columns: tuple[str, ...]) -> RowTemplates:
    """Compile the prompt and the call values for a sheet with these columns.

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
            columns=columns,
            campaign={"name": campaign.name, "wave": campaign.wave},
        )
    except PromptError as error:
        raise PromptError(campaign.located(error.faults)) from error
    missing = templates.missing()
    if missing:
        raise PromptError(campaign.located(missing))
    return templates


def _row_values(campaign: Campaign) -> dict[str, str]:
    """What is rendered for each row beside its prompt."""
    values = dict(campaign.call.templates)
    if campaign.contacts.priority is not None:
        values[PRIORITY] = campaign.contacts.priority
    return values


def _permit_columns(campaign: Campaign, sheet: "Sheet") -> PermitColumns:
    from poku_batch.contacts import find_column, require_column

    def at(key: str, name: str | None, *usual: str) -> int | None:
        if name is not None:
            return require_column(name, sheet.columns, file=sheet.name, key=f"contacts.{key}")
        return find_column(sheet.columns, usual)

    contacts = campaign.contacts
    consent = contacts.consent
    return PermitColumns(
        timezone=at("timezone", contacts.timezone, "timezone"),
        not_before=at("not_before", contacts.not_before, "not_before"),
        not_after=at("not_after", contacts.not_after, "not_after"),
        consent=None if consent is None else at("consent.column", consent.column),
        names=sheet.columns,
    )


def _key_columns(campaign: Campaign, sheet: "Sheet") -> KeyColumns:
    from poku_batch.contacts import require_column

    file = sheet.name
    names = campaign.contacts.key
    key = None
    if names is not None:
        key = tuple(
            require_column(name, sheet.columns, file=file, key="contacts.key") for name in names
        )
    return KeyColumns(
        phone=require_column(
            _phone_column(campaign, sheet), sheet.columns, file=file, key="contacts.phone"
        ),
        key=key,
        names=names or (),
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
