"""``preview``: what one row would be sent."""

from functools import partial
from typing import Annotated

import typer

from poku_batch.cli.arguments import CampaignFile


def preview(
    campaign: CampaignFile,
    *,
    row: Annotated[
        int | None,
        typer.Option(min=2, metavar="N", help="The row, as a spreadsheet program numbers it."),
    ] = None,
    key: Annotated[str | None, typer.Option(metavar="K", help="The row's key.")] = None,
) -> None:
    """Show the prompt and the request of one row: by default the first to be called."""
    import anyio

    from poku_batch.app.previewing import preview_row
    from poku_batch.campaign import load_campaign
    from poku_batch.cli.previewed import print_preview

    print_preview(anyio.run(partial(preview_row, load_campaign(campaign), row=row, key=key)))
