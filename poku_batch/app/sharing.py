"""A distributed run's bounds, from the campaign's words to the values that the ledger keeps."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from poku_batch.app import rules
from poku_batch.campaign import Campaign
from poku_batch.errors import UsageError
from poku_batch.models import AdmissionRules, Swept
from poku_batch.ports import BudgetRoom, Distribution, Ledger

#: How much longer than it waits for a call's end a worker may take until its request has left: five
#: seconds to hear of its intent, ten to reach the API, and some for a machine that is busy.
_SLACK = timedelta(seconds=20)


def slot_of(campaign: Campaign) -> timedelta:
    """How long a call may go on after its intent was recorded."""
    return campaign.api.call_timeout + _SLACK


def admission_rules(
    campaign: Campaign, *, limit: int | None, until: datetime | None
) -> AdmissionRules:
    """All bounds of a run; ``limit`` and ``until`` (aware) are its own."""
    limits = campaign.limits
    own = rules.gate_rules(campaign, limit, until)
    return AdmissionRules(
        slots=limits.slots,
        slot=slot_of(campaign),
        calls_per_minute=limits.calls_per_minute,
        ramp_up=limits.ramp_up,
        limit=own.limit,
        limit_why=own.limit_why,
        until=until,
        breaker=rules.breaker_rules(campaign),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """All that bounds a distributed run; ``longest`` is how long a call counts for the budget."""

    rules: AdmissionRules
    budget: BudgetRoom | None
    longest: timedelta | None


def bounds(campaign: Campaign, *, limit: int | None, until: datetime | None) -> Bounds:
    """The bounds of a run; ``limit`` and ``until`` (aware) are its own."""
    return Bounds(
        rules=admission_rules(campaign, limit=limit, until=until),
        budget=budget_room(campaign),
        longest=campaign.pricing.longest_call,
    )


def budget_room(campaign: Campaign) -> BudgetRoom | None:
    """How many more calls the budget allows; None where there is no budget."""
    money = rules.budget(campaign)
    return None if money is None else money.room


def distribution_of(ledger: Ledger) -> Distribution:
    """What lets workers share a ledger. Raises ``UsageError`` where it is a file."""
    if ledger.distribution is None:
        raise UsageError(
            "workers on several machines need a ledger in PostgreSQL; set POKU_BATCH_LEDGER to "
            "its address, postgresql://user@host/database. Nobody was called."
        )
    return ledger.distribution


def swept_words(swept: Swept) -> str:
    """What was found of lost workers, in a sentence."""
    said = {
        "workers lost": swept.workers,
        "calls unknown": swept.unknown,
        "calls handed on": swept.handed_on,
        "contacts given out again": swept.given_back,
        "stopped runs closed": swept.closed,
    }
    return ", ".join(f"{count:,} {what}" for what, count in said.items() if count)
