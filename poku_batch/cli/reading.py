"""``status`` and ``export``: what the ledger holds."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from poku_batch.cli.arguments import AsJson, CampaignFile, Simulated
from poku_batch.cli.looping import run_for_long


def status(campaign: CampaignFile, *, simulate: Simulated = False, json: AsJson = False) -> None:
    """Say how CAMPAIGN stands: contacts by state and outcome, and what is unknown.

    With --json, "unknown" lists up to 10,000 contacts; "unknown_left_out" counts the rest.
    """
    import anyio

    from poku_batch.app.reading import campaign_unknown
    from poku_batch.campaign import load_campaign
    from poku_batch.cli.ending import counts_json
    from poku_batch.cli.terminal import out, print_json
    from poku_batch.cli.unknown import UNKNOWN_IN_JSON, UNKNOWN_SHOWN, print_unknown, unknown_json
    from poku_batch.progress import counts_table

    loaded = load_campaign(campaign)
    limit = UNKNOWN_IN_JSON if json else UNKNOWN_SHOWN
    counts, calls = anyio.run(partial(campaign_unknown, loaded, limit=limit, simulate=simulate))
    if json:
        found = {"campaign": loaded.name, "wave": loaded.wave, **counts_json(counts)}
        print_json(found | unknown_json(counts, calls))
        return
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
