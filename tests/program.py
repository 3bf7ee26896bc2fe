"""The program as a user meets it: its command, a folder with a campaign, what came of both.

``spawn`` starts the installed command itself. ``run`` and ``start`` fork it off a process that has
the imports behind it, all but the command line's own, which saves a second each time; arguments,
environment, files, signals and exit are as they always are.
"""

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pexpect

#: In no output, ledger or result may any part of this be found.
KEY = "poku-SECRET-5b1e"

CALL_COLUMNS = (
    "call_status call_outcome call_summary call_recording_url call_interaction_id call_attempts "
    "call_to call_started_at call_ended_at call_duration_s call_error"
).split()

_COMMAND = str(Path(sys.executable).with_name("poku-batch"))
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")

_WARM = """
import atexit, gc, importlib, json, os, signal, sys, threading
for name in sys.argv[1:]:
    importlib.import_module(name)
gc.freeze()
for line in sys.stdin:
    order = json.loads(line)
    if "wait" in order:
        pid, status = os.waitpid(order["wait"], os.WNOHANG if order["poll"] else 0)
        print(os.waitstatus_to_exitcode(status) if pid else None, flush=True)
        continue
    child = os.fork()
    if child:
        print(child, flush=True)
        continue
    signal.alarm(300)  # longer than any test: only for what a broken-off test left behind
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, name in ((1, order["out"]), (2, order["err"])):
        os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT, 0o600), number)
    os.chdir(order["cwd"])
    os.environ.clear()
    os.environ.update(order["env"])
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(encoding=os.environ.get("PYTHONIOENCODING", "utf-8"))
    sys.argv = ["poku-batch", *order["args"]]
    from poku_batch.cli.main import main
    try:
        main()
    except SystemExit as leaving:
        # All of Python's end but the emptying of a heap that is shared with the parent.
        threading._shutdown()
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(leaving.code)
"""
_WARM_MODULES = (
    "pandas pyarrow.parquet httpx httpcore phonenumbers fastapi uvicorn xlsxwriter jinja2.sandbox "
    "python_calamine pydantic yaml anyio._backends._asyncio tenacity typer rich.live rich.table "
    "filelock sqlite3 poku_batch.app.running poku_batch.contacts poku_batch.results "
    "poku_batch.ledger poku_batch.simulator.server"
).split()


@dataclass(frozen=True, slots=True)
class Result:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    def checked(self) -> "Result":
        """Assert what holds for every command without a terminal, whatever it was asked."""
        both = self.out + self.err
        assert "Traceback" not in both, both
        assert KEY not in both
        assert not _CONTROL.search(both), ascii(both)
        assert self.code != 1, both
        return self


class Process:
    """A command under way; its outputs go to files."""

    def __init__(self, program: "Program", pid: int, out: Path, err: Path) -> None:
        self._program = program
        self.pid = pid
        self._out = out
        self._err = err
        self._code: int | None = None

    @property
    def running(self) -> bool:
        if self._code is None:
            self._code = self._program.ask(wait=self.pid, poll=True)
        return self._code is None

    @property
    def out(self) -> str:
        """What it has written to standard output so far."""
        return self._out.read_text() if self._out.exists() else ""

    @property
    def err(self) -> str:
        """What it has written to standard error so far."""
        return self._err.read_text() if self._err.exists() else ""

    def wait_for(self, words: str, *, within_s: float = 20.0) -> None:
        """Return once standard error has these words."""
        give_up = time.monotonic() + within_s
        while words not in self.err:
            assert time.monotonic() < give_up, f"never said {words!r}: {self.err}"
            assert self.running, f"ended without saying {words!r}: {self.err}"
            time.sleep(0.02)

    def signal(self, number: signal.Signals = signal.SIGINT) -> None:
        os.kill(self.pid, number)

    def ended(self) -> Result:
        """Wait for its end."""
        if self.running:
            self._code = self._program.ask(wait=self.pid, poll=False)
        assert self._code is not None
        out, err = (path.read_bytes().decode() for path in (self._out, self._err))
        return Result(self._code, out, err)


class Program:
    """The command ``poku-batch``; ``modules`` keeps compiled modules from session to session."""

    def __init__(self, home: Path, modules: Path) -> None:
        self._home = home
        self._modules = modules
        self._count = 0
        self._warm = subprocess.Popen(
            [sys.executable, "-c", _WARM, *_WARM_MODULES],
            env=self.env({}),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def close(self) -> None:
        """End the process that others are forked from."""
        with self._warm as warm:
            assert warm.stdin is not None
            warm.stdin.close()
            warm.wait(10)

    def env(self, env: Mapping[str, str]) -> dict[str, str]:
        """The whole environment of a command: nothing of this process' own but the path."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self._home),
            "LANG": "C.UTF-8",
            "TERM": "xterm-256color",
            "PYTHONPYCACHEPREFIX": str(self._modules),
            **env,
        }

    def ask(self, **order: Any) -> int | None:
        """Hand an order to the process that forks, and read its answer."""
        assert self._warm.stdin is not None
        assert self._warm.stdout is not None
        self._warm.stdin.write(json.dumps(order) + "\n")
        self._warm.stdin.flush()
        answer = self._warm.stdout.readline().strip()
        return None if answer == "None" else int(answer)

    def start(self, *args: str | Path, cwd: Path, env: Mapping[str, str] | None = None) -> Process:
        """Start a command, without a terminal and with nothing to read."""
        self._count += 1
        out, err = (self._home / f"{self._count}.{name}" for name in ("out", "err"))
        pid = self.ask(
            args=[str(arg) for arg in args],
            cwd=str(cwd),
            env=self.env(env or {}),
            out=str(out),
            err=str(err),
        )
        assert pid is not None
        return Process(self, pid, out, err)

    def run(
        self,
        *args: str | Path,
        cwd: Path,
        env: Mapping[str, str] | None = None,
    ) -> Result:
        """Run a command to its end, without a terminal and with nothing to read."""
        return self.start(*args, cwd=cwd, env=env).ended().checked()

    def spawn(
        self,
        *args: str | Path,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        size: tuple[int, int] = (30, 100),
    ) -> "pexpect.spawn[str]":
        """Start the installed command at a terminal of so many lines and columns."""
        return pexpect.spawn(
            _COMMAND,
            list(map(str, args)),
            cwd=str(cwd),
            env=self.env(env or {}),
            encoding="utf-8",
            timeout=30,
            dimensions=size,
        )


class Folder:
    """A folder with one campaign in it: ``campaign.yaml``, ``sheet.csv``, its results."""

    def __init__(self, path: Path, program: Program) -> None:
        self.path = path
        self._program = program
        self.campaign = path / "campaign.yaml"
        self.sheet = path / "sheet.csv"
        self.ledger = path / ".poku-batch" / "ledger.db"
        self.env: dict[str, str] = {}

    def write(self, **keys: Any) -> None:
        """Write the campaign: a good one, but for the keys given; None leaves one out."""
        campaign = {
            "name": "demo",
            "contacts": {"file": "sheet.csv", "phone": "phone"},
            "prompt": {"text": "Call {{ name }}."},
            "call": {"from": "+14155550100"},
            "limits": {"concurrency": 10},
            "retries": {"attempts": 3, "max_wait": "20ms"},
            "api": {"poll_interval": "100ms"},
            "output": "out.csv",
            # Tests of real runs are run at any hour, and some break many calls.
            "calling_hours": "always",
            "circuit_breaker": "off",
            **keys,
        }
        kept = {key: value for key, value in campaign.items() if value is not None}
        self.campaign.write_text(json.dumps(kept, indent=1))  # JSON is YAML

    def write_sheet(
        self, rows: Iterable[Sequence[str]], columns: Sequence[str] = ("name", "phone")
    ) -> None:
        with self.sheet.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([columns, *rows])

    def people(self, phones: Iterable[str]) -> None:
        """Write a sheet of one named person a number."""
        self.write_sheet([(f"Person {n}", phone) for n, phone in enumerate(phones, 1)])

    def serve(self, url: str) -> None:
        """Let the environment name an API and a key for it."""
        self.env = {"POKU_API_KEY": KEY, "POKU_BASE_URL": url}

    def run(self, *args: str | Path, env: Mapping[str, str] | None = None) -> Result:
        """``poku-batch run`` for real, without being asked."""
        return self.do("run", "--yes", *args, env=env)

    def do(
        self,
        command: str,
        *args: str | Path,
        env: Mapping[str, str] | None = None,
    ) -> Result:
        """Any command on the campaign, started in its folder."""
        return self._program.run(
            command,
            "campaign.yaml",
            *args,
            cwd=self.path,
            env={**self.env, **(env or {})},
        )

    def command(self, *args: str | Path, env: Mapping[str, str] | None = None) -> Result:
        """The command with these arguments and no others, started in the folder."""
        return self._program.run(*args, cwd=self.path, env={**self.env, **(env or {})})

    def start(self, *args: str) -> Process:
        return self._program.start(
            "run", "campaign.yaml", "--yes", *args, cwd=self.path, env=self.env
        )

    def start_command(self, command: str, *args: str) -> Process:
        """Start any command on the campaign."""
        return self._program.start(command, "campaign.yaml", *args, cwd=self.path, env=self.env)

    def spawn_command(
        self, command: str, *args: str, size: tuple[int, int] = (30, 100)
    ) -> "pexpect.spawn[str]":
        """Start any command on the campaign at a terminal."""
        return self._program.spawn(
            command, "campaign.yaml", *args, cwd=self.path, env=self.env, size=size
        )

    def spawn(
        self, *args: str, size: tuple[int, int] = (30, 100), env: Mapping[str, str] | None = None
    ) -> "pexpect.spawn[str]":
        return self._program.spawn(
            "run", "campaign.yaml", *args, cwd=self.path, env={**self.env, **(env or {})}, size=size
        )

    def results(self, name: str = "out.csv") -> list[dict[str, str]]:
        """The rows of a CSV result, in its order."""
        with (self.path / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def states(self, name: str = "out.csv") -> list[str]:
        return [row["call_status"] for row in self.results(name)]

    def names(self) -> set[str]:
        """What is in the folder, by relative paths."""
        return {str(path.relative_to(self.path)) for path in self.path.rglob("*")}

    def assert_no_key(self) -> None:
        for path in self.path.rglob("*"):
            if path.is_file():
                assert KEY.encode() not in path.read_bytes(), path
