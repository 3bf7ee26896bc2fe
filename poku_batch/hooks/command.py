"""Telling a program on this machine: the message as one line of JSON on its standard input.

Invariants: no shell reads the command; the API key and the secrets of hooks are not in the
program's environment; when ``send`` returns or is cancelled, the program is over, and so is
whatever it started in its process group, unless it had ended by itself.
"""

import os
import signal
import subprocess
from collections.abc import Collection, Sequence
from pathlib import Path

import anyio
from anyio.abc import ByteReceiveStream, ByteSendStream, Process

from poku_batch.hooks.envelope import encoded, excerpt
from poku_batch.models import HookMessage

#: How much of the end of standard error is kept, in bytes.
_TAIL = 4096

#: How long what a program has written is waited for after its end, in seconds: what it started may
#: go on and hold the other end open.
_LAST_WORDS_S = 0.2

_API_KEY = "POKU_API_KEY"


class CommandSender:
    """Runs a program for each message; a ``ports.HookSender``. Exit code 0 says it was taken."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        cwd: Path,
        timeout_s: float,
        hidden: Collection[str] = (),
    ) -> None:
        """Take the program with its arguments, and the folder that it runs in.

        ``hidden`` names environment variables that it must not have, beside ``POKU_API_KEY``.
        """
        self._command = tuple(command)
        self._cwd = cwd
        self._timeout_s = timeout_s
        self._hidden = frozenset(hidden) | {_API_KEY}

    async def send(self, message: HookMessage) -> str | None:
        """Run it once; None where it was taken, else the exit code and the last line it said."""
        try:
            # Cancelled in the middle, a program would go on that nobody knows of.
            with anyio.CancelScope(shield=True):
                process = await self._start()
        except (OSError, ValueError) as error:
            return f"the command cannot be started: {excerpt(str(error).encode())}"
        said = bytearray()
        try:
            with anyio.move_on_after(self._timeout_s):
                await _talk(process, encoded(message) + b"\n", said)
        finally:
            ended = process.returncode
            with anyio.CancelScope(shield=True):
                await _end(process)
        return self._why(ended, bytes(said))

    async def _start(self) -> Process:
        return await anyio.open_process(
            self._command,
            stdout=subprocess.DEVNULL,
            cwd=self._cwd,
            env={name: value for name, value in os.environ.items() if name not in self._hidden},
            start_new_session=True,
        )

    def _why(self, code: int | None, said: bytes) -> str | None:
        if code == 0:
            return None
        what = (
            f"the command had not ended after {self._timeout_s:g} s"
            if code is None
            else f"the command ended with exit code {code}"
            if code > 0
            else f"the command was ended by signal {-code}"
        )
        lines = said.strip().splitlines()
        words = excerpt(lines[-1]) if lines else ""
        return f"{what}: {words}" if words else what


async def _talk(process: Process, line: bytes, said: bytearray) -> None:
    """Hand the message over and wait for the program's end, keeping the tail of what it says."""
    async with anyio.create_task_group() as tasks:
        if process.stdin is not None and process.stderr is not None:
            tasks.start_soon(_write, process.stdin, line)
            tasks.start_soon(_keep_tail, process.stderr, said)
        await process.wait()
        # Its end is what counts; what it has said by then mostly is here within a moment.
        tasks.cancel_scope.deadline = anyio.current_time() + _LAST_WORDS_S


async def _write(stdin: ByteSendStream, line: bytes) -> None:
    try:
        await stdin.send(line)
        await stdin.aclose()
    except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
        # A program that does not care for the message may still take it.
        return


async def _keep_tail(stderr: ByteReceiveStream, said: bytearray) -> None:
    try:
        async for part in stderr:
            said += part
            del said[:-_TAIL]
    except (anyio.BrokenResourceError, anyio.ClosedResourceError, OSError):
        return


async def _end(process: Process) -> None:
    """Kill the whole group of a program that goes on, and let go of its streams."""
    if process.returncode is None:
        try:
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
        except ProcessLookupError:
            pass
    await process.aclose()
