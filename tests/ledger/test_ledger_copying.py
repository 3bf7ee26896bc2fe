"""Moving a ledger: all of it arrives, or nothing does, and nobody is called from both places."""

from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from poku_batch.errors import LedgerError
from poku_batch.ledger import copy_ledger, copying, erase, inspect, open_ledger
from poku_batch.ledger.copying import TABLES
from poku_batch.ledger.places import place_of
from poku_batch.models import (
    CallResult,
    ContactKey,
    ContactState,
    Decision,
    DoNotCallEntry,
    InteractionId,
    KeptRecording,
    RunEnding,
    Sequel,
)
from tests.ledger.ledger_clinic import CLINIC, LATER, NOW, OTHER, dial, row, take
from tests.ledger.ledger_raw import raw
from tests.postgresql import Server

pytestmark = pytest.mark.anyio

AGAIN = Sequel(state=ContactState.PENDING, due_at=LATER)


#: What is there while workers make calls; a ledger that is moved may have it from a dead run.
_OF_WORKERS = (
    "INSERT INTO definitions (run_id, definition) VALUES (1, '{}')",
    "INSERT INTO listed (run_id, number, source) VALUES (1, '+1999', 'stop.txt')",
    "INSERT INTO workers (name, concurrency, started_at, seen_at) VALUES ('one', 5, 1, 2)",
    "INSERT INTO refusals (run_id, worker_id, why) VALUES (1, 1, 'a key is missing')",
)


async def lived_through(url: str, folder: Path) -> None:
    """A ledger with something in every table."""
    async with open_ledger(url) as ledger:
        await take(ledger, *map(row, range(2, 8)), row(9, to="+2"))
        await take(ledger, row(2), campaign=OTHER)
        run = await ledger.open_run(CLINIC, tell_results=True, at=NOW)
        done = await dial(run)
        said = CallResult(
            outcome="ok",
            summary="é \ud800 🐎",
            recording_url="https://r/1",
            fields={"day": "Monday"},
        )
        await run.finish(done, said, to_read=True, sequel=AGAIN, at=NOW)
        await ledger.recordings.keep(
            done, KeptRecording(file=folder / "a.wav", size=1, sha256="0" * 64, at=NOW)
        )
        await run.started(await dial(run, "k3"), InteractionId("i3"), at=NOW)
        unknown = await dial(run, "k4")
        await run.doubt(unknown, "lost", at=NOW)
        decision = Decision(state=ContactState.DONE, by="ann", at=NOW, summary="She called.")
        await ledger.resolve(CLINIC, ContactKey("k4"), decision)
        (admission,) = await run.admit(1, now=NOW)
        await run.begin(admission, prompt_sha256="q", prompt="Call them.", at=NOW)
        await run.close(RunEnding.STOPPED, at=NOW)
        await ledger.add_do_not_call([DoNotCallEntry(number="+1999", source="added", at=NOW)])
    await anyio.to_thread.run_sync(lambda: erase(url, "+7", keep_hash=True, by="ann", at=NOW))
    with raw(url) as connection:
        for statement in _OF_WORKERS:
            connection.execute(statement)


def rows(url: str) -> dict[str, list[tuple[object, ...]]]:
    with raw(url) as connection:
        return {
            name: connection.execute(
                f"SELECT * FROM {name} ORDER BY {', '.join(known_by)}"  # noqa: S608
            ).fetchall()
            for name, known_by in TABLES.items()
        }


@pytest.fixture
def targets(postgresql_server: Server, tmp_path: Path) -> Iterator[list[str]]:
    with postgresql_server.ledger() as one, postgresql_server.ledger() as two:
        yield [one, two, str(tmp_path / "back.db")]


async def test_a_ledger_goes_to_a_database_and_on_and_back_and_is_the_same(
    tmp_path: Path, targets: list[str]
) -> None:
    source = str(tmp_path / "ledger.db")
    await lived_through(source, tmp_path)
    before = rows(source)
    assert all(before[name] for name in TABLES), "every table has something in it"
    for target in targets:
        copied = copy_ledger(source, target, at=LATER)
        assert (copied.contacts, copied.attempts) == (8, 4)
        assert rows(target) == before
        assert inspect(target).problems == ()
        # Nobody is called from both.
        async with open_ledger(source) as ledger:
            for campaign in (CLINIC, OTHER):
                pause = await ledger.controls.paused(campaign)
                assert pause is not None
                assert pause.by.startswith("ledger copy, to ")
                await ledger.controls.resume(campaign)
        source = target


async def test_what_is_new_in_a_copy_has_ids_of_its_own(tmp_path: Path, targets: list[str]) -> None:
    source = str(tmp_path / "ledger.db")
    await lived_through(source, tmp_path)
    copy_ledger(source, targets[0], at=LATER)
    async with open_ledger(targets[0]) as ledger:
        assert (await take(ledger, *map(row, range(2, 40)))).new == 32
        run = await ledger.open_run(CLINIC, at=LATER)
        assert [call.key for call in await run.open_calls()] == ["k3"]
        known = {id_ for (id_, *_) in rows(source)["attempts"]}
        assert await dial(run, "k20", at=LATER) not in known
    assert inspect(targets[0]).problems == ()


async def test_nothing_is_copied_over_anything_nor_while_a_run_goes_on(
    tmp_path: Path, targets: list[str], ledger_url: str
) -> None:
    source = str(tmp_path / "source.db")
    with pytest.raises(LedgerError, match="no ledger here"):
        copy_ledger(source, targets[0], at=NOW)
    async with open_ledger(source) as ledger:
        await take(ledger, row(2))
        async with open_ledger(ledger_url) as other:
            await other.add_do_not_call([DoNotCallEntry(number="+1", source="added", at=NOW)])
        with pytest.raises(LedgerError, match="writes over nothing"):
            copy_ledger(source, ledger_url, at=NOW)
        run = await ledger.open_run(CLINIC, at=NOW)
        with pytest.raises(LedgerError, match="clinic is being run"):
            copy_ledger(source, targets[0], at=NOW)
        await run.close(RunEnding.STOPPED, at=NOW)
        assert await ledger.controls.paused(CLINIC) is None
    assert not any(rows(targets[0]).values())


async def test_what_does_not_arrive_as_it_was_is_not_kept(
    tmp_path: Path, targets: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = str(tmp_path / "ledger.db")
    await lived_through(source, tmp_path)
    real = copying.copy_tables

    def lossy(reading: object, writing: object) -> object:
        contents = real(reading, writing)  # type: ignore[arg-type]
        writing.execute("UPDATE attempts SET outcome = 'busy' WHERE outcome = 'ok'")  # type: ignore[attr-defined]
        return contents

    monkeypatch.setattr(copying, "copy_tables", lossy)
    for target in targets:
        with pytest.raises(LedgerError, match="attempts is not what was sent"):
            copy_ledger(source, target, at=NOW)
        assert not any(rows(target).values())
    async with open_ledger(source) as ledger:
        assert await ledger.controls.paused(CLINIC) is None


def test_a_ledger_is_not_copied_onto_itself(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    place_of(path).prepare()
    with raw(path) as connection:
        connection.execute("INSERT INTO campaigns (name, wave) VALUES ('a', '')")
    with pytest.raises(LedgerError, match="writes over nothing"):
        copy_ledger(path, f"sqlite:///{path}", at=NOW)
