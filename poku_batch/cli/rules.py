"""A campaign's rules, as a person should read them before anybody is called."""

from poku_batch.campaign import Campaign, described_caps, format_duration
from poku_batch.engine.permits import describe
from poku_batch.progress.words import one_line


def rule_lines(campaign: Campaign) -> list[str]:
    """Who may be called when, how often, and for how much: a line for each rule that there is."""
    lines = [f"hours     {describe(campaign.calling_hours)}"]
    if campaign.do_not_call:
        names = ", ".join(one_line(path.name) for path in campaign.do_not_call)
        lines.append(f"not       {names}, and the folder's own do-not-call list")
    if redial := _redial(campaign):
        lines.append(f"redial    {redial}")
    if limits := _limits(campaign):
        lines.append(f"limits    {limits}")
    if campaign.outcomes_by is not None:
        lines.append(f"read by   {one_line(campaign.outcomes_by.model)}, after the rules")
    return lines


def _redial(campaign: Campaign) -> str:
    redial = campaign.redial
    words = []
    plain = [outcome for outcome in redial.outcomes if outcome not in redial.by_outcome]
    if plain:
        waits = ", ".join(map(format_duration, redial.after))
        words.append(f"{', '.join(plain)}: up to {redial.attempts} calls, after {waits}")
    for outcome, own in redial.by_outcome.items():
        waits = ", ".join(map(format_duration, own.after or redial.after))
        words.append(f"{outcome}: up to {own.attempts or redial.attempts} calls, after {waits}")
    return "; ".join(words)


def _limits(campaign: Campaign) -> str:
    limits, pricing = campaign.limits, campaign.pricing
    words = []
    if limits.calls_per_minute is not None:
        words.append(f"{limits.calls_per_minute:g} calls a minute")
    if limits.ramp_up:
        words.append(f"full pace after {format_duration(limits.ramp_up)}")
    if limits.max_calls is not None:
        words.append(f"{limits.max_calls:,} calls a run")
    if limits.budget is not None:
        words.append(
            f"{limits.budget:,.2f} {pricing.currency} in all, at {pricing.per_minute} a started "
            "minute"
        )
    if limits.per_number:
        words.append(f"for one number {described_caps(limits.per_number)}")
    if limits.per_caller_id is not None and campaign.call.caller_ids:
        words.append(f"{limits.per_caller_id:,} a day from one caller ID")
    return "; ".join(words)
