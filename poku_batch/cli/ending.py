"""The last words of a run: how it stands, where the results are, what to do next."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from poku_batch.app.preparing import output_paths
from poku_batch.app.running import RunSummary
from poku_batch.campaign import Campaign
from poku_batch.cli.exits import exit_code
from poku_batch.cli.terminal import err, out, print_json, say, shown
from poku_batch.models import ContactState, Counts, RunEnding
from poku_batch.progress import counts_table
from poku_batch.progress.words import one_line


def print_ending(
    summary: RunSummary, campaign: Campaign, *, simulated: bool, as_json: bool
) -> None:
    """Tell how a run ended, as a table with advice or as one JSON object."""
    if as_json:
        print_json(ending_json(summary, campaign, simulated=simulated))
        return
    say(out, _headline(summary, campaign, simulated=simulated), style="bold")
    out.print()
    out.print(counts_table(summary.counts))
    if summary.outputs:
        out.print()
    print_outputs(summary.outputs, output_paths(campaign, simulate=simulated))
    for line in _advice(summary, campaign, simulated=simulated):
        say(err, line)


def print_outputs(outputs: Sequence[Path], wanted: Sequence[Path]) -> None:
    """Say where results are, and why one is not where it was wanted."""
    for path, place in zip(outputs, wanted, strict=False):
        say(out, f"results: {shown(path)}")
        if path != place:
            say(
                err,
                f"{shown(place)} could not be replaced: it is open in another program, protected, "
                f"or a folder. The results are in {shown(path)}",
            )


def counts_json(counts: Counts) -> dict[str, Any]:
    """The counts as ``--json`` gives them: every state, zero or not."""
    return {
        "total": counts.total,
        "states": {str(state): counts.of(state) for state in ContactState},
        "outcomes": dict(counts.outcomes),
        "failures": dict(counts.failures),
        "skip_reasons": dict(counts.skip_reasons),
        "due": counts.due,
        "next_due_at": counts.next_due_at.isoformat() if counts.next_due_at else None,
    }


def ending_json(summary: RunSummary, campaign: Campaign, *, simulated: bool) -> dict[str, Any]:
    """A run's end as ``run --json`` gives it."""
    return {
        "campaign": campaign.name,
        "wave": campaign.wave,
        "simulated": simulated,
        "ending": str(summary.ending),
        "why": summary.why,
        "exit_code": int(exit_code(summary.ending, summary.counts)),
        **counts_json(summary.counts),
        "outputs": [str(path) for path in summary.outputs],
    }


def _headline(summary: RunSummary, campaign: Campaign, *, simulated: bool) -> str:
    kind = "rehearsal" if simulated else "run"
    word = {
        RunEnding.FINISHED: "nobody is left to call",
        RunEnding.LIMIT: "stopped at --limit",
        RunEnding.DECLINED: "nobody was called",
        RunEnding.DUE_LATER: "the rest is due later",
        RunEnding.STOPPED: "stopped; open calls were heard to their end",
        RunEnding.ABANDONED: "left at once",
        RunEnding.REFUSED: "stopped: the API refuses every call",
    }[summary.ending]
    return f"{campaign.identity}, {kind}: {word}"


def _advice(summary: RunSummary, campaign: Campaign, *, simulated: bool) -> list[str]:
    counts, lines = summary.counts, []
    again = f"poku-batch run {shown(campaign.path)}{' --simulate' if simulated else ''}"
    if summary.ending is RunEnding.REFUSED and summary.why:
        lines.append(f"Why: {one_line(summary.why, limit=300)}")
        lines.append(
            "Mend what it says (key, credits, address), then run again: whoever is pending "
            "was not called."
        )
    if counts.of(ContactState.UNKNOWN):
        lines.append(
            f"{counts.of(ContactState.UNKNOWN):,} unknown: they may or may not have been called, "
            "and are not called again by themselves; call_error holds the evidence. They are "
            f"listed by: {again.replace(' run ', ' status ', 1)}"
        )
    if counts.of(ContactState.FAILED) or counts.of(ContactState.SKIPPED):
        lines.append(
            "Why rows failed or were skipped is in call_error; correct them in the sheet and run "
            "again: only they are called."
        )
    if counts.of(ContactState.FAILED):
        retry = again.replace(" run ", " retry ", 1)
        lines.append(f"To call failed ones again as they are: {retry} --failed, then run again.")
    if counts.of(ContactState.PENDING) or counts.of(ContactState.DIALING):
        lines.append(f"To go on: {again}")
    elif simulated:
        lines.append(
            f"This was a rehearsal: no phone rang. To rehearse anew: {again} --fresh\n"
            f"To call for real: set POKU_API_KEY, then poku-batch run {shown(campaign.path)}"
        )
    return lines
