"""The API's stand-in for workers: a process of its own, whose log outlives every client.

Standard library only: ``python server.py FOLDER SEED LEAST_S MOST_S MODE TOGETHER [NAMESPACE …]``
prints its port and serves until its input ends, on the loopback of each network namespace, or of
its own. A phone rings the moment a whole request has come, and the call lasts from ``LEAST_S`` to
``MOST_S`` seconds whether or not anybody waits for its end. ``MODE`` is ``wait`` (the first
contract: the request is held until the end) or ``poll`` (the second: an ID comes, after a moment,
and the end is asked for). The first ``TOGETHER`` calls go on until all of them do, however long
that takes: then their time begins.

A worker's address ends in its name, ``/NAME``. ``rings.jsonl`` has a line a ring, ``[start, end,
key, id, worker]``, in seconds of the machine's clock, written before anything is answered; the key
is the last word of the prompt. ``told.jsonl`` has a line for each end that was told, ``[at, id,
key, worker, text]``, written when the answer had been sent. Nobody answers the first call to some.
"""

import asyncio
import ctypes
import json
import math
import os
import random
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

#: CLONE_NEWNET of Linux.
_NETWORK = 0x40000000

#: How many of those who are called do not answer at first.
_UNANSWERED = 0.1

#: How long an ID is waited for at the most, in seconds.
_ID_S = 0.2


class Call:
    """A phone that rings for ``span_s`` seconds, until ``end``; that is not known at first."""

    def __init__(self, name: str, key: str, worker: str, span_s: float, text: str) -> None:
        self.name = name
        self.key = key
        self.worker = worker
        self.start = time.time()
        self.span_s = span_s
        self.end = math.inf
        self.text = text


class Server:
    """Answers requests, and keeps what it did."""

    def __init__(
        self, folder: str, seed: int, least_s: float, most_s: float, mode: str, together: int
    ) -> None:
        self._rings = _opened(folder, "rings.jsonl")
        self._told = _opened(folder, "told.jsonl")
        self._seed = seed
        self._span = (least_s, most_s)
        self._mode = mode
        self._calls: dict[str, Call] = {}
        self._called: set[str] = set()
        self._together = together
        self._all_there = asyncio.Event()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.split("\r\n")
            _, worker, *path = first.split(" ")[1].split("/")
            if path[0] == "interactions":
                call = self._calls[path[1]]
                answer, ended = _standing(call)
            else:
                pairs = (line.partition(":") for line in lines)
                headers = {name.lower(): value.strip() for name, _, value in pairs}
                body = json.loads(await reader.readexactly(int(headers["content-length"])))
                call = self._ring(str(body["prompt"]).split()[-1], worker)
                answer, ended = await self._placed(call)
            text = json.dumps(answer).encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode() + text)
            await writer.drain()
            if ended and not writer.is_closing():
                self._note(self._told, time.time(), call.name, call.key, worker, call.text)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def _ring(self, key: str, worker: str) -> Call:
        chance = random.Random(f"{self._seed} {key}")  # noqa: S311 – the same in every test
        span_s = chance.uniform(*self._span)
        unanswered = chance.random() < _UNANSWERED and key not in self._called
        self._called.add(key)
        what = "Nobody answered at" if unanswered else "All is well with"
        name = f"call-{len(self._calls)}"
        call = self._calls[name] = Call(name, key, worker, span_s, f"{what} {key}, says {name}.")
        if len(self._calls) > self._together:
            self._begin(call, call.start)
        elif len(self._calls) == self._together:
            for first in self._calls.values():
                self._begin(first, call.start)
            self._all_there.set()
        return call

    def _begin(self, call: Call, at: float) -> None:
        """Let a call's time begin."""
        call.end = at + call.span_s
        self._note(self._rings, call.start, call.end, call.key, call.name, call.worker)

    async def _placed(self, call: Call) -> tuple[dict[str, object], bool]:
        if self._mode == "poll":
            await asyncio.sleep(random.uniform(0, _ID_S))  # noqa: S311 – nobody's secret
            return {"interactionId": call.name}, False
        if call.end == math.inf:
            await self._all_there.wait()
        await asyncio.sleep(call.end - time.time())
        return {"interactionId": call.name, "response": call.text, "call": {}}, True

    def _note(self, log: int, *values: object) -> None:
        os.write(log, json.dumps(values).encode() + b"\n")


def _standing(call: Call) -> tuple[dict[str, object], bool]:
    told = {"interactionId": call.name, "createdAt": "2026-11-22T15:00:00Z"}
    if time.time() < call.end:
        return {**told, "status": "pending"}, False
    event = {
        "eventType": "call.conversation.ended",
        "payload": {"interactionId": call.name, "summary": call.text},
    }
    return {**told, "status": "ended", "completionEvent": event}, True


def _opened(folder: str, name: str) -> int:
    return os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


@contextmanager
def _enter(namespace: str) -> Iterator[None]:
    """Be in a network namespace: a socket stays in that in which it was made."""
    if not namespace:
        yield
        return
    with open("/proc/self/ns/net") as home, open(f"/run/netns/{namespace}") as there:  # noqa: PTH123
        _set_namespace(there.fileno())
        try:
            yield
        finally:
            _set_namespace(home.fileno())


def _set_namespace(number: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(number, _NETWORK) != 0:
        raise OSError(ctypes.get_errno(), "setns")


async def main() -> None:
    folder, seed, least_s, most_s, mode, together, *namespaces = sys.argv[1:]
    server = Server(folder, int(seed), float(least_s), float(most_s), mode, int(together))
    port, serving = 0, []
    for entered in map(_enter, namespaces or [""]):
        with entered:
            listening = socket.create_server(("127.0.0.1", port), backlog=2_000)
        port = listening.getsockname()[1]
        serving.append(await asyncio.start_server(server.connected, sock=listening))
    print(port, flush=True)  # noqa: T201 – its answer
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
