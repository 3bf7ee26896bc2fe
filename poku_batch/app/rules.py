"""A campaign's rules, from the file's words to the values that decide."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from poku_batch.campaign import Campaign
from poku_batch.engine.gate import Gate, GateRules
from poku_batch.engine.pace import Pace
from poku_batch.engine.pausing import Pausing
from poku_batch.engine.permits import PermitColumns, Permits, hours_of
from poku_batch.engine.spending import Spending
from poku_batch.models import BreakerRules, Cap, ContactState, Counts, Usage
from poku_batch.policy.breaker import Breaker
from poku_batch.policy.spending import Budget
from poku_batch.policy.window import Window
from poku_batch.ports import Clock, EventSink, LedgerRun


def number_caps(campaign: Campaign) -> tuple[Cap, ...]:
    """How often one number may be called."""
    caps = campaign.limits.per_number.items()
    return tuple(Cap(calls=calls, within=within) for within, calls in caps)


def most_called(campaign: Campaign, counts: Counts, *, limit: int | None = None) -> int:
    """How many contacts a run would call at the most, now or later; ``limit`` is the run's own."""
    most = [counts.of(ContactState.PENDING), limit, campaign.limits.max_calls]
    return min(number for number in most if number is not None)


def budget(campaign: Campaign) -> Budget | None:
    """What the campaign may cost; None for whatever it takes."""
    limit, pricing = campaign.limits.budget, campaign.pricing
    if limit is None:
        return None
    return Budget(
        limit=limit,
        per_minute=pricing.per_minute,
        longest_s=pricing.longest_call.total_seconds(),
    )


async def spent(campaign: Campaign, run: LedgerRun) -> Decimal | None:
    """What the campaign's calls that ended have cost so far; None where it has no budget."""
    money = budget(campaign)
    if money is None:
        return None
    return money.cost((await run.usage(longest=campaign.pricing.longest_call)).minutes)


def permits(
    campaign: Campaign, columns: PermitColumns, listed: Callable[[str], str | None]
) -> Permits:
    """Who may be called when; ``listed`` names the list that a number (E.164) is on, if any."""
    hours, consent = campaign.calling_hours, campaign.contacts.consent
    return Permits(
        hours=hours_of(hours),
        timezone=hours.timezone,
        default_timezone=hours.default_timezone,
        columns=columns,
        consent_values=consent.values if consent else (),
        listed=listed,
    )


def gate(
    campaign: Campaign,
    *,
    clock: Clock,
    sink: EventSink,
    used: Usage,
    limit: int | None,
    until: datetime | None,
    pausing: Pausing,
) -> Gate:
    """All bounds of one run; ``limit`` is the run's own, beside ``limits.max_calls``."""
    limits, now_s = campaign.limits, clock.monotonic()
    ramp_up_s = limits.ramp_up.total_seconds()
    money = budget(campaign)
    return Gate(
        clock=clock,
        sink=sink,
        rules=gate_rules(campaign, limit, until),
        concurrency=limits.slots,
        window=Window(limits.slots, ramp_up_s=ramp_up_s, started_s=now_s),
        pace=None
        if limits.calls_per_minute is None
        else Pace(limits.calls_per_minute, ramp_up_s=ramp_up_s, started_s=now_s),
        breaker=Breaker.of(breaker_rules(campaign)),
        spending=None if money is None else Spending(money, used),
        pausing=pausing,
    )


def breaker_rules(campaign: Campaign) -> BreakerRules | None:
    """The campaign's circuit breaker; None where there is none."""
    breaker = campaign.circuit_breaker
    if not breaker.enabled:
        return None
    return BreakerRules(
        last=breaker.last,
        share=breaker.share,
        cool_down=breaker.cool_down,
        trips=breaker.trips,
    )


def gate_rules(campaign: Campaign, limit: int | None, until: datetime | None) -> GateRules:
    """The bounds of one run: its own, and those of the campaign for each of them."""
    most = campaign.limits.max_calls
    if most is not None and (limit is None or most <= limit):
        return GateRules(limit=most, limit_why="limits.max_calls", until=until)
    return GateRules(limit=limit, limit_why=None if limit is None else "--limit", until=until)
