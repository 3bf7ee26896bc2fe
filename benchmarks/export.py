"""Writing the results of a million contacts, beside a ``csv.writer`` that has them as lists.

The export goes from the ledger's file to a CSV file, synced and renamed; the writer has the same
rows as lists of text in memory, and writes a file of the same bytes.

``python -m benchmarks.export [--rows 1000000] [--quick]``
"""

import argparse
import csv
import filecmp
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio

from benchmarks import charts
from benchmarks.report import Found, Target, publish
from benchmarks.resume import mark_done
from benchmarks.sheets import Spent, enrol, write_campaign
from poku_batch.app.writing import write_outputs
from poku_batch.campaign import load_campaign
from poku_batch.ledger import look_into


def _export(campaign: Path, out: Path) -> Spent:
    loaded, spent = load_campaign(campaign), Spent()

    async def export() -> None:
        async with look_into(campaign.parent / "ledger.db") as ledger:
            with spent.more():
                await write_outputs(ledger, loaded, (out,), at=datetime.now(UTC))

    anyio.run(export)
    return spent


def _bare(lines: Sequence[Sequence[str]], out: Path) -> Spent:
    spent = Spent()
    with spent.more(), out.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(lines)
        file.flush()
        os.fsync(file.fileno())
    return spent


def _measure(rows: int, repeats: int) -> tuple[Spent, Spent]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        campaign = write_campaign(folder, rows, base_url="http://127.0.0.1:1")
        anyio.run(enrol, campaign)
        mark_done(folder / "ledger.db", rows - rows // 1_000)
        ours, bare, lines = folder / "ours.csv", folder / "bare.csv", None
        found: list[tuple[Spent, Spent]] = []
        for _ in range(repeats):
            exported = _export(campaign, ours)
            if lines is None:
                with ours.open(encoding="utf-8", newline="") as file:
                    lines = list(csv.reader(file))
            found.append((exported, _bare(lines, bare)))
            if not filecmp.cmp(ours, bare, shallow=False):
                raise AssertionError("the two files are not the same")
            with suppress(FileNotFoundError):
                bare.unlink()
    return min((f[0] for f in found), key=_cpu_s), min((f[1] for f in found), key=_cpu_s)


def _cpu_s(spent: Spent) -> float:
    return spent.cpu_s


def main() -> int:
    """Measure, and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="few rows, once")
    args = parser.parse_args()
    rows, repeats = (5_000, 1) if args.quick else (args.rows, args.repeats)
    ours, bare = _measure(rows, repeats)
    table: list[dict[str, Any]] = [
        {"what": what, "wall s": spent.wall_s, "CPU s": spent.cpu_s}
        for what, spent in (("export from the ledger", ours), ("csv.writer over lists", bare))
    ]
    found = Found(
        name="export",
        title=f"Results of {rows:,} contacts as CSV",
        rows=table,
        targets=[
            Target(
                number="6c",
                what="export ÷ a csv.writer over the same rows, CPU",
                value=ours.cpu_s / bare.cpu_s,
                bound=2.0,
            )
        ],
        notes=[f"The same by the wall clock: {ours.wall_s / bare.wall_s:.2f}"],
    )
    picture = charts.bars(table, title="Writing the results", value="CPU s", name="what")
    return publish(found, picture)


if __name__ == "__main__":
    sys.exit(main())
