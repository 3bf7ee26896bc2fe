"""The long form: ``uv run python -m tests.crash --kills 500 --seed 1``.

Campaigns of both generations and all modes, with and without redials, are killed in turn until
there were enough kills, then with power cuts. Prints a table and writes it into
``docs/crash-safety.md``; leaves with 1, and every fault with its seed and instant, if there was
one.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import count, product
from pathlib import Path

from tests.crash.breaks import BREAKS, show
from tests.crash.figures import breaks_table, tables, write_between
from tests.crash.harness import Figures, Plan, campaign
from tests.crash.processes import ROOT, Warm, can_trace
from tests.crash.scenario import COMPLETIONS, GENERATIONS, Scenario

PAGE = ROOT / "docs" / "crash-safety.md"


def main() -> int:
    options = _options()
    home = Path(tempfile.mkdtemp(prefix="poku-crash-"))
    # A copy: whoever edits the program while this runs does not change what is tested.
    package = home / "tested"
    shutil.copytree(options.package / "poku_batch", package / "poku_batch")
    if options.breaks:
        return _breaks(package, home, options.seed, write=options.write)
    done: list[Figures] = []
    for kills, cuts in ((options.kills, False), (options.cuts, True)):
        if cuts and not can_trace():
            _say("no power cuts: strace is not installed, or may not trace")
            continue
        done += _until(kills, cuts=cuts, options=options, home=home, package=package)
    faults = [fault for figures in done for fault in figures.faults]
    text = tables(done, seed=options.seed)
    _say(text)
    if options.write and not faults:
        write_between(PAGE, "figures", text)
    for fault in faults:
        _say(fault)
    if faults:
        _say(f"what they left is in {home}")
    else:
        shutil.rmtree(home)
    return 1 if faults else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=500, help="kills altogether [500]")
    parser.add_argument("--cuts", type=int, default=100, help="power cuts altogether [100]")
    parser.add_argument("--seed", type=int, default=1, help="the first campaign's seed [1]")
    parser.add_argument("--contacts", type=int, default=400, help="contacts a campaign [400]")
    parser.add_argument("--jobs", type=int, default=2, help="campaigns at once [2]")
    parser.add_argument("--breaks", action="store_true", help="break the program, and be found out")
    parser.add_argument(
        "--package", type=Path, default=ROOT, help="the folder that holds poku_batch"
    )
    parser.add_argument(
        "--no-write", dest="write", action="store_false", help="leave the page as it is"
    )
    return parser.parse_args()


def _until(
    kills: int, *, cuts: bool, options: argparse.Namespace, home: Path, package: Path
) -> list[Figures]:
    """Run campaigns, several at once, until they came to so many kills."""
    done: list[Figures] = []
    if not kills:
        return done
    waiting: Iterator[Scenario] = _scenarios(options)
    running: set[Future[Figures]] = set()
    with ThreadPoolExecutor(options.jobs) as pool:
        while running or _killed(done) < kills:
            while _killed(done) < kills and len(running) < options.jobs:
                running.add(pool.submit(_one, next(waiting), cuts, options, home, package))
            ended, running = wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                done.append(future.result())
                _say(_line(done[-1], _killed(done), kills, cuts=cuts))
    return done


def _scenarios(options: argparse.Namespace) -> Iterator[Scenario]:
    for seed in count(options.seed):
        for generation, completion, redials in product(GENERATIONS, COMPLETIONS, (True, False)):
            yield Scenario(
                generation=generation,
                completion=completion,
                seed=seed,
                contacts=options.contacts,
                slots=20 + 10 * (seed % 4),
                redials=redials,
            )


def _one(
    scenario: Scenario, cuts: bool, options: argparse.Namespace, home: Path, package: Path
) -> Figures:
    with Warm(package) as warm:
        # Under strace a campaign takes long: more of them, with fewer cuts each.
        plan = Plan(kills=10 if cuts else 20, cuts=cuts, progress=options.contacts // 8)
        return campaign(scenario, plan, home, warm)


def _killed(done: list[Figures]) -> int:
    return sum(figures.cuts if figures.power else figures.kills for figures in done)


def _line(figures: Figures, killed: int, kills: int, *, cuts: bool) -> str:
    what = "cuts" if cuts else "kills"
    end = f"{len(figures.faults)} FAULTS" if figures.faults else "good"
    scenario = figures.scenario
    return (
        f"{killed:>4} of {kills} {what}  {scenario.name:<19} seed {scenario.seed:<4} "
        f"{figures.kills:>3} {what}, {figures.runs:>3} runs, {figures.rings:>4} rings, "
        f"{figures.unknown.total():>3} unknown, lag {figures.lag_s * 1000:>4.0f} ms: {end}"
    )


def _breaks(package: Path, home: Path, seed: int, *, write: bool) -> int:
    found: list[tuple[str, Figures]] = []
    for broken in BREAKS:
        figures = show(broken, package, home, seed=seed)
        found.append((broken.what, figures))
        _say(f"{broken.what}: {figures.faults[0] if figures.faults else 'NOT FOUND'}")
    missed = [what for what, figures in found if not figures.faults]
    if write and not missed:
        write_between(PAGE, "breaks", breaks_table(found))
    shutil.rmtree(home)
    return 1 if missed else 0


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
