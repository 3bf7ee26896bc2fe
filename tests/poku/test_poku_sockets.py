"""The sockets beneath a call: closed whatever happens, fair to the others, and how they are set."""

import asyncio
import gc
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import anyio
import httpcore
import pytest

from poku_batch.models import CallRequest, Doubtful, Ended, TurnedAway
from poku_batch.poku import client as client_module
from poku_batch.poku import sockets as sockets_module
from poku_batch.poku import transport as transport_module
from poku_batch.poku.client import PokuClient
from poku_batch.poku.sockets import SocketBackend, SocketStream
from tests.poku.acts import ENDED
from tests.poku.certificates import tls_of
from tests.poku.poku_server import Connection, full_backlog, http, replying, serving

pytestmark = pytest.mark.anyio

_REQUEST = CallRequest(to="+14155550100", prompt="Say hello.")
_LARGE = CallRequest(to="+14155550100", prompt="x" * 30_000_000)
_NO_PROC = pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="open sockets are counted in /proc"
)


def _open_sockets() -> int:
    count = 0
    for each in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):
            count += str(each.readlink()).startswith("socket:")
    return count


# --- closed whatever happens -------------------------------------------------------------------


async def _cancelled(url: str, request: CallRequest, after_s: float) -> None:
    """Place a call, and cancel it when it has come as far as it can."""
    async with PokuClient("key", base_url=url) as client, anyio.create_task_group() as tasks:
        tasks.start_soon(client.place, request)
        await anyio.sleep(after_s)
        tasks.cancel_scope.cancel()


@contextmanager
def _nothing_collected() -> Iterator[None]:
    gc.collect()
    gc.disable()  # a socket that only the collector closes was left open
    try:
        yield
    finally:
        gc.enable()


@_NO_PROC
@pytest.mark.parametrize("request_", [_REQUEST, _LARGE], ids=["waiting", "sending"])
@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_cancelled_call_leaves_no_socket_open(scheme: str, request_: CallRequest) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening, _nothing_collected():
        url = f"{scheme}://127.0.0.1:{listening.getsockname()[1]}"
        before = _open_sockets()
        await _cancelled(url, request_, 0.1)
        assert _open_sockets() == before


@_NO_PROC
@pytest.mark.skipif(not hasattr(socket, "SO_PEERCRED"), reason="other kernels answer or refuse")
async def test_a_connection_that_is_cancelled_while_it_is_made_leaves_no_socket_open() -> None:
    with full_backlog() as port, _nothing_collected():
        before = _open_sockets()
        await _cancelled(f"http://127.0.0.1:{port}", _REQUEST, 0.1)
        assert _open_sockets() == before


@_NO_PROC
async def test_a_race_for_addresses_that_is_cancelled_leaves_no_socket_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with full_backlog() as port, _nothing_collected():
        _has_addresses(monkeypatch, *[("127.0.0.1", port)] * 3)
        before = _open_sockets()
        await _cancelled("https://calls.example", _REQUEST, 0.7)
        assert _open_sockets() == before


@_NO_PROC
@pytest.mark.parametrize("answer", [http(200, ENDED), http(200, ENDED)[:-5], b"", b"?\r\n\r\n"])
async def test_a_call_that_is_over_leaves_no_socket_open(answer: bytes) -> None:
    async with serving(replying(answer)) as server, PokuClient("k", base_url=server.url) as client:
        with _nothing_collected():
            before = _open_sockets()
            await client.place(_REQUEST)
            await server.closed.get()
            await anyio.sleep(0.05)
            assert _open_sockets() == before


# --- fair to the others ------------------------------------------------------------------------


@contextmanager
def _flood(drop: bytes) -> Iterator[str]:
    """A server in a thread of its own that answers for ten seconds, as fast as it is read."""
    listening = socket.create_server(("127.0.0.1", 0))
    until_s = time.monotonic() + 10

    def pour() -> None:
        try:
            talking, _ = listening.accept()
            with talking:
                talking.recv(65_536)
                while time.monotonic() < until_s:
                    talking.sendall(drop * 2000)
        except OSError:
            pass

    thread = threading.Thread(target=pour, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.close()
        thread.join(10)


async def test_a_server_that_never_stops_is_given_up_and_holds_nobody_else_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client_module, "_CONNECT_TIMEOUT_S", 0.3)
    monkeypatch.setattr(client_module, "_WRITE_TIMEOUT_S", 0.1)
    turns = 0

    async def count_turns() -> None:
        nonlocal turns
        while True:
            await anyio.sleep(0.01)
            turns += 1

    with _flood(b"HTTP/1.1 100 Continue\r\n\r\n") as url:
        async with (
            PokuClient("key", base_url=url, call_timeout_s=0.5) as client,
            anyio.create_task_group() as tasks,
        ):
            tasks.start_soon(count_turns)
            began_s = time.monotonic()
            answer = await client.place(_REQUEST)
            assert time.monotonic() - began_s < 8
            tasks.cancel_scope.cancel()
    assert isinstance(answer, Doubtful)
    assert "Time" in answer.evidence
    assert turns > 1


async def test_a_call_makes_no_task_of_its_own() -> None:
    made = 0

    def count(
        loop: asyncio.AbstractEventLoop, coroutine: Any, **options: Any
    ) -> "asyncio.Task[Any]":
        nonlocal made
        made += 1
        return asyncio.Task(coroutine, loop=loop, **options)

    # The server lives in another loop, so that its tasks are not counted.
    with _answering() as url:
        async with PokuClient("key", base_url=url) as client:
            loop = asyncio.get_running_loop()
            loop.set_task_factory(count)
            try:
                for _ in range(5):
                    assert isinstance(await client.place(_REQUEST), Ended)
            finally:
                loop.set_task_factory(None)
    assert made == 0


@contextmanager
def _answering(received: list[bytes] | None = None) -> Iterator[str]:
    """A server in a thread of its own; ``received`` gets what each connection gave at first."""
    listening = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        while True:
            try:
                talking, _ = listening.accept()
            except OSError:
                return
            with talking:
                data = talking.recv(1 << 20)
                if received is not None:
                    received.append(data)
                talking.sendall(http(200, ENDED))

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(10)


async def test_a_request_leaves_in_one_piece() -> None:
    received: list[bytes] = []
    with _answering(received) as url:
        async with PokuClient("key", base_url=url) as client:
            await client.place(_REQUEST)
    assert received[0].startswith(b"POST /calls HTTP/1.1\r\n")
    assert received[0].endswith(b'{"prompt":"Say hello.","to":"+14155550100"}')


@contextmanager
def _stream_whose_peer_is_gone(said: bytes) -> Iterator[SocketStream]:
    """A connection whose other side said something, read nothing and closed."""
    ours, theirs = socket.socketpair()
    ours.settimeout(0)
    theirs.send(said)
    theirs.close()
    with ours:
        yield SocketStream(asyncio.get_running_loop(), ours)


async def test_an_answer_counts_although_the_request_could_not_be_sent() -> None:
    with _stream_whose_peer_is_gone(b"HTTP/1.1 413 Too Large") as stream:
        await stream.write(b"POST /calls", 1)
        assert await stream.read(100, 1) == b"HTTP/1.1 413 Too Large"
        assert await stream.read(100, 1) == b""


async def test_what_cannot_be_sent_is_told_where_it_is_sent() -> None:
    with _stream_whose_peer_is_gone(b"") as stream, pytest.raises(httpcore.WriteError):
        await stream.write(b"x" * 100_000, 1)


# --- how they are set --------------------------------------------------------------------------


async def test_a_silent_connection_is_kept_alive() -> None:
    async with serving(replying(b"")) as server:
        port = int(server.url.rpartition(":")[2])
        stream = await SocketBackend().connect_tcp(
            "127.0.0.1", port, 5, socket_options=transport_module._SOCKET_OPTIONS
        )
        connected = stream.get_extra_info("socket")
        assert connected.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) != 0
        assert connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0
        if hasattr(socket, "TCP_KEEPIDLE"):
            assert connected.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 60
        await stream.aclose()


async def test_every_connection_of_a_client_has_one_tls_context_and_speaks_http_1_1(
    certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoken: list[str | None] = []

    async def note(connection: Connection) -> None:
        await connection.request()
        spoken.append(connection.writer.get_extra_info("ssl_object").selected_alpn_protocol())
        await connection.send(http(200, ENDED))

    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "good.pem"))
    context = tls_of(certificates, "good")
    context.set_alpn_protocols(["h2", "http/1.1"])
    async with serving(note, tls=context) as server, PokuClient("k", base_url=server.url) as client:
        monkeypatch.setattr(ssl, "create_default_context", None)
        for _ in range(2):
            assert isinstance(await client.place(_REQUEST), Ended)
    assert spoken == ["http/1.1", "http/1.1"]


def test_elsewhere_than_on_asyncio_httpcores_own_network_is_used() -> None:
    assert isinstance(transport_module._backend(), httpcore.AnyIOBackend)


async def test_on_asyncio_our_own_network_is_used() -> None:
    assert isinstance(transport_module._backend(), SocketBackend)


# --- hosts of several addresses ----------------------------------------------------------------


def _has_addresses(monkeypatch: pytest.MonkeyPatch, *places: tuple[str, int]) -> None:
    """Let every name have these addresses."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in places]

    async def look_up(*_: object, **__: object) -> list[Any]:
        return found

    monkeypatch.setattr(sockets_module, "_look_up", look_up)


def _place_of(url: str) -> tuple[str, int]:
    return "127.0.0.1", int(url.rpartition(":")[2])


async def _place_at_localhost(port: int) -> object:
    async with PokuClient("key", base_url=f"http://localhost:{port}") as client:
        return await client.place(_REQUEST)


async def test_an_address_that_says_nothing_is_passed_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with serving(replying(http(200, ENDED))) as server:
        with full_backlog() as port, anyio.fail_after(5):
            _has_addresses(monkeypatch, ("127.0.0.1", port), _place_of(server.url))
            answer = await _place_at_localhost(port)
    assert isinstance(answer, Ended)
    assert len(server.connections) == 1


async def test_an_address_that_refuses_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(replying(http(200, ENDED))) as server:
        with socket.socket() as bound:
            bound.bind(("127.0.0.1", 0))
            _has_addresses(monkeypatch, bound.getsockname(), _place_of(server.url))
            assert isinstance(await _place_at_localhost(1), Ended)


async def test_a_host_whose_addresses_all_refuse_was_never_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with socket.socket() as one, socket.socket() as two:
        one.bind(("127.0.0.1", 0))
        two.bind(("127.0.0.1", 0))
        _has_addresses(monkeypatch, one.getsockname(), two.getsockname())
        answer = await _place_at_localhost(1)
    assert isinstance(answer, TurnedAway)
    assert "ConnectError" in answer.why
