"""What ``recordings`` says it has, and what is missing."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from poku_batch.app.recording import RecordingsReport
from poku_batch.campaign import Campaign
from poku_batch.cli.terminal import err, out, print_json, say, shown
from poku_batch.progress.words import one_line

if TYPE_CHECKING:
    from poku_batch.recordings import Settled

#: So many missing ones are named.
_NAMED = 10


def print_recordings(
    report: RecordingsReport, campaign: Campaign, *, again: str, simulated: bool, as_json: bool
) -> None:
    """Tell what there is, as words or as one JSON object; ``again`` is the command."""
    if as_json:
        print_json(_json(report, campaign, simulated=simulated))
        return
    missing = report.missing
    kept = len(report.settled) - len(missing)
    if not report.settled:
        say(out, f"{campaign.identity}: no call was recorded")
        return
    now = f", {report.fetched:,} of them fetched now" if report.fetched else ""
    say(out, f"recordings: {shown(report.folder)}: {kept:,} kept{now}")
    for folder, number in _elsewhere(report).items():
        say(out, f"{number:,} of them are where they were kept before: {shown(folder)}")
    if not missing:
        return
    say(err, f"{len(missing):,} missing:")
    for each in missing[:_NAMED]:
        say(err, f"  {_named(each)}: {one_line(each.why or '', limit=200)}")
    if len(missing) > _NAMED:
        say(err, f"  and {len(missing) - _NAMED:,} more; --json lists all")
    say(err, f"To try again: {again}")


def _elsewhere(report: RecordingsReport) -> dict[Path, int]:
    """Folders other than the one that was named, and how many copies are in each."""
    found: dict[Path, int] = {}
    for each in report.settled:
        if each.kept is not None and each.kept.file.parent != report.folder:
            folder = each.kept.file.parent
            found[folder] = found.get(folder, 0) + 1
    return found


def _named(settled: "Settled") -> str:
    """The call by its row: a key may be somebody's number."""
    return f"row {settled.wanted.row}, attempt {settled.wanted.attempt}"


def _json(report: RecordingsReport, campaign: Campaign, *, simulated: bool) -> dict[str, Any]:
    return {
        "campaign": campaign.name,
        "wave": campaign.wave,
        "simulated": simulated,
        "folder": str(report.folder),
        "kept": len(report.settled) - len(report.missing),
        "fetched": report.fetched,
        "missing": len(report.missing),
        "recordings": [_one_json(each) for each in report.settled],
    }


def _one_json(settled: "Settled") -> dict[str, Any]:
    kept = settled.kept
    return {
        "key": settled.wanted.key,
        "row": settled.wanted.row,
        "attempt": settled.wanted.attempt,
        "file": None if kept is None else str(kept.file),
        "size": None if kept is None else kept.size,
        "sha256": None if kept is None else kept.sha256,
        "why": settled.why,
    }
