"""Keeping recordings beside a run: soon, without anybody waiting, whatever goes wrong."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from poku_batch.clock import SystemClock
from poku_batch.events import CallEnded, Event, RecordingTrouble
from poku_batch.models import CampaignId, RecordingCounts
from poku_batch.recordings import Folder, Keeper
from tests.ledger.ledger_clinic import CLINIC, NOW
from tests.poku.poku_server import Connection, http, replying, serving
from tests.recordings.recordings_world import World, audio, file_server, record, recorded, wav

pytestmark = pytest.mark.anyio

BODY = wav(5_000)


class FastClock(SystemClock):
    """A hundred times faster than life."""

    def monotonic(self) -> float:
        return super().monotonic() * 100

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds / 100)


class Told:
    """A sink that keeps what it is told."""

    def __init__(self) -> None:
        self.why: list[str] = []

    def emit(self, event: Event) -> None:
        assert isinstance(event, RecordingTrouble)
        self.why.append(event.why)


def ended(key: str) -> CallEnded:
    return CallEnded(at=NOW, row=2, key=key, outcome="completed", summary=None, duration_s=1.0)


@asynccontextmanager
async def keeping(world: World, told: Told) -> AsyncIterator[Keeper]:
    """A keeper at work in the world's folder, which is let go for it."""
    world.folder.__exit__(None, None, None)
    keeper = Keeper(
        CLINIC,
        world.ledger.recordings,
        world.folder.path,
        world.downloader(),
        clock=FastClock(),
        now=lambda: NOW,
        sink=told,
    )
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(keeper.run)
        yield keeper
        tasks.cancel_scope.cancel()


async def until(true: Callable[[], bool]) -> None:
    with anyio.fail_after(5):
        while not true():  # noqa: ASYNC110 – files tell nobody
            await anyio.sleep(0.01)


async def test_a_recording_is_fetched_soon_after_its_calls_end(tmp_path: Path) -> None:
    async with (
        serving(replying(audio(BODY))) as server,
        recorded(tmp_path, f"{server.url}/r") as world,
        keeping(world, Told()) as keeper,
    ):
        await until(lambda: "k2_1.wav" in world.names())  # left by an earlier run
        await record(world.ledger, {"k3": f"{server.url}/r"})
        await anyio.sleep(0.1)
        assert set(world.files()) == {"k2_1.wav"}
        keeper.hear(ended("k3"))
        keeper.hear(ended("k3"))
        keeper.hear(ended("k9"))
        await until(lambda: "k3_1.wav" in world.names())
        assert await keeper.drain(500) == 0
        assert len(server.connections) == 2


async def test_more_calls_than_are_remembered_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("poku_batch.recordings.keeping._REMEMBERED", 1)
    async with (
        serving(replying(audio(BODY))) as server,
        recorded(tmp_path, f"{server.url}/r") as world,
        keeping(world, Told()) as keeper,
    ):
        await until(lambda: keeper.waiting == 0)
        urls = {f"k{n}": f"{server.url}/r" for n in range(3, 9)}
        await record(world.ledger, urls)
        for key in urls:
            keeper.hear(ended(key))
        assert await keeper.drain(500) == 0
        assert await world.ledger.recordings.counts(CLINIC) == RecordingCounts(kept=7)


async def test_a_keeper_without_news_does_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fed: list[int] = []
    feed = Keeper._feed

    async def counted(self: Keeper, *args: Any) -> None:
        fed.append(1)
        await feed(self, *args)

    monkeypatch.setattr(Keeper, "_feed", counted)
    async with (
        serving(replying(audio(BODY))) as server,
        recorded(tmp_path, f"{server.url}/r") as world,
        keeping(world, Told()) as keeper,
    ):
        await until(lambda: keeper.waiting == 0)
        await anyio.sleep(0.2)
    assert len(fed) < 5


async def test_what_is_not_there_yet_is_tried_again(tmp_path: Path) -> None:
    answers = [http(404), http(404), audio(BODY)]

    async def act(connection: Connection) -> None:
        await connection.request()
        await connection.send(answers.pop(0))

    told = Told()
    async with (
        serving(act) as server,
        recorded(tmp_path, f"{server.url}/r") as world,
        keeping(world, told) as keeper,
    ):
        await until(lambda: "k2_1.wav" in world.names())
        assert await keeper.drain(500) == 0
    assert set(told.why) == {"row 2: the recording is not there (HTTP 404)"}


async def test_what_is_never_there_is_left_for_another_day(tmp_path: Path) -> None:
    async with (
        serving(replying(http(410))) as server,
        recorded(tmp_path, f"{server.url}/r") as world,
    ):
        for _ in range(2):
            async with keeping(world, Told()) as keeper:
                await until(lambda: len(server.connections) == 3)
                assert await keeper.drain(500) == 0
            world.folder = Folder(world.folder.path)
            world.folder.__enter__()
        assert await world.ledger.recordings.counts(CLINIC) == RecordingCounts(missing=1)
        assert len(server.connections) == 3


async def test_the_end_of_a_run_waits_no_longer_than_it_says(tmp_path: Path) -> None:
    async def act(connection: Connection) -> None:
        await connection.request()
        await connection.send(audio(BODY, 'ETag: "one"')[:3_000])
        await connection.until_closed()

    async with serving(act) as server, recorded(tmp_path, f"{server.url}/r") as world:
        async with keeping(world, Told()) as keeper:
            with anyio.fail_after(2):
                assert await keeper.drain(10) == 1
        assert set(world.files()) == {"k2_1.wav.part", "k2_1.wav.part.json"}


async def test_another_program_in_the_folder_is_told_and_waited_for(tmp_path: Path) -> None:
    told = Told()
    async with (
        serving(replying(audio(BODY))) as server,
        recorded(tmp_path, f"{server.url}/r") as world,
        keeping(world, told) as keeper,
    ):
        await until(lambda: keeper.waiting == 0)
    assert told.why == []
    async with serving(replying(audio(BODY))) as server:
        (tmp_path / "b").mkdir()
        async with recorded(tmp_path / "b", f"{server.url}/r") as world:
            other = Folder(world.folder.path)
            world.folder.__exit__(None, None, None)
            with other:
                async with keeping(world, told) as keeper:
                    await until(lambda: bool(told.why))
                    with anyio.fail_after(2):
                        assert await keeper.drain(1_000) == 1
                    other.__exit__(None, None, None)
                    await until(lambda: "k2_1.wav" in world.names())
    assert told.why == ["another program puts recordings into the folder"]


@pytest.mark.parametrize("part", ["wanted_of", "begin", "keep", "miss"])
async def test_nothing_that_breaks_here_ends_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    broken = [True]
    told = Told()
    async with (
        serving(file_server(BODY, breaks=[100] * 8 if part == "miss" else None)) as server,
        recorded(tmp_path, {"k2": f"{server.url}/r", "k3": f"{server.url}/r"}) as world,
    ):
        whole = getattr(world.ledger.recordings, part)

        async def breaks(*args: object, **named: object) -> object:
            if broken[0]:
                raise RuntimeError("a defect")
            return await whole(*args, **named)

        monkeypatch.setattr(world.ledger.recordings, part, breaks)
        async with keeping(world, told) as keeper:
            keeper.hear(ended("k2"))
            await until(lambda: bool(told.why))
            broken[0] = False
            with anyio.fail_after(10):
                assert await keeper.drain(900) == 0
        counts = await world.ledger.recordings.counts(CLINIC)
    assert told.why[0] == "fetching broke off: RuntimeError"
    assert counts == RecordingCounts(kept=2)


async def test_a_campaign_that_is_not_in_the_ledger_wants_nothing(tmp_path: Path) -> None:
    async with recorded(tmp_path, "http://127.0.0.1:1/r") as world:
        assert await world.ledger.recordings.counts(CampaignId(name="new")) == RecordingCounts()
