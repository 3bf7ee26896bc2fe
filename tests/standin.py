"""A stand-in for the Poku API, written from its pages alone: nothing here comes of poku_batch.

Sockets and asyncio, a thread of its own. It records every request as it came, byte for byte, and
how many calls were open at that moment. One number is answered by its ``acts``, one after the
other; whatever number has none is answered as a good call.
"""

import asyncio
import json
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Literal, Self

Generation = Literal["first", "second"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; header names as they were sent. ``open`` counts calls open, itself included.

    ``at`` is when it had come, in seconds of the monotonic clock.
    """

    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    open: int
    at: float

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer: ``body`` as JSON, or as it is where it is bytes."""

    status: int = 200
    body: Any = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()

    def encoded(self) -> bytes:
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        lines = [f"HTTP/1.1 {self.status} whatever", f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


@dataclass(frozen=True, slots=True)
class Raw:
    """So many bytes of anything, and then the connection closes; none: it just closes."""

    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Hang:
    """No answer for as long as the client stays."""


Act = Answer | Raw | Hang | Callable[[], Answer]


class StandIn:
    """Listens on a free port of loopback while its ``with`` block lasts."""

    def __init__(
        self, generation: Generation = "first", *, hold_s: float = 0.0, port: int = 0
    ) -> None:
        self.generation = generation
        self._port = port
        #: how long a call lasts
        self.hold_s = hold_s
        #: while true, no call ends
        self.held = False
        #: what a number's next placements are answered with
        self.acts: dict[str, list[Act]] = defaultdict(list)
        #: what every placement is answered with, whatever the number
        self.always: Act | None = None
        #: how often a call is said to be pending before it has ended
        self.polls = 1
        self.requests: list[Request] = []
        self.open = 0
        self.url = ""
        self._placed: dict[str, dict[str, Any]] = {}
        self._asked: dict[str, int] = defaultdict(int)
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(10)

    @property
    def calls(self) -> list[Request]:
        """The placements so far, in the order in which they came."""
        return [request for request in self.requests if request.method == "POST"]

    @property
    def numbers(self) -> list[str]:
        """Whom the placements were to, sorted."""
        return sorted(call.json["to"] for call in self.calls)

    def act(self, number: str, *acts: Act) -> None:
        """Answer a number's next placements so; further ones are good calls."""
        self.acts[number] += acts

    def wait_for(self, calls: int, *, within_s: float = 20.0) -> None:
        """Return once so many placements have come."""
        give_up = time.monotonic() + within_s
        while len(self.calls) < calls:
            assert time.monotonic() < give_up, f"only {len(self.calls)} calls came"
            time.sleep(0.01)

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        server = await asyncio.start_server(self._connected, "127.0.0.1", self._port, backlog=1000)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        self._ready.set()
        await self._over.wait()
        server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await server.wait_closed()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._exchange(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client has left, or the test is over
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            self._tasks.discard(task)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ")
        pairs = (line.split(": ", 1) for line in head[1:] if line)
        headers = tuple((name, value) for name, value in pairs)
        length = int(next((v for k, v in headers if k.lower() == "content-length"), "0"))
        body = await reader.readexactly(length)
        placing = method == "POST"
        self.open += placing
        try:
            self.requests.append(
                Request(
                    method=method,
                    path=path,
                    headers=headers,
                    body=body,
                    open=self.open,
                    at=time.monotonic(),
                )
            )
            act = await (self._place(json.loads(body)) if placing else self._tell(path))
            if isinstance(act, Hang):
                await reader.read()
            else:
                writer.write(act.encoded() if isinstance(act, Answer) else act.data)
                await writer.drain()
        finally:
            self.open -= placing

    async def _place(self, body: dict[str, Any]) -> Answer | Raw | Hang:
        acts = self.acts[body["to"]]
        act = self.always or (acts.pop(0) if acts else None)
        if act is not None:
            return act() if callable(act) else act
        identity = f"call-{len(self._placed) + 1}-{body['to'].lstrip('+')}"
        self._placed[identity] = body
        if self.generation == "second" and not body.get("waitForCallEnd"):
            return Answer(body={"interactionId": identity})
        await self._last()
        return Answer(
            body={
                "response": summary(body["to"]),
                "call": {"recordingUrl": recording(body["to"])},
                "interactionId": identity,
            }
        )

    async def _last(self) -> None:
        await asyncio.sleep(self.hold_s)
        while self.held:  # noqa: ASYNC110 – it is set from another thread
            await asyncio.sleep(0.01)

    async def _tell(self, path: str) -> Answer:
        identity = path.removeprefix("/interactions/").removesuffix("/status")
        body = self._placed.get(identity)
        if body is None:
            return Answer(status=404, body={"error": "no such interaction"})
        self._asked[identity] += 1
        told = {"interactionId": identity, "createdAt": "2026-11-22T15:00:00Z"}
        if self.held or self._asked[identity] <= self.polls:
            return Answer(body={**told, "status": "pending"})
        payload = {
            "interactionId": identity,
            "summary": summary(body["to"]),
            "from": "+14155550100",
            "to": body["to"],
            "recordingUrl": recording(body["to"]),
        }
        event = {"eventType": "call.conversation.ended", "payload": payload}
        return Answer(body={**told, "status": "ended", "completionEvent": event})


def summary(number: str) -> str:
    """What a good call to a number says: the number is in it, so that no row gets another's."""
    return f"Spoke with {number} and they were glad to hear from us."


def recording(number: str) -> str:
    return f"https://recordings.example/{number.lstrip('+')}.wav"


def numbers(count: int, *, first: int = 0) -> list[str]:
    """Valid numbers in international form, in order; none of them is reached from here."""
    return [f"+1415{555_0000 + first + n:07}" for n in range(count)]


def twice(called: Iterable[str]) -> list[str]:
    """Whoever was called more than once."""
    seen = list(called)
    return sorted({number for number in seen if seen.count(number) > 1})


def said(text: str) -> Answer:
    """A call that ended with these words as its summary."""
    return Answer(body={"response": text, "call": {}, "interactionId": f"said-{abs(hash(text))}"})
