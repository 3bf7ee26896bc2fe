"""Running the product or one of ``benchmarks.clients`` as a process, against a server of its own.

What a process costs is told by the operating system: processor time by ``wait4``, the most memory
by the high-water mark that Linux keeps of its resident pages.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import campaigns
from benchmarks.serving import ROOT, Served, serving

PIPELINE = "pipeline"

_LOOK_EVERY_S = 0.05

#: Exit codes that a measurement takes: everybody called, or as many as ``--limit`` says.
_WELL = (0, 4)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A module of ``benchmarks.clients``, or the product itself; ``loop`` is the event loop's."""

    name: str
    loop: str = "asyncio"

    @property
    def shown(self) -> str:
        """How tables name it."""
        return self.name if self.loop == "asyncio" else f"{self.name} ({self.loop})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one campaign by one client.

    ``span_s`` goes from the first placement that the server saw to the last end of a call, and
    ``wall_s`` from the process' start to its end. ``cpu_s`` is the client's, user and system: the
    product's from its start to its end, sheet and results included, that of the others from after
    their imports. Where the process was ``cut_off``, the span goes to that moment.
    """

    client: Client
    slots: int
    calls: int
    span_s: float
    ideal_s: float
    wall_s: float
    cpu_s: float
    peak_mib: float
    server_share: float
    most_open: int
    called_twice: int
    lost: int
    without_result: int
    cut_off: bool = False
    said: str = ""

    @property
    def ratio(self) -> float:
        """Span by the ideal."""
        return self.span_s / self.ideal_s

    @property
    def cpu_ms_a_call(self) -> float:
        """By the calls that came to an end; of the whole process where it was cut off."""
        ended = self.calls - self.without_result
        return self.cpu_s / (ended or 1) * 1000


@dataclass(slots=True)
class Process:
    """A client under way; its output goes to a file."""

    popen: "subprocess.Popen[bytes]"
    output: Path
    peak_kib: int = 0
    cpu_s: float = 0.0
    _status: int | None = field(default=None)

    def look(self) -> bool:
        """Note its memory; gives whether it still runs."""
        if self._status is not None:
            return False
        self.peak_kib = max(self.peak_kib, _high_water_kib(self.popen.pid))
        pid, status, used = os.wait4(self.popen.pid, os.WNOHANG)
        if not pid:
            return True
        self._ended(status, used.ru_utime + used.ru_stime)
        return False

    def kill(self) -> None:
        """End it at once, if it runs."""
        if self._status is None:
            os.kill(self.popen.pid, signal.SIGKILL)
            _, status, used = os.wait4(self.popen.pid, 0)
            self._ended(status, used.ru_utime + used.ru_stime)

    def said(self) -> str:
        """The end of what it wrote."""
        return self.output.read_text(encoding="utf-8", errors="replace")[-2000:]

    def _ended(self, status: int, cpu_s: float) -> None:
        self._status = status
        self.cpu_s = cpu_s
        self.popen.returncode = os.waitstatus_to_exitcode(status)


@contextmanager
def started(
    client: Client, served: Served, folder: campaigns.Folder, options: Sequence[str] = ()
) -> Iterator[Process]:
    """Start a client on a campaign; it is killed where the block ends before it does."""
    output = folder.path / "client.log"
    if client.name == PIPELINE:
        command = ["-m", "poku_batch", "run", "campaign.yaml", "--yes", *options]
        at = folder.path
    else:
        command = ["-m", f"benchmarks.clients.{client.name}", served.url, str(folder.slots)]
        command += [str(folder.sheet), *options]
        command += ["--authority", str(served.authority)] if served.authority else []
        at = ROOT
    with output.open("wb") as log:
        popen = subprocess.Popen(
            [sys.executable, *command], cwd=at, env=_environment(client, served), stdout=log,
            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    process = Process(popen, output)
    try:
        yield process
    finally:
        process.kill()


def measure(
    client: Client,
    *,
    slots: int,
    durations_s: Sequence[float],
    calls: int | None = None,
    cut_off_at: float | None = None,
) -> Outcome:
    """Let a client make a campaign's calls, or the first ``calls`` of them.

    Where it takes more than ``cut_off_at`` times the ideal, it is stopped. Raises ``RuntimeError``
    with what it said where it fails otherwise.
    """
    with tempfile.TemporaryDirectory(prefix="benchmark") as path, serving() as served:
        folder = campaigns.write(
            Path(path), base_url=served.url, slots=slots, durations_s=durations_s
        )
        options: list[str] = []
        if calls is not None:
            options = ["--limit" if client.name == PIPELINE else "--calls", str(calls)]
        ideal_s = folder.ideal_s(calls)
        before = served.stats()
        began_s = time.monotonic()
        with started(client, served, folder, options) as process:
            cut_off = _wait(process, None if cut_off_at is None else cut_off_at * ideal_s)
        wall_s = time.monotonic() - began_s
        stats = served.stats()
        if cut_off:
            stats["span_s"] = began_s + wall_s - stats["first_at_s"]
        told = {} if cut_off else _told(client, process, folder)
        count = len(durations_s) if calls is None else calls
        return Outcome(
            client=client,
            slots=slots,
            calls=count,
            span_s=stats["span_s"],
            ideal_s=ideal_s,
            wall_s=wall_s,
            cpu_s=told.get("cpu_s", process.cpu_s),
            peak_mib=process.peak_kib / 1024,
            server_share=(stats["cpu_s"] - before["cpu_s"]) / stats["span_s"],
            most_open=stats["most_open"],
            called_twice=stats["called_twice"],
            lost=0 if cut_off else stats["lost"],
            without_result=count - (stats["ended"] if cut_off else told["results"]),
            cut_off=cut_off,
            said=process.said(),
        )


def _wait(process: Process, at_most_s: float | None) -> bool:
    """Wait for the process' end; gives whether it took too long."""
    give_up = None if at_most_s is None else time.monotonic() + at_most_s
    while process.look():
        if give_up is not None and time.monotonic() > give_up:
            return True
        time.sleep(_LOOK_EVERY_S)
    return False


def _told(client: Client, process: Process, folder: campaigns.Folder) -> dict[str, Any]:
    """What the process says of itself; of the product, what is in its results."""
    if process.popen.returncode not in _WELL:
        raise RuntimeError(
            f"{client.shown} ended with {process.popen.returncode}: {process.said()}"
        )
    if client.name == PIPELINE:
        return {"results": folder.done()}
    last = process.said().strip().splitlines()[-1]
    told: dict[str, Any] = json.loads(last)
    return told


def _environment(client: Client, served: Served) -> dict[str, str]:
    environment = os.environ | {
        "POKU_API_KEY": "benchmark",
        "POKU_BATCH_EVENT_LOOP": client.loop,
    }
    if served.authority is not None:
        environment["SSL_CERT_FILE"] = str(served.authority)
    return environment


def _high_water_kib(pid: int) -> int:
    """The most memory that a process has had resident, in KiB; 0 where nobody keeps it."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return 0
