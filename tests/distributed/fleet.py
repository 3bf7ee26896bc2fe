"""Workers, a watcher, a database and an API: processes that are started, watched and killed."""

import json
import os
import signal
import subprocess
import sys
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.distributed import record
from tests.postgresql import Server

COMMAND = str(Path(sys.executable).with_name("poku-batch"))
_API = Path(__file__).with_name("server.py")

#: The program that lies beside these tests, wherever they were started from.
PACKAGE = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Ring:
    """A phone that rang, by the API's own log; ``worker`` asked for it."""

    start: float
    end: float
    key: str
    id: str
    worker: str


@dataclass(frozen=True, slots=True)
class Told:
    """What the API said of a call that had ended, to whom."""

    at: float
    id: str
    key: str
    worker: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """Where a worker is: its network namespace, and what it finds the database under."""

    within: str | None = None
    url: str | None = None

    @property
    def enter(self) -> tuple[str, ...]:
        return ("ip", "netns", "exec", self.within) if self.within else ()


HERE = Host()


@dataclass(slots=True)
class Fleet:
    """One campaign of ``contacts``, and everything that takes part in it."""

    folder: Path
    database: Server
    url: str
    contacts: int
    concurrency: int
    heartbeat_s: float = 1.0
    extra: str = ""
    #: Lines of the campaign beside those that all have.
    more: str = ""
    call_timeout: str = "4s"
    package: Path = PACKAGE
    workers: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    runs: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    #: What the API calls each worker, by its process.
    names: dict[int, str] = field(default_factory=dict)
    port: int = 0
    #: Another API's address than that of the one that was started.
    base_url: str = ""
    #: What the environment has beside the rest, of all processes and of workers.
    all_env: dict[str, str] = field(default_factory=dict)
    worker_env: dict[str, str] = field(default_factory=dict)
    _started: int = 0

    def write(self) -> None:
        """Write the campaign and its sheet."""
        rows = [f"k{n},+1415555{n:04d}" for n in range(self.contacts)]
        (self.folder / "sheet.csv").write_text("\n".join(["id,phone", *rows]) + "\n")
        (self.folder / "parts").mkdir(exist_ok=True)
        (self.folder / "parts" / "hello.j2").write_text("Hello,")
        (self.folder / "prompt.j2").write_text("{% include 'parts/hello.j2' %} say {{ id }}")
        (self.folder / "campaign.yaml").write_text(
            f"""
name: fleet
contacts: {{file: sheet.csv, key: id, phone: phone, region: US}}
prompt: prompt.j2
limits: {{concurrency: {self.concurrency}{self.extra}}}
calling_hours: always
circuit_breaker: off
api: {{call_timeout: {self.call_timeout}, poll_interval: 100ms}}
output: {{file: out.csv}}
{self.more}
"""
        )

    @property
    def env(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(self.package),
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "POKU_BATCH_LEDGER": self.url,
            "POKU_BATCH_HEARTBEAT": str(self.heartbeat_s),
            **self.all_env,
        }

    def start_worker(self, concurrency: int, host: Host = HERE) -> "subprocess.Popen[bytes]":
        """Start a worker; what it says goes to a file."""
        self._started += 1
        name = f"w{self._started}"
        address = self.base_url or f"http://127.0.0.1:{self.port}/{name}"
        ways = {"POKU_API_KEY": "key", "POKU_BASE_URL": address}
        if host.url is not None:
            ways["POKU_BATCH_LEDGER"] = host.url
        with (self.folder / f"worker-{self._started}.err").open("wb") as err:
            worker = subprocess.Popen(
                [*host.enter, COMMAND, "worker", "--concurrency", str(concurrency)],
                env=self.env | ways | self.worker_env,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=err,
                stderr=err,
            )
        self.workers.append(worker)
        self.names[worker.pid] = name
        return worker

    def start_run(self, *options: str) -> "subprocess.Popen[bytes]":
        """Start a watcher."""
        self._started += 1
        with (
            (self.folder / f"run-{self._started}.err").open("wb") as err,
            (self.folder / f"run-{self._started}.out").open("wb") as out,
        ):
            run = subprocess.Popen(
                [COMMAND, "run", "campaign.yaml", "--distributed", "--yes", "--json", *options],
                env=self.env,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
        self.runs.append(run)
        return run

    def wait_until_there(self, *, within_s: float = 60.0) -> None:
        """Return once who was started last has the ledger: nothing else befalls it before."""
        (file,) = self.folder.glob(f"*-{self._started}.err")
        give_up = time.monotonic() + within_s
        while not any(
            word in file.read_text() for word in ("takes up to", "worker calls", "workers call")
        ):
            assert time.monotonic() < give_up, self.said()
            time.sleep(0.05)

    def ask(self, *arguments: str) -> Any:
        """What a command says, in JSON."""
        said = subprocess.run(
            [COMMAND, *arguments], env=self.env, cwd=self.folder, check=True, capture_output=True
        )
        return json.loads(said.stdout)

    def ended(self) -> dict[str, Any]:
        """What the last watcher has said at its end; nothing where it has not."""
        file = max(self.folder.glob("run-*.out"), key=lambda file: file.stat().st_mtime)
        told: dict[str, Any] = json.loads(file.read_text() or "{}")
        return told

    def kill(self, worker: "subprocess.Popen[bytes]") -> None:
        worker.kill()
        worker.wait()
        self.workers.remove(worker)

    def end_workers(self) -> list[int]:
        """Let all drain; gives their exit codes."""
        for worker in self.workers:
            worker.send_signal(signal.SIGTERM)
        codes = [worker.wait(60) for worker in self.workers]
        self.workers.clear()
        return codes

    def rings(self) -> list[Ring]:
        """Every phone that rang, in order."""
        return sorted(
            (Ring(*json.loads(line)) for line in self._lines("rings.jsonl")),
            key=lambda ring: ring.start,
        )

    def told(self) -> list[Told]:
        """Every end that was told, in order."""
        return [Told(*json.loads(line)) for line in self._lines("told.jsonl")]

    def _lines(self, name: str) -> list[bytes]:
        log = self.folder / name
        return log.read_bytes().splitlines() if log.exists() else []

    def results(self) -> dict[str, dict[str, str]]:
        """The rows of the results, by their key."""
        return {row["id"]: row for row in record.rows(self.folder / "out.csv")}

    def wait_for_rings(self, count: int, *, within_s: float = 60.0) -> None:
        give_up = time.monotonic() + within_s
        while (rang := len(self._lines("rings.jsonl"))) < count:
            assert time.monotonic() < give_up, f"{rang} rings: {self.said()}"
            time.sleep(0.02)

    def wait_for_workers(self, count: int, *, within_s: float = 60.0) -> None:
        """Wait until so many workers are ready for runs."""
        give_up = time.monotonic() + within_s
        while self.said().count("calls at once") < count:
            assert time.monotonic() < give_up, self.said()
            time.sleep(0.05)

    def said(self) -> str:
        """What all processes have said."""
        files = sorted(self.folder.glob("*.err"))
        return "\n".join(f"-- {file.name}\n{file.read_text()[-3_000:]}" for file in files)


@contextmanager
def fleet(
    folder: Path,
    database: Server,
    *,
    contacts: int,
    concurrency: int,
    span_s: tuple[float, float],
    mode: str = "wait",
    seed: int = 1,
    extra: str = "",
    more: str = "",
    call_timeout: str = "4s",
    package: Path = PACKAGE,
    hosts: tuple[str, ...] = (),
    together: int = 0,
) -> Iterator[Fleet]:
    """A fleet without workers yet; whatever was started is gone afterwards.

    ``hosts`` are network namespaces; each finds the API on its own loopback. The first calls, as
    many as ``together``, do not end before all of them go on.
    """
    made = Fleet(
        folder=folder,
        database=database,
        url=database.new_ledger(),
        contacts=contacts,
        concurrency=concurrency,
        extra=extra,
        more=more,
        call_timeout=call_timeout,
        package=package,
    )
    made.write()
    arguments = [str(folder), str(seed), *map(str, span_s), mode, str(together), *hosts]
    with subprocess.Popen(
        [sys.executable, str(_API), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as api:
        assert api.stdin is not None
        assert api.stdout is not None
        made.port = int(api.stdout.readline())
        try:
            yield made
        finally:
            for process in (*made.workers, *made.runs):
                process.kill()
                process.wait()
            api.stdin.close()


def most_live(rings: list[Ring]) -> int:
    """The most calls that were live at the same moment."""
    turns = sorted([(ring.start, 1) for ring in rings] + [(ring.end, -1) for ring in rings])
    live = most = 0
    for _, turn in turns:
        live += turn
        most = max(most, live)
    return most


def reaches(rings: list[Ring], count: int) -> int:
    """How often so many calls came to be live at the same moment."""
    turns = sorted([(ring.start, 1) for ring in rings] + [(ring.end, -1) for ring in rings])
    live = often = 0
    for _, turn in turns:
        live += turn
        often += turn > 0 and live == count
    return often


def live_at(rings: list[Ring], moment: float) -> int:
    return sum(ring.start <= moment < ring.end for ring in rings)


def worst_second(rings: list[Ring]) -> int:
    """The most calls that began within any second."""
    starts = [ring.start for ring in rings]
    return max(bisect_left(starts, start + 1) - place for place, start in enumerate(starts))


def duplicates(rings: list[Ring]) -> dict[str, int]:
    """Who was rung more than once."""
    return {key: count for key, count in Counter(r.key for r in rings).items() if count > 1}


def ideal_s(rings: list[Ring], slots: int) -> float:
    """How long the same calls take, one after the other, in so many slots that are never free."""
    free = [0.0] * slots
    for ring in rings:
        place = free.index(min(free))
        free[place] += ring.end - ring.start
    return max(free)


def cpu_times() -> tuple[int, int]:
    """How long all processors were idle since the machine was started, and how long there was."""
    with Path("/proc/stat").open() as stream:
        times = [int(each) for each in stream.readline().split()[1:9]]
    return times[3] + times[4], sum(times)
