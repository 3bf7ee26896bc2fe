"""Looking into a folder: its campaign files, its ledgers as they change, and who is alive."""

import socket
import sqlite3
import sys
from contextlib import AsyncExitStack, closing, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest

from poku_batch.app.desk.campaign_files import CampaignFiles
from poku_batch.app.desk.looking import Looking
from poku_batch.ledger import open_ledger
from poku_batch.models import CampaignId, RunId, RunRecord
from poku_batch.policy.liveness import Liveness
from tests.app.desk_world import DEMO, write_campaign
from tests.ledger.ledger_clinic import CLINIC, enrol

pytestmark = pytest.mark.anyio

VERSION_4 = Path(__file__).parent.parent / "ledger" / "data" / "version-4.sql"


def looking(folder: Path) -> Looking:
    return Looking(folder, shown="here")


async def test_campaigns_of_the_ledger_come_first_and_those_of_files_after(tmp_path: Path) -> None:
    for name in ("b", "a", "clinic"):
        write_campaign(tmp_path, name)
    async with open_ledger(tmp_path / ".poku-batch" / "ledger.db") as ledger:
        await enrol(ledger, 1, campaign=CampaignId(name="gone"))
        await enrol(ledger, 1)
    async with looking(tmp_path) as desk:
        entries = await desk.entries(simulated=False)
        assert [(str(e.id), e.enrolled, e.file and e.file.name) for e in entries] == [
            ("clinic", True, "clinic.yaml"),
            ("gone", True, None),
            ("a", False, "a.yaml"),
            ("b", False, "b.yaml"),
        ]
        assert [e.enrolled for e in await desk.entries(simulated=True)] == [False] * 3
        assert await desk.entry(CLINIC, simulated=False) == entries[0]
        assert await desk.entry(CampaignId(name="clinic", wave="2"), simulated=False) is None


async def test_the_version_differs_after_every_change_and_only_then(tmp_path: Path) -> None:
    path = tmp_path / ".poku-batch" / "ledger.db"
    async with looking(tmp_path) as desk:
        versions = [await desk.version(simulated=False)]
        async with open_ledger(path) as ledger:
            versions.append(await desk.version(simulated=False))
            await enrol(ledger, 1)
            versions.append(await desk.version(simulated=False))
            # Whoever looks changes nothing of it.
            async with desk.ledger(simulated=False) as look:
                assert look is not None
                assert await look.browsing.campaigns() == [CLINIC]
            assert await desk.version(simulated=False) == versions[-1]
        for file in path.parent.iterdir():
            file.unlink()
        versions.append(await desk.version(simulated=False))
        async with open_ledger(path) as ledger:
            await enrol(ledger, 2)
            versions.append(await desk.version(simulated=False))
        async with desk.ledger(simulated=False) as look:
            assert look is not None
            assert (await look.counts(CLINIC, now=datetime.now(UTC))).total == 2
    assert versions[0] == versions[3] == ()
    assert len(set(versions)) == 4


async def test_a_ledger_of_an_earlier_version_is_read_as_it_is_and_followed(tmp_path: Path) -> None:
    path = tmp_path / ".poku-batch" / "ledger.db"
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(VERSION_4.read_text(encoding="utf-8"))
        before = connection.execute("PRAGMA user_version").fetchone()
        async with looking(tmp_path) as desk:
            first = await desk.version(simulated=False)
            async with desk.ledger(simulated=False) as look:
                assert look is not None
                campaigns = await look.browsing.campaigns()
            assert await desk.version(simulated=False) == first
            # The program that it is of goes on writing to it.
            connection.execute(
                "INSERT INTO campaigns (name, wave, columns, enrolled_at) VALUES ('x', '', '[]', 9)"
            )
            connection.commit()
            assert await desk.version(simulated=False) != first
            async with desk.ledger(simulated=False) as look:
                assert look is not None
                assert CampaignId(name="x") in await look.browsing.campaigns()
        assert campaigns
        assert connection.execute("PRAGMA user_version").fetchone() == before == (4,)


def open_below(folder: Path) -> int:
    """How many files below a folder this process has open."""
    found = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(FileNotFoundError):  # that of the listing itself
            found += descriptor.readlink().is_relative_to(folder)
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="open files as Linux tells them")
async def test_few_looks_are_open_however_many_ask_and_none_afterwards(tmp_path: Path) -> None:
    async with open_ledger(tmp_path / ".poku-batch" / "ledger.db") as ledger:
        await enrol(ledger, 1)

    async def look(desk: Looking) -> None:
        for _ in range(5):
            async with desk.ledger(simulated=False) as looked:
                assert looked is not None
                assert await looked.browsing.campaigns() == [CLINIC]

    async with looking(tmp_path) as desk:
        async with anyio.create_task_group() as tasks:
            for _ in range(30):
                tasks.start_soon(look, desk)
        assert 0 < open_below(tmp_path) <= 4 * 6
    assert open_below(tmp_path) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="open files as Linux tells them")
async def test_a_look_that_outlasts_its_desk_is_closed_when_it_is_given_back(
    tmp_path: Path,
) -> None:
    async with open_ledger(tmp_path / ".poku-batch" / "ledger.db") as ledger:
        await enrol(ledger, 1)
    async with AsyncExitStack() as stack:
        async with looking(tmp_path) as desk:
            look = await stack.enter_async_context(desk.ledger(simulated=False))
        assert look is not None
        assert await look.browsing.campaigns() == [CLINIC]
    assert open_below(tmp_path) == 0


async def test_rehearsals_have_a_time_of_their_own_that_is_never_before_now(tmp_path: Path) -> None:
    ahead = datetime.now(UTC) + timedelta(days=3)
    async with looking(tmp_path) as desk:
        assert abs(await desk.now(simulated=True) - datetime.now(UTC)) < timedelta(seconds=5)
        async with open_ledger(tmp_path / ".poku-batch" / "simulated.db") as ledger:
            await enrol(ledger, 1)
            await ledger.open_run(CLINIC, at=ahead)
            assert await desk.now(simulated=True) == ahead
        assert abs(await desk.now(simulated=False) - datetime.now(UTC)) < timedelta(seconds=5)


async def test_a_run_is_alive_while_its_process_is_there(tmp_path: Path) -> None:
    async with await anyio.open_process([sys.executable, "-c", "input()"]) as process:
        run = RunRecord(
            id=RunId(1),
            campaign=DEMO,
            host=socket.gethostname(),
            pid=process.pid,
            started_at=datetime.now(UTC),
            seen_at=datetime.now(UTC),
        )
        desk = looking(tmp_path)
        assert await desk.liveness(run) is Liveness.ALIVE
        process.kill()
    assert await desk.liveness(run) is Liveness.DEAD
    assert await desk.liveness(replace(run, ended_at=datetime.now(UTC))) is Liveness.ENDED
    assert await desk.liveness(replace(run, pid=0)) is Liveness.DEAD


def test_a_campaign_file_is_read_again_when_it_changes_and_only_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_campaign(tmp_path)
    files = CampaignFiles(tmp_path)
    (found,) = files.read()
    assert (found.id, found.path, found.fault) == (DEMO, path, None)
    path.write_text(path.read_text().replace('"prompt"', '"promt"'))
    (faulty,) = files.read()
    assert "promt" in (faulty.fault or "")
    assert faulty.id == DEMO
    assert str(tmp_path) not in (faulty.fault or "")
    monkeypatch.setattr("poku_batch.app.desk.campaign_files._read", None)
    assert files.read() == [faulty]
    path.unlink()
    assert files.read() == []


def test_what_is_no_campaign_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "mkdocs.yml").write_text("site_name: x\n")
    (tmp_path / "notes.txt").write_text("contacts: x\n")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "big.yaml").write_text("contacts: x\n" * 200_000)
    (tmp_path / "Odd Näme!.yml").write_text("contacts: [\n")
    (odd,) = CampaignFiles(tmp_path).read()
    assert odd.id == CampaignId(name="odd-n-me-")
    assert odd.fault
    assert CampaignFiles(tmp_path / "nowhere").read() == []
