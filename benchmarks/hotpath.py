"""Where a call's processor time goes: samples of the product at 1,000 slots, by part.

py-spy looks at every thread 200 times a second, from outside, while a campaign runs; a sample
belongs to the innermost part of the product on its stack. Threads that wait are left out. A second
checkout, with its own environment, is measured beside it by ``--before PYTHON``.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks import campaigns, charts
from benchmarks.report import Cell, Found, publish
from benchmarks.serving import serving

_RATE = 200

#: What a frame's file belongs to, the first that fits; innermost frames are asked first.
_PARTS = (
    ("poku_batch/poku/", "transport: poku"),
    ("httpcore/", "transport: httpcore, h11, httpx"),
    ("h11/", "transport: httpcore, h11, httpx"),
    ("httpx/", "transport: httpcore, h11, httpx"),
    ("tenacity/", "engine"),
    ("poku_batch/ledger/", "ledger"),
    ("poku_batch/prompts/", "rendering"),
    ("jinja2/", "rendering"),
    ("poku_batch/progress/", "progress"),
    ("poku_batch/policy/", "rules"),
    ("poku_batch/engine/", "engine"),
    ("poku_batch/phone", "numbers"),
    ("poku_batch/", "start, sheet, results"),
    ("pandas/", "start, sheet, results"),
    ("importlib", "start, sheet, results"),
    ("base_events.py", "event loop"),
)

#: Where these are on the stack, the sample is not of a call.
_NOT_A_CALL = ("_enrol (", "_open_job_parts (", "_write_outputs (", "<module> (pandas")


def main() -> int:
    """Sample the product here, and where it is asked for the one before."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, help="the Python of another checkout's environment")
    parser.add_argument("--slots", type=int, default=1_000)
    parser.add_argument("--calls", type=int, default=8_000)
    parser.add_argument("--quick", action="store_true", help="few calls, to try the command")
    args = parser.parse_args()
    slots, calls = (20, 200) if args.quick else (args.slots, args.calls)
    bounds = (0.2, 0.5) if args.quick else (2.0, 5.0)
    wanted = {"before": args.before} if args.before else {}
    wanted["now"] = Path(sys.executable)
    shares = {name: _sampled(python, slots, calls, bounds) for name, python in wanted.items()}
    rows: list[dict[str, Cell]] = []
    for name, counts in shares.items():
        for part, samples in counts.most_common():
            rows.append({"product": name, "part": part, "µs a call": samples / _RATE / calls * 1e6})
        rows.append(
            {"product": name, "part": "all", "µs a call": counts.total() / _RATE / calls * 1e6}
        )
    found = Found(
        name="hotpath",
        title=f"Where a call's time goes, {calls:,} calls in {slots:,} slots, standard event loop",
        rows=rows,
        targets=(),
        notes=("Sampling slows the product down: shares say more than sums.",),
    )
    title = "Time of one call by part of the product, µs"
    picture = charts.bars(rows, title=title, value="µs a call", name="part", facet="product")
    return publish(found, picture)


def _sampled(python: Path, slots: int, calls: int, bounds: tuple[float, float]) -> "Counter[str]":
    """Samples by part, those of start-up and of the sheet left out."""
    with tempfile.TemporaryDirectory(prefix="benchmark") as path, serving() as served:
        folder = Path(path)
        durations = campaigns.durations(calls, *bounds)
        campaigns.write(folder, base_url=served.url, slots=slots, durations_s=durations)
        raw = folder / "samples.txt"
        sampler = Path(sys.executable).with_name("py-spy")
        command: list[str | Path] = [
            sampler,
            "record",
            "--format",
            "raw",
            "--rate",
            str(_RATE),
            "--threads",
        ]
        command += ["--output", raw, "--", python, "-m", "poku_batch", "run", "campaign.yaml"]
        environment = os.environ | {"POKU_API_KEY": "k", "POKU_BATCH_EVENT_LOOP": "asyncio"}
        subprocess.run(
            [*command, "--yes"], cwd=folder, env=environment, check=True, capture_output=True
        )
        counts = Counter[str]()
        for line in raw.read_text(encoding="utf-8").splitlines():
            stack, _, samples = line.rpartition(" ")
            part = _part(stack)
            if part is not None:
                counts[part] += int(samples)
        return counts


def _part(stack: str) -> str | None:
    """The part of the product that a stack belongs to; None where it is of no call."""
    if any(mark in stack for mark in _NOT_A_CALL):
        return None
    frames = stack.split(";")
    if frames[-1].startswith(("EpollSelector.select", "Condition.wait", "Event.wait")):
        return None
    for frame in reversed(frames):
        for mark, part in _PARTS:
            if mark in frame:
                is_waiting = part == "ledger" and "Writer._take" in frames[-1]
                return None if is_waiting or part.startswith("start") else part
    return None


if __name__ == "__main__":
    sys.exit(main())
