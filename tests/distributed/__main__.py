"""The long forms: ``uv run python -m tests.distributed chaos --seeds 5``, and the others by name.

``chaos``: campaigns of 1,500 calls by 3 workers, each with 10 kills, 2 immediate restarts of the
database and one that is away for seconds, a frozen worker and a killed watcher, held and polled in
turn, some with a pace. ``efficiency``, ``pacing``,
``limit``: how workers use their bounds. ``partition``: a worker that is cut off from the database
for a minute. ``breaks``: the program is broken in several ways, and found out. Prints a line for
each; leaves with 1 where a promise was broken.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.distributed import measures
from tests.distributed.breaks import BREAKS, show
from tests.distributed.chaos import Figures, Plan, chaos, line
from tests.distributed.hosts import why_not
from tests.distributed.measures import Measured
from tests.distributed.partition import CUTS, Cut, partition
from tests.postgresql import Server, server


def main() -> int:
    options = _options()
    commands: dict[str, Callable[[argparse.Namespace], int]] = {
        "chaos": _chaos,
        "efficiency": lambda _: _measure(
            lambda folder, database: measures.efficiency(
                folder, database, contacts=2_000, concurrency=50
            )
        ),
        "pacing": lambda _: _measure(
            lambda folder, database: measures.pacing(
                folder, database, contacts=1_200, per_minute=1_200
            )
        ),
        "limit": lambda _: _measure(
            lambda folder, database: measures.limit(folder, database, contacts=1_000)
        ),
        "partition": _partition,
        "breaks": _breaks,
    }
    return commands[options.what](options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.distributed", description=__doc__)
    names = ("chaos", "efficiency", "pacing", "limit", "partition", "breaks")
    parser.add_argument("what", nargs="?", choices=names, default="chaos", help="[chaos]")
    parser.add_argument("--seeds", type=int, default=5, help="campaigns of chaos [5]")
    parser.add_argument("--first", type=int, default=1, help="the first seed, or break [1]")
    parser.add_argument("--contacts", type=int, default=1_500, help="calls a campaign [1500]")
    parser.add_argument("--kills", type=int, default=10, help="kills a campaign [10]")
    parser.add_argument("--seconds", type=float, default=60, help="how long a partition lasts [60]")
    return parser.parse_args()


def _chaos(options: argparse.Namespace) -> int:
    faults = 0
    for seed in range(options.first, options.first + options.seeds):
        plan = Plan(
            seed=seed,
            contacts=options.contacts,
            concurrency=30,
            kills=options.kills,
            restarts=2,
            outages=1,
            mode=("wait", "poll")[seed % 2],
            per_minute=2_400 if seed % 3 == 0 else None,
        )
        with _place() as (folder, database):
            figures = chaos(folder, database, plan)
        faults += _tell(f"seed {seed:<3} {plan.mode:<4}", figures)
    return 1 if faults else 0


def _measure(measure: Callable[[Path, Server], Measured]) -> int:
    with _place() as (folder, database):
        measured = measure(folder, database)
    _say("\n  ".join([measured.said, *measured.faults]))
    return 1 if measured.faults else 0


def _partition(options: argparse.Namespace) -> int:
    if (why := why_not()) is not None:
        _say(f"no hosts can be made: {why}")
        return 2
    faults = 0
    for number, kind in enumerate(CUTS):
        mode = ("wait", "poll")[number % 2]
        cut = Cut(kinds=(kind,), seconds=options.seconds, mode=mode)
        with tempfile.TemporaryDirectory(prefix="poku-hosts-") as folder:
            Path(folder).chmod(0o755)
            figures = partition(Path(folder), cut)
        faults += _tell(f"{kind:<6} {mode:<4} {options.seconds:g} s", figures)
    return 1 if faults else 0


def _breaks(options: argparse.Namespace) -> int:
    missed = 0
    for broken in BREAKS[options.first - 1 :]:
        with _place() as (folder, database):
            found = show(broken, folder, database)
        missed += not found
        _say(f"{broken.what}: {found[0] if found else 'NOT FOUND'}")
    return 1 if missed else 0


def _tell(what: str, figures: Figures) -> bool:
    _say(f"{what} {line(figures)}")
    if figures.faults:
        _say(figures.said)
    return bool(figures.faults)


@contextmanager
def _place() -> Iterator[tuple[Path, Server]]:
    with server() as database, tempfile.TemporaryDirectory(prefix="poku-fleet-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder), database


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
