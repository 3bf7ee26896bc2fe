"""``preview``: what one row would be sent, and what decides whether it is."""

from functools import partial
from typing import Annotated

import typer

from poku_batch.cli.arguments import AsJson, CampaignFile, ContactsFile

Row = Annotated[
    int | None,
    typer.Option(metavar="N", help="The row, as a spreadsheet program numbers it."),
]
Key = Annotated[str | None, typer.Option(metavar="K", help="The row's key.")]


def preview(
    campaign: CampaignFile,
    *,
    row: Row = None,
    key: Key = None,
    contacts: ContactsFile = None,
    simulate: Annotated[
        bool, typer.Option("--simulate", help="Say what a rehearsal would do with the row.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Show what one row of CAMPAIGN would be sent, and every decision about it.

    By default the first row that would be called, now or later. Nothing is called or written.
    """
    import anyio

    from poku_batch.app.previewing import preview_row
    from poku_batch.cli.previewed import preview_json, print_preview
    from poku_batch.cli.sheets import instead_text, load_reading
    from poku_batch.cli.terminal import err, print_json, say

    loaded = load_reading(campaign, contacts)
    if (instead := instead_text(loaded)) is not None:
        say(err, f"sheet: {instead}")
    found = anyio.run(partial(preview_row, loaded, row=row, key=key, simulate=simulate))
    if json:
        print_json(preview_json(found))
    else:
        print_preview(found)
