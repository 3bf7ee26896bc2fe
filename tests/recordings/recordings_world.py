"""Recordings in a world where some hosts are on the public internet, and really here."""

import random
import struct
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from poku_batch.ledger import SqlLedger, open_ledger
from poku_batch.models import (
    CallResult,
    InteractionId,
    RunEnding,
    WantedRecording,
)
from poku_batch.recordings import Bounds, Downloader, Fetcher, Folder, FreshAddress, Settled
from tests.ledger.ledger_clinic import CLINIC, NOW, dial, enrol
from tests.links.links_world import Hosts
from tests.poku.poku_server import Act, Connection

_NOISE = random.Random(7).randbytes(1 << 20)  # noqa: S311 – any bytes will do


def wav(size: int = 40_000) -> bytes:
    """A WAV file of so many bytes."""
    head = struct.pack(
        "<4sI4s4sIHHIIHH", b"RIFF", size - 8, b"WAVE", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16
    ) + struct.pack("<4sI", b"data", size - 44)
    return head + (_NOISE * (size // len(_NOISE) + 1))[: size - len(head)]


def audio(body: bytes, *headers: str, status: int = 200, kind: str = "audio/wav") -> bytes:
    """An answer with a recording, or a part of one."""
    lines = [
        f"HTTP/1.1 {status} Whatever",
        f"Content-Length: {len(body)}",
        f"Content-Type: {kind}",
        *headers,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def header_of(request: bytes, name: str) -> str | None:
    """A header of a request, as it was sent."""
    for line in request.decode("latin-1").splitlines()[1:]:
        key, _, value = line.partition(":")
        if key.lower() == name.lower():
            return value.strip()
    return None


def file_server(body: bytes, *, etag: str | None = '"one"', breaks: list[int] | None = None) -> Act:
    """Serves a file by ranges; the first answers break off after so many bytes each."""
    left = list(breaks or [])

    async def act(connection: Connection) -> None:
        request = await connection.request()
        asked = header_of(request, "Range")
        named = header_of(request, "If-Range")
        start = 0
        if asked is not None and (named is None or named == etag):
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
        tags = [] if etag is None else [f"ETag: {etag}", "Accept-Ranges: bytes"]
        if start:
            tags.append(f"Content-Range: bytes {start}-{len(body) - 1}/{len(body)}")
        answer = audio(body[start:], *tags, status=206 if start else 200)
        if left:
            sent = left.pop(0)
            await connection.send(answer[: answer.index(b"\r\n\r\n") + 4 + sent])
            return
        await connection.send(answer)

    return act


class QuickClock:
    """A clock whose waits are over at once; ``slept`` are their lengths."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> Any:
        return NOW

    def monotonic(self) -> float:
        return sum(self.slept)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    async def idle(self, seconds: float) -> None:
        await self.sleep(seconds)


@dataclass(slots=True)
class World:
    """A ledger with ended calls, and a folder for their copies."""

    ledger: SqlLedger
    folder: Folder
    clock: QuickClock = field(default_factory=QuickClock)
    hosts: Hosts = field(default_factory=lambda: Hosts(known=("r.test", "other.test")))
    loopback: bool = True
    bounds: Bounds = field(default_factory=lambda: Bounds(within_s=10, silent_s=5))
    fresh: FreshAddress | None = None

    def fetcher(self) -> Fetcher:
        return Fetcher(
            self.ledger.recordings,
            self.folder,
            self.downloader(),
            clock=self.clock,
            now=lambda: NOW,
            fresh_address=self.fresh,
        )

    def downloader(self) -> Downloader:
        return Downloader(loopback=self.loopback, bounds=self.bounds, world=self.hosts.world)

    async def wanted(self) -> list[WantedRecording]:
        batches = self.ledger.recordings.wanted(CLINIC)
        return [each async for batch in batches for each in batch]

    async def fetch(self) -> Settled:
        """Fetch the first recording that is wanted."""
        return await self.fetcher().fetch((await self.wanted())[0])

    def names(self) -> set[str]:
        """The files of the folder but for its lock; a download may be changing them."""
        names = {path.name for path in self.folder.path.iterdir()}
        return {name for name in names if not name.startswith(".")}

    def files(self) -> dict[str, bytes]:
        """What lies in the folder, but for its lock, while nothing is downloaded."""
        return {name: (self.folder.path / name).read_bytes() for name in self.names()}


@asynccontextmanager
async def recorded(
    path: Path, urls: Mapping[str, str] | str, *, change: Callable[[World], None] = lambda _: None
) -> AsyncIterator[World]:
    """A ledger whose contacts (k2, k3, …) were called and recorded, and a folder that is held."""
    known = {"k2": urls} if isinstance(urls, str) else urls
    async with open_ledger(path / "ledger.db") as ledger:
        await record(ledger, known)
        with Folder(path / "copies") as folder:
            world = World(ledger, folder)
            change(world)
            yield world


async def record(ledger: SqlLedger, urls: Mapping[str, str]) -> None:
    """Call contacts, each recorded at its address."""
    await enrol(ledger, max(int(key[1:]) for key in urls))
    run = await ledger.open_run(CLINIC, at=NOW)
    for key, url in urls.items():
        attempt = await dial(run, key)
        await run.started(attempt, InteractionId(f"i-{key}"), at=NOW)
        await run.finish(attempt, CallResult(outcome="completed", recording_url=url), at=NOW)
    await run.close(RunEnding.FINISHED, at=NOW)
