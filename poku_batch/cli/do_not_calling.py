"""``do-not-call``: the list of numbers that no campaign of a folder calls."""

import json as json_text
import sys
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from poku_batch.cli.arguments import AsJson

if TYPE_CHECKING:
    from poku_batch.app.do_not_calling import SharedList
    from poku_batch.models import DoNotCallEntry

do_not_call = typer.Typer(
    name="do-not-call",
    help="Keep the list of numbers that no campaign of a folder calls, also while a run goes on.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Where = Annotated[
    Path,
    typer.Argument(metavar="CAMPAIGN", help="A campaign file, or a folder of campaigns."),
]
Numbers = Annotated[
    list[str], typer.Argument(metavar="NUMBER...", help="Numbers, such as +14155550100.")
]
Region = Annotated[
    str | None,
    typer.Option(metavar="CC", help="The country of numbers without +; by default the campaign's."),
]
Rehearsed = Annotated[
    bool, typer.Option("--simulate", help="The list of the rehearsals, not of real calls.")
]


@do_not_call.command()
def add(
    campaign: Where,
    number: Numbers,
    *,
    reason: Annotated[
        str | None, typer.Option(metavar="R", help="Why, for whoever looks at the list.")
    ] = None,
    region: Region = None,
    simulate: Rehearsed = False,
) -> None:
    """Put numbers onto the list of CAMPAIGN's folder, for good. Runs that go on heed it at once."""
    import anyio

    from poku_batch.app.do_not_calling import add_numbers, shared_list
    from poku_batch.cli.terminal import out, say

    chosen = shared_list(campaign, region=region, simulate=simulate)
    new = anyio.run(partial(add_numbers, chosen, number, reason=reason))
    say(out, f"{_numbers(new)} new on the list")


@do_not_call.command()
def remove(
    campaign: Where,
    number: Numbers,
    *,
    region: Region = None,
    simulate: Rehearsed = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask before numbers may be called again.")
    ] = False,
) -> None:
    """Take numbers off the list of CAMPAIGN's folder: campaigns may call them again.

    Says since when they were on it and why, and asks. The ledger keeps who took them off.
    """
    import anyio

    from poku_batch.app.do_not_calling import (
        listed_entries,
        masked,
        remove_entries,
        shared_list,
    )
    from poku_batch.cli.terminal import err, out, say

    chosen = shared_list(campaign, region=region, simulate=simulate)
    entries = anyio.run(listed_entries, chosen, number)
    for entry in entries:
        say(err, _line(masked(entry)))
    if not (yes or simulate or _agreed(len(entries))):
        say(out, "nothing was removed")
        return
    say(out, f"{_numbers(anyio.run(remove_entries, chosen, entries))} removed from the list")


@do_not_call.command("list")
def list_(
    campaign: Where,
    *,
    numbers: Annotated[
        bool, typer.Option("--numbers", help="Show telephone numbers, else masked.")
    ] = False,
    simulate: Rehearsed = False,
    json: AsJson = False,
) -> None:
    """Show the list of CAMPAIGN's folder, in the order in which numbers came onto it."""
    import anyio

    from poku_batch.app.do_not_calling import shared_list

    chosen = shared_list(campaign, region=None, simulate=simulate)
    anyio.run(partial(_show, chosen, numbers=numbers, as_json=json))


@do_not_call.command("import")
def import_(
    campaign: Where,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="A csv, tsv, txt, xlsx or parquet file.")
    ],
    *,
    region: Region = None,
    simulate: Rehearsed = False,
) -> None:
    """Put the numbers of FILE onto the list of CAMPAIGN's folder, for good.

    A sheet's numbers stand in its column phone, or in the only one; a .txt has one number a line,
    with comments behind #. Nothing is added where a line is no number.
    """
    import anyio

    from poku_batch.app.do_not_calling import import_numbers, shared_list
    from poku_batch.cli.terminal import out, say

    chosen = shared_list(campaign, region=region, simulate=simulate)
    found = anyio.run(import_numbers, chosen, file)
    say(out, f"{_numbers(found.numbers)} in {file.name}, {found.new:,} of them new on the list")


@do_not_call.command()
def export(
    campaign: Where,
    *,
    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="FILE.csv", help="A CSV file that does not exist yet."
        ),
    ],
    simulate: Rehearsed = False,
) -> None:
    """Write the list of CAMPAIGN's folder to a CSV file, which import and do_not_call can read."""
    import anyio

    from poku_batch.app.do_not_calling import export_numbers, shared_list
    from poku_batch.cli.terminal import out, say, shown

    chosen = shared_list(campaign, region=None, simulate=simulate)
    to = output.absolute()
    say(out, f"{shown(to)}: {_numbers(anyio.run(export_numbers, chosen, to))}")


def _agreed(numbers: int) -> bool:
    """Ask at a terminal; raises ``UsageError`` where nobody can be asked."""
    from poku_batch.cli.asking import confirmed
    from poku_batch.errors import UsageError

    if not sys.stdin.isatty():
        raise UsageError(
            "campaigns may call them again, and there is nobody here to ask: add --yes to take "
            "them off the list all the same. Nothing was removed."
        )
    what = "it" if numbers == 1 else f"all {numbers:,}"
    return confirmed(f"Take {what} off the list?")


async def _show(chosen: "SharedList", *, numbers: bool, as_json: bool) -> None:
    from poku_batch.app.do_not_calling import listed

    async with listed(chosen, numbers=numbers) as batches:
        await (_write_json if as_json else _write_lines)(batches)


async def _write_json(batches: "AsyncIterator[list[DoNotCallEntry]]") -> None:
    """One object, written as it is read."""
    sys.stdout.write('{"do_not_call": [')
    before = "\n"
    async for entries in batches:
        for entry in entries:
            sys.stdout.write(before + json_text.dumps(_plain(entry)))
            before = ",\n"
    sys.stdout.write("\n]}\n")


def _plain(entry: "DoNotCallEntry") -> dict[str, Any]:
    return {
        "number": entry.number,
        "source": entry.source,
        "reason": entry.reason,
        "added_at": entry.at.isoformat(),
        "added_by": entry.by,
    }


async def _write_lines(batches: "AsyncIterator[list[DoNotCallEntry]]") -> None:
    from poku_batch.cli.terminal import err, printable, say

    anything = False
    async for entries in batches:
        anything = True
        sys.stdout.write("".join(f"{printable(_line(entry))}\n" for entry in entries))
    if not anything:
        say(err, "no number is on the list")


def _line(entry: "DoNotCallEntry") -> str:
    from poku_batch.progress.words import one_line

    by = f" by {one_line(entry.by)}" if entry.by else ""
    why = f": {one_line(entry.reason, limit=300)}" if entry.reason else ""
    return f"{entry.number}  {entry.at:%Y-%m-%d %H:%M:%S} UTC  {one_line(entry.source)}{by}{why}"


def _numbers(count: int) -> str:
    return "1 number" if count == 1 else f"{count:,} numbers"
