"""Open files and local ports are enough for all calls at once, or nobody is called."""

import csv
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from poku_batch.app import descriptors
from poku_batch.errors import UsageError
from tests.standin import StandIn, numbers

resource = pytest.importorskip("resource", reason="Windows bounds handles by memory alone")

_CALLS = 150


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with StandIn(hold_s=2) as api:
        yield api


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A campaign of as many people as it has slots."""
    people = "".join(f"Person {n},{phone}\n" for n, phone in enumerate(numbers(_CALLS)))
    (tmp_path / "sheet.csv").write_text(f"name,phone\n{people}")
    (tmp_path / "campaign.yaml").write_text(
        'name: demo\ncontacts: sheet.csv\nprompt: {text: "Call {{ name }}."}\noutput: out.csv\n'
        f"calling_hours: always\nlimits: {{concurrency: {_CALLS}}}\n"
    )
    return tmp_path


def started(
    folder: Path, standin: StandIn, *args: str, soft: int, hard: int
) -> "subprocess.Popen[str]":
    """Start a run of the campaign from a shell with these limits of open files."""
    command = f'ulimit -Sn {soft} && ulimit -Hn {hard} && exec "$@"'
    return subprocess.Popen(
        ["/bin/sh", "-c", command, "sh", sys.executable, "-m", "poku_batch", "run",
         "campaign.yaml", *args],
        cwd=folder,
        env=os.environ | {"POKU_API_KEY": "poku-key", "POKU_BASE_URL": standin.url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip


def run(
    folder: Path, standin: StandIn, *args: str, soft: int, hard: int
) -> "subprocess.CompletedProcess[str]":
    """Run the campaign so to its end."""
    with started(folder, standin, *args, soft=soft, hard=hard) as process:
        out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess(args, process.returncode, out, err)


def states(folder: Path, name: str = "out.csv") -> list[str]:
    with (folder / name).open(encoding="utf-8", newline="") as file:
        return [row["call_status"] for row in csv.DictReader(file)]


def test_a_soft_limit_that_is_too_small_is_raised(folder: Path, standin: StandIn) -> None:
    ran = run(folder, standin, "--yes", soft=60, hard=500)
    assert ran.returncode == 0, ran.stderr
    assert states(folder) == ["done"] * _CALLS
    assert max(call.open for call in standin.calls) > 60


def test_a_hard_limit_that_is_too_small_is_told_before_anybody_is_called(
    folder: Path, standin: StandIn
) -> None:
    ran = run(folder, standin, "--yes", soft=60, hard=100)
    assert ran.returncode == 2
    assert "limits.concurrency: 150 calls at once need" in ran.stderr
    assert "allows 100" in ran.stderr
    for way in ("Make it", "ulimit -n", "LimitNOFILE="):
        assert way in ran.stderr
    assert standin.requests == []
    assert not (folder / ".poku-batch").exists()
    assert not (folder / "out.csv").exists()


def test_what_is_advised_is_enough(folder: Path, standin: StandIn) -> None:
    told = run(folder, standin, "--yes", soft=60, hard=100).stderr
    needed = re.search(r"LimitNOFILE=(\d+)", told)
    assert needed is not None
    ran = run(folder, standin, "--yes", soft=60, hard=int(needed[1]))
    assert ran.returncode == 0, ran.stderr
    assert states(folder) == ["done"] * _CALLS


def test_the_smaller_concurrency_that_is_advised_is_enough(folder: Path, standin: StandIn) -> None:
    told = run(folder, standin, "--yes", soft=60, hard=100).stderr
    advised = re.search(r"Make it (\d+) or less", told)
    assert advised is not None
    campaign = folder / "campaign.yaml"
    text = campaign.read_text()
    campaign.write_text(text.replace(f"concurrency: {_CALLS}", f"concurrency: {advised[1]}"))
    ran = run(folder, standin, "--yes", soft=60, hard=100)
    assert ran.returncode == 0, ran.stderr
    assert states(folder) == ["done"] * _CALLS


def test_a_rehearsal_needs_both_ends_of_each_call(folder: Path, standin: StandIn) -> None:
    refused = run(folder, standin, "--simulate", soft=60, hard=300)
    assert refused.returncode == 2
    assert "allows 300" in refused.stderr
    ran = run(folder, standin, "--simulate", soft=60, hard=500)
    # Some of the simulator's people do not answer; none may fail for want of a file.
    assert "Too many open files" not in ran.stderr
    assert set(states(folder, "out.simulated.csv")) <= {"done", "skipped"}


def test_who_only_connects_to_the_dashboard_beside_a_run_takes_no_call_its_place(
    folder: Path, standin: StandIn
) -> None:
    with (
        started(folder, standin, "--yes", "--dashboard-port", "0", soft=300, hard=4000) as process,
        ExitStack() as connections,
    ):
        assert process.stderr is not None
        told = next(line for line in process.stderr if line.startswith("dashboard  "))
        port = int(told.strip().rstrip("/").rpartition(":")[2])
        for _ in range(250):
            connections.enter_context(socket.create_connection(("127.0.0.1", port)))
        said = process.stderr.read()
    assert process.returncode == 0, said
    assert "cannot be reached" not in said
    assert states(folder) == ["done"] * _CALLS


def test_more_calls_than_local_ports_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = tmp_path / "ports"
    monkeypatch.setattr(descriptors, "_PORT_RANGE", ports)
    ports.write_text("32768\t33267\n")
    descriptors.make_room_for_calls(500, simulate=False)
    with pytest.raises(UsageError, match=r"501 calls .* has 500 to one address\. Make it 500 or"):
        descriptors.make_room_for_calls(501, simulate=False)


@pytest.mark.parametrize("text", [None, "", "what a kernel may say one day"])
def test_a_system_that_does_not_tell_its_ports_is_not_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    ports = tmp_path / "ports"
    if text is not None:
        ports.write_text(text)
    monkeypatch.setattr(descriptors, "_PORT_RANGE", ports)
    descriptors.make_room_for_calls(500, simulate=False)
