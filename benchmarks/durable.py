"""Target 4: what a durable start costs, in a group of a thousand and alone.

``python -m benchmarks.durable [--slots N] [--folder DIR] [--repeat N] [--quick]``

The ledger's ``begin``, which returns when the intent to call is on the disk: by as many tasks as
there are slots, whose commits the ledger groups, against the same transitions each awaited before
the next, which makes a commit of each. Alone, it is compared with writing 4 KiB to the end of a
file of the same file system and syncing it. All rounds are interleaved.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import anyio

from benchmarks import campaigns, charts
from benchmarks.report import Cell, Found, Target, publish
from poku_batch.ledger import open_ledger
from poku_batch.models import Admission, CampaignId, ContactKey, DuplicateRule, Enrolment
from poku_batch.ports import LedgerRun

_NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
_CAMPAIGN = CampaignId(name="benchmark")
_SHA256 = "0" * 64
_A_SECOND = "durable starts a second"


class _Rounds:
    """What every round found."""

    def __init__(self) -> None:
        self.grouped: list[float] = []
        self.each: list[float] = []
        self.begin_s: list[float] = []
        self.sync_s: list[float] = []


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure on the file system of a folder; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slots", type=int, default=1_000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="a short run, to try the command")
    args = parser.parse_args(arguments)
    slots, repeat, starts = (100, 1, 1_000) if args.quick else (args.slots, args.repeat, 20_000)
    rounds = _Rounds()
    with tempfile.TemporaryDirectory(prefix="benchmark", dir=args.folder) as folder:
        anyio.run(_measure, Path(folder), slots, starts, repeat, rounds)
    rows = _rows(rounds, slots)
    found = Found(
        name="durable",
        title="Intents to call that are on the disk",
        rows=rows,
        targets=_targets(rounds, slots),
        notes=(f"Medians of {repeat} interleaved rounds.",),
    )
    drawn = [row for row in rows if _A_SECOND in row]
    title = "Durable starts a second (logarithmic)"
    picture = charts.bars(
        drawn, title=title, value=_A_SECOND, name="what", log=True, ours="grouped"
    )
    return publish(found, picture)


async def _measure(folder: Path, slots: int, starts: int, repeat: int, rounds: _Rounds) -> None:
    alone = max(100, starts // 20)
    for number in range(repeat):
        async with _ready(folder / f"{number}.db", starts + 2 * alone) as (run, admissions):
            grouped, each, paired = (
                admissions[:starts],
                admissions[starts : starts + alone],
                admissions[starts + alone :],
            )
            rounds.grouped.append(starts / await _grouped(run, grouped, slots))
            rounds.each.append(alone / await _one_by_one(run, each))
            await _paired(run, paired, folder / f"{number}.bare", rounds)


@asynccontextmanager
async def _ready(path: Path, count: int) -> AsyncIterator[tuple[LedgerRun, list[Admission]]]:
    """A ledger with so many contacts, all of them admitted by a run."""
    async with open_ledger(path) as ledger:
        async with ledger.enrolment(_CAMPAIGN, ["name"], DuplicateRule.ALL) as session:
            await session.add(
                [
                    Enrolment(
                        row=n,
                        cells=(f"Person {n}",),
                        key=ContactKey(f"k{n}"),
                        to=campaigns.number(n),
                    )
                    for n in range(count)
                ]
            )
            await session.commit(now=_NOW)
        run = await ledger.open_run(_CAMPAIGN, at=_NOW)
        yield run, await run.admit(count, now=_NOW)


async def _begin(run: LedgerRun, admission: Admission) -> None:
    answer = await run.begin(admission, prompt_sha256=_SHA256, at=_NOW)
    assert isinstance(answer, int), answer


async def _grouped(run: LedgerRun, admissions: Sequence[Admission], slots: int) -> float:
    """Seconds that so many tasks take to begin them all."""
    waiting = iter(admissions)

    async def work() -> None:
        for admission in waiting:
            await _begin(run, admission)

    began_s = time.perf_counter()
    async with anyio.create_task_group() as group:
        for _ in range(slots):
            group.start_soon(work)
    return time.perf_counter() - began_s


async def _one_by_one(run: LedgerRun, admissions: Sequence[Admission]) -> float:
    """Seconds that it takes to begin one after the other, each with a commit of its own."""
    began_s = time.perf_counter()
    for admission in admissions:
        await _begin(run, admission)
    return time.perf_counter() - began_s


async def _paired(
    run: LedgerRun, admissions: Sequence[Admission], bare: Path, rounds: _Rounds
) -> None:
    """How long each begin takes, and beside it a bare write that is synced."""
    file = os.open(bare, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    page = os.urandom(4096)
    try:
        for admission in admissions:
            began_s = time.perf_counter()
            await _begin(run, admission)
            between_s = time.perf_counter()
            os.write(file, page)
            os.fsync(file)
            rounds.begin_s.append(between_s - began_s)
            rounds.sync_s.append(time.perf_counter() - between_s)
    finally:
        os.close(file)


def _rows(rounds: _Rounds, slots: int) -> list[dict[str, Cell]]:
    grouped, each = (statistics.median(found) for found in (rounds.grouped, rounds.each))
    begin_s, sync_s = (statistics.median(found) for found in (rounds.begin_s, rounds.sync_s))
    return [
        {"what": f"grouped commits, {slots:,} slots", _A_SECOND: round(grouped)},
        {"what": "a commit per event", _A_SECOND: round(each)},
        {"what": "begin at one slot", "median ms": round(begin_s * 1000, 3)},
        {"what": "a bare write of 4 KiB and fsync", "median ms": round(sync_s * 1000, 3)},
    ]


def _targets(rounds: _Rounds, slots: int) -> list[Target]:
    pairs = zip(rounds.grouped, rounds.each, strict=True)
    times = statistics.median(grouped / each for grouped, each in pairs)
    begin_s, sync_s = (statistics.median(found) for found in (rounds.begin_s, rounds.sync_s))
    what = f"grouped commits ÷ a commit per event, at {slots:,} slots"
    alone = "latency of begin at one slot ÷ one bare write and fsync (about one is wanted)"
    return [
        Target(number="4a", what=what, value=round(times, 1), bound=20.0, least=True),
        Target(number="4b", what=alone, value=round(begin_s / sync_s, 2), bound=2.0),
    ]


if __name__ == "__main__":
    sys.exit(main())
