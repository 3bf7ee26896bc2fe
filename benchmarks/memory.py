"""Target 3, first half: how much memory one more open call takes.

``python -m benchmarks.memory [--open N]… [--client NAME]… [--plain | --tls] [--quick]``

A client is given the same sheet each time and more slots, and is looked at while all of them hold
a call: its private memory (what the system would have back if it ended), so that libraries shared
between processes do not count. The slope between the fewest and the most open calls is what one
takes. Nobody hangs up; the client is killed afterwards.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import psutil

from benchmarks import campaigns, charts
from benchmarks.report import Cell, Found, Target, publish
from benchmarks.running import PIPELINE, Client, Process, started
from benchmarks.serving import Served, serving

_HELD_S = 3_600.0

#: How long all calls may take to be open, and how long memory is then let settle.
_OPEN_WITHIN_S = 240.0
_SETTLE_S = 2.0

_CLIENTS = ("bare_aiohttp", "threads", "transport", PIPELINE)
_TAKEN = "KiB an open call"
_BOUNDS = {"plain": 48.0, "TLS": 100.0}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure each client, plain and with TLS; gives the exit code."""
    args = _arguments(arguments)
    steps = [10, 60] if args.quick else args.open or [200, 2_000, 8_000]
    clients = [PIPELINE] if args.quick else args.client or list(_CLIENTS)
    ways = ["plain"] if args.plain or args.quick else ["TLS"] if args.tls else ["plain", "TLS"]
    rows: list[dict[str, Cell]] = []
    for way in ways:
        for name in clients:
            rows.append(_row(name, way, steps))
            print(f"{way}: {name}: {rows[-1][_TAKEN]} KiB", file=sys.stderr)
    found = Found(
        name="memory",
        title="Private memory of a client by open calls",
        rows=rows,
        targets=[
            Target(
                number="3a",
                what=f"memory of one more open call of the pipeline, {row['way']}",
                value=float(str(row[_TAKEN])),
                bound=_BOUNDS[str(row["way"])],
                unit=" KiB",
            )
            for row in rows
            if row["client"] == PIPELINE
        ],
        notes=("An open call's share in the kernel (socket buffers) is not counted.",),
    )
    drawn = [row | {"target KiB": _BOUNDS[str(row["way"])]} for row in rows]
    picture = charts.bars(
        drawn, title="Memory of one more open call (dashed: the target)", value=_TAKEN,
        name="client", facet="way", bound="target KiB",
    )  # fmt: skip
    return publish(found, picture)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--open", type=int, action="append", help="200, 2000 and 8000")
    parser.add_argument("--client", choices=_CLIENTS, action="append")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--plain", action="store_true")
    way.add_argument("--tls", action="store_true")
    parser.add_argument("--quick", action="store_true", help="a short run, to try the command")
    return parser.parse_args(arguments)


def _row(name: str, way: str, steps: Sequence[int]) -> dict[str, Cell]:
    taken_kib = {count: memory_kib(name, count, max(steps), tls=way == "TLS") for count in steps}
    fewest, most = min(steps), max(steps)
    slope = (taken_kib[most] - taken_kib[fewest]) / (most - fewest)
    row: dict[str, Cell] = {"way": way, "client": name, _TAKEN: round(slope, 1)}
    return row | {f"MiB at {count:,}": round(kib / 1024, 1) for count, kib in taken_kib.items()}


def memory_kib(name: str, count: int, rows: int, *, tls: bool) -> float:
    """A client's private memory in KiB while so many calls are open."""
    with (
        tempfile.TemporaryDirectory(prefix="benchmark") as path,
        serving(tls_in=Path(path) if tls else None) as served,
    ):
        folder = campaigns.write(
            Path(path), base_url=served.url, slots=count, durations_s=[_HELD_S] * rows
        )
        with started(Client(name=name), served, folder) as process:
            _wait_for(count, process, served)
            time.sleep(_SETTLE_S)
            private: int = psutil.Process(process.popen.pid).memory_full_info().uss
            return private / 1024


def _wait_for(count: int, process: Process, served: Served) -> None:
    give_up = time.monotonic() + _OPEN_WITHIN_S
    while served.stats()["open"] < count:
        if not process.look():
            raise RuntimeError(f"the client ended before {count} calls were open: {process.said()}")
        if time.monotonic() > give_up:
            raise RuntimeError(f"{served.stats()['open']} of {count} calls were opened")
        time.sleep(0.25)


if __name__ == "__main__":
    sys.exit(main())
