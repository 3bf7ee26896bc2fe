"""What fails is told as httpx's and httpcore's own transport tells it, over real sockets.

That transport is the measure: its classes say whether a call may have been placed. Each case is
played to both of them, on both loops, plain and through TLS; what the client makes of them must be
the same, to the name of the exception.
"""

import re
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import anyio
import httpcore
import httpx
import pytest

from poku_batch.models import Answer, CallRequest, Doubtful, Ended, Refused, TurnedAway
from poku_batch.poku import client as client_module
from poku_batch.poku.client import PokuClient
from tests.poku.acts import BROKEN, ENDED, FORMS, SLOW, UNREADABLE
from tests.poku.certificates import tls_of
from tests.poku.poku_server import Act, Connection, full_backlog, http, replying, serving

pytestmark = pytest.mark.anyio

_THEIRS = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError)
_CLASS = re.compile(r"\b[A-Z]\w+(?:Error|Timeout)\b")


class _Stock(httpx.AsyncBaseTransport):
    """httpcore's connection as it comes, on its own network; told by the names that httpx has."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = httpcore.URL(str(request.url))
        async with httpcore.AsyncHTTPConnection(
            url.origin,
            ssl_context=httpx.create_ssl_context() if url.scheme == b"https" else None,
            network_backend=httpcore.AnyIOBackend(),
        ) as connection:
            try:
                async with connection.stream(
                    request.method,
                    url,
                    headers=request.headers.raw,
                    content=request.content,
                    extensions=request.extensions,
                ) as answer:
                    body = b"".join([part async for part in answer.aiter_stream()])
            except ssl.SSLError as error:  # what httpcore lets through when the request was sent
                raise httpx.ReadError(str(error)) from error
            except _THEIRS as error:
                raise getattr(httpx, type(error).__name__)(str(error)) from error
        return httpx.Response(answer.status, headers=answer.headers, stream=_Whole(body))


class _Whole(httpx.AsyncByteStream):
    def __init__(self, body: bytes) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._body


async def _place(url: str, *, stock: bool, prompt: str, within_s: float) -> Answer:
    async with PokuClient("key", base_url=url, call_timeout_s=within_s) as client:
        if stock:
            client._transport = _Stock()  # type: ignore[assignment]
        return await client.place(CallRequest(to="+14155550100", prompt=prompt))


def _told(answer: Answer) -> object:
    """An answer without the words that no program reads; the exception's name stays."""
    match answer:
        case Doubtful(evidence=text) | TurnedAway(why=text) | Refused(why=text):
            return type(answer), _CLASS.findall(text) or text
        case _:
            return answer


async def _both(url: str, *, prompt: str = "Say hello.", within_s: float = 5.0) -> Answer:
    """Place a call through each transport; give the answer, which must be the same."""
    answers: dict[bool, Answer] = {}

    async def place(*, stock: bool) -> None:
        answers[stock] = await _place(url, stock=stock, prompt=prompt, within_s=within_s)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(lambda: place(stock=False))
        tasks.start_soon(lambda: place(stock=True))
    assert _told(answers[False]) == _told(answers[True])
    return answers[False]


@pytest.fixture(params=["plain", "TLS"])
def tls(
    request: pytest.FixtureRequest, certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> ssl.SSLContext | None:
    """What the server shows; the client trusts it."""
    if request.param == "plain":
        return None
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "good.pem"))
    return tls_of(certificates, "good")


# --- answers -----------------------------------------------------------------------------------


def _aborting(data: bytes) -> Act:
    """Read a request, send these bytes, and be gone: TLS without its farewell."""

    async def act(connection: Connection) -> None:
        await connection.request()
        await connection.send(data)
        await anyio.sleep(0.02)
        connection.writer.transport.abort()

    return act


_GONE: dict[str, Act] = {
    "gone with no answer": _aborting(b""),
    "gone after an answer": _aborting(http(200, ENDED)),
    "gone after an answer without a length": _aborting(b"HTTP/1.1 200 OK\r\n\r\n" + ENDED),
    "gone in an answer": _aborting(http(200, ENDED)[:-5]),
    "gone in a chunk": _aborting(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{}"),
    "gone in a header": _aborting(b"HTTP/1.1 200 OK\r\nContent-Le"),
    **{
        f"status {status}": replying(http(status, b'{"error": "no"}', "Location: /elsewhere"))
        for status in (101, 201, 204, 302, 307, 400, 401, 404, 429, 500, 503)
    },
    "a line without an end": replying(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200_000),
    "a huge header": replying(http(200, ENDED, "X: " + "y" * 90_000)),
    "a huge body": replying(http(200, b'{"response": "' + b"x" * 900_000 + b'"}')),
}
_ACTS = {
    **BROKEN,
    **{f"form: {name}": replying(answer) for name, answer in FORMS.items()},
    **{f"body: {name}": replying(http(200, body)) for name, body in UNREADABLE.items()},
    **_GONE,
}


@pytest.mark.parametrize("name", list(_ACTS))
async def test_an_answer_means_the_same(name: str, tls: ssl.SSLContext | None) -> None:
    async with serving(_ACTS[name], tls=tls) as server:
        await _both(server.url)
        assert len(server.connections) == 2


@pytest.mark.parametrize("name", list(SLOW))
async def test_an_answer_that_does_not_come_means_the_same(
    name: str, tls: ssl.SSLContext | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Silence is over after 0.3 s, a trickle after 0.6 s.
    monkeypatch.setattr(client_module, "_CONNECT_TIMEOUT_S", 0.2)
    monkeypatch.setattr(client_module, "_WRITE_TIMEOUT_S", 0.1)
    async with serving(SLOW[name], tls=tls) as server:
        assert isinstance(await _both(server.url, within_s=0.3), Doubtful)


# --- requests that are not taken ---------------------------------------------------------------


async def test_an_answer_before_the_request_was_taken_means_the_same(
    tls: ssl.SSLContext | None,
) -> None:
    async def refuse_early(connection: Connection) -> None:
        await connection.reader.readuntil(b"\r\n\r\n")
        await connection.send(http(413, b'{"error": "prompt too long"}'))
        await connection.until_closed()

    async with serving(refuse_early, tls=tls) as server:
        await _both(server.url, prompt="x" * 3_000_000)


def _assert_broken_off(answer: Answer) -> None:
    """Sent, and broken off; FIN or RST, whichever came first, decides how that is told."""
    assert isinstance(answer, Doubtful)
    assert _CLASS.findall(answer.evidence) in (["ReadError"], ["RemoteProtocolError"])


async def test_a_reset_while_the_request_is_sent_leaves_it_unknown(
    tls: ssl.SSLContext | None,
) -> None:
    async def reset_early(connection: Connection) -> None:
        await connection.reader.readuntil(b"\r\n\r\n")
        connection.reset()

    async with serving(reset_early, tls=tls) as server:
        for stock in (False, True):
            answer = await _place(server.url, stock=stock, prompt="x" * 3_000_000, within_s=5)
            _assert_broken_off(answer)


async def test_a_request_that_is_not_taken_in_time_means_the_same(
    tls: ssl.SSLContext | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def take_nothing(connection: Connection) -> None:
        await connection.reader.readuntil(b"\r\n\r\n")
        await anyio.sleep(1.5)
        connection.reset()

    monkeypatch.setattr(client_module, "_WRITE_TIMEOUT_S", 0.3)
    async with serving(take_nothing, tls=tls) as server:
        answer = await _both(server.url, prompt="x" * 30_000_000)
    assert isinstance(answer, Doubtful)
    assert "WriteTimeout" in answer.evidence


# --- connections that are not made -------------------------------------------------------------


@contextmanager
def _closed_port() -> Iterator[int]:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
async def test_a_refused_connection_means_the_same(host: str, scheme: str) -> None:
    with _closed_port() as port:
        assert isinstance(await _both(f"{scheme}://{host}:{port}"), TurnedAway)


@pytest.mark.parametrize(
    "host", ["nobody.invalid", "a..b", "a" * 64 + ".invalid", "-.invalid", "127.0.0.1.2"]
)
async def test_a_host_that_is_none_means_the_same(host: str) -> None:
    assert isinstance(await _both(f"https://{host}"), TurnedAway)


@pytest.mark.skipif(not hasattr(socket, "SO_PEERCRED"), reason="other kernels answer or refuse")
async def test_a_connection_that_does_not_come_about_means_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client_module, "_CONNECT_TIMEOUT_S", 0.2)
    with full_backlog() as port:
        answer = await _both(f"http://127.0.0.1:{port}")
    assert isinstance(answer, TurnedAway)
    assert "ConnectTimeout" in answer.why


async def test_a_name_with_several_addresses_is_reached_by_the_one_that_answers() -> None:
    # localhost is ::1 too on most machines, where nobody listens.
    async with serving(replying(http(200, ENDED))) as server:
        answer = await _both(server.url.replace("127.0.0.1", "localhost"))
    assert isinstance(answer, Ended)


# --- TLS that does not come about --------------------------------------------------------------


@pytest.mark.parametrize(
    ("shown", "trusted"),
    [("good", None), ("expired", "expired"), ("other", "other"), ("good", "other")],
)
async def test_a_certificate_that_proves_nothing_means_the_same(
    certificates: Path, monkeypatch: pytest.MonkeyPatch, shown: str, trusted: str | None
) -> None:
    if trusted is not None:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificates / f"{trusted}.pem"))
    async with serving(replying(http(200)), tls=tls_of(certificates, shown)) as server:
        answer = await _both(server.url)
        assert server.requests == []
    assert isinstance(answer, Refused)


@asynccontextmanager
async def _no_tls(act: Act) -> AsyncIterator[str]:
    async with serving(act) as server:
        yield server.url.replace("http:", "https:")
        assert server.requests == []


async def _speak_plainly(connection: Connection) -> None:
    await connection.send(http(400, b"plain HTTP"))
    await connection.until_closed()


async def _close_in_the_handshake(connection: Connection) -> None:
    await connection.reader.read(10)


async def _reset_in_the_handshake(connection: Connection) -> None:
    await connection.reader.read(10)
    connection.reset()


async def _half_a_record(connection: Connection) -> None:
    await connection.send(b"\x16\x03\x03\x00\x7a\x02\x00")


async def _an_alert(connection: Connection) -> None:
    await connection.reader.read(100)
    await connection.send(b"\x15\x03\x03\x00\x02\x02\x28")  # fatal, handshake_failure
    await connection.until_closed()


@pytest.mark.parametrize(
    "act",
    [
        *(_speak_plainly, _close_in_the_handshake, _reset_in_the_handshake),
        *(_half_a_record, _an_alert),
    ],
)
async def test_a_handshake_that_fails_means_the_same(act: Act) -> None:
    async with _no_tls(act) as url:
        assert isinstance(await _both(url), TurnedAway | Refused)


async def test_a_handshake_that_hangs_means_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    async def say_nothing(connection: Connection) -> None:
        await connection.until_closed()

    monkeypatch.setattr(client_module, "_CONNECT_TIMEOUT_S", 0.2)
    async with _no_tls(say_nothing) as url:
        answer = await _both(url)
    assert isinstance(answer, TurnedAway)
    assert "ConnectTimeout" in answer.why


async def _wants_a_certificate(
    certificates: Path, monkeypatch: pytest.MonkeyPatch, version: ssl.TLSVersion
) -> list[Answer]:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "good.pem"))
    context = tls_of(certificates, "good")
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = context.maximum_version = version
    async with serving(replying(http(200)), tls=context) as server:
        return [
            await _place(server.url, stock=stock, prompt="Say hello.", within_s=5)
            for stock in (False, True)
        ]


async def test_a_server_that_wants_a_certificate_before_the_request_means_the_same(
    certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours, stock = await _wants_a_certificate(certificates, monkeypatch, ssl.TLSVersion.TLSv1_2)
    assert _told(ours) == _told(stock)
    assert isinstance(ours, TurnedAway | Refused)


async def test_a_server_that_wants_a_certificate_after_the_request_leaves_it_unknown(
    certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for answer in await _wants_a_certificate(certificates, monkeypatch, ssl.TLSVersion.TLSv1_3):
        _assert_broken_off(answer)


async def test_a_record_that_is_none_means_the_same(
    certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cut(connection: Connection) -> None:
        await connection.request()
        await connection.send(http(200, ENDED)[:-3])
        raw = connection.writer.get_extra_info("socket")
        with socket.socket(fileno=socket.dup(raw.fileno())) as plain:
            plain.send(b"\x17\x03\x03\x00\x20" + b"x" * 32)
        await connection.until_closed()

    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "good.pem"))
    async with serving(cut, tls=tls_of(certificates, "good")) as server:
        assert isinstance(await _both(server.url), Doubtful)
