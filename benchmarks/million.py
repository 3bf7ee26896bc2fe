"""A million contacts in PostgreSQL: enrolled, admitted beside a million that wait, and written.

Three measurements, each on a server of its own on this machine's disk, set up as Debian has it but
with memory for its tables:

- Enrolment: a sheet of ten columns, read, checked and enrolled as ``run`` does.
- Admission: 5,000 contacts that are due, alone, beside a million redials of the same campaign that
  are due tomorrow, and beside these and a million of another campaign, with all the calls behind
  them. The three take turns; their medians count. Whoever was admitted is put aside before the
  next turn.
- Looking: ``export`` to CSV, and ``status``, each a process of its own, with all but a few called.

``python -m benchmarks.million [--rows 1000000] [--only enrolment|admission|looking] [--quick]``;
``--only`` measures one part anew and keeps the others.
"""

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import fields
from functools import partial
from pathlib import Path

import anyio

from benchmarks import backlog
from benchmarks.peak import STARTER
from benchmarks.report import HERE, Cell, Found, Target, publish
from benchmarks.resume import CALL, command, environment
from benchmarks.sheets import COLUMNS, Stages, enrol, write_campaign
from poku_batch.cli.looping import run_for_long
from poku_batch.ledger.connection import Connection, transaction
from poku_batch.ledger.places import place_of
from poku_batch.ledger.postgresql import admission
from poku_batch.models import AdmissionRules, ApiNews, Go, SharedRun
from tests.postgresql import Server, server

#: The targets of each part.
_NUMBERS = {"enrolment": ("9a", "9b"), "admission": ("9c", "9d"), "looking": ("9e",)}

_MORE = {"clinic": "Riverside", "remarks": "Bring your insurance card."}

#: As many contacts are admitted at once, of so many that are due.
_SLOTS = 50
_DUE = 5_000

_TO_CSV = "export of {:,} to CSV"

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
        {"what": f"enrolment of {rows:,}, {part}", "wall s": spent.wall_s, "CPU s": spent.cpu_s}
        for part, spent in parts
    ]
    table.append({"what": f"enrolment of {rows:,}, the server", "CPU s": server_s})
    whole_s = stages.sum_s(lambda spent: spent.wall_s, plan=True)
    cpu_s = stages.sum_s(lambda spent: spent.cpu_s, plan=True) + server_s
    return table, [
        _target(
            "9a", f"{rows:,} rows of {len(COLUMNS) + len(_MORE)} columns enrolled", whole_s, 30
        ),
        _target("9b", "the same, processor time of the program and of the server", cpu_s, 30),
    ]


def admitting(rows: int, due: int, rounds: int) -> tuple[list[Row], list[Target]]:
    """How long an admission takes, alone and beside those that wait."""
    with _serving() as running, ExitStack() as stack:
        acts = []
        for later, others in ((0, 0), (rows, 0), (rows, rows)):
            url = running.new_ledger()
            made = anyio.run(partial(backlog.make, url, due=due, later=later, others=others))
            connection = stack.enter_context(closing(place_of(url).connect()))
            acts.append(partial(_admit, connection, made))
        found = _in_turns(rounds, *acts)
    table: list[Row] = []
    beside = f"beside {rows:,} redials of tomorrow"
    wheres = ("alone", beside, f"{beside} and {rows:,} of others")
    for where, spent in zip(wheres, found, strict=True):
        wall, cpu = (statistics.median(times) for times in zip(*spent, strict=True))
        table.append(
            {
                "what": f"admission of {_SLOTS}, {where}",
                "median ms": 1_000 * wall,
                "median ms of the server's CPU": 1_000 * cpu,
            }
        )
    ratios = [
        float(table[1][column] or 0) / float(table[0][column] or 1)
        for column in ("median ms", "median ms of the server's CPU")
    ]
    what = f"admission {beside} ÷ alone, median of {rounds}"
    return table, [
        Target(number="9c", what=f"{what}, by the clock", value=ratios[0], bound=1.05),
        Target(number="9d", what=f"{what}, the server's CPU", value=ratios[1], bound=1.05),
    ]


def _admit(connection: Connection, run: SharedRun) -> tuple[float, float]:
    """Admit; says how many seconds passed, and for how many of them the server worked.

    Then it makes room for the next.
    """
    rules = AdmissionRules(slots=_SLOTS, slot=backlog.SLOT, limit=10_000_000)
    process = connection.execute("SELECT pg_backend_pid()").fetchone()[0]
    begun, worked = time.perf_counter(), _on_cpu_s(process)
    with transaction(connection, writing=True):
        admitted = admission.admit(
            connection,
            run.id,
            rules,
            judge=lambda _: Go(),
            money=None,
            news=ApiNews(),
            tick=False,
        )
    took = time.perf_counter() - begun, _on_cpu_s(process) - worked
    if admitted != _SLOTS:
        raise AssertionError(f"admitted {admitted} of {_SLOTS}")
    with transaction(connection, writing=True):
        connection.execute(_SET_ASIDE, {"campaign": run.number})
    return took


def _on_cpu_s(process: int) -> float:
    """For how long a process has been on a processor."""
    return int(Path(f"/proc/{process}/schedstat").read_text().split()[0]) / 1_000_000_000


def _in_turns(
    rounds: int, *acts: Callable[[], tuple[float, float]]
) -> list[list[tuple[float, float]]]:
    found: list[list[tuple[float, float]]] = [[] for _ in acts]
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
                (_TO_CSV.format(rows), ("export",)),
                (f"export of {rows:,} to Parquet", ("export", "--output", f"{name}/out.parquet")),
                (f"status of {rows:,}", ("status",)),
                ("status again", ("status",)),
            )
        ]
        table += _pages(url, Path(name))
    seconds = {str(row["what"]): float(row["wall s"] or 0) for row in table}
    return table, [
        _target("9e", f"results of {rows:,} contacts as CSV", seconds[_TO_CSV.format(rows)], 15),
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


def _pages(url: str, folder: Path) -> list[Row]:
    """How long the dashboard's page of the campaign is waited for, at first and then."""
    words = ("dashboard", "--folder", str(folder), "--port", "0")
    with subprocess.Popen(
        [sys.executable, "-m", "poku_batch", *words],
        env=environment() | {"POKU_BATCH_LEDGER": url},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        try:
            found = re.search(r"http://\S+?(?=/?\s)", process.stderr.readline())
            assert found is not None
            took = [_get_s(f"{found[0]}/calls/million") for _ in range(6)]
        finally:
            process.terminate()
    return [
        {"what": "dashboard, the campaign's page at first", "wall s": took[0]},
        {"what": "dashboard, the same again, median", "wall s": statistics.median(took[1:])},
    ]


def _get_s(address: str) -> float:
    begun = time.perf_counter()
    with urllib.request.urlopen(address) as answer:  # noqa: S310 – the dashboard's own
        answer.read()
    return time.perf_counter() - begun


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
    """A server on the disk, with Debian's settings but for what it keeps in memory.

    PostgreSQL's own advice is a quarter of the machine's; Debian's 128 MiB are less than the tables
    of a million contacts (postgresql.org/docs/current/runtime-config-resource.html).
    """
    settings = {"max_connections": "100", "shared_buffers": "1GB"}
    with server(settings, on_disk=True) as running:
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
        "admission": partial(admitting, rows, max(due, _SLOTS * (rounds + 2)), rounds),
        "looking": partial(looking, rows),
    }
    table: list[Row] = []
    targets: list[Target] = []
    for name, part in parts.items():
        if args.only in (None, name):
            load = os.getloadavg()[0]
            more, bounds = part()
            table += [{"part": name, **row, "load": load} for row in more]
            targets += bounds
    kept, others = _kept(args.only)
    table += kept
    targets += others
    found = Found(
        name="million",
        title="A million contacts in PostgreSQL, or as many as a row says",
        rows=sorted(table, key=lambda row: list(parts).index(str(row["part"]))),
        targets=sorted(targets, key=lambda target: target.number),
        notes=["load: how many processes wanted the machine's cores when the part began."],
    )
    return publish(found)


def _kept(only: str | None) -> tuple[list[Row], list[Target]]:
    """What was found before of the parts that are not measured anew."""
    path = HERE / "results" / "million.json"
    if only is None or not path.is_file():
        return [], []
    found = json.loads(path.read_text(encoding="utf-8"))
    names = {field.name for field in fields(Target)}
    targets = [
        Target(**{name: value for name, value in target.items() if name in names})
        for target in found["targets"]
        if target["number"] not in _NUMBERS[only]
    ]
    return [row for row in found["rows"] if row["part"] != only], targets


if __name__ == "__main__":
    sys.exit(main())
