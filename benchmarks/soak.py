"""A long run in small: 100,000 calls at 2,000 slots, and nothing of them is left in the process.

``python -m benchmarks.soak`` lets the product make calls of 1–3 s and looks every half second at
its memory, descriptors and threads. The process tells itself what is left when the campaign is
over: descriptors, connections, tasks, threads. The server tells whether anybody was called twice.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import campaigns
from benchmarks.report import Cell, Found, Target, publish
from benchmarks.serving import ROOT, Served, serving

#: Memory in the last quarter ÷ memory in the second: the first is still filling its slots.
_FLAT = 1.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A look at the process: seconds of the monotonic clock, MiB resident, and counts."""

    at_s: float
    rss_mib: float
    descriptors: int
    threads: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Soaked:
    """What was seen; ``left`` is what the process counted before and after the campaign."""

    slots: int
    calls: int
    samples: Sequence[Sample]
    left: Mapping[str, Sequence[int]]
    stats: Mapping[str, Any]
    results: int

    def quarter(self, number: int) -> Sequence[Sample]:
        """The samples of a quarter (1 to 4) of the time between the first call and the last end."""
        begin_s, end_s = self.stats["first_at_s"], self.stats["last_end_at_s"]
        from_s, to_s = (begin_s + (end_s - begin_s) * edge / 4 for edge in (number - 1, number))
        return [sample for sample in self.samples if from_s <= sample.at_s <= to_s]

    def memory_mib(self, number: int) -> float:
        return median(sample.rss_mib for sample in self.quarter(number))


def soak(*, slots: int, calls: int, shortest_s: float, longest_s: float, every_s: float) -> Soaked:
    """Make the calls in a process that is looked at. Raises ``RuntimeError`` where it fails."""
    lengths_s = campaigns.durations(calls, shortest_s, longest_s)
    with tempfile.TemporaryDirectory(prefix="benchmark") as path, serving() as served:
        folder = campaigns.write(
            Path(path), base_url=served.url, slots=slots, durations_s=lengths_s
        )
        left, samples = _watched(folder, served, every_s=every_s)
        return Soaked(
            slots=slots,
            calls=calls,
            samples=samples,
            left=left,
            stats=served.stats(),
            results=folder.done(),
        )


def _watched(
    folder: campaigns.Folder, served: Served, *, every_s: float
) -> tuple[dict[str, list[int]], list[Sample]]:
    import psutil

    log = folder.path / "soak.log"
    samples: list[Sample] = []
    with (
        log.open("w+", encoding="utf-8") as errors,
        subprocess.Popen(
            [sys.executable, "-m", "benchmarks.soak", "--in", str(folder.path)],
            cwd=ROOT,
            env=os.environ | {"POKU_API_KEY": "benchmark", "POKU_BASE_URL": served.url},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        looked_at = psutil.Process(process.pid)
        while process.poll() is None:
            try:
                samples.append(_look(looked_at))
            except psutil.Error:
                break
            time.sleep(every_s)
        told, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"the run failed: {log.read_text(encoding='utf-8')[-2000:]}")
    left: dict[str, list[int]] = json.loads(told.strip().splitlines()[-1])
    return left, samples


def _look(process: Any) -> Sample:
    with process.oneshot():
        return Sample(
            at_s=time.monotonic(),
            rss_mib=process.memory_info().rss / 2**20,
            descriptors=process.num_fds(),
            threads=process.num_threads(),
        )


async def _run_inside(folder: Path) -> None:
    """Run the campaign in this process, and tell what it left behind."""
    from poku_batch import run_campaign

    # The loop's own, and those of whoever asks for the counts, are there before.
    before = _counts()
    await run_campaign(folder / "campaign.yaml")
    after = _counts()
    print(json.dumps({name: [before[name], after[name]] for name in before}))


def _counts() -> dict[str, int]:
    import psutil

    process = psutil.Process()
    return {
        "descriptors": process.num_fds(),
        "connections": len(process.net_connections(kind="tcp")),
        "tasks": len(asyncio.all_tasks()),
        "threads": threading.active_count(),
    }


def _found(soaked: Soaked) -> Found:
    stats, left = soaked.stats, soaked.left
    rows: list[dict[str, Cell]] = []
    for number in range(1, 5):
        quarter = soaked.quarter(number)
        rows.append(
            {
                "quarter of the run": number,
                "memory, median MiB": median(sample.rss_mib for sample in quarter),
                "most MiB": max(sample.rss_mib for sample in quarter),
                "descriptors, most": max(sample.descriptors for sample in quarter),
                "threads, most": max(sample.threads for sample in quarter),
            }
        )
    leaks = [
        Target(
            number="soak",
            what=f"{name} left ({before} before, {after} after)",
            value=max(after - before, 0),
            bound=0,
        )
        for name, (before, after) in left.items()
        # Threads that serve others wait to be used again: a few, however long the run was.
        if name != "threads"
    ]
    return Found(
        name="soak",
        title=f"{soaked.calls:,} calls at {soaked.slots:,} slots",
        rows=rows,
        targets=(
            Target(
                number="soak",
                what="memory, last quarter ÷ second",
                value=soaked.memory_mib(4) / soaked.memory_mib(2),
                bound=_FLAT,
            ),
            *leaks,
            Target(
                number="soak",
                what="connections left open at the server",
                # The one that asks for the counts is open while it is counted.
                value=stats["open_connections"] - 1,
                bound=0,
            ),
            Target(
                number="soak", what="numbers called twice", value=stats["called_twice"], bound=0
            ),
            Target(
                number="soak",
                what="calls without a result",
                value=soaked.calls - soaked.results,
                bound=0,
            ),
        ),
        notes=(
            f"From the first call to the last end: {stats['span_s']:,.0f} s.",
            f"Calls open at once: {stats['most_open']:,} at the most.",
            f"Threads: {left['threads'][0]} before, {left['threads'][1]} after.",
        ),
    )


def _picture(soaked: Soaked) -> Any:
    import altair as alt

    begin_s = soaked.stats["first_at_s"]
    values = [{"at": sample.at_s - begin_s, "mib": sample.rss_mib} for sample in soaked.samples]
    end_s = soaked.stats["last_end_at_s"] - begin_s
    line = (
        alt.Chart(alt.InlineData(values=values), width=460, height=220)
        .mark_line(color="#0072B2")
        .encode(
            x=alt.X("at:Q", title="seconds since the first call"),
            y=alt.Y("mib:Q", title="memory, MiB"),
        )
    )
    end = (
        alt.Chart(alt.InlineData(values=[{"at": 0.0}, {"at": end_s}]))
        .mark_rule(color="#222", strokeDash=[4, 3])
        .encode(x="at:Q")
    )
    title = f"Memory of the process, {soaked.calls:,} calls at {soaked.slots:,} slots"
    return (line + end).properties(title=title, background="white")


def main() -> int:
    """Soak, and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short run, to try the command")
    parser.add_argument("--in", dest="inside", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.inside:
        asyncio.run(_run_inside(args.inside))
        return 0
    if args.quick:
        soaked = soak(slots=40, calls=400, shortest_s=0.1, longest_s=0.3, every_s=0.05)
    else:
        soaked = soak(slots=2_000, calls=100_000, shortest_s=1, longest_s=3, every_s=0.5)
    return publish(_found(soaked), _picture(soaked))


if __name__ == "__main__":
    raise SystemExit(main())
