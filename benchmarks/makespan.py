"""Target 1: how much longer a campaign takes than its calls.

``python -m benchmarks.makespan [--scenario NAME]… [--client NAME]… [--keep] [--quick]``
"""

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmarks import campaigns, charts, report
from benchmarks.report import Cell, Found, Target, publish
from benchmarks.running import PIPELINE, Client, Outcome, measure

#: Whoever takes longer than so many times the ideal is stopped.
_CUT_OFF_AT = 12.5

_RATIO = "span ÷ ideal"

_PRODUCT = (Client(name=PIPELINE), Client(name=PIPELINE, loop="uvloop"))
_AIOHTTP = (Client(name="bare_aiohttp"), Client(name="bare_aiohttp", loop="uvloop"))
_THREADS, _HTTPX, _COOKBOOK = (Client(name=name) for name in ("threads", "plain_httpx", "cookbook"))
_FLOOR, _TRANSPORT = Client(name="floor"), Client(name="transport")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """So many slots, calls of a length between two bounds, and who makes them."""

    name: str
    slots: int
    shortest_s: float
    longest_s: float
    calls_a_slot: int
    clients: Sequence[Client]
    number: str = ""
    bound: float | None = None


SCENARIOS = (
    Scenario(
        name="100 slots, 2–5 s",
        slots=100, shortest_s=2, longest_s=5, calls_a_slot=15, number="1a", bound=1.01,
        clients=(_FLOOR, *_AIOHTTP, _TRANSPORT, *_PRODUCT, _THREADS, _HTTPX, _COOKBOOK),
    ),
    Scenario(
        name="1,000 slots, 2–5 s",
        slots=1_000, shortest_s=2, longest_s=5, calls_a_slot=15, number="1b", bound=1.05,
        clients=(_FLOOR, *_AIOHTTP, _TRANSPORT, *_PRODUCT, _THREADS),
    ),
    Scenario(
        name="1,000 slots, 2–5 s, fewer calls",
        slots=1_000, shortest_s=2, longest_s=5, calls_a_slot=8,
        clients=(*_PRODUCT, _COOKBOOK, _HTTPX),
    ),
    Scenario(
        name="1,000 slots, 30–90 s",
        slots=1_000, shortest_s=30, longest_s=90, calls_a_slot=5, number="1c", bound=1.01,
        clients=(_AIOHTTP[0], *_PRODUCT, _THREADS),
    ),
    Scenario(
        name="10,000 slots, 20–50 s",
        slots=10_000, shortest_s=20, longest_s=50, calls_a_slot=5, number="1d", bound=1.07,
        clients=(_FLOOR, *_AIOHTTP, _TRANSPORT, *_PRODUCT, _THREADS),
    ),
)  # fmt: skip

_COLLAPSE = SCENARIOS[2].name

_QUICK = Scenario(
    name="20 slots, 0.1–0.4 s",
    slots=20, shortest_s=0.1, longest_s=0.4, calls_a_slot=5, number="1", bound=2.0,
    clients=(_FLOOR, _PRODUCT[0]),
)  # fmt: skip

_NOTES = (
    (
        f"{_RATIO}: from the first placement to the last end of a call, as the server saw them, by "
        "the greedy list schedule of the same lengths over the slots. Start, sheet and results are "
        "in wall s alone, and in the product's CPU ms a call."
    ),
    (
        "Cut off: stopped at twelve times the ideal; the true ratio is larger, and what is drawn "
        "from it is a lower bound. No result: calls that ended in no answer that the client has "
        "read."
    ),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the scenarios that were asked for, by default all; gives the exit code."""
    args = _arguments(arguments)
    chosen = [_QUICK] if args.quick else [s for s in SCENARIOS if _asked(s.name, args.scenario)]
    rows: list[Mapping[str, Cell]] = []
    for scenario in chosen:
        for client in scenario.clients:
            if _asked(client.shown, args.client):
                rows.append(_row(scenario, _measured(scenario, client)))
                print(f"{scenario.name}: {client.shown}: {rows[-1][_RATIO]:.4f}", file=sys.stderr)
    if args.keep:
        rows = _with_earlier(rows)
    known = [_QUICK] if args.quick else SCENARIOS
    found = Found(
        name="makespan",
        title="How much longer a campaign takes than its calls",
        rows=rows,
        targets=list(_targets(rows, known)),
        notes=_NOTES,
    )
    return publish(found, _picture(rows, known))


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenario", action="append", help="a part of its name, as in the table")
    parser.add_argument("--client", action="append", help="a part of its name, as in the table")
    parser.add_argument("--keep", action="store_true", help="keep earlier rows of other runs")
    parser.add_argument("--quick", action="store_true", help="a short run, to try the command")
    return parser.parse_args(arguments)


def _asked(name: str, wanted: Sequence[str] | None) -> bool:
    return not wanted or any(part in name for part in wanted)


def _measured(scenario: Scenario, client: Client) -> Outcome:
    durations_s = campaigns.durations(
        scenario.slots * scenario.calls_a_slot, scenario.shortest_s, scenario.longest_s
    )
    return measure(client, slots=scenario.slots, durations_s=durations_s, cut_off_at=_CUT_OFF_AT)


def _row(scenario: Scenario, outcome: Outcome) -> dict[str, Cell]:
    return {
        "scenario": scenario.name,
        "client": outcome.client.shown,
        "calls": outcome.calls,
        _RATIO: round(outcome.ratio, 4),
        "ideal s": round(outcome.ideal_s, 1),
        "wall s": round(outcome.wall_s, 1),
        "CPU ms a call": round(outcome.cpu_ms_a_call, 3),
        "peak MiB": round(outcome.peak_mib),
        "server CPU %": round(outcome.server_share * 100, 1),
        "most open": outcome.most_open,
        "twice": outcome.called_twice,
        "lost": outcome.lost,
        "no result": outcome.without_result,
        "cut off": "yes" if outcome.cut_off else "",
    }


def _with_earlier(rows: Sequence[Mapping[str, Cell]]) -> list[Mapping[str, Cell]]:
    """These rows, and those of the earlier result for what was not measured now, in order."""
    path = report.HERE / "results" / "makespan.json"
    earlier = json.loads(path.read_text(encoding="utf-8"))["rows"] if path.is_file() else []
    by_name = {(row["scenario"], row["client"]): row for row in [*earlier, *rows]}
    order = [(s.name, client.shown) for s in SCENARIOS for client in s.clients]
    return [by_name[name] for name in order if name in by_name]


def _targets(rows: Sequence[Mapping[str, Cell]], scenarios: Iterable[Scenario]) -> Iterable[Target]:
    ratios = {(row["scenario"], row["client"]): float(str(row[_RATIO])) for row in rows}
    for scenario in scenarios:
        for client in _PRODUCT:
            ratio = ratios.get((scenario.name, client.shown))
            if ratio is not None and scenario.bound is not None:
                what = f"{_RATIO}, {scenario.name}, {client.loop}"
                yield Target(number=scenario.number, what=what, value=ratio, bound=scenario.bound)
    plain = ratios.get((_COLLAPSE, _HTTPX.shown))
    for client in _PRODUCT:
        ratio = ratios.get((_COLLAPSE, client.shown))
        if plain is not None and ratio is not None:
            what = f"times faster than plain httpx at 1,000 slots, {client.loop}"
            yield Target(number="1e", what=what, value=plain / ratio, bound=10.0, least=True)


def _picture(rows: Sequence[Mapping[str, Cell]], scenarios: Iterable[Scenario]) -> object:
    bounds = {scenario.name: scenario.bound for scenario in scenarios}
    over = "time beyond the ideal, %"
    drawn = [
        {
            "scenario": row["scenario"],
            "client": str(row["client"]) + (" – cut off" if row["cut off"] else ""),
            over: max(0.01, round((float(str(row[_RATIO])) - 1) * 100, 3)),
            "target": round(((bounds[str(row["scenario"])] or 1) - 1) * 100, 3) or None,
        }
        for row in rows
    ]
    return charts.bars(
        drawn, title="How much longer a campaign takes than its calls (dashed: the target)",
        value=over, name="client", facet="scenario", bound="target", log=True,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
