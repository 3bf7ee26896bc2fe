"""The question before a test call, and what came of the call, in words and as JSON."""

import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any, assert_never

from poku_batch.app.test_calling import TrialEnding, TrialPlan, TrialResult
from poku_batch.cli.asking import confirmed
from poku_batch.cli.exits import ExitCode
from poku_batch.cli.previewed import number_text, remark_text
from poku_batch.cli.terminal import err, out, say, shown
from poku_batch.errors import UsageError
from poku_batch.inspection.prompt_text import Weight
from poku_batch.progress.words import one_line


def agree(plan: TrialPlan, *, yes: bool) -> bool:
    """Say what would happen, and ask at a terminal; a simulated call is never asked about.

    Raises ``UsageError`` where nobody can be asked and ``--yes`` was not given.
    """
    for line in plan_lines(plan):
        say(err, line)
    if plan.simulated or yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError(
            "a real phone would ring, and there is nobody here to ask: add --yes to call without "
            "being asked, or --simulate to rehearse. Nobody was called."
        )
    if plan.contact_rows:
        return confirmed("Is this your own phone, and call it now?")
    return confirmed("Call it now?")


def plan_lines(plan: TrialPlan) -> Iterator[str]:
    """What is about to happen, one thought a line."""
    preview, campaign = plan.preview, plan.campaign
    kind = "simulated test call" if plan.simulated else "test call"
    yield (
        f"{campaign.identity}: a {kind} with the prompt of row {preview.row.row}, key "
        f"{one_line(preview.key or 'none')}"
    )
    yield f"to     {number_text(plan.number)}"
    own = "your account's own number"
    yield f"from   {plan.request.from_ or own}, through {plan.base_url}"
    if not plan.simulated:
        minutes = campaign.pricing.typical_call.total_seconds() / 60
        cost = _money(plan.cost, plan)
        yield f"cost   about {cost}, for {minutes:g} min at {campaign.pricing.per_minute} a minute"
    for remark in preview.remarks:
        if remark.weight is Weight.WARNING:
            yield f"warning: {remark_text(remark)}"
    if plan.contact_rows:
        rows = ", ".join(map(str, plan.contact_rows))
        where = f"row {rows} has" if len(plan.contact_rows) == 1 else f"rows {rows} have"
        yield (
            f"warning: {where} this very number: unless it is yours, a contact's phone would ring; "
            "and the campaign calls it besides, as if this call had not been"
        )


def exit_code(result: TrialResult) -> ExitCode:
    """The code of a test call that came to this."""
    match result.ending:
        case TrialEnding.ENDED:
            return ExitCode.INCOMPLETE if result.failed else ExitCode.OK
        case TrialEnding.TURNED_AWAY | TrialEnding.REJECTED | TrialEnding.UNKNOWN:
            return ExitCode.INCOMPLETE
        case TrialEnding.UNREACHED | TrialEnding.REFUSED | TrialEnding.INTERRUPTED:
            return ExitCode.STOPPED
        case _:
            assert_never(result.ending)


def print_result(plan: TrialPlan, result: TrialResult) -> None:
    """Tell what came of the call, and what to do next."""
    say(out, _headline(result), style="bold")
    for name, value in _facts(plan, result):
        say(out, f"{name:9}  {one_line(value, limit=4_000)}")
    for line in _advice(plan, result):
        say(err, line)


def result_json(plan: TrialPlan, result: TrialResult) -> dict[str, Any]:
    """What came of the call, as ``--json`` gives it."""
    return {
        "campaign": plan.campaign.name,
        "wave": plan.campaign.wave,
        "row": plan.preview.row.row,
        "key": plan.preview.key,
        "to": plan.request.to,
        "from": plan.request.from_,
        "simulated": plan.simulated,
        "ending": str(result.ending),
        "why": result.why,
        "outcome": result.outcome,
        "evidence": result.evidence,
        "opted_out": result.opted_out,
        "summary": result.summary,
        "recording_url": result.recording_url,
        "interaction_id": result.interaction_id,
        "duration_s": result.duration_s,
        "cost": None if result.cost is None else str(result.cost),
        "exit_code": int(exit_code(result)),
    }


def _headline(result: TrialResult) -> str:
    return {
        TrialEnding.ENDED: f"the call ended: {one_line(result.outcome or '')}",
        TrialEnding.UNREACHED: "no phone rang: the API could not be reached",
        TrialEnding.TURNED_AWAY: "no phone rang: the API turned the call away",
        TrialEnding.REJECTED: "no phone rang: the API does not take this call",
        TrialEnding.REFUSED: "no phone rang: the API refuses every call",
        TrialEnding.UNKNOWN: "unknown: the phone may have rung, or not",
        TrialEnding.INTERRUPTED: "stopped waiting: the phone may still ring, or be in the call",
    }[result.ending]


def _facts(plan: TrialPlan, result: TrialResult) -> Iterator[tuple[str, str]]:
    if result.why:
        yield "why", result.why
    if result.evidence:
        yield "by", result.evidence
    if result.summary:
        yield "summary", result.summary
    if result.recording_url:
        yield "recording", result.recording_url
    if result.interaction_id:
        yield "ID", result.interaction_id
    if result.duration_s is not None and result.cost is not None:
        cost = "" if plan.simulated else f", about {_money(result.cost, plan)}"
        yield "length", f"{result.duration_s:,.0f} s{cost}"


def _advice(plan: TrialPlan, result: TrialResult) -> Iterator[str]:
    match result.ending:
        case TrialEnding.ENDED:
            if result.opted_out:
                yield (
                    f"In a run, “{one_line(result.opted_out)}” would put the number onto the "
                    "do-not-call list. A test call puts nobody there."
                )
            if not result.failed and not plan.simulated:
                yield f"To call the others: poku-batch run {shown(plan.campaign.path)}"
        case TrialEnding.UNKNOWN | TrialEnding.INTERRUPTED:
            yield "It is not tried again. Your phone or the Poku dashboard tells what came of it."
        case TrialEnding.REFUSED:
            yield "Mend what it says (key, credits, address); a run would stop at the same."
        case TrialEnding.TURNED_AWAY | TrialEnding.UNREACHED:
            yield "Try again later; a run would do so by itself."
        case TrialEnding.REJECTED:
            yield "A run would fail every row of which it says the same."
        case _:
            assert_never(result.ending)


def _money(amount: Decimal, plan: TrialPlan) -> str:
    return f"{amount:,.2f} {plan.campaign.pricing.currency}"
