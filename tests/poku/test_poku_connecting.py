"""Connections that are not made: nothing was sent, so the placement may be tried again."""

import socket
import ssl
from pathlib import Path

import anyio
import pytest

from poku_batch.errors import UsageError
from poku_batch.models import Answer, CallRequest, Doubtful, Ended, NotTold, Refused, TurnedAway
from poku_batch.models import InteractionId as Id
from poku_batch.poku import client as client_module
from poku_batch.poku.client import PokuClient
from tests.poku.certificates import tls_of
from tests.poku.poku_server import Connection, full_backlog, http, replying, serving

pytestmark = pytest.mark.anyio

_REQUEST = CallRequest(to="+14155550100", prompt="Say hello.")
_ENDED = http(200, b'{"response": "Confirmed."}')
_NEVER = "the request was not sent"


async def _place(url: str) -> Answer:
    async with PokuClient("key", base_url=url, call_timeout_s=5) as client:
        answer = await client.place(_REQUEST)
        if isinstance(answer, TurnedAway):
            standing = await client.standing(Id("one"))
            assert isinstance(standing, NotTold)
            assert standing.why.startswith(_NEVER)
        return answer


def _assert_never_sent(answer: Answer, *words: str) -> None:
    assert isinstance(answer, TurnedAway)
    assert answer.retry_after_s is None
    assert answer.why.startswith(_NEVER)
    for word in words:
        assert word in answer.why


async def test_a_name_that_does_not_exist_was_never_called() -> None:
    _assert_never_sent(await _place("https://nobody.invalid"), "Connect")


@pytest.mark.parametrize("host", ["a..b", "a" * 64 + ".invalid", "-.invalid", "127.0.0.1.2"])
async def test_a_name_that_cannot_exist_was_never_called(host: str) -> None:
    _assert_never_sent(await _place(f"https://{host}"), "Connect")


async def test_a_refused_connection_was_never_used() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        _assert_never_sent(await _place(f"http://127.0.0.1:{bound.getsockname()[1]}"), "Connect")


@pytest.mark.skipif(not hasattr(socket, "SO_PEERCRED"), reason="other kernels answer or refuse")
async def test_a_connection_that_does_not_come_about_in_time_was_never_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(client_module, "_CONNECT_TIMEOUT_S", 0.2)
    with full_backlog() as port:
        _assert_never_sent(await _place(f"http://127.0.0.1:{port}"), "ConnectTimeout")


# --- TLS ---------------------------------------------------------------------------------------


async def test_a_trusted_server_is_spoken_to(
    certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "good.pem"))
    async with serving(replying(_ENDED), tls=tls_of(certificates, "good")) as server:
        assert await _place(server.url) == Ended(summary="Confirmed.")
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("name", "trusted", "words"),
    [
        ("good", None, "self-signed"),
        ("expired", "expired", "expired"),
        ("other", "other", "127.0.0.1"),
    ],
)
async def test_a_certificate_that_proves_nothing_gets_no_request(
    certificates: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    trusted: str | None,
    words: str,
) -> None:
    if trusted is not None:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificates / f"{trusted}.pem"))
    async with serving(replying(_ENDED), tls=tls_of(certificates, name)) as server:
        answer = await _place(server.url)
        assert server.requests == []
    assert isinstance(answer, Refused)
    assert "certificate is not trusted, so nothing was sent" in answer.why
    assert words in answer.why.replace("self signed", "self-signed")


async def test_a_server_that_speaks_no_tls_gets_no_request() -> None:
    async def speak_plainly(connection: Connection) -> None:
        await connection.send(http(400, b"plain HTTP"))
        await connection.until_closed()

    async with serving(speak_plainly) as server:
        answer = await _place(server.url.replace("http:", "https:"))
        assert server.requests == []
        assert all(b"Bearer" not in each.received for each in server.connections)
    assert isinstance(answer, Refused)
    assert "no secure connection to the API, so nothing was sent" in answer.why


@pytest.mark.parametrize("reset", [False, True])
async def test_a_handshake_that_breaks_off_sent_nothing(*, reset: bool) -> None:
    async def break_off(connection: Connection) -> None:
        await connection.reader.read(10)
        if reset:
            connection.reset()

    async with serving(break_off) as server:
        _assert_never_sent(await _place(server.url.replace("http:", "https:")), "ConnectError")


async def test_a_handshake_that_hangs_sent_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def say_nothing(connection: Connection) -> None:
        await connection.until_closed()

    monkeypatch.setattr(client_module, "_CONNECT_TIMEOUT_S", 0.2)
    async with serving(say_nothing) as server:
        _assert_never_sent(await _place(server.url.replace("http:", "https:")), "ConnectTimeout")


async def test_tls_that_fails_after_its_handshake_leaves_it_unknown(
    certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # TLS 1.3: the client is done, and writes, before the server asks in vain for its certificate.
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "good.pem"))
    context = tls_of(certificates, "good")
    context.verify_mode = ssl.CERT_REQUIRED
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    async with serving(replying(_ENDED), tls=context) as server:
        answer = await _place(server.url)
    assert isinstance(answer, Doubtful)


async def test_an_answer_that_tls_breaks_off_is_unknown(
    certificates: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cut(connection: Connection) -> None:
        await connection.request()
        await connection.send(_ENDED[:-3])
        # What follows the records that were well-formed is not one.
        raw = connection.writer.get_extra_info("socket")
        with socket.socket(fileno=socket.dup(raw.fileno())) as plain:
            plain.send(b"\x17\x03\x03\x00\x20" + b"x" * 32)
        await connection.until_closed()

    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "good.pem"))
    async with serving(cut, tls=tls_of(certificates, "good")) as server:
        assert isinstance(await _place(server.url), Doubtful)


async def test_a_cancelled_handshake_leaves_no_connection_open() -> None:
    greeted = anyio.Event()

    async def say_nothing(connection: Connection) -> None:
        await connection.reader.readexactly(1)
        greeted.set()
        await connection.until_closed()

    async with serving(say_nothing) as server:
        url = server.url.replace("http:", "https:")
        async with PokuClient("key", base_url=url) as client, anyio.create_task_group() as tasks:
            tasks.start_soon(client.place, _REQUEST)
            with anyio.fail_after(5):
                await greeted.wait()
            tasks.cancel_scope.cancel()
        with anyio.fail_after(5):
            await server.closed.get()


def test_certificates_that_cannot_be_read_are_told_before_anybody_is_called(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "none.pem"))
    with pytest.raises(UsageError, match="SSL_CERT_FILE"):
        PokuClient("key", base_url="https://nobody.invalid")
    PokuClient("key", base_url="http://127.0.0.1:1")


# --- addresses ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        *("", "api.pokulabs.com", "ftp://x", "http://api.pokulabs.com", "http://10.0.0.1"),
        *("https://user:secret@x", "https://x?y", "https://x#y", "https://[::g]", "https://"),
        *("https://x:99999", "https://x:y", "https://a b", "file:///etc/passwd", "https:x"),
    ],
)
def test_an_address_that_no_key_may_go_to_is_refused(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        PokuClient("key", base_url=url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://api.pokulabs.com", "https://api.pokulabs.com"),
        ("https://api.pokulabs.com/v1/", "https://api.pokulabs.com/v1"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.9:8000/", "http://127.0.0.9:8000"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_an_address_that_a_key_may_go_to_is_taken(url: str, shown: str) -> None:
    client = PokuClient("key", base_url=url)
    assert client.base_url == shown
    assert repr(client) == f"PokuClient(base_url={shown!r})"
