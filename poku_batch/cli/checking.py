"""``check`` and ``schema``: looking without dialling."""

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from poku_batch.cli.arguments import CampaignFile, ContactsFile
from poku_batch.cli.looping import run_for_long


def check(
    campaign: CampaignFile,
    *,
    contacts: ContactsFile = None,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Say what a rehearsal would do now.")
    ] = False,
    fix: Annotated[
        Path | None,
        typer.Option(
            "--fix",
            metavar="FILE",
            help="Write a copy of the sheet with every sure repair made: csv, tsv or xlsx. Beside "
            "it, a list of the repairs. The sheet itself is never written.",
        ),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="With --fix: replace the file if it is there.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object instead, faults included.")
    ] = False,
) -> None:
    """Find every fault of CAMPAIGN without dialling, and say what a run would do now.

    Exit code 0: a run would start, though it may skip rows. 2: it would refuse, and why.
    """
    from poku_batch.app.checking import FixTo, look_over
    from poku_batch.app.gathering import faults_of
    from poku_batch.cli.found import print_check
    from poku_batch.cli.found_json import check_json, faults_json
    from poku_batch.cli.sheets import load_reading
    from poku_batch.cli.terminal import err, print_json
    from poku_batch.errors import PokuBatchError, UsageError

    if force and fix is None:
        raise UsageError("--force says that --fix may replace a file, and --fix was not given")
    try:
        loaded = load_reading(campaign, contacts)
        with err.status("reading the sheet") as shown:
            looked = run_for_long(
                partial(
                    look_over,
                    loaded,
                    simulate=simulate,
                    fix=None if fix is None else FixTo(path=fix, force=force),
                    progress=lambda rows: shown.update(f"{rows:,} rows read"),
                )
            )
    except PokuBatchError as error:
        if as_json:
            print_json(faults_json(faults_of(error)))
        raise
    if as_json:
        print_json(check_json(looked, loaded))
    else:
        print_check(looked, loaded)
    looked.faults.raise_all()


def schema() -> None:
    """Print the JSON Schema of campaign files, for editors."""
    import json

    from poku_batch.campaign import campaign_schema

    sys.stdout.write(json.dumps(campaign_schema(), indent=2) + "\n")
