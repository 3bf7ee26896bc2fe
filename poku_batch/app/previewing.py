"""What one row would be sent, without dialling.

Nothing here writes: not the ledger, not the outputs, not the sheet.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from poku_batch.app import rules
from poku_batch.app.lists import open_lists
from poku_batch.app.preparing import Prepared, preparing
from poku_batch.campaign import Campaign
from poku_batch.engine.compose import Unfit
from poku_batch.errors import UsageError
from poku_batch.models import CallRequest, ContactKey, Enrolment, Later, SheetRow


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
