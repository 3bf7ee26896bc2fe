"""``check`` and ``schema``: looking without dialling."""

import sys
from functools import partial
from typing import Annotated

import typer

from poku_batch.cli.arguments import CampaignFile


def check(
    campaign: CampaignFile,
    *,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Say what a rehearsal would do now.")
    ] = False,
) -> None:
    """Find every fault of CAMPAIGN without dialling, and say what a run would do now."""
    import anyio

    from poku_batch.app.checking import check_campaign
    from poku_batch.campaign import load_campaign
    from poku_batch.cli.found import print_check
    from poku_batch.cli.terminal import err

    loaded = load_campaign(campaign)
    with err.status("reading the sheet") as shown:
        report = anyio.run(
            partial(
                check_campaign,
                loaded,
                simulate=simulate,
                progress=lambda rows: shown.update(f"{rows:,} rows read"),
            )
        )
    print_check(report, loaded)


def schema() -> None:
    """Print the JSON Schema of campaign files, for editors."""
    import json

    from poku_batch.campaign import campaign_schema

    sys.stdout.write(json.dumps(campaign_schema(), indent=2) + "\n")
