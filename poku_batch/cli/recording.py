"""``recordings``: local copies of what was recorded."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from poku_batch.cli.arguments import AsJson, CampaignFile, Simulated


def recordings(
    campaign: CampaignFile,
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", help="Where to put them; by default output.recordings."),
    ] = None,
    *,
    simulate: Simulated = False,
    concurrency: Annotated[
        int, typer.Option(min=1, max=64, metavar="N", help="How many are fetched at once.")
    ] = 4,
    verify: Annotated[
        bool, typer.Option("--verify", help="Read the copies that are there, byte for byte.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Fetch the recordings of CAMPAIGN's calls into DIR, but for those that are there.

    Exit code 3 if some are missing. Run it again to try those once more, and to go on where it was
    stopped.
    """
    from poku_batch.app.recording import fetch_recordings, folder_for
    from poku_batch.campaign import load_campaign
    from poku_batch.cli.exits import ExitCode
    from poku_batch.cli.looping import run_for_long
    from poku_batch.cli.recorded import print_recordings
    from poku_batch.cli.terminal import err, say, shown
    from poku_batch.progress.fetched import FetchDisplay

    loaded = load_campaign(campaign)
    to = folder_for(loaded, None if folder is None else folder.absolute(), simulate=simulate)
    words = ["poku-batch recordings", shown(loaded.path), "" if folder is None else shown(to)]
    again = " ".join(filter(None, [*words, "--simulate" if simulate else ""]))
    try:
        with FetchDisplay(err) as display:
            fetch = partial(
                fetch_recordings,
                loaded,
                to,
                simulate=simulate,
                concurrency=concurrency,
                verify=verify,
                watcher=display,
            )
            report = run_for_long(fetch)
    except KeyboardInterrupt:
        say(err, f"stopped; what was fetched is kept. To go on: {again}")
        sys.exit(ExitCode.STOPPED)
    print_recordings(report, loaded, again=again, simulated=simulate, as_json=json)
    sys.exit(ExitCode.INCOMPLETE if report.missing else ExitCode.OK)
