"""The question before real phones ring."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from poku_batch.app.summary import CanaryReport, RunPlan
from poku_batch.campaign import Campaign
from poku_batch.cli.planned import change_lines, expected_lines, later_lines
from poku_batch.cli.terminal import err, say
from poku_batch.errors import UsageError
from poku_batch.events import CallEnded, CallFailed, CallUnknown
from poku_batch.progress import Display
from poku_batch.progress.words import one_line


def agree(plan: RunPlan, *, display: Display, yes: bool) -> bool:
    """Say what would happen, and ask at a terminal; a rehearsal is never asked about.

    Raises ``UsageError`` where nobody can be asked and ``--yes`` was not given.
    """
    with display.paused():
        for line in plan_lines(plan):
            say(err, line)
        if plan.simulated or yes:
            return True
        if not sys.stdin.isatty():
            raise UsageError(
                "real phones would ring, and there is nobody here to ask: add --yes to call "
                "without being asked, or --simulate to rehearse. Nobody was called."
            )
        return confirmed(_question(plan))


def confirmed(question: str) -> bool:
    """Ask at the terminal; no, Ctrl-C and the end of input all mean no."""
    with _interruptible():
        try:
            return typer.confirm(question, default=False, err=True)
        except typer.Abort:
            return False


def plan_lines(plan: RunPlan) -> list[str]:
    """What is about to happen, one thought a line."""
    report, campaign = plan.report, plan.campaign
    lines = change_lines(report, plan.forecast)
    if report.called_before:
        lines.append(called_before_text(plan.report.called_before))
        lines += [f"  row {note.row}: {note.note}" for note in report.called_before_rows[:3]]
    if not plan.simulated:
        people = "1 person" if plan.to_call == 1 else f"{plan.to_call:,} people"
        of_all = sum(report.counts.countries.values())
        people += f" of {of_all:,}" if of_all > plan.to_call else ""
        when = "real calls" if report.counts.due else "nobody can be called now; later, real calls"
        lines.append(
            f"{campaign.identity}: {when} to {people} ({_countries(plan)}) "
            f"from {caller_id(campaign)}, {campaign.limits.slots:,} at once, "
            + ("by workers" if plan.base_url is None else f"through {plan.base_url}")
        )
        lines += later_lines(report.counts, plan.forecast.redials_from)
        if report.counts.waits and not plan.wait:
            lines.append("By --no-wait, this run does not wait for those who are due later.")
    return [*lines, *expected_lines(plan.forecast)]


def _question(plan: RunPlan) -> str:
    """What is agreed to: that phones ring now, later, or both."""
    counts = plan.report.counts
    if not counts.waits:
        return "Call them now?"
    if not plan.wait:
        return "Call whoever is due now?" if counts.due else "Go on, though nobody is due?"
    return "Begin now, and wait for the others?" if counts.due else "Wait, and call them then?"


def agree_to_go_on(report: CanaryReport, *, display: Display, yes: bool) -> bool:
    """Show what the first calls came to, and ask at a terminal whether to go on.

    Where nobody can be asked, a real run goes on by ``--yes`` alone; a rehearsal does in any case.
    """
    with display.paused():
        for line in canary_lines(report):
            say(err, line)
        if yes or (report.simulated and not sys.stdin.isatty()):
            return True
        if not sys.stdin.isatty():
            say(err, "there is nobody here to ask whether to go on: add --yes to go on unasked")
            return False
        return confirmed(f"Go on with the other {report.left:,}?")


def canary_lines(report: CanaryReport) -> list[str]:
    """What each of the first calls came to, a line each."""
    lines = ["The first calls came to this:"]
    for result in report.results:
        match result:
            case CallEnded(outcome=outcome, summary=summary):
                what, text = outcome, summary or ""
            case CallUnknown(evidence=evidence):
                what, text = "unknown", evidence
            case CallFailed(why=why):
                what, text = "failed", why
        lines.append(f"  row {result.row}: {one_line(what)}: {one_line(text, limit=200)}")
    return lines


def called_before_text(number: int) -> str:
    """The notice that a key already called carries other values now, and what to do."""
    rows = "1 row carries" if number == 1 else f"{number:,} rows carry"
    return (
        f"{rows} a key that this campaign has already called with other values: not called again. "
        "If they are new calls, give rows a key of their own (contacts.key: [phone, …]) or set "
        "another wave."
    )


def caller_id(campaign: Campaign) -> str:
    """The caller ID as a person reads it in the campaign."""
    if campaign.call.caller_ids:
        return f"{len(campaign.call.caller_ids)} numbers in turn"
    value = campaign.call.caller_id
    if value is None:
        return "your account's own number"
    return "each row's own number" if "{" in value else one_line(value)


def _countries(plan: RunPlan) -> str:
    countries = sorted(plan.report.counts.countries.items(), key=lambda item: (-item[1], item[0]))
    shown = ", ".join(f"{code or 'no country'} {number:,}" for code, number in countries[:8])
    return f"{shown}, …" if len(countries) > 8 else shown


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C break off the question; the event loop would only note it and ask on."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
