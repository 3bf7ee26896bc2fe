"""``dashboard``: live pages for the campaigns of a folder."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from poku_batch.app.dashboards import Opened


def dashboard(
    campaign: Annotated[
        Path | None,
        typer.Argument(metavar="CAMPAIGN", help="A campaign file, for the folder that it is in."),
    ] = None,
    *,
    folder: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="A folder of campaigns instead; by default this one."),
    ] = None,
    host: Annotated[
        str,
        typer.Option(
            metavar="ADDRESS",
            help="The address to listen on. Any but this machine's own asks for a token: "
            "POKU_BATCH_DASHBOARD_TOKEN, or one that is made and printed.",
        ),
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option(min=0, max=65_535, help="The port; 0 takes a free one.")
    ] = 8765,
    open_: Annotated[bool, typer.Option("--open", help="Open the pages in the browser.")] = False,
) -> None:
    """Serve live pages for all campaigns of a folder, until Ctrl-C.

    What goes on, what came of every call, recordings to listen to, and buttons: pause, stop, call
    again, decide what is unknown, start. Nothing leaves this machine.
    """
    import anyio

    from poku_batch.app.dashboards import Address, serve_dashboard
    from poku_batch.app.ledgers import folder_of
    from poku_batch.campaign import load_campaign
    from poku_batch.cli.terminal import shown
    from poku_batch.errors import UsageError

    loaded = load_campaign(campaign) if campaign else None
    place = folder_of(loaded, folder)
    if not place.is_dir():
        raise UsageError(f"{shown(place)}: there is no such folder; name one with --folder")

    def ready(opened: "Opened") -> None:
        print_opened(opened)
        if open_:
            _open_browser(opened.url)

    async def serve() -> None:
        await serve_dashboard(place, Address(host=host, port=port), on_ready=ready)

    anyio.run(serve)
    sys.exit(0)


def print_opened(opened: "Opened") -> None:
    """Say where the pages are, and the token that was made for them, which is said once."""
    from poku_batch.cli.terminal import err, say

    say(err, f"dashboard        {opened.url}")
    if opened.made_token is not None:
        say(err, f"token            {opened.made_token}")


def _open_browser(url: str) -> None:
    import threading
    import webbrowser

    # It may wait for the browser, which waits for the pages.
    threading.Thread(target=webbrowser.open, args=(url,), daemon=True).start()
