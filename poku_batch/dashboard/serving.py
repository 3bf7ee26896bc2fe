"""Serving the pages, alone or beside something else in the same event loop.

Signals are left to whoever serves: a run has its own way of ending.
"""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import uvicorn
from starlette.requests import Request

from poku_batch.dashboard.assets import FOLDER
from poku_batch.dashboard.board import Board
from poku_batch.dashboard.desk import Desk
from poku_batch.dashboard.guard import Guard, LoginForm, Site, server_settings, token_for
from poku_batch.dashboard.listening import listen, port_of, url_of
from poku_batch.dashboard.site import site
from poku_batch.errors import UsageError

#: How long requests have to end when the server does, in seconds.
_GRACE_S = 1.0


class Dashboard:
    """The pages of a desk, listening from the moment it is made.

    Raises ``UsageError`` where the address cannot be had, or needs a token and has none.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        host: str,
        port: int,
        token: str | None,
        public_url: str | None = None,
    ) -> None:
        """Take where to listen, and what browsers call it that come by way of something else."""
        token = token_for(host, token, public_url)
        self._board = Board(desk)
        self._listener = _listening(host, port, token)
        self.url = url_of(host, self._listener)
        guard = Guard(
            Site(
                host=host,
                port=port_of(self._listener),
                token=token,
                public_url=public_url,
                public=(FOLDER,),
                login_page=self._login_page,
            )
        )
        config = uvicorn.Config(guard.wrap(site(self._board)), **server_settings())
        self._server = _Server(config, self._board)

    async def serve(self) -> None:
        """Answer until asked to stop; cut off, the listener is closed all the same."""
        try:
            await self._server.serve(sockets=[self._listener])
        finally:
            self._listener.close()
            await self._board.close()

    def stop(self) -> None:
        """Let ``serve`` return, and end every stream; to be called on its loop."""
        self._server.ask_to_stop()

    def _login_page(self, request: Request, form: LoginForm) -> str:
        answer = self._board.pages.page(request, "login.html.j2", form=form)
        return bytes(answer.body).decode()


def _listening(host: str, port: int, token: str | None) -> socket.socket:
    """Listen, unless the host's name leads to an address that needs a token."""
    listener = listen(host, port)
    try:
        token_for(str(listener.getsockname()[0]), token)
    except UsageError:
        listener.close()
        raise
    return listener


class _Server(uvicorn.Server):
    """uvicorn's server, except that it ends when asked, not a tick later."""

    def __init__(self, config: uvicorn.Config, board: Board) -> None:
        super().__init__(config)
        self._board = board
        self._asked = asyncio.Event()

    def ask_to_stop(self) -> None:
        self._asked.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals alone."""
        yield

    async def main_loop(self) -> None:
        """Wait to be asked; uvicorn's tick keeps the Date header right."""
        while not self._asked.is_set():
            await self.on_tick(0)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), 1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the listener, end the streams, give requests a moment, cut the rest."""
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        self._board.streams.end()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=_GRACE_S)
        for connection in list(self.server_state.connections):
            transport = getattr(connection, "transport", None)
            if transport is not None:
                transport.abort()
        await asyncio.sleep(0)
