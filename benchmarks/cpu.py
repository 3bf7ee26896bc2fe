"""Target 2: what the whole pipeline costs beside the same transport alone, at 100 to 10,000 slots.

``python -m benchmarks.cpu [--slots N]… [--loop asyncio|uvloop] [--repeat N] [--quick]``

Two runs over the same sheet, of so many calls and of three times as many (``run --limit``): the
difference of their processor times by that of their calls is what one call costs. Start, reading
and enrolling the sheet, and writing the results are the same in both and fall away. Calls are as
much longer as there are more slots, so that calls a second are the same everywhere.
"""

import argparse
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks import campaigns, charts
from benchmarks.report import Cell, Found, Target, publish
from benchmarks.running import PIPELINE, Client, measure

#: Seconds of a call by slot: some 330 calls a second.
_SECONDS_A_SLOT = 0.003

_COST = "CPU ms a call"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one call costs the transport alone and the product, in ms of processor time."""

    slots: int
    calls: int
    transport_ms: Sequence[float]
    pipeline_ms: Sequence[float]

    @property
    def ratio(self) -> float:
        """The median of the repetitions' ratios."""
        pairs = zip(self.pipeline_ms, self.transport_ms, strict=True)
        return statistics.median(pipeline / transport for pipeline, transport in pairs)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure at each number of slots; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slots", type=int, action="append", help="100, 1000 and 10000")
    parser.add_argument("--loop", choices=["asyncio", "uvloop"], default="asyncio")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="a short run, to try the command")
    args = parser.parse_args(arguments)
    if args.quick:
        costs = [_cost(20, 60, loop=args.loop, repeat=1)]
    else:
        costs = [
            _cost(slots, max(2_000, slots), loop=args.loop, repeat=args.repeat)
            for slots in args.slots or (100, 1_000, 10_000)
        ]
    rows = [row for cost in costs for row in _rows(cost)]
    found = Found(
        name="cpu",
        title=f"Processor time of one call ({args.loop})",
        rows=rows,
        targets=_targets(costs),
        notes=(f"Medians of {len(costs[0].pipeline_ms)} interleaved repetitions.",),
    )
    picture = charts.lines(
        rows, title="Processor time of one call", over="slots", value=_COST, name="client"
    )
    return publish(found, picture)


def _cost(slots: int, calls: int, *, loop: str, repeat: int) -> Cost:
    mean_s = slots * _SECONDS_A_SLOT
    durations_s = campaigns.durations(3 * calls, mean_s * 0.6, mean_s * 1.4)
    measured: dict[str, list[float]] = {"transport": [], PIPELINE: []}
    for _ in range(repeat):
        for name, costs_ms in measured.items():
            few, many = (
                measure(
                    Client(name=name, loop=loop), slots=slots, durations_s=durations_s, calls=count
                )
                for count in (calls, 3 * calls)
            )
            if few.without_result or many.without_result:
                raise RuntimeError(f"{name} has no result of every call: {many.said}")
            costs_ms.append((many.cpu_s - few.cpu_s) / (2 * calls) * 1000)
            print(f"{slots} slots: {name}: {costs_ms[-1]:.3f} ms a call", file=sys.stderr)
    return Cost(
        slots=slots,
        calls=calls,
        transport_ms=measured["transport"],
        pipeline_ms=measured[PIPELINE],
    )


def _rows(cost: Cost) -> list[dict[str, Cell]]:
    both = {"transport": cost.transport_ms, PIPELINE: cost.pipeline_ms}
    return [
        {
            "slots": cost.slots,
            "calls": f"{cost.calls:,} and {3 * cost.calls:,}",
            "client": name,
            _COST: round(statistics.median(ms), 3),
            "least": round(min(ms), 3),
            "most": round(max(ms), 3),
            "÷ transport": round(cost.ratio, 3) if name == PIPELINE else 1.0,
        }
        for name, ms in both.items()
    ]


def _targets(costs: Sequence[Cost]) -> list[Target]:
    targets = [
        Target(
            number="2a",
            what=f"CPU a call of the pipeline ÷ the transport alone at {cost.slots:,} slots",
            value=round(cost.ratio, 3),
            bound=1.45,
        )
        for cost in costs
        if cost.slots in {20, 1_000}
    ]
    if len(costs) > 1:
        medians = [statistics.median(cost.pipeline_ms) for cost in costs]
        what = f"CPU a call, the most ÷ that at {costs[0].slots:,} slots"
        value = round(max(medians) / medians[0], 3)
        targets.append(Target(number="2b", what=what, value=value, bound=1.3))
    return targets


if __name__ == "__main__":
    sys.exit(main())
