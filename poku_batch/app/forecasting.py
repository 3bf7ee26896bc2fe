"""What a run of a campaign would come to, by its rules, its ledger and its sheet's hours."""

from datetime import datetime

from poku_batch.app import rules
from poku_batch.campaign import Campaign
from poku_batch.engine.caller_ids import A_DAY
from poku_batch.engine.permits import Permits
from poku_batch.models import EnrolmentReport, PastCalls, Usage
from poku_batch.policy.day_caps import DayCap
from poku_batch.policy.flow import CallFigures, ForecastRules, RedialShare
from poku_batch.policy.forecast import Forecast, affordable_calls, forecast
from poku_batch.policy.redials import redial_rules
from poku_batch.policy.spending import UNBOUNDED, started_minutes
from poku_batch.ports import Ledger

#: From so many calls on a ledger is believed, and so many of the latest are asked.
_ENOUGH, _LATEST = 20, 1_000

#: The shortest that calls are taken for, in seconds.
_SHORTEST_S = 1.0


async def forecast_run(  # noqa: PLR0913 – what a person can want of a run
    campaign: Campaign,
    report: EnrolmentReport,
    permits: Permits,
    ledger: Ledger,
    *,
    now: datetime,
    limit: int | None = None,
    until: datetime | None = None,
    wait: bool = True,
) -> Forecast:
    """Say what a run that begins ``now`` (aware UTC) would come to.

    ``report`` is that of the sheet's enrolment, ``permits`` those that it was planned with;
    ``limit``, ``until`` (aware) and ``wait`` are what is wanted of the run.
    """
    longest = campaign.pricing.longest_call
    past = await ledger.past_calls(last=_LATEST, longest=longest)
    call = _figures(campaign, past)
    money = campaign.limits.budget is not None
    used = await ledger.usage(campaign.identity, longest=longest) if money else Usage()
    most, limit_why = campaign.limits.max_calls, "limits.max_calls"
    if limit is not None and (most is None or limit < most):
        most, limit_why = limit, "--limit"
    bounds = ForecastRules(
        slots=campaign.limits.slots,
        call=call,
        calls_per_minute=campaign.limits.calls_per_minute,
        ramp_up_s=campaign.limits.ramp_up.total_seconds(),
        redials=_redials(campaign, past),
        limit=most,
        limit_why=limit_why,
        affordable=_affordable(campaign, used, call),
        day_cap=await _day_cap(campaign, ledger, now),
        until=until,
        wait=wait,
        per_minute=campaign.pricing.per_minute,
        currency=campaign.pricing.currency,
    )
    return forecast(report.pending, bounds, now=now, opening=permits.next_opening)


async def _day_cap(campaign: Campaign, ledger: Ledger, now: datetime) -> DayCap | None:
    """How many calls a day the caller IDs of a list allow for; None for any number."""
    pool, each = campaign.call.caller_ids, campaign.limits.per_caller_id
    if not pool or each is None:
        return None
    a_day = len(pool) * each
    made = await ledger.times_from(pool, since=now - A_DAY)
    renewed_at = made[0] + A_DAY if made else None
    return DayCap(a_day=a_day, left=max(a_day - len(made), 0), renewed_at=renewed_at)


def _figures(campaign: Campaign, past: PastCalls) -> CallFigures:
    """What a call is like: as the latest ones of the ledger, or as the campaign says."""
    if past.calls >= _ENOUGH:
        return CallFigures(
            seconds=max(past.seconds / past.calls, _SHORTEST_S),
            minutes=past.minutes / past.calls,
            calls=past.calls,
        )
    typical_s = campaign.pricing.typical_call.total_seconds()
    return CallFigures(seconds=typical_s, minutes=started_minutes(typical_s))


def _redials(campaign: Campaign, past: PastCalls) -> tuple[RedialShare, ...] | None:
    """How many calls come to what is redialled; None where the ledger cannot say."""
    by_outcome = redial_rules(campaign.redial).by_outcome
    if by_outcome and past.calls < _ENOUGH:
        return None
    return tuple(
        RedialShare(
            share=past.outcomes[outcome] / past.calls,
            attempts=rule.attempts,
            after_s=tuple(
                rule.wait(attempt, chance=0.5).total_seconds()
                for attempt in range(1, len(rule.after) + 1)
            ),
        )
        for outcome, rule in by_outcome.items()
        if past.outcomes.get(outcome)
    )


def _affordable(campaign: Campaign, used: Usage, call: CallFigures) -> int | None:
    """How many further calls the budget allows for; None for any number."""
    money = rules.budget(campaign)
    left = UNBOUNDED if money is None else money.minutes_left(used.minutes, used.open)
    if money is None or left == UNBOUNDED:
        return None
    longest = started_minutes(money.longest_s)
    return affordable_calls(left, longest=longest, mean=call.minutes)
