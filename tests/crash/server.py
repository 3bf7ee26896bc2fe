"""The API's stand-in for crash tests: a process of its own, whose log outlives every client.

Standard library only, and nothing of ``poku_batch``: ``python server.py SETTINGS.json LOG.jsonl``
prints its port and serves until its input ends. What a number's calls come to is in the settings
(``fates``). A phone rings the moment a whole request has come, whether or not anybody waits for the
answer: the log says so before a byte goes back.

The log has one JSON object a line, written at once: ``asked`` (a placement came: ``to``, ``id``,
``rang``), ``sent`` (its answer is wholly in the socket: ``gave`` is what it held), ``gone`` (nobody
took it), ``part`` (a request that broke off), ``told`` (an answer to a question for a call) and
``signal`` (the client was sent one). Times ``t`` are seconds of the machine's clock.

Lines of its input are orders: a client's pid, and at which events to send it which signal. So a
kill happens within microseconds of the event, in the very process that saw it.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

JsonObject = dict[str, Any]


class Log:
    """Lines that are in the file when ``write`` returns."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def write(self, event: str, **values: object) -> None:
        line = json.dumps({"t": time.time(), "e": event, **values})
        os.write(self._file, line.encode() + b"\n")


class Trigger:
    """Sends the client signals at events, as ordered."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._pid = 0
        self._steps: list[JsonObject] = []
        self._seen: Counter[str] = Counter()
        self._late: set[asyncio.TimerHandle] = set()

    def order(self, order: JsonObject) -> None:
        for handle in self._late:
            handle.cancel()
        self._late.clear()
        self._pid, self._steps = order["pid"], order["steps"]
        self._seen.clear()

    def happened(self, event: str) -> None:
        self._seen[event] += 1
        for step in self._steps:
            if step["event"] == event and step["nth"] == self._seen[event]:
                if step["after_s"] > 0:
                    loop = asyncio.get_running_loop()
                    self._late.add(loop.call_later(step["after_s"], self._send, step["signal"]))
                else:
                    self._send(step["signal"])

    def _send(self, number: int) -> None:
        try:
            os.kill(self._pid, number)
        except ProcessLookupError:
            return
        self._log.write("signal", signal=signal.Signals(number).name)


class Server:
    """Answers placements by their number's fate, and questions by the calls it knows."""

    def __init__(self, settings: JsonObject, log: Log) -> None:
        self._second: bool = settings["generation"] == "second"
        self._fates: dict[str, JsonObject] = settings["fates"]
        self._log = log
        self.trigger = Trigger(log)
        self._turned_away: Counter[str] = Counter()
        self._calls: dict[str, tuple[str, float]] = {}
        self._asked: Counter[str] = Counter()

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._exchange(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            self._log.write("part")
        finally:
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, path, _ = head.split("\r\n", 1)[0].split(" ")
        if method == "GET":
            await self._tell(writer, path.split("/")[2])
            return
        self.trigger.happened("head")
        lengths = [line for line in head.split("\r\n") if line.lower().startswith("content-length")]
        body = json.loads(await reader.readexactly(int(lengths[0].split(":")[1])))
        await self._place(writer, body)

    async def _place(self, writer: asyncio.StreamWriter, body: JsonObject) -> None:
        to = body["to"]
        fate = self._fates[to]
        away = fate["kind"] == "away" and self._turned_away[to] < fate["times"]
        rang = not away and fate["kind"] != "rejected"
        identity = f"call-{to[1:]}-{len(self._calls)}" if rang else None
        self._log.write("asked", to=to, id=identity, rang=rang)
        self.trigger.happened("asked")
        if identity is None:
            self._turned_away[to] += away
            await asyncio.sleep(0.002)
            status = fate["status"] if away else 400
            wait = f"Retry-After: {fate['retry_after']}\r\n" if away else ""
            await self._answer(writer, to, "no", _reply(status, {"error": "not now"}, wait))
            return
        self._calls[identity] = (to, time.time() + fate["lasts_s"])
        if fate["kind"] == "doubtful":
            await asyncio.sleep(fate["lasts_s"])
            await self._answer(writer, to, "doubt", _DOUBTFUL[fate["how"]])
        elif self._second and not body.get("waitForCallEnd"):
            await self._answer(writer, to, "id", _reply(200, {"interactionId": identity}))
        else:
            await asyncio.sleep(fate["lasts_s"])
            await self._answer(writer, to, "end", _reply(200, _ended(identity, fate)))

    async def _tell(self, writer: asyncio.StreamWriter, identity: str) -> None:
        self._asked[identity] += 1
        to, ends_at = self._calls[identity]
        fate = self._fates[to]
        told: JsonObject = {"interactionId": identity, "createdAt": "2026-11-22T15:00:00Z"}
        ended = time.time() >= ends_at
        if self._asked[identity] == fate.get("stumbles"):
            writer.write(_reply(500, {"error": "try again"}))
        elif not ended:
            writer.write(_reply(200, {**told, "status": "pending"}))
        else:
            self.trigger.happened("told")
            writer.write(_reply(200, {**told, "status": "ended", **_event(identity, to, fate)}))
        await writer.drain()
        self._log.write("told", to=to, id=identity, ended=ended)

    async def _answer(self, writer: asyncio.StreamWriter, to: str, gave: str, data: bytes) -> None:
        """Write an answer, in two pieces where somebody wants to be killed between them."""
        try:
            self.trigger.happened("answering")
            middle = len(data) - 20 if len(data) > 20 else len(data)
            writer.write(data[:middle])
            await writer.drain()
            self.trigger.happened("half")
            writer.write(data[middle:])
            await writer.drain()
        except OSError:
            self._log.write("gone", to=to, gave=gave)
            return
        self._log.write("sent", to=to, gave=gave)
        self.trigger.happened("sent")


def _reply(status: int, body: JsonObject, headers: str = "") -> bytes:
    text = json.dumps(body).encode()
    head = f"HTTP/1.1 {status} -\r\nContent-Length: {len(text)}\r\nConnection: close\r\n{headers}"
    return head.encode() + b"\r\n" + text


_DOUBTFUL = {
    "close": b"",
    "half": b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + b'{"response": "Spoke',
    "500": _reply(500, {"error": "upstream broke off"}),
    "garbage": b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<html>hey",
}


def _ended(identity: str, fate: JsonObject) -> JsonObject:
    if fate["summary"] is None:
        return {"error": "human did not respond", "interactionId": identity}
    return {"response": fate["summary"], "interactionId": identity, "call": {"recordingUrl": None}}


def _event(identity: str, to: str, fate: JsonObject) -> JsonObject:
    if fate["summary"] is None:
        return {}
    payload = {"interactionId": identity, "summary": fate["summary"], "to": to}
    return {"completionEvent": {"eventType": "call.conversation.ended", "payload": payload}}


async def _heed(server: Server) -> None:
    """Take orders until the input ends."""
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        server.trigger.order(json.loads(line))
        os.write(1, b"taken\n")


async def main(server: Server) -> None:
    listening = await asyncio.start_server(server.connected, "127.0.0.1", 0, backlog=1000)
    os.write(1, f"{listening.sockets[0].getsockname()[1]}\n".encode())
    await _heed(server)


if __name__ == "__main__":
    asyncio.run(main(Server(json.loads(Path(sys.argv[1]).read_text()), Log(Path(sys.argv[2])))))
