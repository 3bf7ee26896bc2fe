"""Opening a ledger: addresses, rights, files that are none, versions, scratch and forgetting."""

import os
import sqlite3
import stat
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest

from poku_batch.errors import LedgerError
from poku_batch.ledger import forget_ledger, ledger_exists, open_ledger, scratch_ledger
from poku_batch.ledger.connection import Connection
from poku_batch.ledger.kinds import kind_of
from poku_batch.ledger.opening import connect
from poku_batch.ledger.places import ledger_path
from poku_batch.models import CampaignId, DuplicateRule, RunEnding

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
CLINIC = CampaignId(name="clinic")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("/a/b.db", "/a/b.db"),
        (Path("/a/b.db"), "/a/b.db"),
        ("sqlite:////a/b.db", "/a/b.db"),
        ("sqlite:////a/b%20c.db", "/a/b c.db"),
        ("sqlite:///b.db", str(Path.cwd() / "b.db")),
        ("b.db", str(Path.cwd() / "b.db")),
    ],
)
def test_a_path_or_a_sqlite_address_names_the_file(url: str | Path, path: str) -> None:
    assert str(ledger_path(url)) == path


@pytest.mark.parametrize("url", ["oracle://u:secret@h/d", "", "sqlite:///", "mysql://x"])
async def test_another_address_is_refused_without_showing_its_password(url: str) -> None:
    with pytest.raises(LedgerError, match="sqlite:///") as caught:
        async with open_ledger(url):
            pass
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["ledger.db", "a b%20?#é.db"])
async def test_folder_and_file_are_private(tmp_path: Path, name: str) -> None:
    path = tmp_path / "folder" / name
    assert not ledger_exists(path)
    async with open_ledger(path) as ledger:
        await ledger.open_run(CLINIC, at=NOW)
        for file in path.parent.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert ledger_exists(path)


async def test_connections_are_durable_and_check_foreign_keys(tmp_path: Path) -> None:
    async with open_ledger(tmp_path / "ledger.db") as ledger:

        def pragmas(connection: Connection) -> list[object]:
            names = ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            return [connection.execute(f"PRAGMA {name}").fetchone()[0] for name in names]

        async with ledger.enrolment(CLINIC, [], DuplicateRule.ALL) as session:
            found = [
                await ledger._reader.run(pragmas),
                pragmas(ledger._writer._connection),
                pragmas(session._connection),
            ]
    assert found == [["wal", 2, 1, wait_ms] for wait_ms in (30_000, 2_000, 30_000)]


async def refused(path: Path, words: str) -> None:
    with pytest.raises(LedgerError, match=words) as caught:
        async with open_ledger(path):
            pass
    assert str(path) in str(caught.value)


async def test_places_that_cannot_hold_a_ledger_are_named(tmp_path: Path) -> None:
    await refused(tmp_path / "no" / "folder" / "l.db", "does not exist")
    (tmp_path / "file").write_text("x")
    await refused(tmp_path / "file" / "l.db", "is a file")
    await refused(tmp_path, "is a folder")
    await refused(Path("/proc/poku/ledger.db"), "does not exist|cannot be created")


async def test_files_that_are_no_ledgers_are_left_alone(tmp_path: Path) -> None:
    text = tmp_path / "text.db"
    text.write_text("name,phone\n" * 1000)
    await refused(text, "not a ledger")
    foreign = tmp_path / "foreign.db"
    with sqlite3.connect(foreign) as connection:
        connection.execute("CREATE TABLE t (x)")
    connection.close()
    before = foreign.read_bytes()
    await refused(foreign, "another program")
    assert foreign.read_bytes() == before
    for path in (text, foreign):
        with pytest.raises(LedgerError, match="not a ledger"):
            forget_ledger(path)
        assert path.exists()


async def test_a_damaged_ledger_is_told(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    async with open_ledger(path):
        pass
    content = bytearray(path.read_bytes())
    content[200 : len(content) // 2] = os.urandom(len(content) // 2 - 200)
    path.write_bytes(content)
    with pytest.raises(LedgerError, match=r"damaged|ledger failed"):
        async with open_ledger(path) as ledger:
            await ledger.open_run(CLINIC, at=NOW)


async def test_a_newer_version_asks_for_an_update(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    async with open_ledger(path):
        pass
    connection = connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    await refused(path, r"version 99.*update poku-batch")


async def test_an_empty_file_becomes_a_ledger(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.touch()
    async with open_ledger(path) as ledger:
        assert await ledger.columns(CLINIC) is None


_WITHOUT_RIGHTS = """
import os, sys, anyio
import anyio._backends._asyncio
from poku_batch.errors import LedgerError
from poku_batch.ledger import open_ledger

async def main():
    for name in ("ledger.db", "new.db"):
        try:
            async with open_ledger(os.path.join(sys.argv[1], name)):
                print("opened")
        except LedgerError as error:
            print(error)

if os.geteuid() == 0:
    os.setuid(65534)  # root may write anywhere
anyio.run(main)
"""


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="rights as POSIX knows them")
def test_missing_rights_are_told() -> None:
    async def create(path: Path) -> None:
        async with open_ledger(path):
            pass

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        anyio.run(create, folder / "ledger.db")
        (folder / "ledger.db").chmod(0o444)
        folder.chmod(0o555)
        done = subprocess.run(  # our own Python and code
            [sys.executable, "-c", _WITHOUT_RIGHTS, name],
            capture_output=True,
            text=True,
            check=False,
        )
        folder.chmod(0o700)
    lines = done.stdout.splitlines()
    assert len(lines) == 2, done.stderr
    assert all("the right to" in line and name in line for line in lines), lines


async def test_two_openings_at_once_make_one_ledger(tmp_path: Path) -> None:
    async def use(number: int) -> None:
        async with open_ledger(tmp_path / "ledger.db") as ledger:
            run = await ledger.open_run(CampaignId(name=str(number)), at=NOW)
            await run.close(RunEnding.FINISHED, at=NOW)

    async with anyio.create_task_group() as tasks:
        for number in range(8):
            tasks.start_soon(use, number)


async def test_a_scratch_ledger_leaves_nothing(tmp_path: Path) -> None:
    async with scratch_ledger() as ledger:
        path = Path(str(ledger.place))
        async with ledger.enrolment(CLINIC, ["a"], DuplicateRule.FIRST) as session:
            assert (await session.preview(now=NOW)).new == 0
    assert not path.parent.exists()


async def test_forgetting_deletes_a_ledger_but_not_under_a_run(tmp_path: Path) -> None:
    path = tmp_path / "simulated.db"
    forget_ledger(path)
    async with open_ledger(path) as ledger:
        run = await ledger.open_run(CLINIC, at=NOW)
        with pytest.raises(LedgerError, match="in use"):
            forget_ledger(path)
        await run.close(RunEnding.FINISHED, at=NOW)
    forget_ledger(f"sqlite:///{path}")
    assert not ledger_exists(path)
    async with open_ledger(path) as ledger:
        assert await ledger.columns(CLINIC) is None
        await ledger.open_run(CLINIC, at=NOW)


async def test_a_closed_ledger_refuses(tmp_path: Path) -> None:
    async with open_ledger(tmp_path / "ledger.db") as ledger:
        run = await ledger.open_run(CLINIC, at=NOW)
    for late in (ledger.columns(CLINIC), run.admit(1, now=NOW), run.next_due_at()):
        with pytest.raises(LedgerError, match="closed"):
            await late


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("same number as row 17", "same number as another row"),
        ("not a number: 'abc'", "not a number"),
        (
            "letters in '+1x': write the number in digits",
            "letters in …: write the number in digits",
        ),
        ("on the do-not-call list", "on the do-not-call list"),
        ("'x'", "'x'"),
        ("a" * 500, "a" * 119 + "…"),
        ("HTTP 400: bad number +14155550100", "HTTP 400: bad number"),
        (
            "time zone in column 'tz': 'EST' is none: did you mean America/New_York?",
            "time zone in column 'tz': … is none",
        ),
        ("no consent: 'no' in column 'agreed'", "no consent: … in column 'agreed'"),
        ("no consent: '' in column \"it's ok\"", 'no consent: … in column "it\'s ok"'),
        ("the cell under column headers: 'x'", "the cell under column headers"),
    ],
)
def test_reasons_are_counted_by_what_they_have_in_common(reason: str, kind: str) -> None:
    assert kind_of(reason) == kind
