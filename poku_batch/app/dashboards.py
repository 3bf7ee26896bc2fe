"""The dashboard of a folder, served by itself or beside a run."""

import asyncio
import concurrent.futures
import secrets
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from poku_batch.app import environment
from poku_batch.errors import UsageError

if TYPE_CHECKING:
    from poku_batch.dashboard.desk import Desk
    from poku_batch.dashboard.serving import Dashboard

#: How long a dashboard may take to begin and to end beside a run, in seconds.
_BEGIN_S = 20.0
_END_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the pages are to be served: an address of this machine, and a port (0 for any).

    ``or_any``: where the port is taken, any other will do.
    """

    host: str = "127.0.0.1"
    port: int = 8765
    or_any: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """Where they are; ``made_token`` is one that was made for them, to be told once."""

    url: str
    made_token: str | None = None


async def serve_dashboard(
    folder: Path, address: Address, *, on_ready: Callable[[Opened], None]
) -> None:
    """Serve the campaigns of a folder until a signal asks to end.

    Raises ``UsageError`` where the address
    cannot be had, or the token of the environment cannot be used.
    """
    await _serve(folder, address, on_ready=on_ready, until=_until_a_signal)


@contextmanager
def dashboard_beside(
    folder: Path,
    address: Address,
    *,
    on_ready: Callable[[Opened], None],
    on_fault: Callable[[str], None],
) -> Iterator[None]:
    """Serve the campaigns of a folder for as long as the block, in a thread of its own.

    Whatever happens to it, the block goes on: ``on_fault`` is told what. Both are called from that
    thread.
    """
    beside = _Beside()

    def run() -> None:
        try:
            asyncio.run(_serve(folder, address, on_ready=ready, until=beside.over))
        except Exception as error:  # nothing of it may reach the run
            on_fault(str(error) or type(error).__name__)
        finally:
            beside.begun.set()

    def ready(opened: Opened) -> None:
        on_ready(opened)
        beside.begun.set()

    thread = threading.Thread(target=run, name="poku-dashboard", daemon=True)
    thread.start()
    try:
        beside.begun.wait(_BEGIN_S)
        yield
    finally:
        beside.end()
        thread.join(_END_S)


class _Beside:
    """What the two threads tell each other."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self._over: concurrent.futures.Future[None] = concurrent.futures.Future()

    def end(self) -> None:
        if not self._over.done():
            self._over.set_result(None)

    async def over(self) -> None:
        """Wait until the block is left."""
        await asyncio.wrap_future(self._over)


async def _serve(
    folder: Path,
    address: Address,
    *,
    on_ready: Callable[[Opened], None],
    until: Callable[[], Awaitable[None]],
) -> None:
    from poku_batch.app.desk.desk import FolderDesk
    from poku_batch.dashboard.guard import new_token, reached_at

    token, url = environment.dashboard_token(), environment.dashboard_url()
    others = reached_at(address.host, url) is not None
    made = new_token(secrets.token_bytes) if token is None and others else None
    async with FolderDesk(folder, shown=_typed(folder)) as desk:
        pages = _pages(desk, address, token or made, url)
        on_ready(Opened(url=pages.url, made_token=made))
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_stop, pages, until)
            await pages.serve()
            tasks.cancel_scope.cancel()


def _pages(desk: "Desk", address: Address, token: str | None, url: str | None) -> "Dashboard":
    from poku_batch.dashboard.serving import Dashboard

    try:
        return Dashboard(desk, host=address.host, port=address.port, token=token, public_url=url)
    except UsageError:
        if not address.or_any:
            raise
    return Dashboard(desk, host=address.host, port=0, token=token, public_url=url)


async def _stop(pages: "Dashboard", until: Callable[[], Awaitable[None]]) -> None:
    await until()
    pages.stop()


async def _until_a_signal() -> None:
    """Wait for Ctrl-C, or for the system to ask the program to end.

    Where the event loop cannot take signals (Windows), Ctrl-C breaks off instead.
    """
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    try:
        with anyio.open_signal_receiver(*numbers) as signals:
            async for _ in signals:
                return
    except NotImplementedError:
        await anyio.sleep_forever()


def _typed(folder: Path) -> str:
    """A folder as a person would type it, wherever they are."""
    try:
        return str(Path("~") / folder.relative_to(Path.home()))
    except (ValueError, RuntimeError):
        return str(folder)
