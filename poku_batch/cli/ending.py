"""The last words of a run: how it stands, where the results are, what to do next."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from poku_batch.app.preparing import output_paths, recordings_folder, report_path
from poku_batch.app.summary import RunSummary
from poku_batch.campaign import Campaign
from poku_batch.cli.exits import exit_code
from poku_batch.cli.planned import plan_json
from poku_batch.cli.sheets import contacts_option
from poku_batch.cli.terminal import err, out, print_json, say, shown
from poku_batch.models import ContactState, Counts, RunEnding
from poku_batch.progress import counts_table
from poku_batch.progress.notes import local
from poku_batch.progress.words import one_line

if TYPE_CHECKING:
    from poku_batch.results import Rejects

#: Endings of which one word does not say it all.
_WITH_REASON = (
    RunEnding.REFUSED,
    RunEnding.BUDGET,
    RunEnding.CIRCUIT_BREAKER,
    RunEnding.DUE_LATER,
)


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
    if summary.cost is not None:
        out.print()
        say(out, f"cost so far: {_money(summary, campaign)}")
    if summary.outputs:
        out.print()
    print_outputs(summary.outputs, output_paths(campaign, simulate=simulated))
    print_rejects(summary.rejects)
    wanted = report_path(campaign, simulate=simulated)
    if summary.page is not None and wanted is not None:
        print_report(summary.page, wanted)
    if summary.recordings is not None and summary.recordings.kept:
        say(out, f"recordings: {_folder(campaign, simulated=simulated)}")
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


def print_rejects(rejects: "Rejects | None") -> None:
    """Say how many rows nobody was called for, and where they are."""
    if rejects is None:
        return
    rows = {0: "no row was left out", 1: "1 row was not called"}
    say(
        out,
        f"{rows.get(rejects.rows, f'{rejects.rows:,} rows were not called')}: "
        f"{shown(rejects.path)}",
    )
    if rejects.rows:
        say(
            err,
            "Correct what can be called in a copy of that file, and name the copy as "
            "contacts.file: the campaign goes on with it.",
        )


def print_report(path: Path, wanted: Path) -> None:
    """Say where the report is, and why it is not where it was wanted."""
    say(out, f"report: {shown(path)}")
    if path != wanted:
        say(
            err,
            f"{shown(wanted)} could not be replaced: it is protected, or a folder. The report is "
            f"in {shown(path)}",
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
        "waits": {
            str(kind): {"contacts": wait.contacts, "first_at": wait.first_at.isoformat()}
            for kind, wait in counts.waits.items()
        },
    }


def ending_json(summary: RunSummary, campaign: Campaign, *, simulated: bool) -> dict[str, Any]:
    """A run's end as ``run --json`` gives it."""
    return {
        "campaign": campaign.name,
        "wave": campaign.wave,
        "simulated": simulated,
        "contacts": str(campaign.contacts.file),
        "in_place_of": None if campaign.own_sheet is None else str(campaign.own_sheet),
        "ending": str(summary.ending),
        "why": summary.why,
        "exit_code": int(exit_code(summary.ending, summary.counts)),
        **counts_json(summary.counts),
        "outputs": [str(path) for path in summary.outputs],
        "rejects": None
        if summary.rejects is None
        else {"file": str(summary.rejects.path), "rows": summary.rejects.rows},
        "messages_left": summary.messages_left,
        "cost": None if summary.cost is None else str(summary.cost),
        "recordings": None
        if summary.recordings is None
        else {"kept": summary.recordings.kept, "missing": summary.recordings.left},
        "report": None if summary.page is None else str(summary.page),
        "report_fault": summary.page_fault,
        "plan": plan_json(summary.report, summary.forecast),
    }


def _headline(summary: RunSummary, campaign: Campaign, *, simulated: bool) -> str:
    kind = "rehearsal" if simulated else "run"
    word = {
        RunEnding.FINISHED: "nobody is left to call",
        RunEnding.LIMIT: f"stopped at {summary.why or 'its limit'}",
        RunEnding.BUDGET: "stopped: the budget has no room for another call",
        RunEnding.CIRCUIT_BREAKER: "stopped: too many calls went wrong",
        RunEnding.CANARY: "stopped after the first calls",
        RunEnding.DECLINED: "nobody was called",
        RunEnding.DUE_LATER: "the rest is due later",
        RunEnding.STOPPED: "stopped; no call was broken off",
        RunEnding.ABANDONED: "left at once",
        RunEnding.REFUSED: "stopped: the API refuses every call",
    }[summary.ending]
    return f"{campaign.identity}, {kind}: {word}"


def _money(summary: RunSummary, campaign: Campaign) -> str:
    """What the calls that ended have cost, and what they may."""
    return f"{summary.cost:,.2f} of {campaign.limits.budget:,.2f} {campaign.pricing.currency}"


def _advice(summary: RunSummary, campaign: Campaign, *, simulated: bool) -> list[str]:
    here = f"{shown(campaign.path)}{' --simulate' if simulated else ''}"
    return [
        *_why_lines(summary),
        *_recording_lines(summary, campaign, simulated=simulated),
        *_report_lines(summary, here),
        *_contact_lines(
            summary.counts, here, told=summary.rejects is not None and summary.rejects.rows > 0
        ),
        *_next_lines(summary.counts, campaign, here, simulated=simulated),
    ]


def _report_lines(summary: RunSummary, here: str) -> list[str]:
    if summary.page_fault is None:
        return []
    fault = one_line(summary.page_fault, limit=300)
    return [
        f"The report was not written: {fault}.",
        f"Everything that it tells is in the ledger: poku-batch report {here}",
    ]


def _why_lines(summary: RunSummary) -> list[str]:
    lines = []
    # Whoever pressed Ctrl-C knows why; somebody who asked from elsewhere is named.
    asked = summary.ending is RunEnding.STOPPED and not (summary.why or "").startswith("SIG")
    if (asked or summary.ending in _WITH_REASON) and summary.why:
        lines.append(f"Why: {one_line(summary.why, limit=300)}")
    if summary.ending is RunEnding.REFUSED:
        lines.append(
            "Mend what it says (key, credits, address), then run again: whoever is pending "
            "was not called."
        )
    if summary.ending is RunEnding.BUDGET:
        lines.append(
            "To call the others: raise limits.budget; or lower pricing.longest_call, if no call "
            "gets so long."
        )
    if summary.ending is RunEnding.CIRCUIT_BREAKER:
        lines.append("Find out why before you go on: call_error says it of each row.")
    if summary.messages_left:
        left = summary.messages_left
        were = (
            "1 message to your hooks was" if left == 1 else f"{left:,} messages to your hooks were"
        )
        lines.append(f"{were} not taken yet; the next run sends what is left.")
    return lines


def _folder(campaign: Campaign, *, simulated: bool) -> str:
    folder = recordings_folder(campaign, simulate=simulated)
    return "" if folder is None else shown(folder)


def _recording_lines(summary: RunSummary, campaign: Campaign, *, simulated: bool) -> list[str]:
    if summary.recordings is None or not summary.recordings.left:
        return []
    left = summary.recordings.left
    are = "1 recording is" if left == 1 else f"{left:,} recordings are"
    again = f"poku-batch recordings {shown(campaign.path)}{' --simulate' if simulated else ''}"
    return [f"{are} missing; links expire, so try again soon: {again}"]


def _contact_lines(counts: Counts, here: str, *, told: bool) -> list[str]:
    """What to do about those that have no good end; ``told`` what about rows that were left out.

    ``here`` is what follows the name of a command that means the campaign.
    """
    lines = []
    if counts.of(ContactState.UNKNOWN):
        lines.append(
            f"{counts.of(ContactState.UNKNOWN):,} unknown: they may or may not have been called, "
            "and are not called again by themselves; call_error holds the evidence. They are "
            f"listed by: poku-batch status {here}"
        )
    if not told and (counts.of(ContactState.FAILED) or counts.of(ContactState.SKIPPED)):
        lines.append(
            "Why rows failed or were skipped is in call_error; correct them in the sheet and run "
            "again: only they are called."
        )
    if counts.of(ContactState.FAILED):
        retry = f"poku-batch retry {here} --failed"
        lines.append(f"To call failed ones again as they are: {retry}, then run again.")
    if counts.next_due_at is not None and not counts.due:
        lines.append(f"The next is due at {local(counts.next_due_at)}.")
    return lines


def _next_lines(counts: Counts, campaign: Campaign, here: str, *, simulated: bool) -> list[str]:
    contacts = contacts_option(campaign)
    again = f"poku-batch run {here}{contacts}"
    if counts.of(ContactState.PENDING) or counts.of(ContactState.DIALING):
        return [f"To go on: {again}"]
    if not simulated:
        return []
    return [
        f"This was a rehearsal: no phone rang. To rehearse anew: {again} --fresh",
        f"To call for real: set POKU_API_KEY, then poku-batch run {shown(campaign.path)}{contacts}",
    ]
