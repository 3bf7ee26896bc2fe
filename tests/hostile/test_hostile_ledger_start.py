"""A ledger that cannot be used at the start: nobody is called, and the message says what to do."""

import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from poku_batch.cli.main import main
from poku_batch.ledger import opening, writer
from tests.hostile.small_disk import SmallDisk
from tests.program import KEY, Folder, Result
from tests.standin import StandIn, numbers


@pytest.fixture
def made(served: Folder) -> Folder:
    """A campaign with a ledger, whose sheet has got new people."""
    served.people(numbers(2))
    assert served.run().code == 0
    served.people(numbers(4))
    return served


def _garble(ledger: Path) -> None:
    """Leave the header as it is and nothing else."""
    data = ledger.read_bytes()
    ledger.write_bytes(data[:100] + b"\xa5" * (len(data) - 100))


def _age(ledger: Path) -> None:
    connection = sqlite3.connect(ledger)
    connection.execute("PRAGMA user_version = 99")
    connection.close()


def _replace(ledger: Path) -> None:
    ledger.write_bytes(b"To whom it may concern: this is a letter.\n" * 100)


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (_garble, ("damaged", "restore it")),
        (_age, ("version 99", "update poku-batch")),
        (_replace, ("not a ledger", "move it away", "called anew")),
    ],
    ids=["corrupt", "newer", "a letter"],
)
def test_a_ledger_that_is_none_is_left_as_it_is_and_nobody_is_called(
    made: Folder, standin: StandIn, harm: Callable[[Path], None], words: tuple[str, ...]
) -> None:
    harm(made.ledger)
    before = made.ledger.read_bytes()
    result = made.run()
    _assert_refused(result, made.ledger, *words)
    assert len(standin.calls) == 2
    assert made.ledger.read_bytes() == before


def _assert_refused(result: Result, ledger: Path, *words: str) -> None:
    assert result.code == 2, result
    assert str(Path(*ledger.parts[-2:])) in result.err
    for word in words:
        assert word in result.err, result.err


def test_a_ledger_on_a_full_disk_is_told_of_and_nobody_is_called(
    made: Folder, standin: StandIn, disk: SmallDisk
) -> None:
    place = disk.path / "ledger.db"
    made.env["POKU_BATCH_LEDGER"] = str(place)
    disk.fill()
    _assert_refused(made.run(), place, "the disk is full", "free some space")
    disk.free()
    assert made.run().code == 0
    made.people(numbers(6))
    calls = len(standin.calls)
    disk.fill()
    _assert_refused(made.run(), place, "the disk is full", "free some space")
    assert len(standin.calls) == calls
    disk.free()
    assert made.run().code == 0


@pytest.mark.parametrize(
    ("there", "words"),
    [(True, "its folder may be written"), (False, "the right to write there")],
)
def test_a_ledger_on_a_read_only_disk_is_told_of_and_nobody_is_called(
    made: Folder, standin: StandIn, disk: SmallDisk, there: bool, words: str
) -> None:
    place = disk.path / "ledger.db"
    made.env["POKU_BATCH_LEDGER"] = str(place)
    if there:
        assert made.run().code == 0
        made.people(numbers(6))
    calls = len(standin.calls)
    disk.make_read_only()
    _assert_refused(made.run(), place, words)
    assert len(standin.calls) == calls


@pytest.mark.parametrize("how", ["a transaction", "the whole file"])
def test_a_ledger_that_another_program_locks_for_too_long_is_told_of_and_nobody_is_called(
    made: Folder,
    standin: StandIn,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    how: str,
) -> None:
    monkeypatch.setattr(opening, "BUSY_TIMEOUT_S", 0.3)
    monkeypatch.setattr(writer, "_LOCK_ROUNDS", 2)
    monkeypatch.setattr(writer, "_LOCK_ROUND_S", 0.2)
    for name, value in made.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["poku-batch", "run", str(made.campaign), "--yes"])
    monkeypatch.setattr("poku_batch.cli.main.keep_streams", lambda: None)
    foreign = sqlite3.connect(made.ledger, isolation_level=None)
    try:
        if how == "the whole file":
            foreign.execute("PRAGMA locking_mode = EXCLUSIVE")
        foreign.execute("BEGIN EXCLUSIVE")
        foreign.execute("CREATE TABLE theirs (x)")
        with pytest.raises(SystemExit) as leaving:
            main()
    finally:
        foreign.close()
    said = capsys.readouterr().err
    assert leaving.value.code == 2, said
    assert f"{made.ledger}: another program keeps the ledger locked; end it" in said
    assert "Traceback" not in said
    assert KEY not in said
    assert len(standin.calls) == 2
