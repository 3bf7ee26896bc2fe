"""A program is told on its standard input: real processes."""

import json
import os
import shlex
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from poku_batch.hooks import CommandSender, SilentSender
from tests.hooks.hooks_message import NAME, message

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="looks into /proc"),
]

PYTHON = [sys.executable, "-I", "-c"]


def sender(code: str, cwd: Path, *arguments: str, **named: Any) -> CommandSender:
    return CommandSender([*PYTHON, code, *arguments], cwd=cwd, **({"timeout_s": 10} | named))


def shell(script: str, cwd: Path, **named: Any) -> CommandSender:
    return CommandSender(["/bin/sh", "-c", script], cwd=cwd, **({"timeout_s": 10} | named))


async def until(done: Callable[[], bool], *, within_s: float = 5) -> None:
    with anyio.fail_after(within_s):
        while not done():  # noqa: ASYNC110 – it happens in another process
            await anyio.sleep(0.01)


def number_in(path: Path) -> int | None:
    """The process that a program has written down; None until then."""
    try:
        return int(path.read_text())
    except (FileNotFoundError, ValueError):
        return None


def alive(pid: int | None) -> bool:
    """Whether a process runs; one that has ended and that nobody has asked for does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


async def test_a_program_gets_the_message_as_one_line_of_json(tmp_path: Path) -> None:
    why = await shell("cat > got", tmp_path).send(message(summary="Zwei\nZeilen\u2028ü"))
    assert why is None
    (line,) = (tmp_path / "got").read_bytes().splitlines(keepends=True)
    assert line.endswith(b"\n")
    assert json.loads(line) == {
        "id": NAME,
        "type": "contact.result",
        "timestamp": "2026-11-22T10:00:00+00:00",
        "data": {"summary": "Zwei\nZeilen\u2028ü"},
    }


async def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    code = "import sys, pathlib; pathlib.Path('got').write_text(sys.argv[1])"
    nasty = "; touch owned $(touch owned) `touch owned` *"
    assert await sender(code, tmp_path, nasty).send(message()) is None
    assert (tmp_path / "got").read_text() == nasty
    assert os.listdir(tmp_path) == ["got"]  # noqa: PTH208


async def test_a_program_has_neither_the_api_key_nor_the_secrets_of_hooks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("POKU_API_KEY", "HOOK_SECRET", "OTHER_SECRET", "HARMLESS"):
        monkeypatch.setenv(name, f"value of {name}")
    hidden = ["HOOK_SECRET", "OTHER_SECRET"]
    assert await shell("env > got", tmp_path, hidden=hidden).send(message()) is None
    env = (tmp_path / "got").read_text()
    assert "value of HARMLESS" in env
    assert "PATH=" in env
    assert "SECRET" not in env
    assert "POKU_API_KEY" not in env


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("exit 3", "the command ended with exit code 3"),
        ("echo one >&2; echo two >&2; exit 1", "the command ended with exit code 1: two"),
        ("printf 'no\\033[31m +14155550100 \\n\\n' >&2; exit 9", "exit code 9: no [31m ••••"),
        ("kill -9 $$", "the command was ended by signal 9"),
        ("echo unheard; exit 1", "the command ended with exit code 1"),
    ],
)
async def test_a_program_that_fails_says_why_in_its_last_line(
    tmp_path: Path, script: str, why: str
) -> None:
    said = await shell(script, tmp_path).send(message())
    assert said is not None
    assert said.endswith(why)
    assert said.isprintable()


async def test_a_program_that_is_not_there_cannot_be_started(tmp_path: Path) -> None:
    (tmp_path / "not-executable").write_text("x")
    for command in ("no-such-program-here", "./not-executable", "nul\0"):
        why = await CommandSender([command], cwd=tmp_path, timeout_s=5).send(message())
        assert why is not None
        assert why.startswith("the command cannot be started: ")
    gone = tmp_path / "gone"
    assert await CommandSender(["true"], cwd=gone, timeout_s=5).send(message()) is not None


async def test_a_program_beside_the_campaign_is_found(tmp_path: Path) -> None:
    (tmp_path / "notify").write_text('#!/bin/sh\nread line\necho "$line" > got\n')
    (tmp_path / "notify").chmod(0o700)
    assert await CommandSender(["./notify"], cwd=tmp_path, timeout_s=5).send(message()) is None
    assert NAME in (tmp_path / "got").read_text()


async def test_a_program_that_does_not_read_takes_even_a_long_message(tmp_path: Path) -> None:
    assert await shell("exit 0", tmp_path).send(message(summary="x" * 1_000_000)) is None
    assert await shell("exec <&-; sleep 0.1", tmp_path).send(message(s="x" * 1_000_000)) is None


async def test_a_program_that_never_stops_talking_is_not_kept_in_memory(tmp_path: Path) -> None:
    code = (
        "import sys\nfor _ in range(200): sys.stderr.write('y' * 100_000)\n"
        "sys.stderr.write('\\nlast words\\n'); sys.stdout.write('z' * 1_000_000); sys.exit(1)"
    )
    why = await sender(code, tmp_path).send(message())
    assert why == "the command ended with exit code 1: last words"


async def test_a_program_that_takes_too_long_is_killed_with_all_that_it_started(
    tmp_path: Path,
) -> None:
    script = "trap '' TERM; sleep 60 & echo $! > child; echo waiting >&2; wait"
    began = time.monotonic()
    why = await shell(script, tmp_path, timeout_s=0.5).send(message())
    assert why == "the command had not ended after 0.5 s: waiting"
    assert time.monotonic() - began < 2
    child = number_in(tmp_path / "child")
    await until(lambda: not alive(child))


async def test_a_cancelled_run_leaves_no_program_behind(tmp_path: Path) -> None:
    script = "sleep 60 & echo $! > child; wait"
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(shell(script, tmp_path, timeout_s=60).send, message())
        await until(lambda: alive(number_in(tmp_path / "child")))
        tasks.cancel_scope.cancel()
    child = number_in(tmp_path / "child")
    await until(lambda: not alive(child))


async def test_what_a_program_leaves_running_is_neither_waited_for_nor_killed(
    tmp_path: Path,
) -> None:
    began = time.monotonic()
    assert await shell("sleep 30 & echo $! > child", tmp_path).send(message()) is None
    assert time.monotonic() - began < 2
    child = int((tmp_path / "child").read_text())
    assert alive(child)
    os.kill(child, 9)


async def test_a_ctrl_c_at_the_terminal_does_not_reach_the_program(tmp_path: Path) -> None:
    code = "import os, pathlib; pathlib.Path('group').write_text(str(os.getpgrp()))"
    assert await sender(code, tmp_path).send(message()) is None
    assert number_in(tmp_path / "group") not in (None, os.getpgrp())


async def test_several_programs_run_at_once_and_leave_no_handle_open(tmp_path: Path) -> None:
    handles = os.listdir("/proc/self/fd")  # noqa: PTH208
    command = shell(f"cat > {shlex.quote(str(tmp_path))}/$$", tmp_path)
    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(command.send, message(row=2))
    assert len(os.listdir(tmp_path)) == 8  # noqa: PTH208
    assert len(os.listdir("/proc/self/fd")) <= len(handles) + 1  # noqa: PTH208


async def test_the_silent_one_takes_everything() -> None:
    silent = SilentSender()
    assert [await silent.send(message()) for _ in range(3)] == [None] * 3
    assert silent.taken == 3
