"""However a command is told to leave, it does so in order: nothing of a sheet stays behind."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.program import Folder, Program

_COMMAND = str(Path(sys.executable).with_name("poku-batch"))


def left(folder: Folder, program: Program, number: signal.Signals, *, ignoring: bool) -> str:
    """Let ``check`` wait for a sheet that does not end, and tell it to leave; what it says."""
    kept = folder.path / "tmp"
    kept.mkdir()
    command = [_COMMAND, "check", "campaign.yaml"]
    if ignoring:  # as a shell starts what runs in the background
        command = ["sh", "-c", 'trap "" INT; exec "$@"', "sh", *command]
    process = subprocess.Popen(
        command,
        cwd=folder.path,
        env=program.env({"TMPDIR": str(kept)}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        give_up = time.monotonic() + 20
        while not any(kept.glob("poku-batch-*/sheet")):
            assert time.monotonic() < give_up
            time.sleep(0.02)
        time.sleep(0.1)
        process.send_signal(number)
        assert process.stderr is not None
        said = process.stderr.read()
        assert process.wait(20) == 4
    assert list(kept.iterdir()) == []
    return said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_sheet_that_is_being_read_is_taken_away(
    folder: Folder, program: Program, number: signal.Signals
) -> None:
    folder.write(contacts={"file": "-", "phone": "phone"})
    assert left(folder, program, number, ignoring=False) == "error: stopped\n"


def test_so_it_is_where_ctrl_c_is_ignored(folder: Folder, program: Program) -> None:
    folder.write(contacts={"file": "-", "phone": "phone"})
    assert left(folder, program, signal.SIGTERM, ignoring=True) == "error: stopped\n"
