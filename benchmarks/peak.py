"""The most memory of a process, with few contacts and with a million: the waiting are on the disk.

``run`` (the first, which enrols the sheet, with 50 calls), ``run`` again, ``export`` and ``check``,
each in a process of its own; the operating system tells the most that was resident. Linux counts
for a process what whoever started it had resident, so each is started by a process that has little.

``python -m benchmarks.peak [--rows 1000000] [--few 10000] [--quick]``
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import charts
from benchmarks.report import Found, Target, publish
from benchmarks.resume import command, environment
from benchmarks.serving import serving
from benchmarks.sheets import write_campaign

#: What is done, in this order, with a campaign that nobody has run.
_COMMANDS: Mapping[str, tuple[str, ...]] = {
    "run": ("run", "--yes", "--limit", "50"),
    "run again": ("run", "--yes", "--limit", "50"),
    "export": ("export",),
    "check": ("check",),
}
#: Everybody called, or as many as ``--limit`` says.
_WELL = (0, 4)
#: Runs its arguments, prints their exit code, the most KiB that they had resident, and the
#: milliseconds of processor time that they took.
STARTER = """
import os, sys
silent = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ, file_actions=silent)
_, status, used = os.wait4(child, 0)
cpu_ms = round(1_000 * (used.ru_utime + used.ru_stime))
print(os.waitstatus_to_exitcode(status), used.ru_maxrss, cpu_ms)
"""


def peaks(rows: int) -> dict[str, float]:
    """The most MiB that each command had resident, with a sheet of so many rows."""
    found = {}
    with tempfile.TemporaryDirectory() as name, serving() as server:
        campaign = write_campaign(Path(name), rows, base_url=server.url)
        for what, words in _COMMANDS.items():
            process = subprocess.run(
                [sys.executable, "-I", "-S", "-c", STARTER, *command(campaign, *words)],
                env=environment(),
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                check=True,
            )
            status, most_kib, _ = map(int, process.stdout.split())
            if status not in _WELL:
                raise RuntimeError(f"{what} of {rows:,} rows ended with {status}")
            found[what] = most_kib / 1024
    return found


def main() -> int:
    """Measure, and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--few", type=int, default=10_000)
    parser.add_argument("--quick", action="store_true", help="few rows")
    args = parser.parse_args()
    few, many = (500, 2_000) if args.quick else (args.few, args.rows)
    small, large = peaks(few), peaks(many)
    table: list[dict[str, Any]] = [
        {
            "command": what,
            f"MiB at {few:,}": small[what],
            f"MiB at {many:,}": large[what],
            "ratio": large[what] / small[what],
            "bound": 1.2,
        }
        for what in _COMMANDS
    ]
    found = Found(
        name="peak",
        title="The most resident memory of a process",
        rows=table,
        targets=[
            Target(
                number="3c",
                what=f"{row['command']}: the most memory at {many:,} contacts ÷ at {few:,}",
                value=row["ratio"],
                bound=1.2,
            )
            for row in table
        ],
    )
    picture = charts.bars(
        table,
        title=f"Memory at {many:,} contacts ÷ at {few:,}",
        value="ratio",
        name="command",
        bound="bound",
    )
    return publish(found, picture)


if __name__ == "__main__":
    sys.exit(main())
