"""The API's stand-in for measurements: written to cost next to nothing beside any client.

One asyncio protocol a connection, no framework: an answer is one ``bytes`` written when its time
has come. A call lasts as long as its prompt says (``hold 3.25`` seconds), so that every client is
given the same calls. It counts what a client must not do: numbers that were called twice, and the
most calls that were open at once.

``POST /calls`` answers when the call ends; with ``"waitForCallEnd":false`` in its body it answers
at once with an interaction ID, to be asked for at ``GET /interactions/ID/status``. ``GET /stats``
gives the counts as JSON, and ``POST /reset`` sets them to nothing.

``python -m benchmarks.server`` prints its port and serves until its standard input is closed.
"""

import argparse
import asyncio
import json
import re
import resource
import ssl
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

#: How many connections may wait to be accepted: all slots may open theirs at once.
_BACKLOG = 16_384

_HOLD = re.compile(rb"hold ([0-9.]+)")
_TO = re.compile(rb'"to": ?"([^"]+)"')
_LENGTH = re.compile(rb"content-length: ?([0-9]+)", re.IGNORECASE)
_NO_WAIT = re.compile(rb'"waitForCallEnd": ?false')


@dataclass(slots=True)
class Counts:
    """What the server saw; times in seconds of this machine's monotonic clock."""

    placed: int = 0
    ended: int = 0
    open: int = 0
    most_open: int = 0
    connections: int = 0
    open_connections: int = 0
    most_open_connections: int = 0
    polls: int = 0
    lost: int = 0
    first_at_s: float | None = None
    last_end_at_s: float = 0.0
    numbers: Counter[bytes] = field(default_factory=Counter)
    starts_s: list[float] = field(default_factory=list)
    ends_s: dict[int, float] = field(default_factory=dict)
    first_told_late_s: list[float] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """The counts, with the processor time of the server so far."""
        used = resource.getrusage(resource.RUSAGE_SELF)
        late = sorted(self.first_told_late_s)
        return {
            "placed": self.placed,
            "ended": self.ended,
            "open": self.open,
            "most_open": self.most_open,
            "connections": self.connections,
            "open_connections": self.open_connections,
            "most_open_connections": self.most_open_connections,
            "polls": self.polls,
            "lost": self.lost,
            "called_twice": sum(1 for times in self.numbers.values() if times > 1),
            "span_s": self.last_end_at_s - (self.first_at_s or 0.0),
            "first_at_s": self.first_at_s,
            "last_end_at_s": self.last_end_at_s,
            "late_median_s": late[len(late) // 2] if late else None,
            "late_p99_s": late[len(late) * 99 // 100] if late else None,
            "late_most_s": late[-1] if late else None,
            "cpu_s": used.ru_utime + used.ru_stime,
        }


class _Server:
    """The calls of one server."""

    def __init__(self) -> None:
        self.counts = Counts()

    def place(self, body: bytes) -> tuple[int, float, bool]:
        """Count a call; gives its number, its length in seconds, and whether the client waits."""
        counts = self.counts
        counts.placed += 1
        counts.open += 1
        counts.most_open = max(counts.most_open, counts.open)
        now = time.monotonic()
        if counts.first_at_s is None:
            counts.first_at_s = now
        to = _TO.search(body)
        if to is not None:
            counts.numbers[to[1]] += 1
        hold = _HOLD.search(body)
        return counts.placed, float(hold[1]) if hold else 0.0, _NO_WAIT.search(body) is None

    def end(self) -> None:
        """Count a call's end."""
        self.counts.ended += 1
        self.counts.open -= 1
        self.counts.last_end_at_s = time.monotonic()


class _Connection(asyncio.Protocol):
    """One connection: requests one after the other, answered in their time."""

    def __init__(self, server: _Server, loop: asyncio.AbstractEventLoop) -> None:
        self._server = server
        self._loop = loop
        self._held: asyncio.TimerHandle | None = None
        self._received = b""
        self._transport: asyncio.Transport | None = None
        self._closes = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's are asyncio's by duck type alone.
        self._transport = cast("asyncio.Transport", transport)
        counts = self._server.counts
        counts.connections += 1
        counts.open_connections += 1
        counts.most_open_connections = max(counts.most_open_connections, counts.open_connections)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 – asyncio's signature
        self._server.counts.open_connections -= 1
        if self._held is not None:
            self._held.cancel()
            self._server.counts.lost += 1
            self._server.counts.open -= 1

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._received[: end + 2]
        length = _LENGTH.search(head)
        size = end + 4 + (int(length[1]) if length else 0)
        if len(self._received) < size:
            return
        body = self._received[end + 4 : size]
        self._received = self._received[size:]
        self._closes = b"onnection: close" in head
        self._answer(head, body)

    def _answer(self, head: bytes, body: bytes) -> None:
        if head.startswith(b"POST /calls"):
            self._call(body)
        elif head.startswith(b"GET /interactions/"):
            self._tell(head)
        elif head.startswith(b"POST /reset"):
            self._server.counts = Counts()
            self._write({})
        else:
            self._write(self._server.counts.as_json())

    def _call(self, body: bytes) -> None:
        number, length_s, waits = self._server.place(body)
        if waits:
            self._held = self._loop.call_later(length_s, self._end, number)
            return
        self._server.counts.ends_s[number] = time.monotonic() + length_s
        self._loop.call_later(length_s, self._server.end)
        self._write({"interactionId": f"int-{number}"})

    def _end(self, number: int) -> None:
        self._held = None
        self._server.end()
        self._write(_ended(number))

    def _tell(self, head: bytes) -> None:
        counts = self._server.counts
        counts.polls += 1
        number = int(head.split(b"/", 3)[2].removeprefix(b"int-"))
        ends_at_s, now = counts.ends_s.get(number), time.monotonic()
        identity = f"int-{number}"
        if ends_at_s is not None and now < ends_at_s:
            self._write({"interactionId": identity, "status": "pending"})
            return
        if ends_at_s is not None:
            counts.first_told_late_s.append(now - ends_at_s)
            del counts.ends_s[number]
        event = {
            "eventType": "call.conversation.ended",
            "payload": {"interactionId": identity, "summary": "The appointment was confirmed."},
        }
        self._write({"interactionId": identity, "status": "ended", "completionEvent": event})

    def _write(self, answer: dict[str, Any]) -> None:
        assert self._transport is not None
        body = json.dumps(answer).encode()
        closing = b"connection: close\r\n" if self._closes else b""
        self._transport.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n%bcontent-length: %d\r\n\r\n%b"
            % (closing, len(body), body)
        )
        if self._closes:
            self._transport.close()


def _ended(number: int) -> dict[str, Any]:
    return {
        "response": "The appointment was confirmed.",
        "interactionId": f"int-{number}",
        "call": {"recordingUrl": f"https://recordings.example/{number}.mp3"},
    }


async def _serve(context: ssl.SSLContext | None) -> None:
    loop = asyncio.get_running_loop()
    server = _Server()
    listening = await loop.create_server(
        lambda: _Connection(server, loop), "127.0.0.1", 0, backlog=_BACKLOG, ssl=context
    )
    print(listening.sockets[0].getsockname()[1], flush=True)
    async with listening:
        await loop.run_in_executor(None, sys.stdin.read)


def main() -> None:
    """Serve on a free port of loopback, as fast as this machine allows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--certificate", type=Path, help="serve TLS with this PEM file")
    args = parser.parse_args()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, hard), hard))
    context = None
    if args.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(args.certificate)
    try:
        import uvloop
    except ImportError:
        asyncio.run(_serve(context))
    else:
        uvloop.run(_serve(context))


if __name__ == "__main__":
    main()
