"""What ``check`` costs of a sheet, beside the least that it could: reading, parsing, rendering.

The parts are measured alone, each as a process of its own that does nothing else: the sheet read by
the product's reader; each number read and judged by phonenumbers, as its documentation has it; the
prompt and the language rendered by a plain sandboxed Jinja2, compiled once. ``check`` asks the
campaign's rules of each row as well, looks for mistakes in its cells, and lets the ledger find who
is who.

The sheet is a clinic's, with the repository's own template for appointments: 8 columns, US numbers
written in four ways. All rounds take each process in turn; the least of them counts. What a process
costs before its first row is told by one of very few rows.

``python -m benchmarks.check [--rows 100000] [--rounds 3] [--quick]``
"""

import argparse
import csv
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.charts import bars
from benchmarks.report import Cell, Found, Target, publish

ROOT = Path(__file__).parent.parent
BOUND = 1.5
#: What a process costs before its rows is told by so many.
_FEW = 20

_COLUMNS = "appointment_id first_name last_name phone appointment_at provider location language"
_FIRST = "Maria James Priya Kwame Anna Tom Lena Omar Yuki Carla".split()
_LAST = "Alvarez Whitfield Raman Mensah Novak Baker Fischer Haddad Sato Rossi".split()
_DAYS = "Tuesday Wednesday Thursday Friday".split()
_PROVIDERS = ("Dr. Okafor", "Dr. Lindqvist")
#: In use. Source: nationalnanpa.com
_AREAS = "212 415 602 303 206 312 617 404 305 512".split()
_CAMPAIGN = """\
name: benchmark
contacts: {file: contacts.csv, key: appointment_id, phone: phone, region: US}
prompt: prompts/appointment.md.j2
call:
  from: "+14155550100"
  transfer_to: "+14155550101"
  language: "{{ language or 'en-US' }}"
  voice: female
output: results.csv
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Seconds of a process, by the clock and of the processor."""

    wall_s: float
    cpu_s: float


def main() -> int:
    """Measure, and publish what was found; or do one part, as a process that is measured."""
    arguments = _arguments()
    if arguments.part:
        PARTS[arguments.part](Path(arguments.folder))
        return 0
    rows, rounds = (2_000, 1) if arguments.quick else (arguments.rows, arguments.rounds)
    with tempfile.TemporaryDirectory(prefix="benchmark") as path:
        few, many = Path(path, "few"), Path(path, "many")
        write_campaign(few, _FEW)
        write_campaign(many, rows)
        spent = _rounds(few, many, rounds)
    found = _found(spent, rows)
    picture = bars(
        [row for row in found.rows if row["what"] in {"check", "the parts together"}],
        title=f"Checking {rows:,} rows: µs of processor time a row",
        value="µs a row",
        name="what",
        ours="check",
    )
    return publish(found, picture)


def write_campaign(folder: Path, rows: int) -> None:
    """Write a campaign of so many people, the same ones each time, into a new folder."""
    folder.mkdir()
    shutil.copytree(ROOT / "campaigns" / "prompts", folder / "prompts")
    (folder / "campaign.yaml").write_text(_CAMPAIGN, encoding="utf-8")
    chance = random.Random(7)
    with (folder / "contacts.csv").open("w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow(_COLUMNS.split())
        sheet.writerows(_person(index, chance) for index in range(rows))


def _person(index: int, chance: random.Random) -> list[str]:
    # Distinct for up to eight million people, and in no order.
    area, local = _AREAS[index % 10], f"{2_000_000 + (index // 10 * 7_919) % 8_000_000:07}"
    exchange, line = local[:3], local[3:]
    if exchange[1:] == "11":
        exchange = "555"
    written = (
        f"({area}) {exchange}-{line}",
        f"{area}-{exchange}-{line}",
        f"+1 {area} {exchange} {line}",
        f"+1{area}{exchange}{line}",
    )
    clock = f"{chance.randrange(9, 12)}:{chance.randrange(6)}0 am"
    return [
        f"A-{index + 1}",
        chance.choice(_FIRST),
        chance.choice(_LAST),
        written[index % 4],
        f"{chance.choice(_DAYS)} December {chance.randrange(1, 28)} at {clock}",
        chance.choice(_PROVIDERS),
        "12 Cedar Street",
        chance.choice(("en-US", "", "es-419")),
    ]


def _read(folder: Path) -> None:
    from poku_batch.contacts import open_sheet

    with open_sheet(folder / "contacts.csv") as sheet:
        for _ in sheet.batches():
            pass


def _parse(folder: Path) -> None:
    import phonenumbers

    for row in _cells(folder):
        number = phonenumbers.parse(row["phone"], "US")
        phonenumbers.is_possible_number_with_reason(number)
        country = phonenumbers.region_code_for_number(number)
        if country is not None:
            phonenumbers.is_valid_number_for_region(number, country)
        phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _render(folder: Path) -> None:
    from jinja2 import FileSystemLoader
    from jinja2.sandbox import SandboxedEnvironment

    environment = SandboxedEnvironment(
        loader=FileSystemLoader(folder / "prompts"),
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    prompt = environment.get_template("appointment.md.j2")
    language = environment.from_string("{{ language or 'en-US' }}")
    for row in _cells(folder):
        prompt.render(row)
        language.render(row)


def _nothing(folder: Path) -> None:
    for _ in _cells(folder):
        pass


def _cells(folder: Path) -> Sequence[dict[str, str]]:
    with (folder / "contacts.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


#: ``nothing`` is what the parts cost that get their rows from the standard library.
PARTS: dict[str, Callable[[Path], None]] = {
    "reading": _read,
    "parsing": _parse,
    "rendering": _render,
    "nothing": _nothing,
}


def _rounds(few: Path, many: Path, rounds: int) -> dict[tuple[str, bool], Spent]:
    """The least that each process took, on few rows and on many."""
    spent: dict[tuple[str, bool], list[Spent]] = {}
    for _ in range(rounds):
        for what in ("check", *PARTS):
            for is_many, folder in ((False, few), (True, many)):
                spent.setdefault((what, is_many), []).append(_process(what, folder))
    return {
        key: Spent(wall_s=min(one.wall_s for one in found), cpu_s=min(one.cpu_s for one in found))
        for key, found in spent.items()
    }


def _process(what: str, folder: Path) -> Spent:
    command = ["-m", "poku_batch", "check", str(folder / "campaign.yaml")]
    if what != "check":
        command = ["-m", "benchmarks.check", "--part", what, "--folder", str(folder)]
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, *command], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as process:
        said = process.stderr.read() if process.stderr else b""
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{what} ended with {process.returncode}: {said.decode()[-2000:]}")
    return Spent(wall_s=time.perf_counter() - began, cpu_s=used.ru_utime + used.ru_stime)


def _found(spent: dict[tuple[str, bool], Spent], rows: int) -> Found:
    def row(what: str, fed: float = 0.0) -> dict[str, Cell]:
        few, many = spent[what, False], spent[what, True]
        return {
            "what": what,
            "whole process: s of CPU": many.cpu_s,
            "s by the clock": many.wall_s,
            "before the first row: s of CPU": few.cpu_s,
            "µs a row": (many.cpu_s - few.cpu_s) / (rows - _FEW) * 1e6 - fed,
        }

    fed = float(row("nothing")["µs a row"] or 0)
    table = [row("reading"), row("parsing", fed), row("rendering", fed)]
    together: dict[str, Cell] = {"what": "the parts together"}
    for name in list(table[0])[1:]:
        together[name] = sum(float(part[name] or 0) for part in table)
    check = row("check")

    def ratio(name: str) -> float:
        return float(check[name] or 0) / float(together[name] or 1)

    return Found(
        name="check",
        title=f"check of {rows:,} rows, and its parts alone",
        rows=[*table, together, check],
        targets=[
            Target(
                number="7b",
                what="check ÷ its parts alone, CPU of whole processes",
                value=ratio("whole process: s of CPU"),
                bound=BOUND,
            ),
            Target(
                number="7c",
                what="check ÷ its parts alone, CPU a row without start-up",
                value=ratio("µs a row"),
                bound=BOUND,
            ),
        ],
        notes=[
            f"By the clock, whole processes: {ratio('s by the clock'):.3f}.",
            "µs a row are without what reading by the standard library takes, where a part is fed.",
        ],
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="few rows, one round")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--folder", help=argparse.SUPPRESS)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
