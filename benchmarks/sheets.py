"""A campaign of many rows: what enrolling it costs beside the least that it could.

The least: pandas reads the sheet in chunks, and ``executemany`` puts its rows into a bare SQLite
table with a primary key, on the same disk, synced as the ledger is. The ledger keeps them with
state, number and due time, finds who is who and who shares a number, and says what is new.
Planning a row (its number parsed, its request rendered, its hours asked) has no counterpart there
and is counted apart, on both sides. Both run as ``run`` does, which lets Python collect garbage
less often. ``--xlsx`` rows of a workbook are read for comparison.

``python -m benchmarks.sheets [--rows 1000000] [--quick]``
"""

import argparse
import csv
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd
import yaml

from benchmarks.campaigns import number
from benchmarks.report import Found, Target, publish
from poku_batch.app import rules
from poku_batch.app.preparing import preparing
from poku_batch.campaign import load_campaign
from poku_batch.cli.looping import run_for_long
from poku_batch.contacts import open_sheet
from poku_batch.ledger import open_ledger

COLUMNS = ("id", "name", "phone", "city", "appointment_at", "doctor", "language", "seconds")
_CITIES = ("Boston", "Zürich", "Miami", "São Paulo", "Reno")
_PROMPT = """\
You are calling {{ name }} for the Riverside Clinic about the appointment with {{ doctor }} in
{{ city }} at {{ appointment_at }}. Ask whether it still suits them. hold {{ seconds }}
"""


@dataclass(slots=True)
class Spent:
    """Seconds of one stage, by the clock and of the processor."""

    wall_s: float = 0.0
    cpu_s: float = 0.0

    @contextmanager
    def more(self) -> Iterator[None]:
        """Add the time of the block."""
        wall, cpu = time.perf_counter(), time.process_time()
        try:
            yield
        finally:
            self.wall_s += time.perf_counter() - wall
            self.cpu_s += time.process_time() - cpu


@dataclass(slots=True)
class Stages:
    """What a sheet's way into a database took, stage by stage."""

    read: Spent = field(default_factory=Spent)
    plan: Spent = field(default_factory=Spent)
    write: Spent = field(default_factory=Spent)

    def sum_s(self, of: Callable[[Spent], float], *, plan: bool) -> float:
        """All stages together; without planning if not wanted."""
        return of(self.read) + of(self.write) + (of(self.plan) if plan else 0.0)


def rows(count: int) -> Iterator[tuple[object, ...]]:
    """The rows of a sheet: eight columns, numbers that are all distinct."""
    for index in range(count):
        yield (
            f"A{index:07}",
            f"Person {index}",
            number(index),
            _CITIES[index % len(_CITIES)],
            f"2026-12-{1 + index % 28:02} {8 + index % 9:02}:30",
            f"Dr. {('Lee', 'Kim', 'Osei')[index % 3]}",
            "en-US",
            "0.05",
        )


def write_campaign(
    folder: Path, count: int, *, base_url: str, more: Mapping[str, str] = {}, **changes: Any
) -> Path:
    """Write a campaign of so many rows into a folder; gives its file.

    ``more`` are columns with the same text in every row.
    """
    with (folder / "contacts.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow((*COLUMNS, *more))
        writer.writerows((*row, *more.values()) for row in rows(count))
    campaign = {
        "name": "million",
        "contacts": {"file": "contacts.csv", "key": "id", "phone": "phone"},
        "prompt": {"text": _PROMPT},
        "call": {"language": "{{ language }}"},
        "limits": {"concurrency": 10},
        "calling_hours": "always",
        "output": {"file": "out.csv"},
        "api": {"base_url": base_url},
        **changes,
    }
    path = folder / "campaign.yaml"
    path.write_text(yaml.safe_dump(campaign, sort_keys=False), encoding="utf-8")
    return path


async def enrol(path: Path, ledger_url: str | None = None) -> Stages:
    """Enrol a campaign's sheet as ``run`` does, and say what each stage took.

    The ledger is beside the campaign, unless an address is given.
    """
    stages, campaign = Stages(), load_campaign(path)
    now = datetime.now(UTC)
    with stages.read.more():
        context = preparing(campaign, simulate=False)
        prepared = await context.__aenter__()
    permits = rules.permits(campaign, prepared.permit_columns, lambda _number: None)
    planner = prepared.planner(permits, now=now)
    async with (
        open_ledger(ledger_url or path.parent / "ledger.db") as ledger,
        ledger.enrolment(
            campaign.identity, prepared.sheet.columns, campaign.contacts.duplicates
        ) as session,
    ):
        batches = iter(prepared.sheet.batches())
        while True:
            with stages.read.more():
                batch = next(batches, None)
            if batch is None:
                break
            with stages.plan.more():
                planned = planner.plan(batch)
            with stages.write.more():
                await session.add(planned)
        planner.raise_faults()
        with stages.write.more():
            await session.commit(now=now)
    await context.__aexit__(None, None, None)
    return stages


def bare(sheet: Path, folder: Path) -> Stages:
    """Read a sheet by pandas in chunks, and put its rows into a table with a primary key."""
    stages = Stages()
    with closing(sqlite3.connect(folder / "bare.db", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        columns = ", ".join(f"{name} TEXT" for name in COLUMNS[1:])
        connection.execute(f"CREATE TABLE sheet (id TEXT PRIMARY KEY, {columns})")
        marks = ", ".join("?" * len(COLUMNS))
        connection.execute("BEGIN")
        with pd.read_csv(
            sheet, dtype=str, keep_default_na=False, engine="c", chunksize=10_000
        ) as chunks:
            while True:
                with stages.read.more():
                    chunk = next(iter(chunks), None)
                    if chunk is None:
                        break
                    cells = list(zip(*(chunk[name].tolist() for name in COLUMNS), strict=True))
                with stages.write.more():
                    connection.executemany(f"INSERT INTO sheet VALUES ({marks})", cells)  # noqa: S608
        with stages.write.more():
            connection.execute("COMMIT")
    return stages


async def _bare(folder: Path) -> Stages:
    return bare(folder / "contacts.csv", folder)


def workbook(folder: Path, count: int) -> tuple[Spent, Spent]:
    """Read a workbook of so many rows, from opening it to its last cell; ours, and openpyxl."""
    import openpyxl
    import xlsxwriter

    path = folder / "contacts.xlsx"
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, COLUMNS)
        for at, cells in enumerate(rows(count), 1):
            sheet.write_row(at, 0, cells)
    spent = Spent()
    with spent.more(), open_sheet(path) as opened:
        read = sum(len(batch) for batch in opened.batches())
    if read != count:
        raise AssertionError(f"read {read} rows of {count}")
    other = Spent()
    with other.more():
        opened_by_other = openpyxl.load_workbook(path, read_only=True)
        for _row in opened_by_other.worksheets[0].iter_rows(values_only=True):
            pass
        opened_by_other.close()
    return spent, other


def _measure(count: int, repeats: int) -> tuple[Stages, Stages]:
    """The best of some rounds of both, in turns."""
    ours: list[Stages] = []
    least: list[Stages] = []
    for _ in range(repeats):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            path = write_campaign(folder, count, base_url="http://127.0.0.1:1")
            ours.append(run_for_long(partial(enrol, path)))
            least.append(run_for_long(partial(_bare, folder)))

    def cost(stages: Stages) -> float:
        return stages.sum_s(lambda spent: spent.cpu_s, plan=False)

    return min(ours, key=cost), min(least, key=cost)


def main() -> int:
    """Measure, and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--xlsx", type=int, default=100_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="few rows, once")
    args = parser.parse_args()
    count, xlsx, repeats = (5_000, 1_000, 1) if args.quick else (args.rows, args.xlsx, args.repeats)
    ours, least = _measure(count, repeats)
    with tempfile.TemporaryDirectory() as name:
        books = workbook(Path(name), xlsx)
    return publish(_found(count, ours, least, xlsx, books), _picture(ours, least))


def _found(count: int, ours: Stages, least: Stages, xlsx: int, books: tuple[Spent, Spent]) -> Found:
    table: list[dict[str, Any]] = [
        {"what": f"{who}, {stage}", "wall s": spent.wall_s, "CPU s": spent.cpu_s}
        for who, stages in (("enrolment", ours), ("pandas and executemany", least))
        for stage, spent in (
            ("read", stages.read),
            ("plan: number, request, hours", stages.plan),
            ("write", stages.write),
        )
        if spent.wall_s
    ]
    table += [
        {"what": f"workbook of {xlsx:,} rows, {who}", "wall s": book.wall_s, "CPU s": book.cpu_s}
        for who, book in zip(("ours", "openpyxl"), books, strict=True)
    ]

    def ratio(of: Callable[[Spent], float]) -> float:
        return ours.sum_s(of, plan=False) / least.sum_s(of, plan=False)

    return Found(
        name="sheets",
        title=f"Enrolling {count:,} rows of {len(COLUMNS)} columns",
        rows=table,
        targets=[
            Target(
                number="6a",
                what="enrolment without planning ÷ pandas in chunks and a bare executemany, CPU",
                value=ratio(lambda spent: spent.cpu_s),
                bound=3.0,
            ),
            Target(
                number="6e",
                what="reading a workbook ÷ openpyxl's fastest way, CPU",
                value=books[0].cpu_s / books[1].cpu_s,
                bound=0.5,
            ),
        ],
        notes=[
            f"The same by the wall clock: {ratio(lambda spent: spent.wall_s):.2f}",
            f"With planning on both sides: {_with_planning(ours, least):.2f}, CPU",
        ],
    )


def _with_planning(ours: Stages, least: Stages) -> float:
    plan_s = ours.plan.cpu_s
    return (ours.sum_s(lambda spent: spent.cpu_s, plan=True)) / (
        least.sum_s(lambda spent: spent.cpu_s, plan=False) + plan_s
    )


def _picture(ours: Stages, least: Stages) -> Any:
    data = pd.DataFrame(
        [
            {"who": who, "stage": stage, "CPU s": getattr(stages, stage).cpu_s}
            for who, stages in (("enrolment", ours), ("pandas, executemany", least))
            for stage in ("read", "plan", "write")
        ]
    )
    return (
        alt.Chart(data, title="Enrolment beside the least that it could cost")
        .mark_bar()
        .encode(x=alt.X("CPU s:Q", stack=True), y=alt.Y("who:N", title=None), color="stage:N")
        .properties(width=520, height=110, padding={"left": 60, "right": 20})
    )


if __name__ == "__main__":
    sys.exit(main())
