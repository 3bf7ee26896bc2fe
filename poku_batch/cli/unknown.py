"""Unknown contacts with their evidence, for ``status``."""

from collections.abc import Sequence
from typing import Any

from poku_batch.app.remembering import mask_numbers
from poku_batch.campaign import Campaign
from poku_batch.cli.terminal import out, say, shown
from poku_batch.models import ContactState, Counts, UnknownCall
from poku_batch.progress.words import one_line

#: How many are shown to a person, and how many given to a program.
UNKNOWN_SHOWN = 20
UNKNOWN_IN_JSON = 10_000


def print_unknown(
    counts: Counts, calls: Sequence[UnknownCall], campaign: Campaign, *, simulated: bool
) -> None:
    """List the first of them, masked, and say how they are decided; nothing where there is none."""
    if not calls:
        return
    out.print()
    say(out, "unknown: a phone may or may not have rung, and only a person can decide")
    for call in calls:
        say(out, _line(call))
        say(out, f"  {one_line(mask_numbers(call.evidence), limit=300)}")
    if left_out := counts.of(ContactState.UNKNOWN) - len(calls):
        say(out, f"… and {left_out:,} more (--json gives up to {UNKNOWN_IN_JSON:,})")
    here = f"{shown(campaign.path)}{' --simulate' if simulated else ''}"
    say(out, f"If you know what came of one: poku-batch resolve {here} --key KEY --as done|failed")
    say(out, f"To call them again, maybe twice: poku-batch retry {here} --unknown")


def unknown_json(counts: Counts, calls: Sequence[UnknownCall]) -> dict[str, Any]:
    """What ``--json`` gives: keys as ``resolve`` takes them, all other numbers masked."""
    return {
        "unknown": [
            {
                "row": call.row,
                "key": call.key,
                "to": mask_numbers(call.to or ""),
                "attempt": call.attempt,
                "placed_at": call.placed_at.isoformat(),
                "prompt_sha256": call.prompt_sha256,
                "interaction_id": call.interaction_id,
                "evidence": mask_numbers(call.evidence),
            }
            for call in calls
        ],
        "unknown_left_out": counts.of(ContactState.UNKNOWN) - len(calls),
    }


def _line(call: UnknownCall) -> str:
    key, to = mask_numbers(call.key), mask_numbers(call.to or "number erased")
    who = key if key == to else f"key {key}, {to}"
    known = "" if call.interaction_id is None else ", interaction ID known"
    return (
        f"row {call.row}, {one_line(who)}: attempt {call.attempt}, "
        f"placed {call.placed_at:%Y-%m-%d %H:%M:%S} UTC, "
        f"prompt {call.prompt_sha256[:8] or 'erased'}{known}"
    )
