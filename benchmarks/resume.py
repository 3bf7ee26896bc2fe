"""Going on with a campaign of which nearly everybody is called: until its first call leaves.

A ledger of a million contacts with all but 1,000 done, and ``poku-batch run`` again, as a person
would: from the start of the process to the first request at the API's stand-in. The first run, with
``--limit 1``, enrols the sheet; the others' calls are written into its ledger as if they were made.

``python -m benchmarks.resume [--rows 1000000] [--left 1000] [--quick]``
"""

import argparse
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import charts
from benchmarks.report import Found, Target, publish
from benchmarks.serving import Served, serving
from benchmarks.sheets import write_campaign

#: Makes ``:done`` contacts that wait ones whose call ended, with all that the ledger keeps of it.
CALL = (
    """
    INSERT INTO runs (campaign_id, host, pid, started_at, ended_at, ending)
    SELECT id, 'benchmark', 1, :at, :at, 'stopped' FROM campaigns
    """,
    """
    CREATE TEMP TABLE called AS
    SELECT id, to_number FROM contacts WHERE state = 'pending' ORDER BY position LIMIT :done
    """,
    """
    INSERT INTO attempts (contact_id, number, run_id, state, to_number, cells_digest,
        prompt_sha256, placements, interaction_id, began_at, placed_at, ended_at, outcome)
    SELECT id, 1, (SELECT MAX(id) FROM runs), 'ended', to_number,
        '', 'p', 1, 'int-' || id, :at + id * 1000,
        :at + id * 1000, :at + id * 1000 + 45000000, 'completed'
    FROM temp.called
    """,
    """
    UPDATE attempts SET cells_digest = digest(
        (SELECT cells FROM contacts c WHERE c.id = attempts.contact_id)
    )
    """,
    """
    INSERT INTO answers (attempt_id, summary, recording_url)
    SELECT a.id, 'The appointment was confirmed.', 'https://recordings.example/' || a.id
    FROM attempts a WHERE a.contact_id IN (SELECT id FROM temp.called)
    """,
    """
    INSERT INTO attempt_events (contact_id, attempt_id, run_id, at, what, detail, to_number)
    SELECT a.contact_id, a.id, a.run_id, a.placed_at, 'began', NULL, a.to_number
    FROM attempts a WHERE a.contact_id IN (SELECT id FROM temp.called)
    UNION ALL
    SELECT a.contact_id, a.id, a.run_id, a.ended_at, 'ended', 'completed', NULL
    FROM attempts a WHERE a.contact_id IN (SELECT id FROM temp.called)
    """,
    """
    UPDATE contacts SET state = 'done', outcome = 'completed', attempts = 1
    WHERE id IN (SELECT id FROM temp.called)
    """,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One start of a run: until its first call left, and the processor time until then."""

    first_call_s: float
    cpu_s: float


def environment() -> dict[str, str]:
    """The environment of a run: a key that nobody knows, no terminal."""
    return os.environ | {"POKU_API_KEY": "benchmark", "NO_COLOR": "1", "TERM": "dumb"}


def command(campaign: Path, *options: str) -> list[str]:
    """How a person starts the program."""
    return [sys.executable, "-m", "poku_batch", *options[:1], str(campaign), *options[1:]]


@contextmanager
def called(folder: Path, rows: int, left: int) -> Iterator[tuple[Path, Served]]:
    """A campaign of so many rows in a folder, all but ``left`` done, and a server for the rest."""
    with serving() as server:
        campaign = write_campaign(folder, rows, base_url=server.url)
        done = subprocess.run(
            command(campaign, "run", "--yes", "--limit", "1"),
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in (0, 4):
            raise RuntimeError(done.stderr)
        mark_done(folder / ".poku-batch" / "ledger.db", rows - left - 1)
        yield campaign, server


def mark_done(ledger: Path, done: int) -> None:
    """Write calls of so many waiting contacts into a ledger, as if they were made."""
    from poku_batch.ledger import cells

    with closing(sqlite3.connect(ledger, isolation_level=None)) as connection:
        connection.create_function("digest", 1, cells.digest)
        at = int((time.time() - 86_400) * 1_000_000)
        connection.execute("BEGIN")
        for statement in CALL:
            connection.execute(statement, {"done": done, "at": at})
        connection.execute("COMMIT")


def start(campaign: Path, server: Served, *options: str) -> Start:
    """Start a run, and kill it once its first call is there."""
    server.reset()
    begun = time.monotonic()
    with subprocess.Popen(
        command(campaign, "run", "--yes", *options),
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            while (first := server.stats()["first_at_s"]) is None:
                if process.poll() is not None:
                    raise RuntimeError(f"the run ended with {process.returncode}, calling nobody")
                time.sleep(0.02)
        finally:
            process.send_signal(signal.SIGKILL)
            used = os.wait4(process.pid, 0)[2]
            process.returncode = -signal.SIGKILL
    return Start(first_call_s=first - begun, cpu_s=used.ru_utime + used.ru_stime)


def main() -> int:
    """Measure, and publish."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--left", type=int, default=1_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="few rows, once")
    args = parser.parse_args()
    rows, left, repeats = (3_000, 100, 1) if args.quick else (args.rows, args.left, args.repeats)
    with (
        tempfile.TemporaryDirectory() as name,
        called(Path(name), rows, left) as (campaign, server),
    ):
        starts = [start(campaign, server) for _ in range(repeats)]
        # A row more, and nothing is known any more: what it costs to read the sheet.
        with (Path(name) / "contacts.csv").open("a", encoding="utf-8") as sheet:
            sheet.write("B1,Somebody New,+16175550100,Boston,,,en-US,0.05\r\n")
        changed = start(campaign, server)
    return publish(_found(rows, left, starts, changed), _picture(starts, changed))


def _table(starts: Sequence[Start], changed: Start) -> list[dict[str, Any]]:
    shown = [(f"the same sheet, run {at}", found) for at, found in enumerate(starts, 1)]
    return [
        {"what": what, "first call after s": found.first_call_s, "CPU s": found.cpu_s}
        for what, found in (*shown, ("a row more in the sheet", changed))
    ]


def _found(rows: int, left: int, starts: Sequence[Start], changed: Start) -> Found:
    return Found(
        name="resume",
        title=f"Going on with {rows:,} contacts, {rows - left:,} of them done",
        rows=_table(starts, changed),
        targets=[
            Target(
                number="6b",
                what="from the start of the command to its first call, the median",
                value=sorted(found.first_call_s for found in starts)[len(starts) // 2],
                bound=2.0,
                unit=" s",
            )
        ],
    )


def _picture(starts: Sequence[Start], changed: Start) -> Any:
    return charts.bars(
        [row | {"bound": 2.0} for row in _table(starts, changed)],
        title="Until the first call of a run that goes on",
        value="first call after s",
        name="what",
        bound="bound",
    )


if __name__ == "__main__":
    sys.exit(main())
