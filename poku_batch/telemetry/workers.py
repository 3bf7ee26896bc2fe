"""How a worker stands, for whatever asks: its health endpoint, and Prometheus.

A worker is alive as long as its event loop turns. It is ready while it takes calls: it does not
drain, and its heartbeat reaches the ledger.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from prometheus_client.core import Metric


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStanding:
    """A worker at one moment.

    ``calls`` are under way, ``slots`` at the most; ``jobs`` were handed to it, those that wait for
    their turn among them. ``silent_s`` is how many seconds ago its heartbeat was last written to
    the ledger, None before the first; after ``lasts_s`` no request leaves.
    ``found_unknown`` calls of workers that were given up it has found to be unknown.
    """

    name: str
    calls: int
    slots: int
    jobs: int
    campaigns: tuple[str, ...]
    draining: bool
    silent_s: float | None
    lasts_s: float
    found_unknown: int = 0

    @property
    def ledger(self) -> bool:
        """Whether the ledger has heard of it lately."""
        return self.silent_s is not None and self.silent_s < self.lasts_s

    @property
    def ready(self) -> bool:
        """Whether it takes calls."""
        return self.ledger and not self.draining

    def facts(self) -> dict[str, Any]:
        """All of it in JSON's kinds of values."""
        return {
            "ready": self.ready,
            "worker": self.name,
            "draining": self.draining,
            "ledger": self.ledger,
            "silent_s": None if self.silent_s is None else round(self.silent_s, 1),
            "calls": self.calls,
            "slots": self.slots,
            "jobs": self.jobs,
            "campaigns": [*self.campaigns],
        }


class WorkerMetrics:
    """A worker's metrics, read when somebody asks; each has one value in a process."""

    def __init__(self, read: Callable[[], WorkerStanding], *, version: str) -> None:
        """Take who says how the worker stands, from whatever thread, and the program's version."""
        self._read = read
        self._version = version

    def collect(self) -> Iterable["Metric"]:
        """Every metric."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        standing = self._read()
        info = GaugeMetricFamily(
            "poku_batch_worker_info", "Always 1.", labels=["worker", "version"]
        )
        info.add_metric([standing.name, self._version], 1)
        yield info
        found = "Calls of workers that are gone, which it found to be unknown."
        yield CounterMetricFamily(
            "poku_batch_worker_found_unknown", found, value=standing.found_unknown
        )
        for name, (told, value_of) in _GAUGES.items():
            value = value_of(standing)
            gauge = GaugeMetricFamily(f"poku_batch_worker_{name}", told)
            if value is not None:
                gauge.add_metric([], float(value))
            yield gauge


_GAUGES: dict[str, tuple[str, Callable[[WorkerStanding], float | None]]] = {
    "ready": ("1 while the worker takes calls.", lambda one: one.ready),
    "draining": ("1 while it begins no call and waits for the others.", lambda one: one.draining),
    "calls": ("Calls under way.", lambda one: one.calls),
    "slots": ("Calls under way at the most.", lambda one: one.slots),
    "jobs": (
        "Handed to it: calls under way, and who waits for a turn.",
        lambda one: one.jobs,
    ),
    "campaigns": ("Campaigns that it takes part in.", lambda one: len(one.campaigns)),
    "heartbeat_age_seconds": (
        "Since its heartbeat was last written to the ledger.",
        lambda one: one.silent_s,
    ),
}
