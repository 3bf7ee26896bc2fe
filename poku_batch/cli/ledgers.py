"""``ledger check``, ``migrate``, ``backup`` and ``copy``, and ``forget``: what is remembered."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from poku_batch.cli.arguments import CampaignFile, Simulated

ledger = typer.Typer(
    name="ledger",
    help="Look after the ledger: check, copy or move it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

MaybeCampaign = Annotated[
    Path | None,
    typer.Argument(metavar="CAMPAIGN", help="A campaign file, for the ledger that it uses."),
]
Folder = Annotated[
    Path | None,
    typer.Option(metavar="DIR", help="A folder of campaigns instead; by default this one."),
]


@ledger.command()
def check(
    campaign: MaybeCampaign = None, *, folder: Folder = None, simulate: Simulated = False
) -> None:
    """Look the ledger over: the file, its version, and whether its rows fit together.

    Changes nothing, and may be done while a run goes on. Exit code 3 if there is a problem.
    """
    from poku_batch.app.ledgers import folder_of, inspect_ledger
    from poku_batch.campaign import load_campaign
    from poku_batch.cli.exits import ExitCode
    from poku_batch.cli.terminal import out, say, shown

    loaded = load_campaign(campaign) if campaign else None
    found = inspect_ledger(folder_of(loaded, folder), simulate=simulate)
    version = "" if found.version is None else f", version {found.version}"
    say(
        out,
        f"{shown(found.place)}{version}: {found.contacts:,} contacts, {found.attempts:,} attempts",
    )
    for note in found.notes:
        say(out, f"note: {note}")
    for problem in found.problems:
        say(out, f"problem: {problem.what}\n  {problem.do}")
    if found.problems:
        sys.exit(ExitCode.INCOMPLETE)
    say(out, "nothing is wrong with it")


@ledger.command()
def migrate(campaign: MaybeCampaign = None, *, folder: Folder = None) -> None:
    """Make the ledger's tables, or bring them up to date; every run does that too, where it may.

    For a PostgreSQL ledger whose tables belong to another user than the one who runs campaigns.
    """
    from poku_batch.app.ledgers import folder_of, migrate_ledger
    from poku_batch.campaign import load_campaign
    from poku_batch.cli.terminal import out, say, shown

    loaded = load_campaign(campaign) if campaign else None
    place, version = migrate_ledger(folder_of(loaded, folder))
    say(out, f"{shown(place)}: version {version}")


@ledger.command()
def backup(
    campaign: CampaignFile,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file that does not exist yet.")],
    *,
    simulate: Simulated = False,
) -> None:
    """Copy the ledger of CAMPAIGN to FILE, as it stands at one moment, and look the copy over.

    May be done while a run goes on. To restore it, put it where the ledger was, with no -wal and
    -shm file beside it.
    """
    from poku_batch.app.ledgers import back_up_ledger
    from poku_batch.campaign import load_campaign
    from poku_batch.cli.terminal import out, say, shown

    made = back_up_ledger(load_campaign(campaign).folder, file.absolute(), simulate=simulate)
    say(
        out,
        f"{shown(made.path)}: the ledger with {made.contacts:,} contacts and {made.attempts:,} "
        "attempts; looked over, and sound",
    )


@ledger.command()
def copy(
    source: Annotated[
        str, typer.Argument(metavar="FROM", help="The ledger's file, or postgresql://….")
    ],
    target: Annotated[
        str, typer.Argument(metavar="TO", help="A file that does not exist yet, or postgresql://….")
    ],
) -> None:
    """Move a ledger: from a file into a PostgreSQL database, back, or from one to another.

    Refused while a run goes on, and where TO holds anything. What arrived is compared with what was
    sent. The campaigns of FROM are paused afterwards: run them with POKU_BATCH_LEDGER set to TO.
    """
    from poku_batch.app.ledgers import move_ledger
    from poku_batch.cli.terminal import err, out, say, shown

    moved = move_ledger(source, target)
    say(
        out,
        f"{shown(moved.target)}: {moved.contacts:,} contacts, {moved.attempts:,} attempts and all "
        "that goes with them; compared, and the same",
    )
    say(
        err,
        f"The campaigns of {shown(moved.source)} are paused, so that nobody is called from both. "
        "Set POKU_BATCH_LEDGER to the new place wherever they are run, then put the old one away.",
    )


def forget(
    campaign: MaybeCampaign = None,
    *,
    to: Annotated[str, typer.Option(metavar="NUMBER", help="Their number, as +14155550100.")],
    folder: Folder = None,
    keep_hash: Annotated[
        bool,
        typer.Option(
            "--keep-hash",
            help="Keep a salted hash of the number: a later row with it is skipped.",
        ),
    ] = False,
) -> None:
    """Erase a person from the ledger, in all campaigns and in the rehearsals too.

    What stays are times, states and outcomes, for the counts. Refused while a run goes on.
    """
    from poku_batch.app.ledgers import folder_of, forget_number, forget_uploads
    from poku_batch.campaign import load_campaign
    from poku_batch.cli.forgetting import print_forgotten

    loaded = load_campaign(campaign) if campaign else None
    region = loaded.contacts.region if loaded else None
    where = folder_of(loaded, folder)
    found = forget_number(where, to, region=region, keep_hash=keep_hash)
    print_forgotten(found, kept_hash=keep_hash, uploads=forget_uploads(where))
