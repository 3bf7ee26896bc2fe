"""The ledger's disk full, or the ledger locked, in the middle of a run with calls in flight."""

import json
import signal
import sqlite3
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.hostile.small_disk import SmallDisk
from tests.program import Folder, Process
from tests.standin import Generation, StandIn, numbers, summary

_PEOPLE = 12
_AT_ONCE = 4


@pytest.fixture
def held(served: Folder, standin: StandIn) -> Folder:
    """A campaign whose calls do not end until the stand-in lets them."""
    standin.held = True
    served.people(numbers(_PEOPLE))
    served.write(limits={"concurrency": _AT_ONCE}, api={"poll_interval": "100ms"})
    return served


@pytest.fixture
def on_disk(held: Folder, disk: SmallDisk) -> Folder:
    """The same, with its ledger on the small disk."""
    held.env["POKU_BATCH_LEDGER"] = str(disk.path / "ledger.db")
    return held


def _in_trouble(folder: Folder, standin: StandIn, disk: SmallDisk) -> Process:
    """A run whose calls have ended while the disk is full."""
    process = folder.start()
    standin.wait_for(_AT_ONCE)
    time.sleep(0.3)
    disk.fill()
    standin.held = False
    process.wait_for("in memory")
    return process


def _rescued(folder: Folder) -> list[Path]:
    return sorted(folder.path.glob("out.rescued-*.jsonl"))


@contextmanager
def _locked(ledger: Path) -> Iterator[None]:
    """Another program in the middle of a transaction of its own."""
    foreign = sqlite3.connect(ledger, isolation_level=None, timeout=20)
    try:
        foreign.execute("BEGIN EXCLUSIVE")
        yield
    finally:
        foreign.close()


@pytest.mark.parametrize("generation", ["first", "second"])
def test_a_disk_that_fills_up_loses_nothing_and_once_there_is_room_the_run_goes_on(
    on_disk: Folder, standin: StandIn, disk: SmallDisk, generation: Generation
) -> None:
    standin.generation = generation
    process = _in_trouble(on_disk, standin, disk)
    time.sleep(1.5)
    assert process.running
    assert len(standin.calls) == _AT_ONCE, "a call was begun that the ledger cannot take"

    disk.free()
    result = process.ended().checked()

    assert result.code == 0, result
    assert "the disk is full" in result.err
    assert "works again" in result.err
    assert standin.numbers == numbers(_PEOPLE)
    assert on_disk.states() == ["done"] * _PEOPLE
    assert [row["call_summary"] for row in on_disk.results()] == [
        summary(number) for number in numbers(_PEOPLE)
    ]
    assert _rescued(on_disk) == []
    assert on_disk.run().code == 0
    assert len(standin.calls) == _PEOPLE


def test_whoever_leaves_while_the_disk_is_full_finds_the_results_in_a_file_of_their_own(
    on_disk: Folder, standin: StandIn, disk: SmallDisk
) -> None:
    process = _in_trouble(on_disk, standin, disk)
    process.signal()
    time.sleep(0.4)
    process.signal(signal.SIGTERM)
    asked_at = time.monotonic()
    left = process.ended().checked()

    assert time.monotonic() - asked_at < 5
    assert left.code == 4, left
    [file] = _rescued(on_disk)
    assert file.name in left.err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    kept = [json.loads(line) for line in file.read_text().splitlines()]
    assert {line["said"]["summary"] for line in kept if line["what"] == "ended"} == {
        summary(number) for number in numbers(_AT_ONCE)
    }
    assert {line["row"] for line in kept} == {2, 3, 4, 5}

    disk.free()
    again = on_disk.run()
    assert again.code == 3, again
    assert standin.numbers == numbers(_PEOPLE)
    assert on_disk.states() == ["unknown"] * _AT_ONCE + ["done"] * (_PEOPLE - _AT_ONCE)
    assert all(row["call_error"] for row in on_disk.results()[:_AT_ONCE])


def test_a_ledger_that_another_program_locks_for_long_is_told_of_and_waited_for(
    held: Folder, standin: StandIn
) -> None:
    process = held.start()
    standin.wait_for(_AT_ONCE)
    time.sleep(0.3)
    with _locked(held.ledger):
        standin.held = False
        process.wait_for("another program keeps it locked")
        assert len(standin.calls) == _AT_ONCE
    result = process.ended().checked()
    assert result.code == 0, result
    assert standin.numbers == numbers(_PEOPLE)
    assert held.states() == ["done"] * _PEOPLE


def test_whoever_leaves_a_locked_ledger_is_let_go_and_the_results_are_kept(
    held: Folder, standin: StandIn
) -> None:
    process = held.start()
    standin.wait_for(_AT_ONCE)
    time.sleep(0.3)
    with _locked(held.ledger):
        standin.held = False
        time.sleep(0.7)
        process.signal()
        time.sleep(0.4)
        process.signal()
        asked_at = time.monotonic()
        left = process.ended().checked()
        assert time.monotonic() - asked_at < 10
    assert left.code == 4, left
    [file] = _rescued(held)
    assert len(file.read_text().splitlines()) == _AT_ONCE
    again = held.run()
    assert again.code == 3, again
    assert standin.numbers == numbers(_PEOPLE)
