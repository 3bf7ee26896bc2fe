"""``status`` and ``export``: what the ledger holds."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from poku_batch.cli.arguments import AsJson, CampaignFile, Simulated
from poku_batch.cli.looping import run_for_long


def status(
    campaign: CampaignFile,
    *,
    watch: Annotated[
        bool,
        typer.Option("--watch", help="Go on showing how it stands, with open calls, until Ctrl-C."),
    ] = False,
    simulate: Simulated = False,
    json: AsJson = False,
) -> None:
    """Say how CAMPAIGN stands: contacts by state and outcome, and what is unknown.

    Says too whether it is paused, and whether a run of it goes on. With --json, "unknown" lists up
    to 10,000 contacts; "unknown_left_out" counts the rest.
    """
    import anyio

    from poku_batch.app.reading import campaign_standing
    from poku_batch.campaign import load_campaign
    from poku_batch.cli.courses import course_json, course_lines
    from poku_batch.cli.ending import counts_json
    from poku_batch.cli.terminal import out, print_json, say
    from poku_batch.cli.unknown import UNKNOWN_IN_JSON, UNKNOWN_SHOWN, print_unknown, unknown_json
    from poku_batch.cli.watching import watch_campaign
    from poku_batch.progress import counts_table

    if watch and json:
        raise typer.BadParameter("--watch is for people; a program asks for --json again and again")
    loaded = load_campaign(campaign)
    if watch:
        watch_campaign(loaded, simulated=simulate)
        return
    limit = UNKNOWN_IN_JSON if json else UNKNOWN_SHOWN
    found = anyio.run(partial(campaign_standing, loaded, limit=limit, simulate=simulate))
    counts, calls = found.counts, found.unknown
    if json:
        standing = {"campaign": loaded.name, "wave": loaded.wave, **counts_json(counts)}
        print_json(standing | course_json(found.course) | unknown_json(counts, calls))
        return
    lines = course_lines(found.course, loaded, simulated=simulate)
    for line in lines:
        say(out, line)
    if lines:
        out.print()
    out.print(counts_table(counts))
    if counts.next_due_at is not None and not counts.due:
        out.print(f"next due at {counts.next_due_at.astimezone():%Y-%m-%d %H:%M:%S %Z}")
    print_unknown(counts, calls, loaded, simulated=simulate)


def export(
    campaign: CampaignFile,
    *,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="A csv, xlsx or parquet file to write instead."
        ),
    ] = None,
    simulate: Simulated = False,
) -> None:
    """Write the results of CAMPAIGN again, from the ledger, and its rejects.

    With --output nothing but that file is written.
    """
    from poku_batch.app.preparing import output_paths
    from poku_batch.app.reading import export_files
    from poku_batch.campaign import load_campaign
    from poku_batch.cli.ending import print_outputs, print_rejects

    loaded = load_campaign(campaign)
    to = output.absolute() if output else None
    written = run_for_long(partial(export_files, loaded, to=to, simulate=simulate))
    wanted = output_paths(loaded, simulate=simulate) if to is None else (to,)
    print_outputs(written.outputs, wanted)
    print_rejects(written.rejects)
