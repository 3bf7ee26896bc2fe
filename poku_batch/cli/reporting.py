"""``report``: a campaign's calls as a page to look at, to listen to and to mail."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from poku_batch.cli.arguments import CampaignFile, Simulated
from poku_batch.cli.looping import run_for_long


def report(
    campaign: CampaignFile,
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE.html", help="An html file to write instead."),
    ] = None,
    simulate: Simulated = False,
) -> None:
    """Write a page of CAMPAIGN: figures, charts, and every contact.

    It opens in a browser without a network. Without --output it goes where output.report says,
    else beside the results, as results/NAME.report.html. While a run goes on it tells how it
    stands.
    """
    from poku_batch.app.reporting import report_campaign, report_place
    from poku_batch.campaign import load_campaign
    from poku_batch.cli.ending import print_report

    loaded = load_campaign(campaign)
    wanted = output.absolute() if output else report_place(loaded, simulate=simulate)
    print_report(
        run_for_long(partial(report_campaign, loaded, to=wanted, simulate=simulate)), wanted
    )
