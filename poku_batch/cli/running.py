"""``run``: call everyone who is due."""

import sys
from datetime import datetime, time
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from poku_batch.cli.arguments import AsJson, CampaignFile
from poku_batch.cli.exits import ExitCode, exit_code


def run(
    campaign: CampaignFile,
    *,
    simulate: Annotated[
        bool,
        typer.Option(
            "--simulate",
            help="Rehearse against a built-in simulator: no phone rings, no key is needed, and "
            "nobody counts as called.",
        ),
    ] = False,
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="N", help="Call N contacts at the most, then stop.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask before real phones ring.")
    ] = False,
    no_wait: Annotated[
        bool,
        typer.Option(
            "--no-wait",
            help="Do not wait for contacts that are due later: leave with exit code 5.",
        ),
    ] = False,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="Begin no call from then on: 17:00, or 2026-11-23T17:00, by this machine's clock.",
        ),
    ] = None,
    canary: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="N",
            help="Call N contacts first, show what came of it, and ask whether to go on.",
        ),
    ] = None,
    json: AsJson = False,
    speed: Annotated[
        float | None,
        typer.Option(
            min=0.1,
            max=10_000,
            metavar="X",
            help="With --simulate: time passes X times faster. [30]",
        ),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option(metavar="N", help="With --simulate: another seed, other outcomes. [0]"),
    ] = None,
    faults: Annotated[
        str | None,
        typer.Option(
            metavar="LIST", help="With --simulate: faults by probability, as 429=0.1,drop=0.02."
        ),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            metavar="TIME",
            help="With --simulate: begin then, as 2026-11-23T09:00. Default: now, or where the "
            "last rehearsal left off.",
        ),
    ] = None,
    fresh: Annotated[
        bool,
        typer.Option("--fresh", help="With --simulate: forget this folder's earlier rehearsals."),
    ] = False,
) -> None:
    """Call everyone of CAMPAIGN who is due, and write the results.

    Run it again to go on where it stopped: nobody is called twice.
    """
    given = {
        "speed": speed,
        "seed": seed,
        "faults": faults,
        "fresh": fresh or None,
        "start": None if start is None else point_in_time(start, "--start"),
    }
    options = {name: value for name, value in given.items() if value is not None}
    if options and not simulate:
        raise typer.BadParameter(f"--{next(iter(options))} goes with --simulate")
    wishes = {
        "limit": limit,
        "wait": not no_wait,
        "until": None if until is None else time_or_moment(until, "--until"),
        "canary": canary,
    }
    sys.exit(_run(campaign, options if simulate else None, wishes, yes=yes, as_json=json))


def _run(
    file: Path,
    rehearsal_options: dict[str, Any] | None,
    wishes: dict[str, Any],
    *,
    yes: bool,
    as_json: bool,
) -> ExitCode:
    import anyio

    from poku_batch.app.running import Rehearsal, run_campaign
    from poku_batch.campaign import load_campaign
    from poku_batch.cli.asking import agree, agree_to_go_on
    from poku_batch.cli.ending import print_ending
    from poku_batch.cli.terminal import err
    from poku_batch.progress import choose_display

    campaign = load_campaign(file)
    rehearsal = None if rehearsal_options is None else Rehearsal(**rehearsal_options)
    with choose_display(err, simulated=rehearsal is not None) as display:
        summary = anyio.run(
            partial(
                run_campaign,
                campaign,
                simulate=rehearsal or False,
                sink=display,
                confirm=partial(agree, display=display, yes=yes),
                confirm_canary=partial(agree_to_go_on, display=display, yes=yes),
                **wishes,
            )
        )
    print_ending(summary, campaign, simulated=rehearsal is not None, as_json=as_json)
    return exit_code(summary.ending, summary.counts)


def time_or_moment(text: str, option: str) -> datetime | time:
    """Read a time of day, ``17:00``, or a day with its time."""
    try:
        return time.fromisoformat(text)
    except ValueError:
        return point_in_time(text, option)


def point_in_time(text: str, option: str) -> datetime:
    """Read a day with its time, by this machine's clock unless it says another."""
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is not a time; write it as 2026-11-23T09:00", param_hint=option
        ) from None
