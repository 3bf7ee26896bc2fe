"""Too much of everything: bodies, heads, connections, streams, and patience."""

import re
import socket
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from poku_batch.dashboard.guard import Bounds
from poku_batch.dashboard.guard.server import ImpatientProtocol
from tests.dashboard.guarded import Answer, Served, get, guarded, head, raw, read_answer

BOUNDS = Bounds(upload=1024 * 1024, requests=4, streams=2, pause_s=0.3, form_s=8.0, upload_s=1.5)
SECURE = ["content-security-policy", "x-content-type-options", "referrer-policy"]


@pytest.fixture
def served() -> Iterator[Served]:
    with guarded(bounds=BOUNDS) as served:
        yield served


@pytest.fixture
def allowed(served: Served) -> list[str]:
    """The header lines of somebody who may change things."""
    page = get(served.port)
    token = re.search(rb'<p id="token">([0-9a-f]{64})</p>', page.body)
    assert token is not None
    cookie = page.header("set-cookie").partition(";")[0]
    return [f"Cookie: {cookie}", f"X-CSRF-Token: {token[1].decode()}"]


def connected(served: Served, request: bytes = b"") -> socket.socket:
    client = socket.create_connection(("127.0.0.1", served.port), timeout=5)
    client.sendall(request)
    return client


def ended_s(client: socket.socket) -> float:
    """Wait until the other side closes; gives the seconds."""
    began = time.monotonic()
    with suppress(ConnectionError):
        while client.recv(65_536):
            pass
    return time.monotonic() - began


def send_endlessly(client: socket.socket, piece: bytes, *, most: int = 64 << 20) -> int:
    """Send a piece again and again until the other side has enough; gives the bytes."""
    sent = 0
    with suppress(OSError):
        while sent < most:
            client.sendall(piece)
            sent += len(piece)
    return sent


def answer_of(client: socket.socket) -> Answer | None:
    with suppress(OSError, EOFError):
        return read_answer(client)
    return None


@pytest.mark.parametrize(("path", "most"), [("/do", 64 * 1024), ("/upload", 1024 * 1024)])
def test_a_body_that_says_it_is_too_large_is_not_read(
    served: Served, allowed: list[str], path: str, most: int
) -> None:
    for size in [most + 1, 10**18]:
        request = head("POST", path, served.host, *allowed, f"Content-Length: {size}")
        answer = raw(served.port, request + b"x" * 70_000)
        assert (answer.status, answer.header("connection")) == (413, "close")
    assert (served.app.taken, served.app.done) == (0, [])
    form = "Content-Type: application/x-www-form-urlencoded"
    fits = head("POST", path, served.host, *allowed, form, f"Content-Length: {most}")
    assert raw(served.port, fits + b"x" * most).status == 200


def test_a_chunked_body_without_end_is_cut_off(served: Served, allowed: list[str]) -> None:
    lines = [*allowed, "Transfer-Encoding: chunked"]
    piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    with connected(served, head("POST", "/upload", served.host, *lines)) as client:
        sent = send_endlessly(client, piece)
        answer = answer_of(client)
    assert sent < 32 << 20
    assert answer is None or answer.status == 413
    assert served.app.taken <= 1024 * 1024
    assert (served.app.done, served.app.ended) == ([], 1)
    assert get(served.port).status == 200


def test_a_chunked_body_that_is_too_large_is_told_so(served: Served, allowed: list[str]) -> None:
    lines = [*allowed, "Transfer-Encoding: chunked"]
    piece = b"fff0\r\n" + b"x" * 0xFFF0 + b"\r\n"
    answer = raw(served.port, head("POST", "/upload", served.host, *lines) + piece * 17)
    assert (answer.status, answer.body) == (413, b"That is too large: 1 MiB are the most.\n")
    form = [*lines, "Content-Type: application/x-www-form-urlencoded"]
    answer = raw(served.port, head("POST", "/do", served.host, *form) + piece * 2)
    assert (answer.status, answer.body) == (413, b"That is too large: 64 KiB are the most.\n")
    assert served.app.done == []


def test_a_form_that_never_shows_its_token_is_held_in_little_memory(served: Served) -> None:
    lines = ["Transfer-Encoding: chunked", "Content-Type: multipart/form-data; boundary=b"]
    tracemalloc.start()
    try:
        with connected(served, head("POST", "/upload", served.host, *lines)) as client:
            send_endlessly(client, b"10000\r\n" + b"-" * 0x10000 + b"\r\n", most=8 << 20)
            answer_of(client)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 2 << 20
    assert served.app.taken == 0


def test_a_body_without_end_of_a_get_is_cut_off(served: Served) -> None:
    request = head("GET", "/", served.host, "Transfer-Encoding: chunked")
    with connected(served, request) as client:
        sent = send_endlessly(client, b"10000\r\n" + b"x" * 0x10000 + b"\r\n")
    assert sent < 32 << 20


def test_a_body_that_stops_is_not_waited_for(served: Served, allowed: list[str]) -> None:
    for path in ["/do", "/upload"]:
        form = "Content-Type: application/x-www-form-urlencoded"
        request = head("POST", path, served.host, *allowed, form, "Content-Length: 100")
        began = time.monotonic()
        answer = raw(served.port, request + b"what=c")
        assert (answer.status, answer.header("connection")) == (408, "close")
        assert 0.2 < time.monotonic() - began < 2
    assert served.app.done == []


def test_a_body_that_trickles_is_not_waited_for(served: Served, allowed: list[str]) -> None:
    request = head("POST", "/upload", served.host, *allowed, "Content-Length: 100000")
    began = time.monotonic()
    with connected(served, request) as client:
        with suppress(OSError):
            while time.monotonic() - began < 4:
                client.sendall(b"x")
                time.sleep(0.1)
        assert time.monotonic() - began < 3
    assert (served.app.done, served.app.ended) == ([], 1)


def test_a_form_of_a_million_fields_is_refused(served: Served, allowed: list[str]) -> None:
    body = b"a&" * 30_000
    lines = [allowed[0], "Content-Type: application/x-www-form-urlencoded"]
    request = head("POST", "/do", served.host, *lines, f"Content-Length: {len(body)}")
    assert raw(served.port, request + body).status == 403


def test_a_silent_connection_and_a_slow_head_are_closed(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImpatientProtocol, "head_s", 0.5)
    with connected(served) as silent, connected(served, b"GET / HT") as half:
        assert ended_s(silent) < 2
        assert ended_s(half) < 2
    began = time.monotonic()
    with connected(served, b"GET / HTTP/1.1\r\n") as client, suppress(OSError):
        while time.monotonic() - began < 4:
            client.sendall(b"X: y\r\n")
            time.sleep(0.05)
    assert time.monotonic() - began < 2
    with connected(served, head("GET", "/", served.host)) as client:
        assert read_answer(client).status == 200
        client.sendall(b"GET / HT")
        assert ended_s(client) < 2


def test_a_request_may_take_longer_than_its_head(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ImpatientProtocol, "head_s", 0.3)
    with connected(served, head("GET", "/slow", served.host)) as client:
        assert read_answer(client).body == b"at last"


def test_an_answer_that_nobody_takes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImpatientProtocol, "untaken_s", 0.5)
    with guarded() as served, socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.connect(("127.0.0.1", served.port))
        show = "x" * 15_000
        with suppress(OSError):  # hundreds of requests, and not an answer read
            for _ in range(2_000):
                client.sendall(head("GET", f"/?show={show}", served.host))
        deadline = time.monotonic() + 5
        while not _is_cut(client) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert _is_cut(client)


def _is_cut(client: socket.socket) -> bool:
    """Whether the other side has reset the connection."""
    client.settimeout(0.2)
    try:
        client.sendall(b"x")
    except TimeoutError:
        return False
    except OSError:
        return True
    return False


@pytest.mark.parametrize(
    "request_",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/1.1\r\n: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nX: a\x00b\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused(served: Served, request_: bytes) -> None:
    answer = raw(served.port, request_ + b"\r\n\r\n")

    assert answer.status in {400, 431, 501}
    assert all(answer.header(name) for name in SECURE)
    assert answer.header("connection") == "close"


@pytest.mark.parametrize("size", [33_000, 60_000, 1_000_000])
def test_a_head_that_is_too_long_is_refused(served: Served, size: int) -> None:
    assert get(served.port, "/", f"X: {'y' * 30_000}").status == 200
    assert get(served.port, "/", f"X: {'y' * size}").status in {400, 431}
    assert get(served.port, f"/?show={'y' * size}").status in {400, 431}


def test_a_head_without_end_is_cut_off(served: Served) -> None:
    with connected(served, b"GET / HTTP/1.1\r\n") as client:
        sent = send_endlessly(client, b"X: " + b"y" * 1_000 + b"\r\n", most=32 << 20)
    assert sent < 16 << 20


def test_a_body_that_breaks_off_in_nonsense_ends_what_was_begun(
    served: Served, allowed: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    request = head("POST", "/upload", served.host, *allowed, "Transfer-Encoding: chunked")
    with connected(served, request + b"5\r\nabcde\r\n") as client:
        time.sleep(0.1)
        client.sendall(b"no size\r\n")
        assert read_answer(client).status == 400
    with connected(served, request) as client:
        time.sleep(0.1)
    time.sleep(0.1)
    assert (served.app.done, served.app.ended) == ([], 2)
    assert "Traceback" not in caplog.text
    assert "Invalid" not in caplog.text, "who sends nonsense writes onto no terminal"


def test_requests_at_once_are_bounded_and_places_are_given_back(served: Served) -> None:
    with ExitStack() as stack:
        held = [
            stack.enter_context(connected(served, head("GET", "/slow", served.host)))
            for _ in range(BOUNDS.requests)
        ]
        time.sleep(0.2)
        refused = get(served.port)
        assert (refused.status, refused.header("retry-after")) == (503, "2")
        assert [read_answer(client).status for client in held] == [200] * BOUNDS.requests
    assert get(served.port).status == 200


def test_streams_are_bounded_and_do_not_take_the_requests_places(served: Served) -> None:
    for _ in range(2):
        with ExitStack() as stack:
            for _ in range(BOUNDS.streams):
                client = stack.enter_context(connected(served, head("GET", "/events", served.host)))
                assert client.recv(15).startswith(b"HTTP/1.1 200")
            refused = get(served.port, "/events")
            assert (refused.status, refused.header("retry-after")) == (503, "2")
            assert get(served.port).status == 200
        time.sleep(0.3)
    assert served.app.ended == 2 * BOUNDS.streams


def test_connections_are_bounded(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImpatientProtocol, "most", 8)
    with ExitStack() as stack:
        held = [stack.enter_context(connected(served)) for _ in range(8)]
        time.sleep(0.1)
        with connected(served) as one_more:
            assert ended_s(one_more) < 1
        held[0].sendall(head("GET", "/", served.host))
        assert read_answer(held[0]).status == 200


def test_a_web_socket_is_refused(served: Served) -> None:
    lines = [
        "Connection: Upgrade",
        "Upgrade: WebSocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]
    answer = raw(served.port, head("GET", "/events", served.host, *lines))
    assert (answer.status, answer.body) == (400, b"There are no web sockets here.\n")


def test_a_request_that_is_smuggled_behind_another_is_judged_itself(served: Served) -> None:
    evil = head("POST", "/do", "rebound.example", "Content-Length: 0")
    with connected(served, head("GET", "/", served.host) + evil) as client:
        assert read_answer(client).status == 200
        # Both may have arrived in one piece.
        with suppress(OSError, EOFError):
            assert read_answer(client).status == 421
    both = ["Content-Length: 6", "Transfer-Encoding: chunked"]
    raw(served.port, head("GET", "/", served.host, *both) + b"0\r\n\r\n" + evil)
    assert served.app.done == []
