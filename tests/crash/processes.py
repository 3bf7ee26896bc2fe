"""The processes of a crash test: the server, and the program, warm, cold or under strace."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.crash.scenario import HOOK_SECRET

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
COMMAND = str(Path(sys.executable).with_name("poku-batch"))

#: A run that takes longer hangs.
PATIENCE_S = 60.0

_IMPORTS = (
    "pandas httpx httpcore phonenumbers jinja2.sandbox pydantic yaml anyio._backends._asyncio "
    "tenacity typer rich.live rich.table filelock sqlite3 poku_batch.app.running "
    "poku_batch.contacts poku_batch.results poku_batch.ledger poku_batch.chat poku_batch.hooks"
).split()

#: What strace records: everything that changes a file or a folder, or makes a change durable.
_TRACED = (
    "openat,open,creat,write,writev,pwrite64,pwritev,pwritev2,ftruncate,truncate,fallocate,"
    "fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,link,linkat,symlink"
)


class ServerProcess:
    """The stand-in, running; ``events`` are the lines of its log so far."""

    def __init__(self, settings: Path, log: Path) -> None:
        self._log = log
        self._process = subprocess.Popen(
            [sys.executable, "-I", HERE / "server.py", settings, log],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.url = f"http://127.0.0.1:{self._line()}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._process as process:
            process.kill()

    def order(self, pid: int, steps: Iterable[Mapping[str, Any]]) -> None:
        """Send a process signals at events from now on; returns when the order is taken."""
        assert self._process.stdin is not None
        order = {"pid": pid, "steps": list(steps)}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        assert self._line() == "taken"

    def events(self) -> list[dict[str, Any]]:
        if not self._log.exists():
            return []
        return [json.loads(line) for line in self._log.read_text().splitlines()]

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


class Warm:
    """A process with the imports behind it; ``package`` is the folder that holds ``poku_batch``."""

    def __init__(self, package: Path = ROOT) -> None:
        self.package = package
        self.env = {
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(package),
            "PYTHONPYCACHEPREFIX": str(ROOT / ".pytest_cache" / "d" / "crash-modules"),
            "POKU_API_KEY": "crash-key",
            **HOOK_SECRET,
        }
        self._process = subprocess.Popen(
            [sys.executable, HERE / "warm.py", *_IMPORTS],
            env=self.env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._process as process:
            process.kill()

    def ask(self, order: Mapping[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


class Program:
    """Starts the command in a folder."""

    def __init__(self, folder: Path, url: str, warm: Warm) -> None:
        self._folder = folder
        self._warm = warm
        self._env = {**warm.env, "HOME": str(folder.parent), "POKU_BASE_URL": url}
        self.output = folder.parent / "output.txt"

    def start(self, arguments: Sequence[str], launch: Mapping[str, Any] | None) -> "WarmRun":
        """Fork it off the warm process, with the launcher where one is ordered."""
        order = {
            "args": arguments,
            "env": self._env,
            "cwd": str(self._folder),
            "out": str(self.output),
            "launch": launch,
        }
        return WarmRun(self._warm, self._warm.ask(order))

    def start_cold(self, arguments: Sequence[str]) -> "ColdRun":
        """Start the installed command itself."""
        return self._popen([COMMAND, *arguments])

    def start_traced(
        self, arguments: Sequence[str], launch: Mapping[str, Any], trace: Path
    ) -> "ColdRun":
        """Start it by the launcher under strace, which is its grandchild and not its parent."""
        order = trace.with_suffix(".order")
        order.write_text(json.dumps(launch))
        strace = ["strace", "-D", "-f", "--seccomp-bpf", "-y", "-xx", "-s", "4000000"]
        strace += ["-e", f"trace={_TRACED}", "-o", str(trace)]
        command = [sys.executable, str(HERE / "launcher.py"), str(order), *arguments]
        return self._popen([*strace, "--", *command])

    def _popen(self, command: Sequence[str]) -> "ColdRun":
        with self.output.open("ab") as output:
            return ColdRun(
                subprocess.Popen(
                    command,
                    cwd=self._folder,
                    env=self._env,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=output,
                )
            )


class _Run:
    pid: int

    def poll(self) -> int | None:
        raise NotImplementedError

    def wait(self, kill_after_s: float | None) -> int:
        """Wait for its end, killing it after so long; gives its exit code or minus the signal."""
        began = time.monotonic()
        while (code := self.poll()) is None:
            passed = time.monotonic() - began
            if passed > PATIENCE_S:
                os.kill(self.pid, signal.SIGKILL)
                raise AssertionError(f"a run hung for {PATIENCE_S:.0f} s")
            if kill_after_s is not None and passed >= kill_after_s:
                os.kill(self.pid, signal.SIGKILL)
                kill_after_s = None
            left = 0.01 if kill_after_s is None else kill_after_s - passed
            time.sleep(min(max(left, 0.0), 0.01))
        return code


class WarmRun(_Run):
    """A run forked off the warm process."""

    def __init__(self, warm: Warm, pid: int) -> None:
        self._warm = warm
        self.pid = pid

    def poll(self) -> int | None:
        code: int | None = self._warm.ask({"wait": self.pid})
        return code


class ColdRun(_Run):
    """A run started from nothing."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        self._process = process
        self.pid = process.pid

    def poll(self) -> int | None:
        return self._process.poll()


def can_trace() -> bool:
    """Whether strace is installed and may trace."""
    if shutil.which("strace") is None:
        return False
    tried = ["strace", "-D", "-f", "--seccomp-bpf", "-o", os.devnull, "true"]
    return subprocess.run(tried, capture_output=True, check=False).returncode == 0


def traced_to_the_end(trace: Path, pid: int) -> None:
    """Return when strace, which outlives the process, has written its last line."""
    last = [str(pid).encode(), b"+++"]
    for _ in range(1000):
        with trace.open("rb") as file:
            file.seek(max(0, trace.stat().st_size - 4000))
            if any(line.split()[:2] == last for line in file.read().splitlines()):
                return
        time.sleep(0.01)
    raise AssertionError(f"strace did not end: {trace}")
