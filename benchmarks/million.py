"""A million contacts in PostgreSQL: enrolled, admitted beside a million that wait, and written.

Three measurements, each on a server of its own on this machine's disk, set up as Debian has it:

- Enrolment: a sheet of ten columns, read, checked and enrolled as ``run`` does.
- Admission: 5,000 contacts that are due, alone, and beside a million redials of the same campaign
  that are due tomorrow and a million of another, with all the calls behind them. The two take
  turns; their medians count. Whoever was admitted is put aside before the next turn.
- Looking: ``export`` to CSV, and ``status``, each a process of its own, with all but a few called.

``python -m benchmarks.million [--rows 1000000] [--only enrolment|admission|looking] [--quick]``
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path

import anyio

from benchmarks import backlog
from benchmarks.peak import STARTER
from benchmarks.report import Cell, Found, Target, publish
from benchmarks.resume import CALL, command, environment
from benchmarks.sheets import COLUMNS, Stages, enrol, write_campaign
from poku_batch.cli.looping import run_for_long
from poku_batch.ledger.connection import Connection, transaction
from poku_batch.ledger.places import place_of
from poku_batch.ledger.postgresql import admission
from poku_batch.models import AdmissionRules, Go, SharedRun
from tests.postgresql import Server, server

_MORE = {"clinic": "Riverside", "remarks": "Bring your insurance card."}

#: As many contacts are admitted at once, of so many that are due.
_SLOTS = 50
_DUE = 5_000

_SET_ASIDE = """
    UPDATE contacts SET state = 'skipped', reason = 'measured', reason_kind = 'measured',
        reserved_by = NULL
    WHERE campaign_id = :campaign AND reserved_by IS NOT NULL
"""

#: In the place of the ledger's own, which is Python's: nobody compares it here.
_DIGEST = "CREATE FUNCTION digest(TEXT) RETURNS TEXT LANGUAGE sql AS 'SELECT md5($1)'"

Row = dict[str, Cell]


def enrolment(rows: int) -> tuple[list[Row], list[Target]]:
    """What enrolling a sheet into PostgreSQL takes."""
    with _serving() as running, tempfile.TemporaryDirectory() as name:
        url = running.new_ledger()
        campaign = write_campaign(Path(name), rows, base_url="http://127.0.0.1:1", more=_MORE)
        before_s = _server_cpu_s(running)
        stages: Stages = run_for_long(partial(enrol, campaign, url))
        server_s = _server_cpu_s(running) - before_s
    parts = (("read", stages.read), ("plan", stages.plan), ("write", stages.write))
    table: list[Row] = [
        {"what": f"enrolment, {part}", "wall s": spent.wall_s, "CPU s": spent.cpu_s}
        for part, spent in parts
    ]
    table.append({"what": "enrolment, the server", "CPU s": server_s})
    whole_s = stages.sum_s(lambda spent: spent.wall_s, plan=True)
    cpu_s = stages.sum_s(lambda spent: spent.cpu_s, plan=True) + server_s
    return table, [
        _target(
            "3a", f"{rows:,} rows of {len(COLUMNS) + len(_MORE)} columns enrolled", whole_s, 30
        ),
        _target("9b", "the same, processor time of the program and of the server", cpu_s, 30),
    ]


def admitting(rows: int, due: int, rounds: int) -> tuple[list[Row], list[Target]]:
    """How long an admission takes, alone and beside those that wait."""
    with _serving() as running:
        alone, beside = running.new_ledger(), running.new_ledger()
        few = anyio.run(partial(backlog.make, alone, due=due, later=0, others=0))
        many = anyio.run(partial(backlog.make, beside, due=due, later=rows, others=rows))
        with (
            closing(place_of(alone).connect()) as first,
            closing(place_of(beside).connect()) as second,
        ):
            found = _in_turns(rounds, partial(_admit, first, few), partial(_admit, second, many))
    table: list[Row] = [
        {"what": f"admission of {_SLOTS}, {where}", "median ms": 1_000 * statistics.median(times)}
        for where, times in zip(("alone", f"beside {2 * rows:,}"), found, strict=True)
    ]
    medians = [statistics.median(times) for times in found]
    ratio = medians[1] / medians[0]
    what = f"admission beside {rows:,} redials of tomorrow ÷ alone, median of {rounds}"
    return table, [Target(number="9c", what=what, value=ratio, bound=1.05)]


def _admit(connection: Connection, run: SharedRun) -> float:
    """Admit, and say how long it took in seconds; then make room for the next."""
    rules = AdmissionRules(slots=_SLOTS, slot=backlog.SLOT, limit=10_000_000)
    begun = time.perf_counter()
    with transaction(connection, writing=True):
        admitted = admission.admit(
            connection, run.id, rules, judge=lambda _: Go(), money=None, tick=False
        )
    took = time.perf_counter() - begun
    if admitted != _SLOTS:
        raise AssertionError(f"admitted {admitted} of {_SLOTS}")
    with transaction(connection, writing=True):
        connection.execute(_SET_ASIDE, {"campaign": run.number})
    return took


def _in_turns(rounds: int, *acts: Callable[[], float]) -> list[list[float]]:
    found: list[list[float]] = [[] for _ in acts]
    for turn in range(rounds + 2):
        places = list(range(len(acts)))
        for place in places if turn % 2 else reversed(places):
            took = acts[place]()
            # The first of each prepare their statements.
            if turn >= 2:
                found[place].append(took)
    return found


def looking(rows: int) -> tuple[list[Row], list[Target]]:
    """What it takes to write the results and to say how a campaign stands."""
    with _serving() as running, tempfile.TemporaryDirectory() as name:
        url = running.new_ledger()
        campaign = write_campaign(Path(name), rows, base_url="http://127.0.0.1:1", more=_MORE)
        run_for_long(partial(enrol, campaign, url))
        _mark_done(url, rows - rows // 1_000)
        table = [
            _process(url, what, command(campaign, *words))
            for what, words in (
                ("export to CSV", ("export",)),
                ("export to Parquet", ("export", "--output", f"{name}/out.parquet")),
                ("status", ("status",)),
                ("status again", ("status",)),
            )
        ]
    seconds = {str(row["what"]): float(row["wall s"] or 0) for row in table}
    return table, [
        _target("9d", f"results of {rows:,} contacts as CSV", seconds["export to CSV"], 15),
    ]


def _process(url: str, what: str, words: Sequence[str]) -> Row:
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", STARTER, *words],
        env=environment() | {"POKU_BATCH_LEDGER": url},
        stdout=subprocess.PIPE,
        check=True,
    )
    took = time.perf_counter() - begun
    status, most_kib, cpu_ms = map(int, done.stdout.split())
    if status != 0:
        raise RuntimeError(f"{what} ended with {status}")
    return {"what": what, "wall s": took, "CPU s": cpu_ms / 1_000, "peak MiB": most_kib / 1024}


def _mark_done(url: str, done: int) -> None:
    """Write calls of so many waiting contacts into a ledger, as if they were made."""
    values = {"done": done, "at": int((time.time() - 86_400) * 1_000_000)}
    with closing(place_of(url).connect()) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute(_DIGEST)
        for statement in CALL:
            connection.execute(statement, values)
        connection.execute("VACUUM ANALYZE")


@contextmanager
def _serving() -> Iterator[Server]:
    """A server on the disk, with Debian's settings."""
    with server({"max_connections": "100"}, on_disk=True) as running:
        yield running


def _server_cpu_s(running: Server) -> float:
    """The processor time that a server and all that it has started have taken."""
    ticks = os.sysconf("SC_CLK_TCK")
    main = int((running.folder / "data" / "postmaster.pid").read_text().split()[0])
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        if int(stat.parent.name) == main:
            # With those of its children that have ended.
            total += sum(map(int, words[11:15]))
        elif int(words[1]) == main:
            total += sum(map(int, words[11:13]))
    return total / ticks


def _target(number: str, what: str, value: float, bound: float) -> Target:
    return Target(number=number, what=what, value=value, bound=bound, unit=" s")


def main() -> int:
    """Measure, and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--only", choices=("enrolment", "admission", "looking"))
    parser.add_argument("--quick", action="store_true", help="few rows, few rounds")
    args = parser.parse_args()
    rows, due, rounds = (20_000, 1_000, 10) if args.quick else (args.rows, _DUE, args.rounds)
    parts: dict[str, Callable[[], tuple[list[Row], list[Target]]]] = {
        "enrolment": partial(enrolment, rows),
        "admission": partial(admitting, rows, due, rounds),
        "looking": partial(looking, rows),
    }
    loads = [os.getloadavg()[0]]
    table: list[Row] = []
    targets: list[Target] = []
    for name, part in parts.items():
        if args.only in (None, name):
            more, bounds = part()
            table += more
            targets += bounds
            loads.append(os.getloadavg()[0])
    shown = ", ".join(f"{load:.1f}" for load in loads)
    found = Found(
        name="million",
        title=f"{rows:,} contacts in PostgreSQL",
        rows=table,
        targets=targets,
        notes=[
            f"Load of the machine before the first part and after each: {shown} (1 is this alone).",
        ],
    )
    return publish(found)


if __name__ == "__main__":
    sys.exit(main())
