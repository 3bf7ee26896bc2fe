"""Workers killed, frozen and cut off from their database, in the middle of a campaign."""

import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from tests.distributed.fleet import Fleet, duplicates, fleet, ideal_s, live_at, most_live
from tests.postgresql import Server


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
    span_s: tuple[float, float] = (0.3, 1.5)
    mode: str = "wait"


@dataclass(slots=True, kw_only=True)
class Figures:
    """What came of it. ``in_flight`` are the calls that were live at each blow, added up."""

    plan: Plan
    rings: int
    duplicates: dict[str, int]
    lost: list[str]
    most_live: int
    states: Counter[str]
    in_flight: int
    took_s: float
    efficiency: float
    code: int
    said: str = field(repr=False, default="")

    @property
    def faults(self) -> list[str]:
        """What was promised and was not so."""
        unknown = self.states["unknown"]
        told = {
            f"called twice: {self.duplicates}": bool(self.duplicates),
            f"lost: {self.lost[:10]}": bool(self.lost),
            f"{self.most_live} of {self.plan.concurrency} live": self.most_live
            > self.plan.concurrency,
            f"{unknown} unknown of {self.in_flight} in flight": unknown > self.in_flight,
            f"left with {self.code}": self.code not in (0, 3),
        }
        return [fault for fault, is_so in told.items() if is_so]


def chaos(folder: Path, database: Server, plan: Plan) -> Figures:
    """Run a campaign to its end, and strike at its workers and its database meanwhile."""
    chance = random.Random(plan.seed)  # noqa: S311 – the same for the same seed
    blows = ["kill"] * plan.kills + ["restart"] * plan.restarts + ["freeze"] * plan.freezes
    chance.shuffle(blows)
    with fleet(
        folder,
        database,
        contacts=plan.contacts,
        concurrency=plan.concurrency,
        span_s=plan.span_s,
        mode=plan.mode,
        seed=plan.seed,
    ) as made:
        for _ in range(plan.workers):
            made.start_worker(plan.concurrency)
        run = made.start_run()
        in_flight = 0
        for number, blow in enumerate(blows, start=1):
            made.wait_for_rings(number * plan.contacts // (len(blows) + 2), within_s=120)
            time.sleep(chance.uniform(0, 0.5))
            _strike(made, blow, chance, plan)
            in_flight += live_at(made.rings(), time.time())
        code = run.wait(300)
        for worker in made.workers:
            worker.send_signal(signal.SIGCONT)
        made.end_workers()
        return _figures(made, plan, in_flight, code)


def _strike(made: Fleet, blow: str, chance: random.Random, plan: Plan) -> None:
    if blow == "restart":
        made.database.restart()
        return
    worker = chance.choice(made.workers)
    if blow == "kill":
        made.kill(worker)
        made.start_worker(plan.concurrency)
        return
    worker.send_signal(signal.SIGSTOP)
    time.sleep(made.heartbeat_s * 3 + 2)
    worker.send_signal(signal.SIGCONT)


def _figures(made: Fleet, plan: Plan, in_flight: int, code: int) -> Figures:
    rings, results = made.rings(), made.results()
    rang = {ring.key for ring in rings}
    took = max(ring.end for ring in rings) - rings[0].start
    lost = [
        key
        for key, row in results.items()
        if row["call_status"] not in ("done", "unknown")
        or (row["call_status"] == "done" and key not in rang)
    ]
    return Figures(
        plan=plan,
        rings=len(rings),
        duplicates=duplicates(rings),
        lost=lost + [key for key in rang if key not in results],
        most_live=most_live(rings),
        states=Counter(row["call_status"] for row in results.values()),
        in_flight=in_flight,
        took_s=took,
        efficiency=ideal_s(rings, plan.concurrency) / took,
        code=code,
        said=made.said(),
    )


def line(figures: Figures) -> str:
    """A campaign in a line."""
    plan = figures.plan
    what = f"{plan.kills} kills, {plan.restarts} restarts, {plan.freezes} frozen"
    verdict = "; ".join(figures.faults) or "good"
    return (
        f"seed {plan.seed:<3} {plan.mode:<4} {plan.contacts} calls, {what}: {figures.rings} rings, "
        f"{sum(figures.duplicates.values())} duplicates, {len(figures.lost)} lost, most live "
        f"{figures.most_live} of {plan.concurrency}, {figures.states['unknown']} unknown of "
        f"{figures.in_flight} in flight, {figures.took_s:.0f} s: {verdict}"
    )
