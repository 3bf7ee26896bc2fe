"""Workers on hosts of their own, one of which is cut off from the database for a while.

It reaches the API all the time: its calls go on, and what they say is written after the cut.
"""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from tests import postgresql
from tests.distributed.chaos import MORE, Figures, Striking
from tests.distributed.fleet import PACKAGE, fleet
from tests.distributed.hosts import Link, network
from tests.distributed.judging import Blow

#: How a link is cut: pulled at the worker, lost without a word, or lost on the way back alone.
CUTS = ("down", "silent", "deaf")

#: How many times all slots are filled from one cut to the next, and after the last.
_BETWEEN = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A campaign by two workers, one of which is cut off for ``seconds``, in each way in turn.

    Calls last so long that some go on over half of a cut, and that the other worker has enough of
    them to make meanwhile.
    """

    kinds: tuple[str, ...]
    seconds: float
    mode: str = "wait"
    heartbeat_s: float = 10.0
    concurrency: int = 12
    seed: int = 1

    @property
    def span_s(self) -> tuple[float, float]:
        """The shortest call and the longest, in seconds."""
        return (self.seconds / 12, self.seconds / 3)

    @property
    def contacts(self) -> int:
        """Enough for both workers to be busy before, meanwhile and afterwards."""
        return (1 + _BETWEEN * len(self.kinds)) * self.concurrency


def partition(folder: Path, cut: Cut, *, package: Path = PACKAGE) -> Figures:
    """Run a campaign to its end, and cut a worker off meanwhile."""
    with (
        network() as hosts,
        postgresql.server(within=hosts.database) as database,
        fleet(
            folder,
            database,
            contacts=cut.contacts,
            concurrency=cut.concurrency,
            span_s=cut.span_s,
            mode=cut.mode,
            seed=cut.seed,
            more=MORE,
            call_timeout=f"{cut.seconds / 3 + 3:.0f}s",
            hosts=hosts.workers,
            package=package,
        ) as made,
    ):
        made.heartbeat_s = cut.heartbeat_s
        first, _ = (
            made.start_worker(cut.concurrency, hosts.host(number, made.url)) for number in (0, 1)
        )
        made.wait_for_workers(2)
        striking = Striking(made, Random(cut.seed), cut.concurrency)  # noqa: S311 – nobody's secret
        striking.watch()
        for number, kind in enumerate(cut.kinds):
            made.wait_for_rings((1 + _BETWEEN * number) * cut.concurrency, within_s=300)
            blow = Blow(what=kind, at=time.time(), worker=made.names[first.pid], answers=True)
            _cut(hosts.links[0], kind, cut.seconds)
            striking.blows.append(replace(blow, until=time.time()))
        return striking.end(cut.mode)


def _cut(link: Link, kind: str, seconds: float) -> None:
    if kind == "down":
        link.set("down")
    else:
        link.lose(answers_alone=kind == "deaf")
    try:
        time.sleep(seconds)
    finally:
        link.mend()
