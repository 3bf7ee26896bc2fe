"""When a worker is ready, and what is measured of it."""

from dataclasses import replace

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from poku_batch.telemetry import WorkerStanding
from poku_batch.telemetry.workers import WorkerMetrics

STANDING = WorkerStanding(
    name="host:1:abc",
    calls=2,
    slots=5,
    jobs=3,
    campaigns=("demo",),
    draining=False,
    silent_s=1.25,
    lasts_s=30.0,
    found_unknown=4,
)


@pytest.mark.parametrize(
    ("silent_s", "draining", "ledger", "ready"),
    [
        (None, False, False, False),
        (0.0, False, True, True),
        (29.9, False, True, True),
        (30.0, False, False, False),
        (0.0, True, True, False),
    ],
)
def test_it_is_ready_while_its_heartbeat_is_written_and_it_does_not_drain(
    silent_s: float | None, draining: bool, ledger: bool, ready: bool
) -> None:
    facts = replace(STANDING, silent_s=silent_s, draining=draining).facts()
    assert (facts["ledger"], facts["draining"], facts["ready"]) == (ledger, draining, ready)


def test_each_metric_has_one_value_and_none_before_the_first_heartbeat() -> None:
    standing = STANDING
    registry = CollectorRegistry(auto_describe=True)
    registry.register(WorkerMetrics(lambda: standing, version="1.2"))

    def samples() -> list[str]:
        text = generate_latest(registry).decode()
        return [line for line in text.splitlines() if not line.startswith("#")]

    assert samples() == [
        'poku_batch_worker_info{version="1.2",worker="host:1:abc"} 1.0',
        "poku_batch_worker_found_unknown_total 4.0",
        "poku_batch_worker_ready 1.0",
        "poku_batch_worker_draining 0.0",
        "poku_batch_worker_calls 2.0",
        "poku_batch_worker_slots 5.0",
        "poku_batch_worker_jobs 3.0",
        "poku_batch_worker_campaigns 1.0",
        "poku_batch_worker_heartbeat_age_seconds 1.25",
    ]
    standing = replace(STANDING, silent_s=None)
    assert len(samples()) == 8
