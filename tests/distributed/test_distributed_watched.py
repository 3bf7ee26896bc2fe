"""A worker as what watches over it sees it: probes, metrics, traces, and lines of a log."""

import json
import re
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests import postgresql
from tests.distributed.fleet import Fleet, fleet
from tests.program import KEY
from tests.standin import Answer, StandIn, summary
from tests.telemetry.collector import Collector, attributes, collector

pytestmark = pytest.mark.timeout(120)

PASSWORD = "s3cret-w0rker"  # noqa: S105  # the server trusts everybody on its socket

HEARTBEAT_S = 1.0
#: So long requests leave after a heartbeat: one that is not heard of for longer is not ready.
STALLED_S = 2 * HEARTBEAT_S


def number(row: int) -> str:
    """Whom the fleet's sheet has in a row."""
    return f"+1415555{row - 2:04d}"


@pytest.fixture
def database() -> Iterator[postgresql.Server]:
    """A server that may be stopped: it is nobody else's."""
    if postgresql.programs() is None:
        pytest.skip(postgresql.MISSING)
    with postgresql.server() as running:
        yield running


@pytest.fixture
def api() -> Iterator[StandIn]:
    """An API that takes calls at once, and tells of no end while it is held."""
    with StandIn("second") as standin:
        standin.held = True
        yield standin


@pytest.fixture
def traced() -> Iterator[Collector]:
    with collector() as one:
        yield one


@pytest.fixture
def small(
    tmp_path: Path, database: postgresql.Server, api: StandIn, traced: Collector
) -> Iterator[Fleet]:
    with fleet(
        tmp_path, database, contacts=4, concurrency=8, span_s=(0, 0), call_timeout="60s"
    ) as made:
        made.base_url = api.url
        made.heartbeat_s = HEARTBEAT_S
        made.worker_env = {
            "NOTIFY_SOCKET": str(tmp_path / "notify"),
            "WATCHDOG_USEC": "3000000",
            "POKU_API_KEY": KEY,
            "PGPASSWORD": PASSWORD,
            "POKU_BATCH_LOG": "json",
            "POKU_BATCH_HEALTH": "127.0.0.1:0",
            "POKU_BATCH_METRICS": "127.0.0.1:0",
        }
        # Who watches the run sends nothing: it would be the same calls once more.
        made.all_env = {"OTEL_EXPORTER_OTLP_ENDPOINT": traced.url}
        yield made


@dataclass(frozen=True, slots=True)
class Watched:
    """A worker, and where it says that it can be asked."""

    process: "Popen[bytes]"
    log: Path
    health: str
    metrics: str

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def probe(self, path: str) -> tuple[int, dict[str, Any]]:
        status, text = get(f"{self.health}{path}")
        return status, json.loads(text or "{}")

    def scrape(self) -> dict[tuple[str, ...], float]:
        """The project's samples, by name and values of labels, these by the labels' names."""
        _, text = get(self.metrics)
        return {
            (sample.name.removeprefix("poku_batch_"), *labels(sample)): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name.startswith("poku_batch_")
        }

    def alive(self) -> bool:
        return self.probe("/healthz") == (200, {"alive": True}) and self.process.poll() is None


def labels(sample: Any) -> list[str]:
    return [value for _, value in sorted(sample.labels.items())]


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 – a test's own
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def eventually(look: Callable[[], object], within_s: float = 30.0) -> None:
    give_up = time.monotonic() + within_s
    while not look():
        assert time.monotonic() < give_up
        time.sleep(0.05)


def start(small: Fleet) -> Watched:
    process = small.start_worker(6)
    log = max(small.folder.glob("worker-*.err"))

    def found() -> dict[str, str]:
        return dict(re.findall(r"(health|metrics) at (http://[\d.:]+)", log.read_text()))

    eventually(lambda: len(found()) == 2)
    return Watched(process, log, found()["health"], f"{found()['metrics']}/metrics")


def test_a_worker_is_probed_and_measured_from_its_first_call_to_its_last(
    small: Fleet, api: StandIn, traced: Collector, database: postgresql.Server
) -> None:
    quoted = {"error": f"{number(5)} did not answer, says {KEY}"}
    api.acts[number(5)] = [Answer(status=500, body=quoted)]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(small.worker_env["NOTIFY_SOCKET"])
        systemd.settimeout(30)
        worker = start(small)
        assert [systemd.recv(100) for _ in range(3)] == [b"READY=1", *[b"WATCHDOG=1"] * 2]
    run = small.start_run()
    api.wait_for(4)

    name = in_call(worker)
    without_a_database(worker, database)
    text = get(worker.metrics)[1] + json.dumps(draining(worker))
    api.held = False
    assert worker.process.wait(60) == 0, small.said()
    small.workers.clear()
    assert run.wait(60) == 3, small.said()  # one is unknown
    assert len(api.calls) == 4

    logged(worker, name)
    spans = [span for span in traced.spans if span.name == "call"]
    assert sorted(attributes(span)["poku.row"] for span in spans) == [2, 3, 4, 5]  # type: ignore[type-var]
    assert {attributes(span)["poku.worker"] for span in spans} == {name}
    assert {attributes(span)["poku.run"] for span in spans} == {1}
    people = [part for row in range(2, 6) for part in (number(row)[-7:], summary(number(row)))]
    everything = text + worker.log.read_text() + traced.raw.decode("latin-1")
    for secret in (KEY, PASSWORD, *people):
        assert secret not in everything, secret


def in_call(worker: Watched) -> str:
    """Three calls are open and one is unknown; gives the worker's name."""
    eventually(lambda: worker.probe("/readyz")[1].get("calls") == 3)
    eventually(lambda: worker.probe("/readyz")[0] == 200)
    facts = worker.probe("/readyz")[1]
    name = str(facts.pop("worker"))
    for fact in ("ready", "ledger", "silent_s"):  # as above, if the machine is quick
        del facts[fact]
    assert facts == {"draining": False, "calls": 3, "slots": 6, "jobs": 3, "campaigns": ["fleet"]}
    eventually(lambda: worker.scrape()["worker_ready",] == 1)
    samples = worker.scrape()
    assert samples["calls_in_flight", "fleet"] == 3
    assert samples["calls_unknown_total", "fleet"] == 1
    assert samples["placements_total", "placed", "fleet"] == 3
    assert samples["ledger_write_duration_seconds_count", "fleet"] >= 4
    assert ("paused", "fleet") not in samples
    assert name in {key[-1] for key in samples if key[0] == "worker_info"}
    gauges = {key[0]: value for key, value in samples.items() if key[0].startswith("worker_")}
    assert gauges.pop("worker_heartbeat_age_seconds") >= 0
    assert gauges.pop("worker_ready") in (0, 1)
    assert gauges == {
        "worker_info": 1,
        "worker_draining": 0,
        "worker_calls": 3,
        "worker_slots": 6,
        "worker_jobs": 3,
        "worker_campaigns": 1,
        "worker_found_unknown_total": 0,
    }
    return name


def without_a_database(worker: Watched, database: postgresql.Server) -> None:
    """It is alive and not ready for as long as the database is gone."""
    database.stop()
    eventually(lambda: worker.probe("/readyz")[0] == 503)
    assert worker.alive()
    assert worker.probe("/readyz")[1]["ledger"] is False
    samples = worker.scrape()
    assert samples["worker_ready",] == 0
    assert samples["worker_heartbeat_age_seconds",] >= STALLED_S
    database.start()
    eventually(lambda: worker.probe("/readyz")[0] == 200)


def draining(worker: Watched) -> dict[str, Any]:
    """It is alive and not ready for as long as its last calls; gives what it says then."""
    worker.process.send_signal(signal.SIGTERM)
    eventually(lambda: worker.probe("/readyz")[1]["draining"])
    assert worker.probe("/readyz")[0] == 503
    facts = worker.probe("/readyz")[1]
    assert (facts["ready"], facts["draining"], facts["calls"]) == (False, True, 3)
    assert worker.scrape()["worker_draining",] == 1
    assert worker.alive()
    return facts


def logged(worker: Watched, name: str) -> None:
    """All that was said is lines of JSON, and those of calls say which."""
    told = worker.lines()
    calls = [line for line in told if line["event"].startswith("call.")]
    assert {line["row"] for line in calls} == {2, 3, 4, 5}
    ends = {"call.started", "call.placed", "call.ended", "call.unknown"}
    assert {line["event"] for line in calls} == ends
    for line in calls:
        assert (line["campaign"], line["run"], line["attempt"]) == ("fleet", 1, 1)
    assert {line["worker"] for line in told} == {name}
    words = [(line["level"], line["message"]) for line in told if line["event"] == "message"]
    assert ("info", "takes part in fleet") in words
    assert ("info", "draining: 3 open calls go on to their end") in words
    assert any(level == "warning" and "trouble" in word for level, word in words)
