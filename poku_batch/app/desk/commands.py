"""Commands of the program in processes of their own, so that pages stay quick and say its words.

No shell: arguments go as they are. Output is plain text.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import anyio
from anyio.abc import ByteReceiveStream, Process

#: What makes programs colour their output, or take a file for a terminal.
_FOR_TERMINALS = ("FORCE_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
_PLAIN = {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "100", "PYTHONIOENCODING": "utf-8"}

#: How long a command has to end once it was asked to, in seconds.
_GRACE_S = 3.0

#: What steers a terminal.
_STEERING = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """What a command left: its exit code, and the beginning of what it printed on either stream."""

    code: int
    out: str
    err: str


def command_line(*arguments: str) -> list[str]:
    """How a command of this program is started; the working directory holds no modules of it."""
    return [sys.executable, "-P", "-m", "poku_batch", *arguments]


def command_environment(*, with_key: bool) -> dict[str, str]:
    """The environment of a command, which may have another working directory than this process.

    Without ``with_key`` it cannot call anybody.
    """
    from poku_batch.ledger import ledger_everywhere

    given = {name: value for name, value in os.environ.items() if name not in _FOR_TERMINALS}
    if not with_key:
        given.pop("POKU_API_KEY", None)
    ledger = given.get("POKU_BATCH_LEDGER", "").strip()
    if ledger:
        # Of a relative path, another folder would make another ledger: everybody would be new.
        given["POKU_BATCH_LEDGER"] = ledger_everywhere(ledger)
    return {**given, **_PLAIN, "PYTHONUNBUFFERED": "1"}


async def run_command(
    arguments: Sequence[str], *, cwd: Path, within_s: float, most_bytes: int
) -> Ran:
    """Run a command that calls nobody to its end.

    ``most_bytes`` of each stream are kept. Raises ``TimeoutError`` after ``within_s``; the command
    is ended then, as it is where this is cancelled.
    """
    kept: dict[str, bytes] = {}
    process = await anyio.open_process(
        command_line(*arguments),
        stdin=subprocess.DEVNULL,
        cwd=cwd,
        env=command_environment(with_key=False),
        start_new_session=True,
    )
    try:
        with anyio.fail_after(within_s):
            async with anyio.create_task_group() as tasks:
                for name, stream in (("out", process.stdout), ("err", process.stderr)):
                    if stream is not None:
                        tasks.start_soon(_keep, stream, name, kept, most_bytes)
            code = await process.wait()
    finally:
        with anyio.CancelScope(shield=True):
            await _end(process)
    return Ran(code=code, out=_text(kept["out"]), err=_text(kept["err"]))


def plain(text: str) -> str:
    """Text without what could steer a terminal; line feeds and tabs stay."""
    text = _STEERING.sub("", text.replace("\r\n", "\n"))
    return "".join(c if c.isprintable() or c in "\n\t" else " " for c in text)


async def _keep(
    stream: ByteReceiveStream, name: str, kept: dict[str, bytes], most_bytes: int
) -> None:
    """Read a stream to its end, and keep the beginning of it."""
    found = bytearray()
    async for chunk in stream:
        found += chunk[: max(most_bytes - len(found), 0)]
    kept[name] = bytes(found)


async def _end(process: Process) -> None:
    """End a process that has not ended by itself, and all that it has started."""
    if process.returncode is None:
        _signal(process, "SIGTERM")
        with anyio.move_on_after(_GRACE_S):
            await process.wait()
    if process.returncode is None:
        _signal(process, "SIGKILL")
        await process.wait()
    await process.aclose()


def _signal(process: Process, name: str) -> None:
    with suppress(ProcessLookupError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, getattr(signal, name))


def _text(data: bytes) -> str:
    return plain(data.decode("utf-8", errors="replace"))
