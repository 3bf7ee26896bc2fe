"""``init``: from a sheet to a campaign."""

import sys
from pathlib import Path
from typing import Annotated

import typer


def _option(help_: str, metavar: str, *names: str) -> typer.models.OptionInfo:
    info: typer.models.OptionInfo = typer.Option(*names, help=help_, metavar=metavar)
    return info


def init(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", help="The folder that the campaign goes into.")
    ] = Path(),
    *,
    sheet: Annotated[
        Path | None,
        _option(
            "A csv, tsv, xlsx or parquet file, or a pattern such as '*.csv'. It is not changed.",
            "FILE",
            "--sheet",
        ),
    ] = None,
    worksheet: Annotated[
        str | None, _option("The worksheet of a workbook.", "NAME", "--worksheet")
    ] = None,
    header_row: Annotated[
        int | None,
        typer.Option(min=1, max=1_000, metavar="N", help="The row with the names of the columns."),
    ] = None,
    purpose: Annotated[
        str | None,
        _option(
            "What the calls are for: appointment, reminder, survey, outreach or quote.",
            "PURPOSE",
            "--purpose",
        ),
    ] = None,
    company: Annotated[
        str | None, _option("Who is calling, as people are told.", "TEXT", "--company")
    ] = None,
    about: Annotated[
        str | None, _option("What the calls are about, in a few words.", "TEXT", "--about")
    ] = None,
    phone: Annotated[
        str | None, _option("The column with the numbers to call.", "COLUMN", "--phone")
    ] = None,
    key: Annotated[
        str | None,
        _option(
            "The column, or columns, that tell rows apart when the sheet is read again.",
            "COLUMN[,COLUMN]",
            "--key",
        ),
    ] = None,
    region: Annotated[
        str | None, _option("The country of numbers without +, as US.", "COUNTRY", "--region")
    ] = None,
    language: Annotated[
        str | None, _option("The language of the calls, as en-US.", "TAG", "--language")
    ] = None,
    caller_id: Annotated[
        str | None, _option("The number of yours that people see.", "NUMBER", "--from")
    ] = None,
    name: Annotated[str | None, _option("The campaign's name.", "SLUG", "--name")] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Take what is found in the sheet, without asking.")
    ] = False,
) -> None:
    """Write a campaign and its template for a sheet of yours, into DIR.

    At a terminal it asks; what an option says is not asked. Without a sheet it writes a small one
    to begin with. Nothing is written over, and nobody is called.
    """
    import anyio

    from poku_batch.app.starting import start_campaign
    from poku_batch.cli.conversing import Answers, chosen_look, settled
    from poku_batch.cli.exits import ExitCode
    from poku_batch.cli.started import print_started
    from poku_batch.cli.terminal import print_error

    answers = Answers(
        {
            "--purpose": purpose,
            "--company": company,
            "--about": about,
            "--phone": phone,
            "--key": key,
            "--region": region,
            "--language": language,
            "--from": caller_id,
            "--name": name,
            "--sheet": None if sheet is None else str(sheet),
            "--worksheet": worksheet,
        },
        asks=not yes and sys.stdin.isatty() and sys.stderr.isatty(),
    )
    try:
        look = chosen_look(directory, answers, header_row=header_row)
        found = settled(directory, look, answers)
    except (typer.Abort, KeyboardInterrupt):
        print_error("stopped; nothing was written")
        sys.exit(ExitCode.STOPPED)
    started = anyio.run(start_campaign, directory, found.choices, look)
    print_started(started, found, look)
