"""A parallel request processor in the style of the OpenAI cookbook's, written for this comparison.

One loop that looks every millisecond whether the capacity (requests and tokens a minute) lets the
next request go, a task a request, a queue of what is to be tried again, aiohttp with its default
limit of 100 connections (fewer where there are fewer slots), each answer appended to a JSONL file
as it comes. The capacity is set so high that it never holds anything back, and the time limit so
that a long queue breaks nothing.

It keeps no durable intent: after a crash, who was being called is unknown to it. It tries again
whatever failed, also what may have rung. It does not bound how many calls are open but by the
number of connections. Style: openai/openai-cookbook, examples/api_request_parallel_processor.py.
"""

import asyncio
import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from benchmarks.clients.shared import HEADERS, Job, run

_REQUESTS_A_MINUTE = 6_000_000.0
_TOKENS_A_MINUTE = 6_000_000_000.0
_LOOK_EVERY_S = 0.001
_ATTEMPTS = 5


@dataclass(slots=True)
class _Request:
    number: int
    body: bytes
    tokens: int
    attempts_left: int = _ATTEMPTS


@dataclass(slots=True)
class _Capacity:
    """How much may be asked for now; grows with time, up to a minute's worth."""

    requests: float
    tokens: float
    at_s: float

    def grow(self) -> None:
        now = time.monotonic()
        passed = (now - self.at_s) / 60.0
        self.requests = min(self.requests + _REQUESTS_A_MINUTE * passed, _REQUESTS_A_MINUTE)
        self.tokens = min(self.tokens + _TOKENS_A_MINUTE * passed, _TOKENS_A_MINUTE)
        self.at_s = now

    def take(self, request: _Request) -> bool:
        if self.requests < 1 or self.tokens < request.tokens:
            return False
        self.requests -= 1
        self.tokens -= request.tokens
        return True


@dataclass(slots=True)
class _Processor:
    todo: Job
    session: aiohttp.ClientSession
    save_to: Path
    again: "asyncio.Queue[_Request]"
    under_way: int = 0

    async def ask(self, request: _Request) -> None:
        try:
            async with self.session.post(self.todo.place_url, data=request.body) as answer:
                answer.raise_for_status()
                said = await answer.json()
        except aiohttp.ClientError as error:
            if request.attempts_left:
                self.again.put_nowait(request)
                return
            self.todo.fail(error)
        else:
            self._save([request.number, said])
            self.todo.count(said)
        self.under_way -= 1

    def _save(self, line: Any) -> None:
        with self.save_to.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    async def process(self) -> None:
        requests = enumerate(self.todo.bodies())
        capacity = _Capacity(_REQUESTS_A_MINUTE, _TOKENS_A_MINUTE, time.monotonic())
        tasks: set[asyncio.Task[None]] = set()
        waiting: _Request | None = None
        more = True
        while True:
            if waiting is None and not self.again.empty():
                waiting = self.again.get_nowait()
            elif waiting is None and more:
                number, body = next(requests, (-1, b""))
                more = number >= 0
                if more:
                    waiting = _Request(number, body, tokens=len(body) // 4)
                    self.under_way += 1
            capacity.grow()
            if waiting is not None and capacity.take(waiting):
                waiting.attempts_left -= 1
                task = asyncio.create_task(self.ask(waiting))
                tasks.add(task)
                task.add_done_callback(tasks.discard)
                waiting = None
            if not self.under_way and not more:
                return
            await asyncio.sleep(_LOOK_EVERY_S)


async def _main(todo: Job) -> None:
    with tempfile.TemporaryDirectory() as folder:
        timeout = aiohttp.ClientTimeout(total=None)
        connector = aiohttp.TCPConnector(limit=min(todo.slots, 100), ssl=todo.context() or True)
        async with aiohttp.ClientSession(
            connector=connector, timeout=timeout, headers=HEADERS
        ) as session:
            save_to = Path(folder) / "results.jsonl"
            await _Processor(todo, session, save_to, asyncio.Queue()).process()


if __name__ == "__main__":
    run(_main)
