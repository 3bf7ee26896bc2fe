"""Whether the process is alive and takes work, for whatever restarts it or sends it work.

``/healthz`` answers as long as the event loop turns. ``/readyz`` answers 200 where the process is
ready, else 503; both say why in JSON. It listens on loopback unless told otherwise, reads no more
than a request's first lines, and tells nothing that names a person.
"""

import asyncio
import json
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import anyio

from poku_batch.events import Draining, Event, LedgerTrouble, LedgerWorks, RunEnded, RunStarted

#: How long a request may take to come, and an answer to be found, in seconds.
_READ_S = 5.0
_ANSWER_S = 3.0
#: How many bytes of a request are read, and how many are answered at once.
_MOST_BYTES = 8_192
_MOST_AT_ONCE = 16

#: What is asked at every ``/readyz``: facts in JSON's kinds of values; ``ready`` is among them.
Ask = Callable[[], Awaitable[Mapping[str, Any]]]


@dataclass(slots=True)
class Readiness:
    """What events tell of whether a run takes work: it was begun, does not drain, can write."""

    started: bool = False
    draining: bool = False
    ledger_writes: bool = True

    def emit(self, event: Event) -> None:
        """Take an event."""
        match event:
            case RunStarted():
                self.started = True
            case Draining() | RunEnded():
                self.draining = True
            case LedgerTrouble():
                self.ledger_writes = False
            case LedgerWorks():
                self.ledger_writes = True

    def facts(self, *, ledger: bool) -> dict[str, Any]:
        """How it stands; ``ledger``: it could be read just now."""
        reachable = ledger and self.ledger_writes
        return {
            "ready": self.started and not self.draining and reachable,
            "started": self.started,
            "draining": self.draining,
            "ledger": reachable,
        }


class HealthServer:
    """Answers ``/healthz`` and ``/readyz`` on one address; ``ask`` says how it stands.

    It is a part of the event loop, and of no task: whoever opened it is neither cancelled by it nor
    told of what goes wrong with somebody's request.
    """

    def __init__(self, ask: Ask, *, host: str = "127.0.0.1", port: int = 0) -> None:
        """Take who is asked, and where to listen (port 0 for any)."""
        self._ask = ask
        self._host = host
        self._port = port
        self._limit = asyncio.Semaphore(_MOST_AT_ONCE)
        self._answering: set[asyncio.Task[Any]] = set()
        #: Where it listens, once it does: ``127.0.0.1:8080``.
        self.address = ""

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Answer for as long as the block. Raises ``OSError`` where the address cannot be had."""
        server = await asyncio.start_server(
            self._connected, self._host, self._port, limit=_MOST_BYTES
        )
        self.address = _shown(server.sockets[0].getsockname())
        try:
            yield
        finally:
            server.close()
            for task in tuple(self._answering):
                task.cancel()

    async def _connected(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 – each connection has one
        self._answering.add(task)
        try:
            # Whatever somebody sends, the others are answered.
            with suppress(Exception, asyncio.CancelledError):
                async with self._limit, asyncio.timeout(_READ_S):
                    await self._exchange(reader, writer)
        finally:
            self._answering.discard(task)
            writer.close()

    async def _exchange(self, reader: StreamReader, writer: StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        line = head.split(b"\r\n", 1)[0].decode("ascii", "replace")
        status, facts = await self._answer(line)
        writer.write(_response(status, facts))
        await writer.drain()

    async def _answer(self, line: str) -> tuple[HTTPStatus, Mapping[str, Any]]:
        match line.split(" "):
            case ["GET" | "HEAD", path, *_] if path.split("?")[0] == "/healthz":
                return HTTPStatus.OK, {"alive": True}
            case ["GET" | "HEAD", path, *_] if path.split("?")[0] == "/readyz":
                facts = await self._facts()
                ready = facts.get("ready") is True
                return HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE, facts
            case _:
                return HTTPStatus.NOT_FOUND, {"paths": ["/healthz", "/readyz"]}

    async def _facts(self) -> Mapping[str, Any]:
        try:
            with anyio.fail_after(_ANSWER_S):
                return await self._ask()
        except TimeoutError:
            return {"ready": False, "why": "the ledger did not answer in time"}
        except Exception as error:  # a fault of a check is an answer, not an end
            return {"ready": False, "why": type(error).__name__}


def _shown(address: "tuple[Any, ...] | str") -> str:
    host, port = str(address[0]), address[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _response(status: HTTPStatus, facts: Mapping[str, Any]) -> bytes:
    body = json.dumps(facts).encode()
    head = [
        f"HTTP/1.1 {status.value} {status.phrase}",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        "Cache-Control: no-store",
        "Connection: close",
    ]
    return "\r\n".join([*head, "", ""]).encode() + body
