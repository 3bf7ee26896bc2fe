"""The application: which address leads to which page, and what is told of what goes wrong."""

from collections.abc import Awaitable, Callable
from functools import partial

from starlette.applications import Starlette
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from poku_batch.dashboard import campaigns, contacts, deeds, home, links, starting
from poku_batch.dashboard.assets import FOLDER, serve_asset
from poku_batch.dashboard.board import Board
from poku_batch.dashboard.desk import DeskError
from poku_batch.errors import LedgerError, PokuBatchError

_Page = Callable[[Board, Request], Awaitable[Response]]

_CAMPAIGN = "/{side:side}/{name}"


class _Side(Convertor[str]):
    """The folder of the real campaigns, or that of the rehearsals."""

    regex = f"{links.CALLS}|{links.REHEARSALS}"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("side", _Side())

_PAGES: tuple[tuple[str, str, _Page], ...] = (
    ("GET", "/", home.front),
    ("GET", "/events/{side:side}", home.events),
    ("GET", "/{side:side}", home.home),
    ("GET", _CAMPAIGN, campaigns.campaign_page),
    ("GET", f"{_CAMPAIGN}/contact", contacts.contact_page),
    ("GET", f"{_CAMPAIGN}/recording", contacts.recording),
    ("GET", f"{_CAMPAIGN}/start", starting.start_page),
    ("GET", f"{_CAMPAIGN}/download/{{kind}}", deeds.download),
    ("POST", f"{_CAMPAIGN}/pause", deeds.pause),
    ("POST", f"{_CAMPAIGN}/resume", deeds.resume),
    ("POST", f"{_CAMPAIGN}/stop", deeds.stop),
    ("POST", f"{_CAMPAIGN}/retry", deeds.retry),
    ("POST", f"{_CAMPAIGN}/resolve", deeds.resolve),
    ("POST", f"{_CAMPAIGN}/forbid", deeds.forbid),
    ("POST", f"{_CAMPAIGN}/upload", starting.upload),
    ("POST", f"{_CAMPAIGN}/check", starting.check),
    ("POST", f"{_CAMPAIGN}/begin", starting.begin),
)


def site(board: Board) -> Starlette:
    """Every page of a board, to be wrapped by its guard."""
    routes = [
        Route(path, partial(page, board), methods=[method], name=f"{method} {path}")
        for method, path, page in _PAGES
    ]
    app = Starlette(routes=[Route(f"{FOLDER}{{name}}", serve_asset), *routes])
    app.add_exception_handler(HTTPException, partial(_not_found, board))
    app.add_exception_handler(PokuBatchError, partial(_cannot, board))
    app.add_exception_handler(DeskError, partial(_cannot, board))
    app.add_exception_handler(Exception, partial(_fault, board))
    return app


async def _not_found(board: Board, request: Request, error: Exception) -> Response:
    """Say that there is nothing here, or that it may not be done."""
    status = error.status_code if isinstance(error, HTTPException) else 404
    detail = error.detail if isinstance(error, HTTPException) else ""
    if status == 404:
        title = "There is nothing here"
        text = "" if detail == "Not Found" else detail
    else:
        title, text = "This cannot be done", detail
    return board.pages.page(request, "error.html.j2", status=status, title=title, text=text)


async def _cannot(board: Board, request: Request, error: Exception) -> Response:
    """Say what is wrong with the ledger, or with what it was asked."""
    title = "The ledger cannot be read" if isinstance(error, LedgerError) else "This cannot be done"
    return board.pages.page(request, "error.html.j2", status=503, title=title, text=str(error))


async def _fault(board: Board, request: Request, _error: Exception) -> Response:
    """Say that the program is at fault, and nothing of how."""
    text = "This is a fault in poku-batch. What was called is in the ledger; nothing of it is lost."
    return board.pages.page(
        request, "error.html.j2", status=500, title="Something went wrong", text=text
    )
