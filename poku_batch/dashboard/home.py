"""The page of all campaigns: the real ones, or the rehearsals."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from poku_batch.dashboard import links
from poku_batch.dashboard.board import Board
from poku_batch.dashboard.overview import overview


async def front(_board: Board, _request: Request) -> Response:
    """Lead on to the real campaigns."""
    return RedirectResponse(links.home(simulated=False), 303)


async def home(board: Board, request: Request) -> Response:
    """Every campaign of one of the two ledgers, with how it stands."""
    simulated = links.is_simulated(request)
    with board.pace.measured():
        entries = await board.desk.entries(simulated=simulated)
        async with board.desk.ledger(simulated=simulated) as ledger:
            enrolled = [
                await overview(board.desk, ledger, entry)
                for entry in entries
                if entry.enrolled and ledger is not None
            ]
        return board.pages.page(
            request,
            "home.html.j2",
            live=True,
            overviews=enrolled,
            new=[entry for entry in entries if not entry.enrolled],
        )


async def events(board: Board, request: Request) -> Response:
    """Say when something of one of the two ledgers has changed."""
    simulated = links.is_simulated(request)

    async def version() -> tuple[int, ...]:
        made = (board.figures.count, board.charts.count)
        return (*await board.desk.version(simulated=simulated), *made)

    return StreamingResponse(
        board.streams.events(version), headers={"Content-Type": "text/event-stream"}
    )
