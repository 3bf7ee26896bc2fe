"""Target 5: a campaign whose ends are asked for, against the ideal; how late ends are seen.

``python -m benchmarks.polling`` lets the product make calls of 60–120 s that the server does not
hold open (``api.completion: poll``), at 100, 1,000 and 5,000 slots. The span goes from the first
call's start to the last end that was seen, by the results; lateness is the server's: from a call's
end to the poll that was told so.
"""

import argparse
import csv
import json
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks import campaigns
from benchmarks.report import Cell, Found, Target, publish
from benchmarks.running import PIPELINE, Client, started
from benchmarks.serving import serving

#: The bound of makespan ÷ ideal, and the slots that it is for.
_BOUND, _SLOTS = 1.05, 5_000

#: How long calls last, in seconds.
_SHORTEST_S, _LONGEST_S = 60.0, 120.0

_LOOK_EVERY_S = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """So many slots, each of which takes so many calls one after the other."""

    slots: int
    rounds: int
    shortest_s: float = _SHORTEST_S
    longest_s: float = _LONGEST_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of one campaign; ``stats`` are the server's, lateness among them."""

    size: Size
    interval_s: float
    span_s: float
    ideal_s: float
    cpu_s: float
    results: int
    stats: Mapping[str, Any]

    @property
    def calls(self) -> int:
        return self.size.slots * self.size.rounds

    @property
    def ratio(self) -> float:
        return self.span_s / self.ideal_s

    def row(self) -> dict[str, Cell]:
        """The outcome as a row of the table."""
        stats = self.stats
        return {
            "slots": self.size.slots,
            "calls": self.calls,
            "÷ ideal": self.ratio,
            "late, median s": stats["late_median_s"],
            "99 % s": stats["late_p99_s"],
            "most s": stats["late_most_s"],
            "polls a call": stats["polls"] / self.calls,
            "polls a second": stats["polls"] / self.span_s,
            "cores used": self.cpu_s / self.span_s,
            "open at once": stats["most_open"],
            "called twice": stats["called_twice"],
            "without result": self.calls - self.results,
        }


def measure(size: Size, *, interval_s: float = 5.0) -> Outcome:
    """Let the product make the calls of one size. Raises ``RuntimeError`` where it fails."""
    lengths_s = campaigns.durations(size.slots * size.rounds, size.shortest_s, size.longest_s)
    with tempfile.TemporaryDirectory(prefix="benchmark") as path, serving() as served:
        folder = campaigns.write(
            Path(path), base_url=served.url, slots=size.slots, durations_s=lengths_s
        )
        let_poll(folder, interval_s=interval_s)
        with started(Client(name=PIPELINE), served, folder) as process:
            while process.look():
                time.sleep(_LOOK_EVERY_S)
        if process.popen.returncode:
            raise RuntimeError(f"ended with {process.popen.returncode}: {process.said()}")
        return Outcome(
            size=size,
            interval_s=interval_s,
            span_s=_span_s(folder),
            ideal_s=folder.ideal_s(),
            cpu_s=process.cpu_s,
            results=folder.done(),
            stats=served.stats(),
        )


def let_poll(folder: campaigns.Folder, *, interval_s: float) -> None:
    """Let a campaign ask for the ends of its calls."""
    path = folder.path / "campaign.yaml"
    campaign = json.loads(path.read_text(encoding="utf-8"))
    campaign["api"] |= {"completion": "poll", "poll_interval": f"{interval_s * 1000:.0f}ms"}
    path.write_text(json.dumps(campaign, indent=1) + "\n", encoding="utf-8")


def _span_s(folder: campaigns.Folder) -> float:
    """From the first start to the last end, as the results tell them."""
    with (folder.path / "out.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    starts = [datetime.fromisoformat(row["call_started_at"]) for row in rows]
    ends = [datetime.fromisoformat(row["call_ended_at"]) for row in rows]
    return (max(ends) - min(starts)).total_seconds()


def _found(outcomes: list[Outcome], *, sizes: str) -> Found:
    """The target's outcome is the last."""
    last = outcomes[-1]
    lost = sum(outcome.calls - outcome.results for outcome in outcomes)
    twice = sum(outcome.stats["called_twice"] for outcome in outcomes)
    return Found(
        name="polling",
        title="Ends that are asked for",
        rows=[outcome.row() for outcome in outcomes],
        targets=(
            Target(
                number="5",
                what=f"makespan ÷ ideal, {last.size.slots:,} slots",
                value=last.ratio,
                bound=_BOUND,
            ),
            Target(number="5", what="calls without a result", value=lost, bound=0),
            Target(number="5", what="numbers called twice", value=twice, bound=0),
        ),
        notes=(
            sizes,
            "Late: from the end of a call, as the server knows it, to the poll that is told.",
            "Cores used: processor time of the whole process by the span, sheet and results too.",
        ),
    )


def _picture(outcomes: list[Outcome]) -> Any:
    import altair as alt

    values = [
        {"slots": f"{outcome.size.slots:,}", "share": share, "late": outcome.stats[key]}
        for outcome in outcomes
        for share, key in (
            ("median", "late_median_s"),
            ("99 %", "late_p99_s"),
            ("most", "late_most_s"),
        )
    ]
    order = [f"{outcome.size.slots:,}" for outcome in outcomes]
    return (
        alt.Chart(alt.InlineData(values=values), width=420, height=220)
        .mark_bar()
        .encode(
            x=alt.X("slots:N", sort=order, title="calls open at once", axis=alt.Axis(labelAngle=0)),
            xOffset=alt.XOffset("share:N", sort=["median", "99 %", "most"]),
            y=alt.Y("late:Q", title="end seen so many seconds late"),
            color=alt.Color("share:N", sort=["median", "99 %", "most"], title=None),
        )
        .properties(title="How late ends are seen, calls of 60–120 s, asked for every 5 s")
    )


def main() -> int:
    """Measure, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short run, to try the command")
    parser.add_argument("--slots", type=int, help="only so many slots")
    parser.add_argument("--rounds", type=int, default=4, help="calls a slot, at the most slots")
    args = parser.parse_args()
    if args.quick:
        outcomes = [measure(Size(slots=20, rounds=2, shortest_s=1, longest_s=2), interval_s=0.1)]
        return publish(_found(outcomes, sizes="Calls of 1–2 s."), _picture(outcomes))
    sizes = [
        Size(slots=100, rounds=2),
        Size(slots=1_000, rounds=2),
        Size(slots=_SLOTS, rounds=args.rounds),
    ]
    if args.slots:
        sizes = [Size(slots=args.slots, rounds=args.rounds)]
    outcomes = [measure(size) for size in sizes]
    return publish(_found(outcomes, sizes="Calls of 60–120 s."), _picture(outcomes))


if __name__ == "__main__":
    raise SystemExit(main())
