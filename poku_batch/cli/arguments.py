"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

CampaignFile = Annotated[
    Path, typer.Argument(metavar="CAMPAIGN", help="The campaign file, a YAML file.")
]

Simulated = Annotated[
    bool,
    typer.Option("--simulate", help="Look at the rehearsals of the campaign, not at real calls."),
]

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on standard output.")]

ContactsFile = Annotated[
    str | None,
    typer.Option(
        "--contacts",
        metavar="FILE",
        help="Read FILE in place of the campaign's contacts.file, this once: all that can be named "
        "there.",
    ),
]
