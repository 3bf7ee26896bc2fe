"""Workers killed, frozen and cut off from their database, in the middle of a campaign."""

import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.distributed import judging, record
from tests.distributed.fleet import PACKAGE, Fleet, fleet, ideal_s, most_live
from tests.distributed.judging import Blow, Evidence
from tests.postgresql import Server

#: Whoever does not answer the first call is called once more.
REDIALS = 2
MORE = f"redial: {{outcomes: [no_answer], attempts: {REDIALS}, after: [1s]}}"

#: The longest that a campaign may take after the last blow, in seconds.
_ENDS_S = 300

#: How long a database is away that is not there again at once, in seconds.
_AWAY_S = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What happens: to whom and when is chance, by the seed."""

    seed: int = 1
    contacts: int = 300
    concurrency: int = 20
    workers: int = 3
    kills: int = 3
    restarts: int = 1
    freezes: int = 1
    watchers: int = 1
    outages: int = 0
    per_minute: int | None = None
    span_s: tuple[float, float] = (0.3, 1.5)
    mode: str = "wait"
    heartbeat_s: float = 1.0

    @property
    def blows(self) -> list[str]:
        """What is struck, in no order."""
        return [
            *["kill"] * self.kills,
            *["restart"] * self.restarts,
            *["freeze"] * self.freezes,
            *["watcher"] * self.watchers,
            *["outage"] * self.outages,
        ]

    @property
    def extra(self) -> str:
        """More limits, as the campaign has them."""
        return "" if self.per_minute is None else f", calls_per_minute: {self.per_minute}"


@dataclass(slots=True, kw_only=True)
class Figures:
    """What came of it. ``in_flight`` are the calls of each struck worker when it was struck."""

    contacts: int
    concurrency: int
    blows: list[Blow]
    rings: int
    most_live: int
    states: Counter[str]
    in_flight: int
    took_s: float
    efficiency: float
    code: int
    faults: list[str]
    said: str = field(repr=False, default="")


def chaos(
    folder: Path,
    database: Server,
    plan: Plan,
    *,
    package: Path = PACKAGE,
    patience_s: float = _ENDS_S,
) -> Figures:
    """Run a campaign to its end, and strike at all that takes part in it meanwhile.

    ``patience_s`` is how long its end is waited for after the last blow.
    """
    chance = random.Random(plan.seed)  # noqa: S311 – the same for the same seed
    blows = plan.blows
    chance.shuffle(blows)
    with fleet(
        folder,
        database,
        contacts=plan.contacts,
        concurrency=plan.concurrency,
        span_s=plan.span_s,
        mode=plan.mode,
        seed=plan.seed,
        extra=plan.extra,
        more=MORE,
        call_timeout=f"{max(plan.span_s[1] + 2.5, 4):.0f}s",
        package=package,
    ) as made:
        made.heartbeat_s = plan.heartbeat_s
        for _ in range(plan.workers):
            made.start_worker(plan.concurrency)
        striking = Striking(made, chance, plan.concurrency)
        striking.watch()
        for number, blow in enumerate(blows, start=1):
            made.wait_for_rings(number * plan.contacts // (len(blows) + 2), within_s=180)
            time.sleep(chance.uniform(0, 0.5))
            striking.strike(blow)
        return striking.end(plan.mode, patience_s=patience_s)


class Striking:
    """Strikes at a fleet, keeps what it did, and judges what came of it."""

    def __init__(self, made: Fleet, chance: random.Random, concurrency: int) -> None:
        """Take a fleet whose workers have been started, and how many calls each makes."""
        self.blows: list[Blow] = []
        self._made = made
        self._chance = chance
        self._concurrency = concurrency
        self._run: subprocess.Popen[bytes] | None = None

    def watch(self) -> None:
        """Start a watcher."""
        self._run = self._made.start_run()

    def strike(self, what: str) -> None:
        """Strike once; returns when what was struck is there again."""
        act: dict[str, Callable[[], Blow]] = {
            "kill": self._kill,
            "freeze": self._freeze,
            "restart": self._restart,
            "watcher": self._kill_watcher,
            "outage": self._lose_database,
        }
        self.blows.append(act[what]())

    def _kill(self) -> Blow:
        worker = self._chance.choice(self._made.workers)
        name, at = self._made.names[worker.pid], time.time()
        self._made.kill(worker)
        self._made.start_worker(self._concurrency)
        self._made.wait_until_there()
        return Blow(what="kill", at=at, worker=name)

    def _freeze(self) -> Blow:
        worker = self._chance.choice(self._made.workers)
        at = time.time()
        worker.send_signal(signal.SIGSTOP)
        time.sleep(self._made.heartbeat_s * 3 + 2)
        worker.send_signal(signal.SIGCONT)
        return Blow(what="freeze", at=at, worker=self._made.names[worker.pid], until=time.time())

    def _restart(self) -> Blow:
        at = time.time()
        self._made.database.restart()
        return Blow(what="restart", at=at)

    def _lose_database(self) -> Blow:
        at = time.time()
        self._made.database.stop()
        time.sleep(_AWAY_S)
        self._made.database.start()
        return Blow(what="outage", at=at)

    def _kill_watcher(self) -> Blow:
        assert self._run is not None
        at = time.time()
        self._run.kill()
        self._run.wait()
        time.sleep(self._chance.uniform(0, 1))
        self.watch()
        self._made.wait_until_there()
        return Blow(what="watcher", at=at)

    def end(self, mode: str, *, patience_s: float = _ENDS_S) -> Figures:
        """Wait for the campaign's end, and say what came of it."""
        assert self._run is not None
        code = -1
        with suppress(subprocess.TimeoutExpired):
            code = self._run.wait(patience_s)
        if code == -1:
            self._run.kill()
            self._run.wait()
        codes = self._made.end_workers()
        figures = _figures(self._made, self.blows, mode, code)
        if any(codes):
            figures.faults.append(f"workers left with {codes}")
        return figures


def _figures(made: Fleet, blows: list[Blow], mode: str, code: int) -> Figures:
    evidence = _evidence(made, blows, mode, code)
    rings = evidence.rings
    took = max(ring.end for ring in rings) - rings[0].start
    return Figures(
        contacts=made.contacts,
        concurrency=made.concurrency,
        blows=blows,
        rings=len(rings),
        most_live=most_live(rings),
        states=Counter(contact.state for contact in evidence.contacts.values()),
        in_flight=judging.in_flight(evidence),
        took_s=took,
        efficiency=ideal_s(rings, made.concurrency) / took,
        code=code,
        faults=judging.faults(evidence),
        said=made.said(),
    )


def _evidence(made: Fleet, blows: list[Blow], mode: str, code: int) -> Evidence:
    results = made.folder / "out.csv"
    return Evidence(
        mode=mode,
        concurrency=made.concurrency,
        redials=REDIALS,
        rings=made.rings(),
        told=made.told(),
        attempts=record.attempts(made.url),
        contacts=record.contacts(made.url),
        sheet=[f"k{number}" for number in range(made.contacts)],
        rows=record.rows(results) if results.exists() else [],
        names=made.names,
        blows=blows,
        code=code,
        ending=made.ended().get("ending"),
    )


def line(figures: Figures) -> str:
    """A campaign in a line, and its faults in one each."""
    struck = Counter(blow.what for blow in figures.blows)
    what = ", ".join(f"{count} {name}" for name, count in sorted(struck.items()))
    verdict = f"{len(figures.faults)} FAULTS" if figures.faults else "good"
    told = (
        f"{figures.contacts} calls, {what}: {figures.rings} rings, most live {figures.most_live} "
        f"of {figures.concurrency}, {figures.states['unknown']} unknown of {figures.in_flight} in "
        f"flight, {figures.took_s:.0f} s: {verdict}"
    )
    return "\n  ".join([told, *figures.faults[:20]])
