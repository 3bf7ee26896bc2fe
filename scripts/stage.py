"""A stage for documented commands: a folder of its own, a terminal, a time that is always the same.

Every command is the program itself, forked off this process, which has the imports behind it. It is
told that it is Monday, 30 November 2026, in New York: 13:00 for the first of a page, a minute more
for each that follows. So what it prints does not depend on when the documentation is made. Nothing
leaves the machine: where a page needs the API, ``serve_api`` starts the simulator in its place.
"""

import atexit
import datetime as time_of_day
import fcntl
import importlib
import os
import pkgutil
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
#: The time on the stage when a page begins: 13:00 in New York.
BEGINS_AT = time_of_day.datetime(2026, 11, 30, 18, 0, tzinfo=time_of_day.UTC)
API = "https://api.pokulabs.com"
_LONGEST_S = 30.0
_QUIET_S = 0.2
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07]*\x07|\x1b[=>]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a command showed at its terminal, and the code it left with."""

    text: str
    code: int


class Stage:
    """Runs commands in one folder, one after another."""

    def __init__(self, folder: Path, env: Mapping[str, str] | None = None) -> None:
        """Take an empty folder, and what the environment has beside the usual."""
        self.folder = folder
        self.env = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder.parent),
            "USER": "robin",
            "LANG": "C.UTF-8",
            "TZ": "America/New_York",
            "TERM": "dumb",
            "COLUMNS": "100",
            **(env or {}),
        }
        self._api: int | None = None
        self._commands = 0
        load_program()

    def run(self, arguments: Iterable[str], answers: Iterable[str] = ()) -> Shown:
        """Run ``poku-batch`` at a terminal; each answer is typed once the program is silent."""
        _Time.set(BEGINS_AT + time_of_day.timedelta(minutes=self._commands))
        self._commands += 1
        pid, terminal = pty.fork()
        if pid == 0:
            self._become(list(arguments))
        text, code = _conversation(pid, terminal, list(answers))
        return Shown(text=self.tidied(text), code=code)

    def shell(self, command: str) -> Shown:
        """Run any other command."""
        done = subprocess.run(  # noqa: S603  # the commands are those of this project's pages
            ["bash", "-c", command],  # noqa: S607
            cwd=self.folder,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=_LONGEST_S,
            check=False,
        )
        return Shown(text=self.tidied(done.stdout + done.stderr), code=done.returncode)

    def serve_api(self) -> None:
        """Start a simulator in the API's place, until ``close``."""
        reading, writing = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(reading)
            _serve(writing)
        os.close(writing)
        with os.fdopen(reading) as said:
            url = said.readline().strip()
        self._api = pid
        self.env |= {"POKU_BASE_URL": url, "POKU_API_KEY": "your-key"}

    def close(self) -> None:
        """End the simulator, if there is one."""
        if self._api is not None:
            os.kill(self._api, signal.SIGKILL)
            os.waitpid(self._api, 0)
            self._api = None

    def tidied(self, text: str) -> str:
        """Text without what differs from one making to the next."""
        text = _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "")
        return self.without_paths(text)

    def without_paths(self, text: str) -> str:
        """Text without this machine: the stage's folder, the simulator's address, the name."""
        text = text.replace(f"{self.folder}{os.sep}", "").replace(str(self.folder), ".")
        if "POKU_BASE_URL" in self.env:
            text = text.replace(self.env["POKU_BASE_URL"], API)
        text = re.sub(r"http://127\.0\.0\.1:\d+", "http://127.0.0.1:8765", text)
        return text.replace(f" on {socket.gethostname()}\n", " on desk-1\n")

    def _become(self, arguments: list[str]) -> None:
        """Turn this child into the program; it does not come back."""
        os.chdir(self.folder)
        os.environ.clear()
        os.environ.update(self.env)
        time.tzset()
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stdout = open(1, "w", 1, encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.stderr = open(2, "w", 1, encoding="utf-8", closefd=False)  # noqa: SIM115
        sys.argv = ["poku-batch", *arguments]
        _leave_with(_main)


def load_program() -> None:
    """Import the whole program, and give it the time of the stage."""
    import poku_batch

    if getattr(load_program, "done", False):
        return
    for module in pkgutil.walk_packages(poku_batch.__path__, "poku_batch."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    _set_time()
    load_program.done = True  # type: ignore[attr-defined]


class _Time:
    """What time it is on the stage; it goes on as time does."""

    began_at = BEGINS_AT
    since_s = 0.0

    @classmethod
    def set(cls, at: time_of_day.datetime) -> None:
        cls.began_at, cls.since_s = at, time.monotonic()

    @classmethod
    def now(cls) -> time_of_day.datetime:
        return cls.began_at + time_of_day.timedelta(seconds=time.monotonic() - cls.since_s)


def _set_time() -> None:
    """Put a class that tells the stage's time into every module of the program that asks for it."""
    real = time_of_day.datetime

    class Meta(type):
        def __instancecheck__(cls, value: object) -> bool:
            return isinstance(value, real)

    class Datetime(real, metaclass=Meta):  # type: ignore[misc, valid-type]
        def __new__(cls, *parts: Any, **named: Any) -> Any:
            return real(*parts, **named)

        @classmethod
        def now(cls, tz: time_of_day.tzinfo | None = None) -> Any:
            at = _Time.now()
            return at.astimezone(tz) if tz else at.astimezone().replace(tzinfo=None)

    for name, module in list(sys.modules.items()):
        if name.startswith("poku_batch") and getattr(module, "datetime", None) is real:
            module.datetime = Datetime  # type: ignore[attr-defined]


def set_size(terminal: int, *, lines: int, columns: int) -> None:
    """Make a pseudo-terminal that large."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


def act(arguments: list[str]) -> int:
    """Be the program, in this process, at the time when a stage begins."""
    load_program()
    _Time.set(BEGINS_AT)
    sys.argv = ["poku-batch", *arguments]
    return _main()


def _main() -> int:
    from poku_batch.cli.main import main

    try:
        main()
    except SystemExit as leaving:
        return int(leaving.code or 0)
    return 0


def _leave_with(work: Any) -> None:
    code = 70
    atexit._clear()  # noqa: SLF001  # what the parent does at its end is not this child's
    try:
        code = work()
        threading._shutdown()  # type: ignore[attr-defined]  # noqa: SLF001
        atexit._run_exitfuncs()  # noqa: SLF001
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def _serve(writing: int) -> None:
    from poku_batch.simulator import SimulatorConfig, run_forever

    def ready(url: str) -> None:
        os.write(writing, f"{url}\n".encode())
        os.close(writing)

    def work() -> int:
        run_forever(
            SimulatorConfig(speed=200.0),
            host="127.0.0.1",
            port=0,
            allow_remote=False,
            on_ready=ready,
        )
        return 0

    _leave_with(work)


def _conversation(pid: int, terminal: int, answers: list[str]) -> tuple[str, int]:
    """Everything that was shown, and the exit code."""
    set_size(terminal, lines=50, columns=100)
    shown = bytearray()
    give_up_at = time.monotonic() + _LONGEST_S
    while True:
        ready, _, _ = select.select([terminal], [], [], _QUIET_S)
        if ready:
            try:
                part = os.read(terminal, 65_536)
            except OSError:  # the program has left the terminal
                break
            if not part:
                break
            shown += part
        elif answers and shown and not shown.endswith(b"\n"):
            os.write(terminal, f"{answers.pop(0)}\n".encode())
        elif time.monotonic() > give_up_at:
            os.kill(pid, signal.SIGKILL)
            shown += b"\n(never ended)\n"
            break
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    return shown.decode(), os.waitstatus_to_exitcode(status)
