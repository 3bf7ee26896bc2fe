"""A stand-in for a chat endpoint, over real sockets, that answers as a test says.

Nothing of it comes of poku_batch: it knows the protocol by its pages alone.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tests.standin import Answer, Hang, Raw, Request


@dataclass(frozen=True, slots=True)
class Stall:
    """So many bytes, and then nothing for as long as the client stays."""

    data: bytes


Act = Answer | Raw | Hang | Stall | Callable[[dict[str, Any]], Answer]


def completion(content: object, **choice: Any) -> Answer:
    """A chat completion whose message has this content."""
    message = {"role": "assistant", "content": content}
    whole = {"index": 0, "message": message, "finish_reason": "stop", **choice}
    return Answer(body={"id": "c", "object": "chat.completion", "choices": [whole]})


def reading(outcome: str, **fields: Any) -> Answer:
    """A chat completion that holds a reading."""
    return completion(json.dumps({"outcome": outcome, "evidence": None, "fields": fields}))


@dataclass(slots=True)
class ChatServer:
    """``acts`` are done to the next requests in turn, the last of them to all further ones."""

    acts: list[Act]
    url: str = ""
    requests: list[Request] = field(default_factory=list)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [request.json for request in self.requests]

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
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

    async def end(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ")
        headers = tuple(
            (name, value) for name, _, value in (line.partition(": ") for line in head[1:] if line)
        )
        length = next((value for name, value in headers if name.lower() == "content-length"), "0")
        body = await reader.readexactly(int(length))
        at = asyncio.get_running_loop().time()
        self.requests.append(
            Request(method=method, path=path, headers=headers, body=body, open=1, at=at)
        )
        act = self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]
        if isinstance(act, Hang):
            await reader.read()
            return
        if isinstance(act, Stall):
            writer.write(act.data)
            await reader.read()
            return
        if not isinstance(act, Answer | Raw):
            act = act(json.loads(body))
        writer.write(act.encoded() if isinstance(act, Answer) else act.data)
        await writer.drain()


@asynccontextmanager
async def chat_server(*acts: Act) -> AsyncIterator[ChatServer]:
    """Run a stand-in on a free port of loopback."""
    chat = ChatServer(list(acts))
    server = await asyncio.start_server(chat.connected, "127.0.0.1", 0)
    chat.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield chat
    finally:
        server.close()
        await chat.end()
        await server.wait_closed()
