"""Looking into a ledger changes nothing of it: not a byte, not its version, no file beside it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from poku_batch.errors import LedgerError
from poku_batch.ledger import look_into, open_ledger
from poku_batch.ledger.schema import VERSION
from poku_batch.models import CampaignId, ContactState, DoNotCallEntry, DuplicateRule
from tests.ledger.ledger_sheets import CLINIC, NOW, called, enrol, row

pytestmark = pytest.mark.anyio

DATA = Path(__file__).parent / "data"


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def old_ledger(path: Path, version: int) -> Path:
    """A ledger of an earlier version, as the program that wrote it left it."""
    path.touch(0o600)
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.executescript((DATA / f"version-{version}.sql").read_text(encoding="utf-8"))
    return path


async def test_a_ledger_is_read_and_not_a_byte_of_it_changes(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    async with open_ledger(path) as ledger:
        await enrol(ledger, row(2, "a", "+1"), row(3, "b", "+2"))
        await called(ledger, "a")
    before = files(tmp_path)
    async with look_into(path) as ledger:
        async with ledger.enrolment(CLINIC, ["name"], DuplicateRule.FIRST) as session:
            # The first to read, and so the one that would leave SQLite's log behind.
            await session.add([row(2, "a", "+1"), row(3, "c", "+3")])
            report = await session.preview(now=NOW)
        assert (report.known, report.new, report.gone) == (1, 1, 1)
        assert (await ledger.counts(CLINIC, now=NOW)).of(ContactState.DONE) == 1
    assert files(tmp_path) == before


async def test_what_would_write_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    async with open_ledger(path) as ledger:
        await enrol(ledger, row(2, "a", "+1"))
    before = files(tmp_path)
    async with look_into(path) as ledger:
        with pytest.raises(LedgerError):
            await ledger.add_do_not_call([DoNotCallEntry(number="+1", source="x", at=NOW)])
        with pytest.raises(LedgerError):
            await ledger.open_run(CLINIC, at=NOW)
        async with ledger.enrolment(CLINIC, ["name"], DuplicateRule.FIRST) as session:
            await session.add([row(2, "b", "+2")])
            with pytest.raises(LedgerError):
                await session.commit(now=NOW)
    assert {name: text for name, text in files(tmp_path).items() if ".lock" not in name} == before


@pytest.mark.parametrize("version", range(1, VERSION))
async def test_an_older_ledger_is_read_and_stays_of_its_version(
    tmp_path: Path, version: int
) -> None:
    path = old_ledger(tmp_path / "ledger.db", version)
    before = files(tmp_path)
    async with look_into(path) as ledger:
        assert (await ledger.counts(CampaignId(name="clinic"), now=NOW)).total > 0
        assert str(ledger.place) != str(path)
    assert files(tmp_path) == before
    assert not Path(str(ledger.place)).parent.exists()


async def test_a_run_that_goes_on_is_seen_and_not_held_up(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    async with open_ledger(path) as ledger:
        await enrol(ledger, row(2, "a", "+1"), row(3, "b", "+2"))
        async with look_into(path) as looking:
            await called(ledger, "a")
            assert (await looking.counts(CLINIC, now=NOW)).of(ContactState.DONE) == 1
        await called(ledger, "b")
        assert (await ledger.counts(CLINIC, now=NOW)).of(ContactState.DONE) == 2


async def test_what_is_no_ledger_is_not_looked_into(tmp_path: Path) -> None:
    text, other, newer = tmp_path / "text.db", tmp_path / "other.db", tmp_path / "newer.db"
    text.write_text("name,phone\n" * 100)
    with closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE mine (x)")
    async with open_ledger(newer):
        pass
    with closing(sqlite3.connect(newer)) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    before = files(tmp_path)
    for path in (text, other, newer, tmp_path / "missing.db"):
        with pytest.raises(LedgerError, match=path.name):
            async with look_into(path):
                pass
    assert files(tmp_path) == before


async def test_an_empty_file_is_an_empty_ledger(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    path.touch()
    async with look_into(path) as ledger:
        assert await ledger.columns(CLINIC) is None
    assert files(tmp_path) == {"ledger.db": b""}
