"""An API that misbehaves, or is not the API at all: nobody is called twice, the key stays."""

import re
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from tests.program import KEY, Folder, Process, Result
from tests.standin import Answer, StandIn, numbers, summary


def _free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        port: int = bound.getsockname()[1]
        return port


def _memory(pid: int) -> int:
    """The most memory that a process has used so far, in bytes; 0 once it is gone."""
    with suppress(OSError):
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
        return int(found.group(1)) * 1024 if found else 0
    return 0


def _watched(process: Process) -> tuple[Result, int]:
    """A command's end, and by how many bytes its memory grew."""
    first = most = _memory(process.pid)
    while process.running:
        most = max(most, _memory(process.pid))
        time.sleep(0.05)
    return process.ended().checked(), most - first


def test_a_server_that_comes_up_late_gets_everybody_once(folder: Folder) -> None:
    port = _free_port()
    folder.serve(f"http://127.0.0.1:{port}")
    folder.people(numbers(8))
    process = folder.start()
    process.wait_for("cannot be reached")
    time.sleep(3)
    assert process.running
    with StandIn(port=port) as late:
        up_at = time.monotonic()
        result = process.ended().checked()
        assert result.code == 0, result
        assert late.numbers == numbers(8)
        assert max(call.at for call in late.calls) - up_at < 8
    assert folder.states() == ["done"] * 8
    assert [row["call_attempts"] for row in folder.results()] == ["1"] * 8


@pytest.mark.timeout(280)  # ten thousand requests one after another: the window shrinks to one slot
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_ten_thousand_answers_of_429_end_in_calls_that_rang_once(
    served: Folder, standin: StandIn
) -> None:
    people, times = 200, 50
    busy = Answer(status=429, body={"error": "slow down"}, headers=(("Retry-After", "0.01"),))
    served.people(numbers(people))
    for number in numbers(people):
        standin.act(number, *[busy] * times)
    served.write(limits={"concurrency": 100}, retries={"attempts": times + 1, "max_wait": "100ms"})
    result, grown = _watched(served.start())
    assert result.code == 0, result
    placed = Counter(standin.numbers)
    assert set(placed) == set(numbers(people))
    assert set(placed.values()) == {times + 1}
    assert served.states() == ["done"] * people
    assert [row["call_attempts"] for row in served.results()] == ["1"] * people
    assert grown < 80 << 20


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_an_answer_of_a_hundred_megabytes_is_unknown_and_is_not_read_into_memory(
    served: Folder, standin: StandIn
) -> None:
    served.people(numbers(3))
    standin.act(numbers(3)[1], Answer(body=b'{"response": "' + b"x" * (100 << 20)))
    result, grown = _watched(served.start())
    assert result.code == 3, result
    assert served.states() == ["done", "unknown", "done"]
    assert "over 1 MiB" in served.results()[1]["call_error"]
    assert standin.numbers == numbers(3)
    assert grown < 80 << 20


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_host_brings_that_host_nothing(
    served: Folder, standin: StandIn, standins: Callable[[], StandIn], status: int
) -> None:
    other = standins()
    target = other.url.replace("127.0.0.1", "localhost") + "/calls"
    standin.always = Answer(status=status, headers=(("Location", target),))
    served.people(numbers(3))
    result = served.run()
    assert result.code in (3, 4), result
    assert other.requests == []
    assert max(Counter(standin.numbers).values()) == 1
    assert set(served.states()) <= {"pending", "unknown"}


@pytest.mark.parametrize("names", ["lower", "upper"])
def test_proxies_that_the_environment_names_are_not_used(
    served: Folder, standin: StandIn, standins: Callable[[], StandIn], names: str
) -> None:
    proxy = standins()
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        served.env[name if names == "lower" else name.upper()] = proxy.url
    served.env["NO_PROXY"] = "elsewhere.example"
    served.people(numbers(3))
    result = served.run()
    assert result.code == 0, result
    assert proxy.requests == []
    assert standin.numbers == numbers(3)


@contextmanager
def _tls_server(context: ssl.SSLContext) -> Iterator[tuple[str, list[bytes]]]:
    """A server that shakes hands; gives its address and what was sent to it after that."""
    got: list[bytes] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                plain, _ = listening.accept()
            except OSError:
                return
            with suppress(OSError), context.wrap_socket(plain, server_side=True) as talking:
                got.append(talking.recv(65_536))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{listening.getsockname()[1]}", got
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(10)


@pytest.fixture
def self_signed(tmp_path: Path) -> ssl.SSLContext:
    """What a server needs whose certificate nobody has signed but itself."""
    command = shutil.which("openssl")
    if command is None:
        pytest.skip("needs the openssl command: install the package openssl")
    arguments = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    subprocess.run(
        [command, *arguments.split(), "-subj", "/CN=127.0.0.1", "-keyout", "key", "-out", "pem"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "pem", tmp_path / "key")
    return context


def test_a_certificate_that_is_not_trusted_stops_the_run_and_fails_nobody(
    folder: Folder, self_signed: ssl.SSLContext
) -> None:
    folder.people(numbers(5))
    with _tls_server(self_signed) as (url, got):
        folder.serve(url)
        began_at = time.monotonic()
        result = folder.run()
    assert time.monotonic() - began_at < 20
    assert result.code == 4, result
    assert "certificate is not trusted" in result.err
    assert "self-signed" in result.err
    assert "SSL_CERT_FILE" in result.err
    assert folder.states() == ["pending"] * 5
    assert b"".join(got) == b""


@contextmanager
def _plain_server(answer: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A server without TLS at an address that asks for it; gives what was sent to it, too."""
    got: list[bytes] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                talking, _ = listening.accept()
            except OSError:
                return
            with suppress(OSError), talking:
                got.append(talking.recv(65_536))
                talking.sendall(answer)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{listening.getsockname()[1]}", got
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(10)


def test_a_port_that_speaks_no_tls_stops_the_run_and_learns_no_key(
    folder: Folder, standin: StandIn
) -> None:
    folder.people(numbers(5))
    with _plain_server(b"HTTP/1.1 400 Bad Request\r\n\r\n") as (url, got):
        folder.serve(url)
        result = folder.run()
    assert result.code == 4, result
    assert "no secure connection to the API" in result.err
    assert folder.states() == ["pending"] * 5
    assert KEY.encode() not in b"".join(got)
    folder.serve(standin.url)
    assert folder.run().code == 0
    assert standin.numbers == numbers(5)
    assert [row["call_summary"] for row in folder.results()] == [summary(n) for n in numbers(5)]


def test_a_server_that_hangs_up_in_the_handshake_is_an_outage_and_no_fault_of_its_certificate(
    folder: Folder,
) -> None:
    folder.people(numbers(2))
    with _plain_server(b"") as (url, _):
        folder.serve(url)
        process = folder.start()
        process.wait_for("cannot be reached")
        process.signal()
        result = process.ended().checked()
    assert result.code == 4, result
    assert "certificate" not in result.err
    assert folder.states() == ["pending"] * 2
