"""The ledger's file is opened by SQLite alone: else a process would lose its locks on it.

Closing any other descriptor of the file takes away all locks of the process. Another one that
leaves then takes itself for the last, and deletes the log that this one goes on writing to.
"""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest

from poku_batch.errors import LedgerError
from poku_batch.ledger import (
    enrolled_from,
    forget_ledger,
    inspect,
    ledger_exists,
    look_into,
    open_ledger,
)
from poku_batch.models import CampaignId, DoNotCallEntry

pytestmark = pytest.mark.anyio

CLINIC = CampaignId(name="clinic")

_ELSEWHERE = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
print(connection.execute("SELECT COUNT(*) FROM do_not_call").fetchone()[0])
connection.close()
"""


def listed_elsewhere(path: Path) -> int:
    """How many numbers are listed, as another process sees it that opens the file and leaves."""
    done = subprocess.run(
        [sys.executable, "-c", _ELSEWHERE, str(path)], capture_output=True, check=True
    )
    return int(done.stdout)


def entry(number: str) -> DoNotCallEntry:
    return DoNotCallEntry(
        number=number, source="added", at=datetime(2026, 11, 22, tzinfo=UTC), by="me"
    )


async def test_what_is_asked_of_a_ledger_by_the_way_takes_no_lock_from_who_has_it_open(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ledger.db"
    async with open_ledger(path) as ledger:
        await ledger.add_do_not_call([entry("+14155550101")])
        assert enrolled_from(str(path), CLINIC) is None
        assert ledger_exists(str(path))
        async with look_into(str(path)) as look:
            assert await look.columns(CLINIC) is None
        assert await anyio.to_thread.run_sync(listed_elsewhere, path) == 1
        await ledger.add_do_not_call([entry("+14155550102")])
        assert await anyio.to_thread.run_sync(listed_elsewhere, path) == 2


async def test_a_ledger_that_is_looked_over_or_not_forgotten_is_left_its_locks(
    tmp_path: Path,
) -> None:
    path = tmp_path / "ledger.db"
    async with open_ledger(path) as ledger:
        run = await ledger.open_run(CLINIC, at=datetime(2026, 11, 22, tzinfo=UTC))
        await ledger.add_do_not_call([entry("+14155550101")])
        assert not (await anyio.to_thread.run_sync(inspect, path)).problems
        with pytest.raises(LedgerError, match="in use"):
            await anyio.to_thread.run_sync(forget_ledger, path)
        assert await anyio.to_thread.run_sync(listed_elsewhere, path) == 1
        await ledger.add_do_not_call([entry("+14155550102")])
        assert await anyio.to_thread.run_sync(listed_elsewhere, path) == 2
        await run.let_go()


@pytest.mark.parametrize("content", [b"", b"not a database at all, but long enough" * 20])
def test_a_file_that_is_no_ledger_is_asked_in_vain(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ledger.db"
    path.write_bytes(content)
    assert enrolled_from(str(path), CLINIC) is None
    assert path.read_bytes() == content
