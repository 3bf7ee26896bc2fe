"""The API's stand-in for workers: a process of its own, whose log outlives every client.

Standard library only: ``python server.py LOG.jsonl SEED LEAST_S MOST_S MODE TOGETHER`` prints its
port and serves until its input ends. A phone rings the moment a whole request has come, and the
call lasts from ``LEAST_S`` to ``MOST_S`` seconds whether or not anybody waits for its end. ``MODE``
is ``wait`` (the request is held until the end) or ``poll`` (an ID comes at once). The first
``TOGETHER`` calls go on until all of them do, however long that takes: then their time begins.

The log has a line a ring, ``[start, end, key, id]``, in seconds of the machine's clock, written at
once; the key is the last word of the prompt.
"""

import asyncio
import json
import math
import os
import random
import sys
import time


class Server:
    def __init__(
        self, log: str, seed: int, least_s: float, most_s: float, mode: str, together: int
    ) -> None:
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._seed = seed
        self._span = (least_s, most_s)
        self._mode = mode
        self._ends: dict[str, float] = {}
        self._together = together
        self._first: list[tuple[float, str, str]] = []
        self._all_there = asyncio.Event()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, *lines = head.split("\r\n")
            method, path, _ = first.split(" ")
            if method == "GET":
                answer = self._standing(path.split("/")[2])
            else:
                pairs = (line.partition(":") for line in lines)
                headers = {name.lower(): value.strip() for name, _, value in pairs}
                answer = await self._place(
                    json.loads(await reader.readexactly(int(headers["content-length"])))
                )
            text = json.dumps(answer).encode()
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(text)}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode() + text)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _place(self, body: dict[str, object]) -> dict[str, object]:
        key = str(body["prompt"]).split()[-1]
        now = time.time()
        name = f"call-{len(self._ends)}"
        self._ends[name] = math.inf
        if len(self._ends) > self._together:
            self._rings(now, key, name, now)
        else:
            self._first.append((now, key, name))
            if len(self._ends) == self._together:
                for first in self._first:
                    self._rings(*first, now)
                self._all_there.set()
        if self._mode == "poll":
            return {"interactionId": name}
        if self._ends[name] == math.inf:
            await self._all_there.wait()
        await asyncio.sleep(self._ends[name] - time.time())
        return {"interactionId": name, "response": "All is well.", "call": {}}

    def _rings(self, start: float, key: str, name: str, since: float) -> None:
        span = random.Random(f"{self._seed} {key}").uniform(*self._span)  # noqa: S311 – as long for the same key in every test
        self._ends[name] = since + span
        os.write(self._log, json.dumps([start, since + span, key, name]).encode() + b"\n")

    def _standing(self, name: str) -> dict[str, object]:
        told = {"interactionId": name, "createdAt": "2026-11-22T15:00:00Z"}
        if time.time() < self._ends[name]:
            return {**told, "status": "pending"}
        event = {
            "eventType": "call.conversation.ended",
            "payload": {"interactionId": name, "summary": "All is well."},
        }
        return {**told, "status": "ended", "completionEvent": event}


async def main() -> None:
    log, seed, least_s, most_s, mode, together = sys.argv[1:]
    server = Server(log, int(seed), float(least_s), float(most_s), mode, int(together))
    serving = await asyncio.start_server(server.connected, "127.0.0.1", 0, backlog=2_000)
    print(serving.sockets[0].getsockname()[1], flush=True)  # noqa: T201 – its answer
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
