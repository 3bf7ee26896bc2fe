"""What workers together make of their bounds: how busy slots are, how even the pace is."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.distributed.fleet import (
    Fleet,
    duplicates,
    fleet,
    ideal_s,
    most_live,
    reaches,
    worst_second,
)
from tests.postgresql import Server


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A measurement in words, and what of it is not as promised."""

    said: str
    faults: list[str]


def efficiency(
    folder: Path, database: Server, *, contacts: int, concurrency: int, least: float = 0.90
) -> Measured:
    """How long two workers take, against the shortest time in which slots can make the calls.

    On a machine that has nothing else to do the ``least`` share is 0.90.
    """
    with fleet(
        folder, database, contacts=contacts, concurrency=concurrency, span_s=(0.2, 1.0)
    ) as made:
        with _run(made, workers=2, slots=concurrency):
            pass
        rings = made.rings()
        took, ideal = max(ring.end for ring in rings) - rings[0].start, ideal_s(rings, concurrency)
        share = ideal / took
        return Measured(
            said=f"{len(rings)} calls, {concurrency} at once, 2 workers: {took:.1f} s, ideal "
            f"{ideal:.1f} s, efficiency {share:.3f}",
            faults=[
                *_once(made, contacts),
                *([] if share >= least else [f"efficiency {share:.3f} < {least:.2f}"]),
            ],
        )


def pacing(folder: Path, database: Server, *, contacts: int, per_minute: int) -> Measured:
    """How many calls begin in the worst second, where so many a minute may."""
    with fleet(
        folder,
        database,
        contacts=contacts,
        concurrency=per_minute // 30,
        span_s=(0.2, 1.0),
        extra=f", calls_per_minute: {per_minute}",
    ) as made:
        with _run(made, workers=3, slots=per_minute // 30):
            pass
        rings = made.rings()
        worst, rate = worst_second(rings), per_minute / 60
        found = (len(rings) - 1) / (rings[-1].start - rings[0].start)
        return Measured(
            said=f"{len(rings)} calls at {rate:.0f} a second, 3 workers: {found:.1f} a second, "
            f"{worst} in the worst second, {worst / rate:.2f} of the rate",
            faults=[
                *_once(made, contacts),
                *([] if worst <= 1.15 * rate else [f"{worst} calls in a second of {rate:.0f}"]),
            ],
        )


def limit(folder: Path, database: Server, *, contacts: int, slots: int = 5) -> Measured:
    """How many calls four workers make at once, each of which could make all of them."""
    with fleet(folder, database, contacts=contacts, concurrency=slots, span_s=(0.05, 0.3)) as made:
        with _run(made, workers=4, slots=slots):
            pass
        rings = made.rings()
        most, often = most_live(rings), reaches(rings, slots)
        return Measured(
            said=f"{len(rings)} calls, 4 workers, a limit of {slots}: {most} at once at the most, "
            f"{often} times",
            faults=[
                *_once(made, contacts),
                *([] if most == slots else [f"{most} at once of {slots}"]),
            ],
        )


@contextmanager
def _run(made: Fleet, *, workers: int, slots: int) -> Iterator[None]:
    for _ in range(workers):
        made.start_worker(slots)
    made.wait_for_workers(workers)
    run = made.start_run()
    yield
    assert run.wait(600) == 0, made.said()
    assert made.end_workers() == [0] * workers, made.said()


def _once(made: Fleet, contacts: int) -> list[str]:
    rings = made.rings()
    twice = duplicates(rings)
    return [
        *([f"called twice: {twice}"] if twice else []),
        *([] if len(rings) == contacts else [f"{len(rings)} calls of {contacts}"]),
    ]
