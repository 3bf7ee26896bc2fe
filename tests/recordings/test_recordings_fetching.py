"""Fetching: where copies go, what is tried again, and whoever was killed when."""

import hashlib
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from poku_batch.errors import LedgerError
from poku_batch.ledger import erase
from poku_batch.models import InteractionId, KeptRecording, RecordingCounts, WantedRecording
from poku_batch.recordings import Folder, FolderBusyError, Settled, fetch_all, look_after
from poku_batch.recordings.faults import FolderTroubleError
from poku_batch.recordings.folder import why_unsound
from poku_batch.recordings.partial import Partial, discard
from tests.ledger.ledger_clinic import CLINIC, NOW
from tests.poku.poku_server import Connection, http, replying, serving
from tests.recordings.recordings_world import World, audio, file_server, recorded, wav

pytestmark = pytest.mark.anyio

BODY = wav(5_000)


async def looked(world: World, *, verify: bool = False) -> list[Settled]:
    found = look_after(
        world.ledger.recordings, CLINIC, world.folder, verify=verify, now=lambda: NOW
    )
    return [each async for each in found]


# --- places ------------------------------------------------------------------------------------


async def test_a_file_of_anybodys_is_never_written_over(tmp_path: Path) -> None:
    async with (
        serving(replying(audio(BODY))) as server,
        recorded(tmp_path, f"{server.url}/r.wav") as world,
    ):
        (world.folder.path / "k2_1.wav").write_bytes(b"somebody's")
        (world.folder.path / "k2_1 (2).wav").symlink_to(tmp_path / "nowhere")
        settled = await world.fetch()
        assert settled.kept is not None
        assert settled.kept.file.name == "k2_1 (3).wav"
        assert (world.folder.path / "k2_1.wav").read_bytes() == b"somebody's"
        assert not (tmp_path / "nowhere").exists()


async def test_a_place_of_another_attempt_is_not_taken(tmp_path: Path) -> None:
    async with (
        serving(replying(audio(BODY))) as server,
        recorded(tmp_path, {"k2": f"{server.url}/r", "k3": f"{server.url}/r"}) as world,
    ):
        first, second = await world.wanted()
        place = world.folder.path / "k2_1.wav"
        await world.ledger.recordings.begin(second.attempt_id, place, at=NOW)
        settled = await world.fetcher().fetch(first)
        assert settled.kept is not None
        assert settled.kept.file.name == "k2_1 (2).wav"


async def test_one_program_at_a_time_has_a_folder(tmp_path: Path) -> None:
    with Folder(tmp_path / "f"), pytest.raises(FolderBusyError), Folder(tmp_path / "f"):
        pass
    with Folder(tmp_path / "f"):
        pass


async def test_a_half_copy_in_another_folder_is_given_up(tmp_path: Path) -> None:
    async with (
        serving(file_server(BODY, breaks=[1_000] * 4)) as server,
        recorded(tmp_path, f"{server.url}/r.wav") as world,
    ):
        assert (await world.fetch()).kept is None
        assert world.names()
        old, world.folder = world.folder, Folder(tmp_path / "other")
        with world.folder:
            settled = await world.fetch()
        assert settled.kept is not None
        assert settled.kept.file == tmp_path / "other" / "k2_1.wav"
        assert [path.name for path in old.path.iterdir()] == [".poku-batch.lock"]


# --- whoever is killed -------------------------------------------------------------------------

STEPS = ["begin", "append", "note of the end", "its place", "in the ledger"]


class KilledError(Exception):
    pass


def close_both(partial: Partial) -> bool:
    partial._part.close()
    partial._beside.close()
    return True


@pytest.mark.parametrize("step", STEPS)
async def test_whoever_is_killed_leaves_what_the_next_goes_on_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Everything that a step leaves behind is found: by the next run, and by whoever erases."""

    def dies(*_: object, **__: object) -> None:
        raise KilledError

    where = {
        "begin": "poku_batch.recordings.partial.Partial.begin",
        "append": "poku_batch.recordings.partial.Partial._write_note",
        "note of the end": "poku_batch.recordings.partial.Partial._close",
        "its place": "poku_batch.recordings.partial.sync_folder",
        "in the ledger": "poku_batch.ledger.recordings.SqlRecordings.keep",
    }
    async with (
        serving(file_server(BODY)) as server,
        recorded(tmp_path, f"{server.url}/r.wav") as world,
    ):
        with monkeypatch.context() as patched:
            patched.setattr(where[step], dies)
            # The system closes the files of who was killed, and nobody tidies up.
            patched.setattr("poku_batch.recordings.partial.Partial.leave", close_both)
            patched.setattr("poku_batch.recordings.fetching.discard", lambda _: None)
            with pytest.raises(KilledError):
                await world.fetch()
        left = world.files()
        (wanted,) = await world.wanted()
        known = {f"{wanted.place}{ending}" for ending in ("", ".part", ".part.json")}
        assert {str(world.folder.path / name) for name in left} <= known
        settled = await world.fetch()
        assert settled.kept is not None
        assert settled.kept.sha256 == hashlib.sha256(BODY).hexdigest()
        assert world.files() == {"k2_1.wav": BODY}
        whole = step in {"note of the end", "its place", "in the ledger"}
        assert len(server.connections) == (1 if whole else 2)


async def test_a_copy_that_only_looks_whole_is_fetched_again(tmp_path: Path) -> None:
    async with (
        serving(file_server(BODY)) as server,
        recorded(tmp_path, f"{server.url}/r.wav") as world,
    ):
        settled = await world.fetch()
        assert settled.kept is not None
        place = settled.kept.file
        await world.ledger.recordings.lose(settled.wanted.attempt_id, "changed", at=NOW)
        note = {"length": 5_000, "sha256": "0" * 64, "validator": "", "total": None, "whole": True}
        place.with_name(f"{place.name}.part.json").write_text(json.dumps(note))
        place.write_bytes(b"x" * 5_000)
        assert (await world.fetch()).kept == settled.kept
        assert world.files() == {"k2_1.wav": BODY}


@pytest.mark.parametrize(
    "note",
    ["", "[]", "{", '{"length": -1, "sha256": "", "validator": "", "total": null}', '{"a": 1}'],
)
async def test_a_note_that_says_nothing_begins_anew(tmp_path: Path, note: str) -> None:
    async with (
        serving(file_server(BODY, breaks=[1_000] * 4)) as server,
        recorded(tmp_path, f"{server.url}/r.wav") as world,
    ):
        await world.fetch()
        (world.folder.path / "k2_1.wav.part.json").write_text(note)
        assert (await world.fetch()).kept is not None
        assert world.files() == {"k2_1.wav": BODY}


async def test_bytes_that_are_not_those_of_the_note_begin_anew(tmp_path: Path) -> None:
    async with (
        serving(file_server(BODY, breaks=[1_000] * 4)) as server,
        recorded(tmp_path, f"{server.url}/r.wav") as world,
    ):
        await world.fetch()
        part = world.folder.path / "k2_1.wav.part"
        part.write_bytes(bytes(len(part.read_bytes())))  # as after a power cut
        assert (await world.fetch()).kept is not None
        assert world.files() == {"k2_1.wav": BODY}


def test_a_part_is_gone_on_with_from_any_length(tmp_path: Path) -> None:
    for cut in (1, 99, 100, 101, 250):
        place = tmp_path / "a.wav"
        partial = Partial.begin(place, validator='"v"', total=200)
        partial.append(BODY[:100])
        part = Path(f"{place}.part")
        part.write_bytes((BODY[:100] + b"torn" * 50)[:cut])
        assert partial.leave()
        again = Partial.resume(place)
        assert (again is not None) == (cut >= 100)
        if again is None:
            continue
        again.append(BODY[100:200])
        done = again.finish()
        assert (place.read_bytes(), done.length) == (BODY[:200], 200)
        assert done.sha256 == hashlib.sha256(BODY[:200]).hexdigest()
        place.unlink()
        discard(place)


# --- who was erased meanwhile ------------------------------------------------------------------


async def begins(world: World) -> None:
    """Return once something of a copy is in the folder."""
    while not world.names():  # noqa: ASYNC110 – files tell nobody
        await anyio.sleep(0.01)


async def test_nothing_of_an_erased_person_is_made_again(tmp_path: Path) -> None:
    erased = anyio.Event()

    async def act(connection: Connection) -> None:
        await connection.request()
        answer = audio(BODY, 'ETag: "one"')
        await connection.send(answer[:2_000])
        await erased.wait()
        await connection.send(answer[2_000:])

    async with (
        serving(act) as server,
        recorded(tmp_path, f"{server.url}/r.wav") as world,
        anyio.create_task_group() as tasks,
    ):
        settled: list[Settled] = []

        async def fetch() -> None:
            settled.append(await world.fetch())

        tasks.start_soon(fetch)
        await begins(world)
        deleted = await anyio.to_thread.run_sync(
            lambda: erase(tmp_path / "ledger.db", "+2", keep_hash=False, by="ann", at=NOW)
        )
        assert deleted.recordings == 1
        assert world.files() == {}
        erased.set()
    assert settled[0].kept is None
    assert [path.name for path in (tmp_path / "copies").iterdir()] == [".poku-batch.lock"]


# --- links that have expired -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fresh", "kept"), [("/new", True), ("/old", False), (None, False), ("/older", False)]
)
async def test_an_expired_link_is_asked_for_once(
    tmp_path: Path, fresh: str | None, kept: bool
) -> None:
    asked: list[InteractionId] = []

    async def act(connection: Connection) -> None:
        request = await connection.request()
        await connection.send(audio(BODY) if b"/new" in request else http(403))

    async with (
        serving(act) as server,
        recorded(tmp_path, f"{server.url}/old") as world,
    ):

        async def ask(interaction_id: InteractionId) -> str | None:
            asked.append(interaction_id)
            return None if fresh is None else f"{server.url}{fresh}"

        world.fresh = ask
        settled = await world.fetch()
    assert (settled.kept is not None) == kept
    assert asked == ["i-k2"]
    assert len(server.connections) == (1 if fresh in {None, "/old"} else 2)


async def test_nobody_is_asked_for_what_is_only_away(tmp_path: Path) -> None:
    async def ask(_: InteractionId) -> str | None:
        raise AssertionError("asked")

    async with (
        serving(replying(http(503))) as server,
        recorded(tmp_path, f"{server.url}/old") as world,
    ):
        world.fresh = ask
        assert (await world.fetch()).why == "HTTP 503"


# --- many, and a folder that takes nothing -----------------------------------------------------


async def test_many_are_fetched_a_few_at_once(tmp_path: Path) -> None:
    open_now, most = [0], [0]

    async def act(connection: Connection) -> None:
        await connection.request()
        open_now[0] += 1
        most[0] = max(most[0], open_now[0])
        await anyio.sleep(0.02)
        open_now[0] -= 1
        await connection.send(audio(BODY))

    async with serving(act) as server:
        urls = {f"k{n}": f"{server.url}/{n}" for n in range(2, 22)}
        async with recorded(tmp_path, urls) as world:
            settled: list[Settled] = []
            await fetch_all(
                world.ledger.recordings.wanted(CLINIC, batch=3),
                world.fetcher(),
                concurrency=3,
                settled=settled.append,
            )
            assert await world.ledger.recordings.counts(CLINIC) == RecordingCounts(kept=20)
    assert sorted(each.wanted.key for each in settled) == sorted(urls)
    assert most[0] == 3


async def test_a_full_disk_stops_the_rest_untried(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, os.strerror(28))

    async with serving(replying(audio(BODY))) as server:
        urls = {f"k{n}": f"{server.url}/{n}" for n in range(2, 9)}
        async with recorded(tmp_path, urls) as world:
            settled: list[Settled] = []
            with monkeypatch.context() as patched:
                patched.setattr("poku_batch.recordings.partial._write", full)
                await fetch_all(
                    world.ledger.recordings.wanted(CLINIC),
                    world.fetcher(),
                    concurrency=1,
                    settled=settled.append,
                )
                trouble = "the folder takes no recording: No space left on device"
                assert [each.why for each in settled] == [trouble] + [f"not tried: {trouble}"] * 6
                with pytest.raises(FolderTroubleError):
                    await world.fetch()
            assert world.files() == {}
            assert (await world.fetch()).kept is not None
        assert len(server.connections) == 3


async def test_what_the_ledger_raises_is_raised_as_it_is(tmp_path: Path) -> None:
    async def batches() -> AsyncIterator[list[WantedRecording]]:
        yield []
        raise LedgerError("gone")

    async with recorded(tmp_path, "http://127.0.0.1:1/r") as world:
        with pytest.raises(LedgerError, match="gone"):
            await fetch_all(batches(), world.fetcher(), concurrency=2, settled=lambda _: None)


# --- looking after what is kept ----------------------------------------------------------------


async def kept_copy(world: World) -> KeptRecording:
    settled = await world.fetch()
    assert settled.kept is not None
    return settled.kept


async def test_a_copy_that_is_there_is_left_alone(tmp_path: Path) -> None:
    async with (
        serving(replying(audio(BODY))) as server,
        recorded(tmp_path, f"{server.url}/r.wav") as world,
    ):
        kept = await kept_copy(world)
        for verify in (False, True):
            assert [each.kept for each in await looked(world, verify=verify)] == [kept]


@pytest.mark.parametrize("change", ["gone", "shorter", "link", "folder"])
async def test_a_copy_that_is_gone_or_changed_is_fetched_again(tmp_path: Path, change: str) -> None:
    async with (
        serving(replying(audio(BODY))) as server,
        recorded(tmp_path, f"{server.url}/r.wav") as world,
    ):
        kept = await kept_copy(world)
        kept.file.unlink()
        if change == "shorter":
            kept.file.write_bytes(BODY[:-1])
        elif change == "link":
            (tmp_path / "elsewhere").write_bytes(BODY)
            kept.file.symlink_to(tmp_path / "elsewhere")
        elif change == "folder":
            kept.file.mkdir()
        assert await looked(world) == []
        (wanted,) = await world.wanted()
        assert (wanted.place, wanted.tries) == (kept.file, 0)
        if change != "folder":
            assert await kept_copy(world) == kept
            assert world.files() == {"k2_1.wav": BODY}
        else:
            with pytest.raises(FolderTroubleError):
                await world.fetch()


def test_a_folder_is_no_copy_whatever_its_length(tmp_path: Path) -> None:
    kept = KeptRecording(file=tmp_path, size=tmp_path.lstat().st_size, sha256="a" * 64, at=NOW)
    assert why_unsound(kept, tmp_path, verify=False) == "is no file any more"


async def test_changed_bytes_are_found_by_reading_them(tmp_path: Path) -> None:
    async with (
        serving(replying(audio(BODY))) as server,
        recorded(tmp_path, f"{server.url}/r.wav") as world,
    ):
        kept = await kept_copy(world)
        kept.file.write_bytes(BODY[:-1] + b"?")
        assert len(await looked(world)) == 1
        assert await looked(world, verify=True) == []
        assert await kept_copy(world) == kept


async def test_a_folder_that_was_moved_is_taken_as_it_is(tmp_path: Path) -> None:
    async with (
        serving(replying(audio(BODY))) as server,
        recorded(tmp_path, {"k2": f"{server.url}/r.wav", "k3": f"{server.url}/r.wav"}) as world,
    ):
        first, second = await kept_copy(world), await kept_copy(world)
        moved = tmp_path / "moved"
        moved.mkdir()
        first.file.rename(moved / first.file.name)
        second.file.unlink()
        (moved / second.file.name).write_bytes(b"x" * len(BODY))
        world.folder = Folder(moved)
        with world.folder:
            (found,) = await looked(world)
        assert found.kept is not None
        assert found.kept.file == moved / first.file.name
        assert (await world.ledger.recordings.of_attempt(found.wanted.attempt_id)) == found.kept
        assert [each.key for each in await world.wanted()] == ["k3"]
    assert len(server.connections) == 2
