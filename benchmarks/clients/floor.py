"""The least that Python can do: an asyncio protocol written by hand, a connection a call.

It knows no HTTP beyond this server's answers. It has no ledger, no template, no retry and no time
limit, and does not tell one failure from another. What it costs is what the event loop costs.
"""

import asyncio
import json
from typing import Any

from benchmarks.clients.shared import HEADERS, Job, in_slots, run

_HEAD = "POST /calls HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n" + "".join(
    f"{name}: {value}\r\n" for name, value in HEADERS.items()
)


class _Exchange(asyncio.Protocol):
    """Sends one request and gathers what comes until the other side closes."""

    def __init__(self, request: bytes, answer: "asyncio.Future[bytes]") -> None:
        self._request = request
        self._answer = answer
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.write(self._request)  # type: ignore[attr-defined]  # a stream's transport

    def data_received(self, data: bytes) -> None:
        self._received += data

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer.done():
            return
        if exc is not None or not self._received.startswith(b"HTTP/1.1 200"):
            self._answer.set_exception(exc or ConnectionError("closed without an answer"))
        else:
            self._answer.set_result(self._received.partition(b"\r\n\r\n")[2])


async def _main(todo: Job) -> None:
    loop = asyncio.get_running_loop()
    host, port = todo.address

    async def place(body: bytes) -> Any:
        head = f"{_HEAD}Content-Length: {len(body)}\r\n\r\n".encode()
        answer: asyncio.Future[bytes] = loop.create_future()
        await loop.create_connection(lambda: _Exchange(head + body, answer), host, port)
        return json.loads(await answer)

    await in_slots(todo, place)


if __name__ == "__main__":
    run(_main)
