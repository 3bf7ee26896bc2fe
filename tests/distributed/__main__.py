"""The long form: ``uv run python -m tests.distributed --seeds 5``.

Campaigns of 1,500 calls by 3 workers, with 10 kills, 2 immediate restarts of the database and a
frozen worker each, held and polled in turn. Prints a line for each; leaves with 1 where a promise
was broken.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.distributed.chaos import Plan, chaos, line
from tests.postgresql import server


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.distributed", description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="campaigns [5]")
    parser.add_argument("--first", type=int, default=1, help="the first campaign's seed [1]")
    parser.add_argument("--contacts", type=int, default=1_500, help="calls a campaign [1500]")
    parser.add_argument("--kills", type=int, default=10, help="kills a campaign [10]")
    options = parser.parse_args()
    faults = 0
    for seed in range(options.first, options.first + options.seeds):
        plan = Plan(
            seed=seed,
            contacts=options.contacts,
            concurrency=30,
            kills=options.kills,
            restarts=2,
            mode=("wait", "poll")[seed % 2],
        )
        with server() as database, tempfile.TemporaryDirectory(prefix="poku-fleet-") as folder:
            Path(folder).chmod(0o755)
            figures = chaos(Path(folder), database, plan)
        sys.stdout.write(line(figures) + "\n")
        sys.stdout.flush()
        if figures.faults:
            faults += 1
            sys.stdout.write(figures.said + "\n")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
