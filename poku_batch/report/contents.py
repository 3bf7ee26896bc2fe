"""What a report says, and the questions that it puts to a ledger."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from poku_batch.campaign import Campaign
from poku_batch.contacts import find_column
from poku_batch.models import (
    CampaignStatistics,
    ContactState,
    Counts,
    UnknownCall,
)
from poku_batch.policy.spending import Budget
from poku_batch.ports import Ledger
from poku_batch.report.local_hours import LocalClocks, LocalHours
from poku_batch.report.people import People, people

#: How many unknown calls are told with their evidence.
UNKNOWN_SHOWN = 200

#: Whose clock counts, unless a campaign names a zone for everybody.
_CONTACT = "contact"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """All that a report says of a campaign at the time ``at`` (aware).

    ``minutes`` are started minutes of the calls that ended, ``spent`` what they cost by the
    campaign's pricing. ``unknown`` are the first of the unknown calls.
    """

    campaign: Campaign
    simulated: bool
    at: datetime
    counts: Counts
    statistics: CampaignStatistics
    local: LocalHours
    minutes: int
    spent: Decimal
    unknown: tuple[UnknownCall, ...]
    people: People

    @property
    def unknown_left_out(self) -> int:
        """How many unknown calls are not among ``unknown``."""
        return self.counts.of(ContactState.UNKNOWN) - len(self.unknown)


async def contents(
    ledger: Ledger,
    campaign: Campaign,
    *,
    simulated: bool,
    at: datetime,
    beside: Path,
    most: int,
) -> Contents:
    """Ask a ledger for all that the report of a campaign says.

    ``most`` contacts are told one by one; local recordings by their way from the folder ``beside``.
    """
    identity, longest = campaign.identity, campaign.pricing.longest_call
    columns = await ledger.columns(identity) or ()
    used = await ledger.usage(identity, longest=longest)
    money = Budget(
        limit=Decimal(0),
        per_minute=campaign.pricing.per_minute,
        longest_s=longest.total_seconds(),
    )
    return Contents(
        campaign=campaign,
        simulated=simulated,
        at=at,
        counts=await ledger.counts(identity, now=at),
        statistics=await ledger.statistics.of(identity, longest=longest),
        local=await _clocks(campaign, columns).count(ledger.statistics.placed(identity)),
        minutes=used.minutes,
        spent=money.cost(used.minutes),
        unknown=tuple(await ledger.unknown_calls(identity, limit=UNKNOWN_SHOWN)),
        people=await people(ledger, identity, columns, most=most, beside=beside),
    )


def _clocks(campaign: Campaign, columns: tuple[str, ...]) -> LocalClocks:
    hours = campaign.calling_hours
    name = campaign.contacts.timezone or "timezone"
    return LocalClocks(
        columns=len(columns),
        timezone=find_column(columns, (name,)),
        default_timezone=hours.default_timezone,
        always=None if hours.timezone == _CONTACT else hours.timezone,
    )
