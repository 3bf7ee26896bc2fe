"""Whether a process is alive and ready, asked over a real socket."""

import json
import socket
import threading
from collections.abc import Mapping
from typing import Any

import anyio
import anyio.to_thread
import pytest

from poku_batch.events import Draining, LedgerTrouble, LedgerWorks, RunStarted
from poku_batch.telemetry import HealthServer, Readiness
from tests.telemetry.telemetry_events import full

pytestmark = pytest.mark.anyio


async def get(server: HealthServer, request: str) -> tuple[int, dict[str, Any], bytes]:
    """The status, the body and the whole answer to a raw request."""
    host, port = server.address.rsplit(":", 1)
    async with await anyio.connect_tcp(host, int(port)) as stream:
        await stream.send(request.encode())
        answer = b""
        with anyio.fail_after(10):
            async for part in stream:
                answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body), answer


def asked(path: str, method: str = "GET") -> str:
    return f"{method} {path} HTTP/1.1\r\nHost: x\r\n\r\n"


async def test_health_and_readiness_are_told_by_status() -> None:
    facts: dict[str, Any] = {"ready": False, "draining": False}

    async def ask() -> Mapping[str, Any]:
        return facts

    server = HealthServer(ask)
    async with server.listening():
        assert server.address.startswith("127.0.0.1:")
        assert (await get(server, asked("/healthz")))[:2] == (200, {"alive": True})
        assert (await get(server, asked("/readyz")))[:2] == (503, facts)
        facts["ready"] = True
        assert (await get(server, asked("/readyz?verbose")))[:2] == (200, facts)
        for request in (asked("/"), asked("/healthz", "POST"), "nonsense\r\n\r\n"):
            assert (await get(server, request))[0] == 404


async def test_a_check_that_fails_or_hangs_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("poku_batch.telemetry.health._ANSWER_S", 0.05)
    faults: list[Exception | None] = [RuntimeError("secret"), None]

    async def ask() -> Mapping[str, Any]:
        if (fault := faults.pop(0)) is not None:
            raise fault
        await anyio.sleep_forever()
        raise AssertionError

    server = HealthServer(ask)
    async with server.listening():
        status, facts, answer = await get(server, asked("/readyz"))
        assert (status, facts) == (503, {"ready": False, "why": "RuntimeError"})
        assert b"secret" not in answer
        status, facts, _ = await get(server, asked("/readyz"))
        assert (status, facts["ready"]) == (503, False)


async def test_who_says_nothing_or_too_much_takes_nobodys_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("poku_batch.telemetry.health._READ_S", 0.2)

    async def ask() -> Mapping[str, Any]:
        return {"ready": True}

    server = HealthServer(ask)
    async with server.listening():
        host, port = server.address.rsplit(":", 1)
        silent = [socket.create_connection((host, int(port))) for _ in range(40)]
        silent[0].sendall(b"x" * 100_000)
        silent[1].close()
        assert (await get(server, asked("/readyz")))[0] == 200
        for one in silent:
            one.close()


async def test_an_event_loop_that_hangs_answers_nobody() -> None:
    async def ask() -> Mapping[str, Any]:
        return {"ready": True}

    server = HealthServer(ask)
    answers: list[bytes] = []

    def probe() -> None:
        host, port = server.address.rsplit(":", 1)
        with socket.create_connection((host, int(port)), timeout=0.3) as stream:
            stream.sendall(asked("/healthz").encode())
            try:
                answers.append(stream.recv(100))
            except TimeoutError:
                answers.append(b"")

    async with server.listening():
        hung = threading.Thread(target=probe)
        hung.start()
        hung.join()  # the event loop waits here, and does nothing else
        await anyio.to_thread.run_sync(probe)
    assert answers == [b"", answers[1]]
    assert answers[1].startswith(b"HTTP/1.1 200")


async def test_nobody_is_answered_after_the_end_and_an_open_request_is_let_go() -> None:
    server = HealthServer(anyio.sleep_forever)  # type: ignore[arg-type]
    async with server.listening():
        host, port = server.address.rsplit(":", 1)
        waiting = await anyio.connect_tcp(host, int(port))
        await waiting.send(asked("/readyz").encode())
        await anyio.sleep(0.05)
    async with waiting:
        with anyio.fail_after(2), pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
            await waiting.receive()
    with pytest.raises(OSError, match=r"connect|refused"):
        await anyio.connect_tcp(host, int(port))


def test_a_run_is_ready_while_it_begins_calls_and_can_write_them_down() -> None:
    readiness = Readiness()

    def ready() -> bool:
        return bool(readiness.facts(ledger=True)["ready"])

    assert not ready()
    readiness.emit(full(RunStarted))
    assert ready()
    assert not readiness.facts(ledger=False)["ready"]
    readiness.emit(full(LedgerTrouble))
    assert not ready()
    readiness.emit(full(LedgerWorks))
    assert ready()
    readiness.emit(full(Draining))
    assert readiness.facts(ledger=True) == {
        "ready": False,
        "started": True,
        "draining": True,
        "ledger": True,
    }
