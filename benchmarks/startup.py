"""How soon the program answers: its help and version beside a bare interpreter.

All commands in turn, round after round, so that a busy machine is so for all of them; a round's
ratio is a command's time by the bare interpreter's of that round, and the median of these counts.

``python -m benchmarks.startup [--rounds 30] [--quick]``
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.charts import bars
from benchmarks.report import Cell, Found, Target, publish

ROOT = Path(__file__).parent.parent
BARE = "python -c pass"
BOUND = 7.0

_COMMANDS = {
    BARE: ["-c", "pass"],
    "poku-batch --help": ["-m", "poku_batch", "--help"],
    "poku-batch --version": ["-m", "poku_batch", "--version"],
    "poku-batch run --help": ["-m", "poku_batch", "run", "--help"],
    "import typer": ["-c", "import typer"],
    "import pandas": ["-c", "import pandas"],
}


def main() -> int:
    """Measure, and publish what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--quick", action="store_true", help="two rounds")
    arguments = parser.parse_args()
    rounds = 2 if arguments.quick else arguments.rounds
    for what in _COMMANDS:
        _seconds(what)  # the first start reads files that later ones find in memory
    spent = [{what: _seconds(what) for what in _COMMANDS} for _ in range(rounds)]
    rows = [_row(what, spent) for what in _COMMANDS]
    ratios = {str(row["what"]): float(row["× a bare interpreter"] or 0) for row in rows}
    found = Found(
        name="startup",
        title=f"Start-up, {rounds} rounds",
        rows=rows,
        targets=[
            Target(
                number="7a",
                what="poku-batch --help ÷ a bare interpreter",
                value=ratios["poku-batch --help"],
                bound=BOUND,
            )
        ],
    )
    drawn = [{**row, "target": BOUND} for row in rows]
    picture = bars(
        drawn,
        title="Start-up, × a bare interpreter's",
        value="× a bare interpreter",
        name="what",
        bound="target",
        log=True,
        ours="poku-batch",
    )
    return publish(found, picture)


def _row(what: str, spent: list[dict[str, tuple[float, float]]]) -> dict[str, Cell]:
    """Medians over the rounds; the ratio is by the clock, as who waits has it."""
    return {
        "what": what,
        "ms": statistics.median(one[what][0] for one in spent) * 1000,
        "ms of CPU": statistics.median(one[what][1] for one in spent) * 1000,
        "× a bare interpreter": statistics.median(one[what][0] / one[BARE][0] for one in spent),
        "× its CPU": statistics.median(one[what][1] / one[BARE][1] for one in spent),
    }


def _seconds(what: str) -> tuple[float, float]:
    """The time of one start, by the clock and of the processor."""
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *_COMMANDS[what]], cwd=ROOT, stdout=subprocess.DEVNULL
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{what} ended with {process.returncode}")
    return time.perf_counter() - began, used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
