"""The question before real phones ring."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from poku_batch.app.running import RunPlan
from poku_batch.cli.terminal import err, say
from poku_batch.errors import UsageError
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
        return confirmed("Call them now?")


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
    lines = []
    if report.called_before:
        lines.append(called_before_text(plan.report.called_before))
        lines += [f"  row {note.row}: {note.note}" for note in report.called_before_rows[:3]]
    if not plan.simulated:
        people = "1 person" if plan.to_call == 1 else f"{plan.to_call:,} people"
        lines.append(
            f"{campaign.identity}: real calls to {people} ({_countries(plan)}) "
            f"from {caller_id(campaign.call.from_)}, {campaign.limits.concurrency:,} at once, "
            f"through {plan.base_url}"
        )
    return lines


def called_before_text(number: int) -> str:
    """The notice that a key already called carries other values now, and what to do."""
    rows = "1 row carries" if number == 1 else f"{number:,} rows carry"
    return (
        f"{rows} a key that this campaign has already called with other values: not called again. "
        "If they are new calls, give rows a key of their own (contacts.key: [phone, …]) or set "
        "another wave."
    )


def caller_id(value: str | None) -> str:
    """The caller ID as a person reads it in the campaign."""
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
