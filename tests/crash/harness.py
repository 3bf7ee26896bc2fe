"""Runs a campaign, kills it, runs it again, until a run ends by itself; then everything is judged.

After a kill, or after a kill with a power cut: then the folder becomes what was durable at that
moment, by the record of the system calls, before the next run begins.
"""

import json
import random
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.crash.disk import Disk
from tests.crash.evidence import Evidence, too_many_rings
from tests.crash.instants import Instant, draw
from tests.crash.log import last_rings
from tests.crash.look import look
from tests.crash.processes import (
    ColdRun,
    Program,
    ServerProcess,
    Warm,
    WarmRun,
    traced_to_the_end,
)
from tests.crash.scenario import Scenario
from tests.crash.sheet import whole
from tests.crash.testimony import Testimony
from tests.crash.trace import moments

#: Ledgers rebuilt from one trace and looked into, besides the one that the next run gets.
LOOKS = 12

_TELLING = frozenset({"write", "pwrite64", "ftruncate", "fsync", "fdatasync", "rename", "unlink"})

#: Exit codes of a run that was stopped; a second SIGINT may meet a program that is over already.
_LEFT = {False: (4,), True: (4, 130)}

_RUN = ("run", "campaign.yaml", "--yes")


@dataclass(slots=True, kw_only=True)
class Plan:
    """How a campaign is treated: ``kills`` at most, each with a power cut if ``cuts``.

    ``cold``: every so many plain runs is the installed command, started from nothing.
    ``progress`` is about how many calls a run comes to before it is interrupted.
    """

    kills: int
    cuts: bool = False
    cold: int = 8
    progress: int = 60
    looks: int = LOOKS


@dataclass(slots=True, kw_only=True)
class Figures:
    """What one campaign came to; ``faults`` is empty, or the program has one."""

    scenario: Scenario
    power: bool = False
    kinds: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    kills: int = 0
    cuts: int = 0
    looks: int = 0
    placements: int = 0
    rings: int = 0
    redials: int = 0
    duplicates: int = 0
    told: int = 0
    told_again: int = 0
    read: int = 0
    read_again: int = 0
    lost: int = 0
    syncs: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    may_be_unknown: int = 0
    slots: int = 0
    lag_s: float = 0.0
    faults: list[str] = field(default_factory=list)


class Campaign:
    """One scenario, run in a new folder inside ``home`` until its end."""

    def __init__(self, scenario: Scenario, plan: Plan, home: Path, warm: Warm) -> None:
        self._scenario = scenario
        self._plan = plan
        self._home = home
        self._warm = warm
        self._folder = home / "campaign"
        seed = f"instants {scenario.name} {scenario.seed}"
        self._chance = random.Random(seed)  # noqa: S311  # a seeded test, no secret
        self._evidence = Evidence(scenario=scenario)
        self._figures = Figures(scenario=scenario, power=plan.cuts)
        self._code = 0
        self._plain_runs = 0

    def run(self) -> Figures:
        """Kill and run again; gives the figures with every fault, each with its instant."""
        settings = self._home / "server.json"
        settings.write_text(json.dumps(self._scenario.settings()))
        with ServerProcess(settings, self._home / "server.jsonl") as server:
            self._server = server
            self._scenario.write(self._folder, server.url)
            self._program = Program(self._folder, server.url, self._warm)
            self._until_the_end()
            self._judge()
        return self._figures

    def _until_the_end(self) -> None:
        start_s = 0.6 if self._plan.cuts else 0.0
        while self._figures.kills < self._plan.kills:
            instant = draw(
                self._chance,
                progress=self._plan.progress,
                follows=not self._scenario.holds,
                redials=self._scenario.redials,
                start_s=start_s,
            )
            if self._interrupt(instant):
                return
            if self._evidence.faults:
                # What a broken program does next tells nothing more.
                return
        self._interrupt(Instant(kind="time"))

    def _interrupt(self, instant: Instant) -> bool:
        """Run once with an instant; True if the run ended by itself."""
        self._figures.runs += 1
        self._code, at = self._run(instant)
        ended = self._code in (0, 3)
        found = self._cut(for_good=not ended) if self._plan.cuts else []
        if ended:
            self._evidence.faults += found
            self._figures.faults += [self._blame(fault, instant) for fault in found]
            return True
        self._figures.kinds[instant.kind] += 1
        self._figures.slots += self._scenario.slots
        if self._code not in (-9, *_LEFT[instant.kind == "leave"]):
            found.append(f"exit code {self._code}: {self._last_words()}")
        testimony = self._testimony()
        seen = look(self._folder)
        if self._code != -9:
            found += self._evidence.left(seen, at=at)
        else:
            self._figures.kills += 1
        found += whole(self._folder, self._scenario)
        self._evidence.faults += found
        found += self._evidence.death(
            seen,
            testimony,
            self._server.events(),
            since=self._since,
            at=at,
            slow=instant.kind == "line",
        )
        self._figures.faults += [self._blame(fault, instant) for fault in found]
        return False

    def _run(self, instant: Instant) -> tuple[int, float]:
        """Start the program, have it killed; gives its exit code and when it died."""
        arguments = [*_RUN, *(["--limit", str(instant.limit)] if instant.limit else [])]
        witness = self._home / "witness.jsonl"
        witness.unlink(missing_ok=True)
        launch = {"witness": str(witness), **(instant.launch or {})}
        self._since = len(self._server.events())
        if self._plan.cuts:
            self._disk = Disk(self._folder)
            run: WarmRun | ColdRun = self._program.start_traced(
                arguments, launch, self._home / "trace"
            )
        elif instant.launch is not None:
            run = self._program.start(arguments, launch)
        else:
            self._plain_runs += 1
            cold = self._plan.cold and self._plain_runs % self._plan.cold == 0
            run = self._program.start_cold(arguments) if cold else self._start_plain(arguments)
        self._server.order(run.pid, instant.steps)
        code = run.wait(instant.after_s)
        at = time.time()
        self._server.order(0, ())
        if self._plan.cuts:
            traced_to_the_end(self._home / "trace", run.pid)
        signals = [e["t"] for e in self._server.events()[self._since :] if e["e"] == "signal"]
        return code, signals[-1] if signals and code == -9 else at

    def _start_plain(self, arguments: Sequence[str]) -> WarmRun | ColdRun:
        return self._program.start(arguments, None)

    def _cut(self, *, for_good: bool) -> list[str]:
        """Replay the trace, look into what a cut would leave here and there, and cut at its end.

        The run's own death is only cut ``for_good`` if another run follows.
        """
        trace, scratch = self._home / "trace", self._home / "cut"
        recorded = list(moments(trace))
        telling = [n for n, moment in enumerate(recorded) if moment.call.name in _TELLING]
        looks = set(self._chance.sample(telling, min(self._plan.looks, len(telling))))
        # The results are written last.
        looks |= set(telling[-self._plan.looks // 3 :])
        testimony: list[Testimony] = []
        found = []
        events = self._server.events()[self._since :]
        for n, moment in enumerate(recorded):
            self._disk.happen(moment)
            if not moment.ends and moment.call.file() == str(self._home / "witness.jsonl"):
                testimony.append(json.loads(moment.call.strings()[0]))
            if n in looks:
                how = self._disk.cut(self._chance, scratch)
                self._figures.looks += 1
                faults = self._evidence.cut(look(scratch), testimony, events)
                faults += whole(scratch, self._scenario)
                found += [f"{fault} (cut at moment {n}, keeping {how})" for fault in faults]
        if for_good:
            self._disk.cut(self._chance, self._folder)
            self._figures.cuts += 1
        self._figures.syncs += self._disk.syncs
        return found

    def _testimony(self) -> list[Testimony]:
        witness = self._home / "witness.jsonl"
        if not witness.exists():
            return []
        return [json.loads(line) for line in witness.read_text().splitlines()]

    def _judge(self) -> None:
        evidence, figures = self._evidence, self._figures
        events = self._server.events()
        if not figures.faults:
            before = len(evidence.faults)
            seen = look(self._folder)
            evidence.end(self._folder, seen, events, self._code)
            figures.faults += [
                f"{self._whose()}, at the end: {f}" for f in evidence.faults[before:]
            ]
            figures.unknown = Counter(
                evidence.why_unknown(key, seen, events) for key in evidence.unknown(self._folder)
            )
        asked = [event for event in events if event["e"] == "asked"]
        rings = last_rings(events, by="key")
        figures.placements = len(asked)
        figures.rings = sum(event["rang"] for event in asked)
        figures.redials = figures.rings - len(rings)
        figures.duplicates = len(too_many_rings(self._scenario, events))
        heard = Counter(event["id"] for event in events if event["e"] == "hook")
        figures.told, figures.told_again = len(heard), heard.total() - len(heard)
        asked_to_read = Counter(event["summary"] for event in events if event["e"] == "read")
        figures.read = len(asked_to_read)
        figures.read_again = asked_to_read.total() - len(asked_to_read)
        figures.lost = sum("lost" in fault for fault in figures.faults)
        figures.may_be_unknown = len(evidence.may_be_unknown())
        figures.lag_s = evidence.lag_s

    def _blame(self, fault: str, instant: Instant) -> str:
        return f"{self._whose()}, run {self._figures.runs} ({instant}): {fault}"

    def _whose(self) -> str:
        kind = "power cuts" if self._plan.cuts else "kills"
        return f"{self._scenario.name}, {kind}, seed {self._scenario.seed}"

    def _last_words(self) -> str:
        return self._program.output.read_text(errors="replace")[-1500:]


def campaign(scenario: Scenario, plan: Plan, home: Path, warm: Warm) -> Figures:
    """Run one campaign in a folder of its own inside ``home``, which is removed if all was well."""
    kind = "cuts" if plan.cuts else "kills"
    place = home.resolve() / f"{scenario.name.replace('/', '-')}-{kind}-{scenario.seed}"
    place.mkdir(parents=True)
    figures = Campaign(scenario, plan, place, warm).run()
    if not figures.faults:
        shutil.rmtree(place)
    return figures
