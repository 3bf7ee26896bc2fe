"""Streams of events: a page is told soon after a change, not too often, and not for ever."""

import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import anyio
import httpx
import pytest

from poku_batch.dashboard import streams
from poku_batch.dashboard.streams import Pace, Streams
from poku_batch.errors import LedgerError
from tests.dashboard.dashboard_world import row, served, world

READY = b"retry: 2000\nevent: ready\ndata:\n\n"
CHANGED = b"event: changed\ndata:\n\n"
STILL_HERE = b": still here\n\n"


class Stream:
    """What one stream of a server says."""

    def __init__(self, url: str) -> None:
        self.heard: list[str] = []
        self._url = url
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def _listen(self) -> None:
        with httpx.stream("GET", self._url, timeout=30) as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            for line in answer.iter_lines():
                if line.startswith("event:"):
                    self.heard.append(line.removeprefix("event: "))

    def wait_for(self, heard: list[str]) -> None:
        give_up = time.monotonic() + 10
        while self.heard != heard:
            assert time.monotonic() < give_up, self.heard
            time.sleep(0.02)


def test_a_stream_tells_of_a_change_of_its_ledger_and_ends_with_the_server(tmp_path: Path) -> None:
    with world(tmp_path) as demo, ExitStack() as stack:
        demo.enrol([row(2)])
        url = stack.enter_context(served(tmp_path))
        calls, rehearsals = Stream(f"{url}/events/calls"), Stream(f"{url}/events/rehearsals")
        for stream in (calls, rehearsals):
            stream.wait_for(["ready"])
        demo.enrol([row(2), row(3)])
        calls.wait_for(["ready", "changed"])
        assert rehearsals.heard == ["ready"]
        began = time.monotonic()
        stack.close()
        for stream in (calls, rehearsals):
            stream.thread.join(5)
            assert not stream.thread.is_alive()
        assert time.monotonic() - began < 4


class Versions:
    """A ledger's versions, and what a stream that follows them is told of."""

    def __init__(self, pace: Pace | None = None) -> None:
        self.value = 0
        self.fails = False
        self.streams = Streams(pace or Pace())
        self.told: list[bytes] = []
        self.times: list[float] = []
        self._news = anyio.Event()

    async def version(self) -> tuple[int, ...]:
        if self.fails:
            raise LedgerError("it cannot be read")
        return (self.value,)

    async def follow(self) -> None:
        stream: AsyncIterator[bytes] = self.streams.events(self.version)
        async for message in stream:
            self.told.append(message)
            self.times.append(anyio.current_time())
            self._news.set()
            self._news = anyio.Event()

    async def told_of(self, message: bytes, count: int) -> None:
        with anyio.fail_after(5):
            while self.told.count(message) < count:
                await self._news.wait()


async def run_for(
    versions: Versions, seconds: float, change: Callable[[], None] | None = None
) -> None:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(versions.follow)
        with anyio.move_on_after(seconds):
            while True:
                await anyio.sleep(0.005)
                if change is not None:
                    change()
        versions.streams.end()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundredth of the times."""
    for name in ("_LEAST_S", "_MOST_S", "_STILL_HERE_S"):
        monkeypatch.setattr(streams, name, getattr(streams, name) / 100)


@pytest.mark.anyio
@pytest.mark.usefixtures("quick")
async def test_however_much_changes_a_page_is_told_once_in_an_interval() -> None:
    versions = Versions()

    def change() -> None:
        versions.value += 1

    await run_for(versions, 0.5, change)
    changes = versions.times[1:]
    assert versions.told[0] == READY
    assert set(versions.told[1:]) == {CHANGED}
    assert 5 < len(changes) <= 50
    assert min(b - a for a, b in pairwise(changes)) >= 0.0099


@pytest.mark.anyio
@pytest.mark.usefixtures("quick")
async def test_while_nothing_changes_a_page_is_told_seldom_and_the_stream_kept_open() -> None:
    versions = Versions()
    await run_for(versions, 0.7)
    assert versions.told[1:4] == [STILL_HERE, CHANGED, STILL_HERE]
    assert len(versions.told) < 12


@pytest.mark.anyio
@pytest.mark.usefixtures("quick")
async def test_a_ledger_that_cannot_be_read_is_a_change_and_so_is_one_that_can_again() -> None:
    versions = Versions()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(versions.follow)
        await versions.told_of(READY, 1)
        for count, fails in ((1, True), (2, False)):
            versions.fails = fails
            await versions.told_of(CHANGED, count)
        versions.streams.end()
    assert versions.times[-1] - versions.times[0] < 0.15


def test_pages_take_a_tenth_of_the_servers_time_however_long_one_takes() -> None:
    now_s = 0.0
    pace = Pace(monotonic=lambda: now_s)
    pace.streams = 4
    assert pace.interval_s == 1.0
    for _ in range(50):
        with pace.measured():
            now_s += 0.5
    assert pace.interval_s == pytest.approx(4 * 0.5 / 0.1)
    for _ in range(50):
        with pace.measured():
            now_s += 0.01
    assert pace.interval_s == 1.0


@pytest.mark.anyio
async def test_streams_are_counted_while_they_last() -> None:
    versions = Versions()
    async with anyio.create_task_group() as tasks:
        for _ in range(3):
            tasks.start_soon(versions.follow)
        await anyio.wait_all_tasks_blocked()
        assert versions.streams.pace.streams == 3
        versions.streams.end()
    assert versions.streams.pace.streams == 0
