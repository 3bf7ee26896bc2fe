"""What every client does alike: arguments, rows, headers, and the line that it prints.

The line is a JSON object: ``results`` (calls whose answer was read), ``errors``, ``first_error``,
``wall_s`` and ``cpu_s`` (user and system) from after the imports and the reading of the sheet to
the end of the last call.
"""

import argparse
import asyncio
import json
import os
import resource
import ssl
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks import campaigns

#: What the product sends of its own accord, but for its name.
HEADERS = {
    "Authorization": "Bearer benchmark",
    "Content-Type": "application/json",
    "Accept": "application/json",
}


@dataclass(slots=True)
class Job:
    """What there is to do, and what was done so far."""

    url: str
    slots: int
    rows: list[tuple[str, str, str]]
    authority: Path | None
    results: int = 0
    errors: int = 0
    first_error: str = ""
    _began_s: tuple[float, float] = field(default=(0.0, 0.0))

    @property
    def place_url(self) -> str:
        return self.url + "/calls"

    @property
    def address(self) -> tuple[str, int]:
        """Host and port."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or 80

    def bodies(self) -> Iterator[bytes]:
        """Each row's body, made when its turn comes; shared by all workers of a thread."""
        return (campaigns.body(*row) for row in self.rows)

    def context(self) -> ssl.SSLContext | None:
        """What TLS is spoken with; None for a plain address."""
        if self.authority is None:
            return None
        return ssl.create_default_context(cafile=self.authority)

    def count(self, answer: Any) -> None:
        """Count an answer that was read and decoded."""
        if isinstance(answer, dict) and answer.get("response"):
            self.results += 1
        else:
            self.fail(f"no summary: {str(answer)[:80]}")

    def fail(self, error: object) -> None:
        """Count a call that came to nothing."""
        self.errors += 1
        self.first_error = self.first_error or repr(error)[:200]

    def begin(self) -> None:
        """Take the time: what went before is not measured."""
        self._began_s = (time.monotonic(), time.process_time())

    def tell(self) -> None:
        """Print what came of it."""
        wall_s, cpu_s = self._began_s
        print(
            json.dumps(
                {
                    "results": self.results,
                    "errors": self.errors,
                    "first_error": self.first_error,
                    "wall_s": time.monotonic() - wall_s,
                    "cpu_s": time.process_time() - cpu_s,
                }
            ),
            flush=True,
        )


def job() -> Job:
    """Read the arguments and the sheet, and let the process have a connection a slot."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("slots", type=int)
    parser.add_argument("sheet", type=Path)
    parser.add_argument("--calls", type=int, help="the first so many rows alone")
    parser.add_argument("--authority", type=Path, help="who signed the server's certificate")
    args = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    rows = list(campaigns.read_rows(args.sheet, args.calls))
    return Job(args.url, args.slots, rows, args.authority)


def run(client: Callable[[Job], Coroutine[Any, Any, None]]) -> None:
    """Run an asynchronous client, on uvloop where ``POKU_BATCH_EVENT_LOOP`` asks for it."""
    todo = job()

    async def timed() -> None:
        todo.begin()
        await client(todo)
        todo.tell()

    if os.environ.get("POKU_BATCH_EVENT_LOOP") == "uvloop":
        import uvloop

        uvloop.run(timed())
    else:
        asyncio.run(timed())


async def in_slots(todo: Job, place: Callable[[bytes], Coroutine[Any, Any, Any]]) -> None:
    """Place every call by as many workers as there are slots; each takes the next row."""
    bodies = todo.bodies()

    async def work() -> None:
        for body in bodies:
            try:
                todo.count(await place(body))
            except Exception as error:  # whatever it is, it is counted and told
                todo.fail(error)

    async with asyncio.TaskGroup() as group:
        for _ in range(min(todo.slots, len(todo.rows))):
            group.create_task(work())
