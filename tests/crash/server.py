"""The API's stand-in for crash tests: a process of its own, whose log outlives every client.

Standard library only, and nothing of ``poku_batch``: ``python server.py SETTINGS.json LOG.jsonl``
prints its port and serves until its input ends. What a number's calls come to is in the settings
(``fates``, by the contact's key, which is the last word of its prompt). A phone rings the moment a
whole request has come, whether or not anybody waits for the answer: the log says so before a byte
goes back. It also is the model that reads summaries, and the hook that is told of results.

The log has one JSON object a line, written at once: ``asked`` (a placement came: ``key``, ``to``,
``from``, ``id``, ``rang``, and of the key's rings it is the ``nth``), ``sent`` (its answer is
wholly in the socket: ``gave`` is what it held), ``gone`` (nobody took it), ``part`` (a request that
broke off), ``told`` (an answer to a question for a call), ``read`` (a summary to read came),
``hook`` (a message came: ``id``, ``data``, whether it is ``signed`` and was ``taken``) and
``signal`` (the client was sent one). Times ``t`` are seconds of the machine's clock.

Lines of its input are orders: a client's pid, and at which events to send it which signal. So a
kill happens within microseconds of the event, in the very process that saw it.
"""

import asyncio
import base64
import hashlib
import hmac
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
    """Answers placements by their contact's fate, and questions by the calls it knows."""

    def __init__(self, settings: JsonObject, log: Log) -> None:
        self._second: bool = settings["generation"] == "second"
        self._fates: dict[str, JsonObject] = settings["fates"]
        self._readings: dict[str, JsonObject] = settings["readings"]
        self._secret = settings["secret"].encode()
        self._log = log
        self.trigger = Trigger(log)
        self._turned_away: Counter[str] = Counter()
        self._rings: Counter[str] = Counter()
        self._messages: Counter[str] = Counter()
        self._calls: dict[str, Ringing] = {}
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
        first, *lines = head.split("\r\n")
        method, path, _ = first.split(" ")
        if method == "GET":
            await self._tell(writer, path.split("/")[2])
            return
        if path == "/calls":
            self.trigger.happened("head")
        pairs = (line.partition(":") for line in lines)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        body = await reader.readexactly(int(headers["content-length"]))
        if path == "/hook":
            await self._hear(writer, headers, body)
        elif path == "/v1/chat/completions":
            await self._read(writer, json.loads(body))
        else:
            await self._place(writer, json.loads(body))

    async def _place(self, writer: asyncio.StreamWriter, body: JsonObject) -> None:
        to, key = body["to"], body["prompt"].split()[-1]
        fate = self._fates[key]
        away = fate["kind"] == "away" and self._turned_away[key] < fate["times"]
        rang = not away and fate["kind"] != "rejected"
        self._rings[key] += rang
        ringing = Ringing(key, to, self._rings[key], fate)
        identity = f"call-{to[1:]}-{len(self._calls)}" if rang else None
        who = {"key": key, "to": to, "from": body.get("from")}
        self._log.write("asked", **who, id=identity, rang=rang, nth=ringing.nth)
        self.trigger.happened("asked")
        if identity is None:
            self._turned_away[key] += away
            await asyncio.sleep(0.002)
            status = fate["status"] if away else 400
            wait = f"Retry-After: {fate['retry_after']}\r\n" if away else ""
            await self._answer(writer, ringing, "no", _reply(status, {"error": "not now"}, wait))
            return
        self._calls[identity] = ringing
        call = ringing.call
        if call["doubt"]:
            await asyncio.sleep(call["lasts_s"])
            await self._answer(writer, ringing, "doubt", _DOUBTFUL[call["doubt"]])
        elif self._second and not body.get("waitForCallEnd"):
            await self._answer(writer, ringing, "id", _reply(200, {"interactionId": identity}))
        else:
            await asyncio.sleep(call["lasts_s"])
            await self._answer(writer, ringing, "end", _reply(200, _ended(identity, call)))

    async def _tell(self, writer: asyncio.StreamWriter, identity: str) -> None:
        self._asked[identity] += 1
        ringing = self._calls[identity]
        told: JsonObject = {"interactionId": identity, "createdAt": "2026-11-22T15:00:00Z"}
        ended = time.time() >= ringing.ends_at
        stumbles = self._asked[identity] == ringing.stumbles
        if stumbles:
            writer.write(_reply(500, {"error": "try again"}))
        elif not ended:
            writer.write(_reply(200, {**told, "status": "pending"}))
        else:
            self.trigger.happened("told")
            event = _event(identity, ringing)
            writer.write(_reply(200, {**told, "status": "ended", **event}))
        await writer.drain()
        self._log.write("told", key=ringing.key, id=identity, ended=ended and not stumbles)

    async def _read(self, writer: asyncio.StreamWriter, body: JsonObject) -> None:
        """Read a summary, as the model."""
        summary = json.loads(body["messages"][-1]["content"])["summary"]
        reading = self._readings[summary]
        self._log.write("read", summary=summary)
        self.trigger.happened("read")
        await asyncio.sleep(reading["takes_s"])
        answer = {"outcome": reading["outcome"], "evidence": None, "fields": reading["fields"]}
        text = "no idea" if reading["outcome"] is None else json.dumps(answer)
        message = {"role": "assistant", "content": text}
        writer.write(_reply(200, {"choices": [{"message": message, "finish_reason": "stop"}]}))
        await writer.drain()
        self.trigger.happened("have_read")

    async def _hear(
        self, writer: asyncio.StreamWriter, headers: dict[str, str], body: bytes
    ) -> None:
        """Take a hook's message, or, one in ten, not the first time that it comes."""
        name = headers["webhook-id"]
        self._messages[name] += 1
        signed = f"{name}.{headers['webhook-timestamp']}.".encode() + body
        digest = hmac.new(self._secret, signed, hashlib.sha256).digest()
        right = headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
        taken = self._messages[name] > 1 or int(name[-2:], 16) % 10 != 0
        message = json.loads(body)
        data = message["data"]
        whole = message["id"] == name and message["type"] == "contact.result"
        self._log.write("hook", id=name, data=data, signed=right and whole, taken=taken)
        self.trigger.happened("hook")
        writer.write(_reply(200 if taken else 503, {}))
        await writer.drain()
        self.trigger.happened("heard")

    async def _answer(
        self, writer: asyncio.StreamWriter, ringing: "Ringing", gave: str, data: bytes
    ) -> None:
        """Write an answer, in two pieces where somebody wants to be killed between them."""
        who = {"key": ringing.key, "nth": ringing.nth, "gave": gave}
        try:
            self.trigger.happened("answering")
            middle = len(data) - 20 if len(data) > 20 else len(data)
            writer.write(data[:middle])
            await writer.drain()
            self.trigger.happened("half")
            writer.write(data[middle:])
            await writer.drain()
        except OSError:
            self._log.write("gone", **who)
            return
        self._log.write("sent", **who)
        self.trigger.happened("sent")


class Ringing:
    """A contact's ``nth`` ring, from 1, and what comes of it."""

    def __init__(self, key: str, to: str, nth: int, fate: JsonObject) -> None:
        self.key = key
        self.to = to
        self.nth = nth
        self.call: JsonObject = fate["calls"][min(max(nth, 1), len(fate["calls"])) - 1]
        self.stumbles = fate["stumbles"]
        self.ends_at = time.time() + self.call["lasts_s"]


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


def _ended(identity: str, call: JsonObject) -> JsonObject:
    if call["summary"] is None:
        return {"error": "human did not respond", "interactionId": identity}
    return {"response": call["summary"], "interactionId": identity, "call": {"recordingUrl": None}}


def _event(identity: str, ringing: Ringing) -> JsonObject:
    summary = ringing.call["summary"]
    if summary is None:
        return {}
    payload = {"interactionId": identity, "summary": summary, "to": ringing.to}
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
