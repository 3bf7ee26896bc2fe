"""Results on their way from the ledger to a receiver: real sockets, files and processes."""

import asyncio
import base64
import json
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, cast

import anyio
import anyio.abc
import pytest
import standardwebhooks

from poku_batch.clock import SystemClock
from poku_batch.engine.telling import Teller
from poku_batch.events import Event
from poku_batch.hooks import WebhookSender
from poku_batch.models import HookEvent
from poku_batch.ports import Clock, HookSender, LedgerRun
from tests.engine.engine_clock import VirtualClock
from tests.hooks.hooks_ledger import finish, opened
from tests.poku.poku_server import Connection, Server, http, replying, serving

pytestmark = pytest.mark.anyio

SECRET = "whsec_" + base64.b64encode(b"this is the secret of the tests").decode()

#: Tells what waits; the ledger hears of it only with the argument ``record``.
TELLER = """
import sys, anyio
from pathlib import Path
from poku_batch.clock import SystemClock
from poku_batch.engine.telling import Teller
from poku_batch.hooks import WebhookSender
from poku_batch.models import HookEvent
from tests.hooks.hooks_ledger import opened

class Sink:
    def emit(self, event):
        print(event, flush=True)

async def main(path, url, secret, record):
    async with opened(Path(path)) as run:
        if not record:
            async def told(message):
                print("taken", flush=True)
                await anyio.sleep(60)
            run.told = told
        async with WebhookSender(url, secret, timeout_s=5) as sender:
            senders = {HookEvent.RESULT: sender}
            teller = Teller(run=run, senders=senders, clock=SystemClock(), sink=Sink())
            print(await teller.drain(5), "left", flush=True)

anyio.run(main, *sys.argv[1:4], "record" in sys.argv)
"""


class Sink:
    def __init__(self) -> None:
        self.events: list[Event] = []

    def emit(self, event: Event) -> None:
        self.events.append(event)


class Timeless:
    """Something asynchronous, while whose methods work no time passes."""

    def __init__(self, thing: object, clock: VirtualClock) -> None:
        self._thing = thing
        self._clock = clock

    def __getattr__(self, name: str) -> Any:
        async def method(*values: Any, **named: Any) -> Any:
            with self._clock.working():
                return await getattr(self._thing, name)(*values, **named)

        return method


def told(server: Server) -> list[tuple[str, int]]:
    """Each message that came: its id, and its row."""
    bodies = [each.received.partition(b"\r\n\r\n")[2] for each in server.connections]
    return [(told["id"], told["data"]["row"]) for told in map(json.loads, filter(None, bodies))]


def files_in(folder: Path) -> bytes:
    """Every byte of the ledger, its log included."""
    return b"".join(path.read_bytes() for path in folder.iterdir())


async def child(path: Path, url: str, *arguments: str) -> anyio.abc.Process:
    command = [sys.executable, "-c", TELLER, str(path), url, SECRET, *arguments]
    return await anyio.open_process(command, cwd=Path(__file__).parents[2])


async def test_kill_9_between_sending_and_recording_tells_it_again_under_the_same_id(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ledger.db"
    async with opened(path, contacts=3) as run:
        await finish(run, calls=3)
    async with serving(replying(http(200))) as server:
        process = await child(path, server.url)
        assert process.stdout is not None
        said = b""
        while said.count(b"taken") < 3:
            said += await process.stdout.receive()
        process.kill()
        await process.aclose()
        first = told(server)
        async with await child(path, server.url, "record") as process:
            assert process.stdout is not None
            assert b"".join([part async for part in process.stdout]) == b"0 left\n"
            await process.wait()
        assert sorted(told(server)) == sorted(first * 2)
        assert len(set(first)) == 3
    async with opened(path) as run:
        assert await run.waiting_messages() == (0, None)


async def test_a_receiver_that_is_down_for_an_hour_hears_of_everything(tmp_path: Path) -> None:
    clock, sink = VirtualClock(), Sink()
    async with serving(replying(http(200))) as nobody:
        url = nobody.url
    async with (
        opened(tmp_path / "ledger.db", contacts=20) as run,
        WebhookSender(url, SECRET, timeout_s=5) as sender,
    ):
        await finish(run, calls=20)
        teller = Teller(
            run=cast("LedgerRun", Timeless(run, clock)),
            senders={HookEvent.RESULT: cast("HookSender", Timeless(sender, clock))},
            clock=cast("Clock", clock),
            sink=sink,
        )
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(teller.run)
            await clock.sleep(3_600)
            server = Server(replying(http(200)))
            with clock.working():
                port = int(url.rpartition(":")[2])
                listening = await asyncio.start_server(server.accept, "127.0.0.1", port)
            await clock.sleep(1_300)
            tasks.cancel_scope.cancel()
        assert await run.waiting_messages() == (0, None)
        await server.end()
        listening.close()
    assert Counter(row for _, row in told(server)) == dict.fromkeys(range(2, 22), 1)
    assert "ConnectError" in str(sink.events[0])
    assert "waiting=20" in str(sink.events[0])


async def test_a_receiver_that_never_answers_delays_no_result(tmp_path: Path) -> None:
    async def silent(connection: Connection) -> None:
        await connection.request()
        await connection.until_closed()

    async with (
        serving(silent) as server,
        opened(tmp_path / "ledger.db", contacts=60) as run,
        WebhookSender(server.url, SECRET, timeout_s=30) as sender,
    ):
        senders = {HookEvent.RESULT: sender}
        teller = Teller(run=run, senders=senders, clock=SystemClock(), sink=Sink())
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(teller.run)
            began = time.monotonic()
            for _ in range(60):
                await finish(run)
                teller.notify()
            took_s = time.monotonic() - began
            while len(server.connections) < 4:  # noqa: ASYNC110 – it happens in the server
                await anyio.sleep(0.01)
            tasks.cancel_scope.cancel()
        assert took_s < 5
        assert len(server.connections) == 4
        assert (await run.waiting_messages())[0] == 60
        began = time.monotonic()
        assert await teller.drain(0.3) == 60
        assert time.monotonic() - began < 1


async def test_the_secret_is_in_no_file_and_no_event(tmp_path: Path) -> None:
    async with (
        serving(replying(http(500, b"no"))) as server,
        opened(tmp_path / "ledger.db", contacts=2) as run,
        WebhookSender(server.url + "/SECRET-PATH", SECRET, timeout_s=5) as sender,
    ):
        await finish(run, calls=2)
        sink = Sink()
        senders = {HookEvent.RESULT: sender}
        teller = Teller(run=run, senders=senders, clock=SystemClock(), sink=sink)
        assert await teller.drain(0.2) == 2
        written = files_in(tmp_path)
    assert b"HTTP 500: no" in written
    assert sink.events
    for secret in (SECRET, SECRET.removeprefix("whsec_"), "SECRET-PATH"):
        assert secret.encode() not in written
        assert secret not in str(sink.events)


async def test_what_a_receiver_is_told_verifies(tmp_path: Path) -> None:
    async with (
        serving(replying(http(200))) as server,
        opened(tmp_path / "ledger.db", contacts=1) as run,
        WebhookSender(server.url, SECRET, timeout_s=5) as sender,
    ):
        await finish(run)
        senders = {HookEvent.RESULT: sender}
        assert (
            await Teller(run=run, senders=senders, clock=SystemClock(), sink=Sink()).drain(5) == 0
        )
        head, _, body = server.connections[0].received.partition(b"\r\n\r\n")
    pairs = (line.split(": ", 1) for line in head.decode().split("\r\n")[1:])
    assert standardwebhooks.Webhook(SECRET).verify(body, dict(pairs))["data"]["row"] == 2
