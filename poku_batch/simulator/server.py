"""The simulator as a server on a thread of its own, with an event loop of its own.

A rehearsal's client never shares its loop with the simulator. Signal handlers stay as they are,
except in ``run_forever``, which is the command. Stopping cuts every connection and ends at once.
"""

import asyncio
import concurrent.futures
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from types import FrameType

import anyio
import anyio.to_thread
import uvicorn
from fastapi import FastAPI

from poku_batch.simulator.api import create_app
from poku_batch.simulator.calls import CallBook, Log
from poku_batch.simulator.config import SimulatorConfig
from poku_batch.simulator.connections import Connections
from poku_batch.simulator.listener import BACKLOG, listen, url_of

#: Longer than any client keeps an idle connection, so that the client closes first.
_KEEP_ALIVE_S = 75
_STOP_S = 5.0
#: How long a request's task may take to notice that its connection was cut.
_GRACE_S = 2.0


class PromptServer(uvicorn.Server):
    """uvicorn's server, except that it ends when asked, not a tick later, and lets nobody finish.

    uvicorn takes a fifth of a second to stop, and minutes while requests are held.
    """

    def __init__(self, app: FastAPI, connections: Connections) -> None:
        super().__init__(_uvicorn_config(app, connections))
        self._connections = connections
        self._asked = asyncio.Event()

    def ask_to_stop(self) -> None:
        """Let ``serve`` return; to be called on its loop."""
        self._asked.set()

    async def main_loop(self) -> None:
        """Wait to be asked; uvicorn's tick keeps the Date header right."""
        while not self._asked.is_set():
            await self.on_tick(0)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._asked.wait(), 1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the listener, cut every connection, and see the requests' tasks end."""
        for server in self.servers:
            server.close()
        for listener in sockets or []:
            listener.close()
        self._connections.drop_all()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=_GRACE_S)
        # A connection's end is told to its protocol one turn of the loop after the cut.
        await asyncio.sleep(0)


def _uvicorn_config(app: FastAPI, connections: Connections) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=connections.protocol(),
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        server_header=False,
        backlog=BACKLOG,
        timeout_keep_alive=_KEEP_ALIVE_S,
    )


class RunningSimulator:
    """A simulator that answers at ``url`` until it is stopped."""

    def __init__(self, config: SimulatorConfig, listener: socket.socket) -> None:
        self.url = url_of(listener)
        self._listener = listener
        self._connections = Connections()
        self._book = CallBook(config, now=lambda: datetime.now(UTC))
        app = create_app(config, self._book, self._connections)
        self._server = PromptServer(app, self._connections)
        self._loop: concurrent.futures.Future[asyncio.AbstractEventLoop] = (
            concurrent.futures.Future()
        )
        self._thread = threading.Thread(target=self._run, name="poku-simulator", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """True until it is stopped."""
        return self._thread.is_alive()

    def log(self) -> Log:
        """Tell what was really placed; also after the end. Blocks for a moment."""
        if not self._thread.is_alive():
            return self._book.log()

        async def read() -> Log:
            return self._book.log()

        loop = self._loop.result(_STOP_S)
        return asyncio.run_coroutine_threadsafe(read(), loop).result(_STOP_S)

    def stop(self) -> None:
        """Cut every connection and end; does nothing the second time. Blocks up to a second."""
        if self._thread.is_alive():
            self._loop.result(_STOP_S).call_soon_threadsafe(self._close)
            self._thread.join(_STOP_S)

    def _close(self) -> None:
        self._book.close()
        self._server.ask_to_stop()

    def _run(self) -> None:
        with asyncio.Runner() as runner:
            self._loop.set_result(runner.get_loop())
            runner.run(self._server.serve(sockets=[self._listener]))


def start_simulator(
    config: SimulatorConfig, *, host: str = "127.0.0.1", port: int = 0, allow_remote: bool = False
) -> RunningSimulator:
    """Start a simulator; port 0 takes a free one.

    Raises ``UsageError`` where ``host`` is not of this machine alone and ``allow_remote`` is
    false, or where the address cannot be had.
    """
    return RunningSimulator(config, listen(host, port, allow_remote=allow_remote))


@asynccontextmanager
async def running_simulator(
    config: SimulatorConfig, *, host: str = "127.0.0.1", port: int = 0, allow_remote: bool = False
) -> AsyncIterator[RunningSimulator]:
    """Run a simulator for as long as the block; raises as ``start_simulator`` does."""
    simulator = start_simulator(config, host=host, port=port, allow_remote=allow_remote)
    try:
        yield simulator
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(simulator.stop)


def run_forever(
    config: SimulatorConfig,
    *,
    on_ready: Callable[[str], None],
    host: str = "127.0.0.1",
    port: int = 0,
    allow_remote: bool = False,
) -> None:
    """Run a simulator until Ctrl-C or SIGTERM, then return; for the main thread alone.

    ``on_ready`` is told the URL once it answers. Raises as ``start_simulator`` does.
    """
    asked = threading.Event()
    with _asked_by_signals(asked):
        simulator = start_simulator(config, host=host, port=port, allow_remote=allow_remote)
        try:
            on_ready(simulator.url)
            # A wait without an end cannot be interrupted on Windows.
            while not asked.wait(0.5) and simulator.alive:
                pass
        finally:
            simulator.stop()


@contextmanager
def _asked_by_signals(asked: threading.Event) -> Iterator[None]:
    def ask(_number: int, _frame: FrameType | None) -> None:
        asked.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
