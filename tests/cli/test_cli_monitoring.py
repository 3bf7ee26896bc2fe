"""Whole runs that machines watch: lines of JSON, metrics, traces, a health endpoint."""

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from tests.program import KEY, Folder
from tests.standin import Answer, StandIn, numbers, summary
from tests.telemetry.collector import attributes, collector


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 – a test's own
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError:
        return 0, ""


def eventually(look: Callable[[], bool], within_s: float = 20.0) -> None:
    give_up = time.monotonic() + within_s
    while not look():
        assert time.monotonic() < give_up
        time.sleep(0.02)


def lines(err: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in err.splitlines()]


def test_standard_error_is_lines_of_json_that_name_nobody(served: Folder, standin: StandIn) -> None:
    people = numbers(6)
    served.people(people)
    standin.acts[people[2]] = [Answer(status=429, headers=(("Retry-After", "0"),))]
    standin.acts[people[3]] = [Answer(status=500, body={"error": f"Call Person 4: {people[3]}"})]
    result = served.run(env={"POKU_BATCH_LOG": "json"})

    assert result.code == 3, result
    told = lines(result.err)
    names = [line["event"] for line in told]
    assert names.count("call.started") == 6
    assert names.count("call.ended") == 5
    assert {"run.started", "call.held", "call.unknown", "run.ended"} <= set(names)
    calls = [line for line in told if line["event"].startswith("call.")]
    assert {(line["campaign"], line["run"], line["attempt"]) for line in calls} == {("demo", 1, 1)}
    assert {line["row"] for line in calls} == {2, 3, 4, 5, 6, 7}
    for secret in (KEY, "Call Person", *(phone[-7:] for phone in people), *map(summary, people)):
        assert secret not in result.err


def test_errors_and_notes_are_lines_of_json_too(folder: Folder) -> None:
    folder.people(numbers(1))
    result = folder.run(env={"POKU_BATCH_LOG": "json"})
    assert result.code == 2
    (line,) = lines(result.err)
    assert line["level"] == "error"
    assert line["message"].startswith("POKU_API_KEY is not set")


def test_a_run_is_measured_traced_and_asked_for_its_health(
    served: Folder, standin: StandIn
) -> None:
    served.people(numbers(5))
    standin.held = True
    metrics, health = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
    with collector() as otlp:
        served.env |= {
            "POKU_BATCH_METRICS": metrics.removeprefix("http://"),
            "POKU_BATCH_HEALTH": health.removeprefix("http://"),
            "OTEL_EXPORTER_OTLP_ENDPOINT": otlp.url,
        }
        process = served.start()
        standin.wait_for(5)
        eventually(
            lambda: (
                'poku_batch_calls_in_flight{campaign="demo"} 5.0' in get(f"{metrics}/metrics")[1]
            )
        )
        assert get(f"{health}/healthz")[0] == 200
        status, body = get(f"{health}/readyz")
        assert (status, json.loads(body)["ready"]) == (200, True)
        process.signal()
        process.wait_for("waited for")
        eventually(lambda: get(f"{health}/readyz")[0] == 503)
        text = get(f"{metrics}/metrics")[1]
        standin.held = False
        assert process.ended().checked().code in (0, 4)
    assert 'poku_batch_ledger_write_duration_seconds_count{campaign="demo"}' in text
    calls = [span for span in otlp.spans if span.name == "call"]
    assert sorted(attributes(span)["poku.row"] for span in calls) == [2, 3, 4, 5, 6]  # type: ignore[type-var]
    assert {attributes(span)["poku.end"] for span in calls} == {"call.ended"}


def test_what_cannot_be_had_is_told_and_everybody_is_called(
    served: Folder, standin: StandIn
) -> None:
    served.people(numbers(3))
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        result = served.run(
            env={
                "POKU_BATCH_METRICS": address,
                "POKU_BATCH_HEALTH": address,
                "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:1",
                "OTEL_EXPORTER_OTLP_TIMEOUT": "1",
            }
        )
    assert (result.code, len(standin.calls)) == (0, 3)
    for what in (f"no metrics at {address}", f"no health endpoint at {address}", "traces: "):
        assert result.err.count(f"note: {what}") == 1, result.err


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("POKU_BATCH_LOG", "xml", "POKU_BATCH_LOG: 'xml' is no form of a log"),
        ("POKU_BATCH_METRICS", "here", "POKU_BATCH_METRICS: 'here' is no address"),
        ("POKU_BATCH_HEALTH", "127.0.0.1:99999", "POKU_BATCH_HEALTH: '127.0.0.1:99999' is no"),
    ],
)
def test_a_variable_that_cannot_be_read_is_named(
    served: Folder, standin: StandIn, variable: str, value: str, words: str
) -> None:
    served.people(numbers(1))
    result = served.run(env={variable: value})
    assert (result.code, standin.calls) == (2, [])
    assert words in result.err


@pytest.mark.parametrize(
    ("variable", "value", "gone", "extra"),
    [
        ("POKU_BATCH_METRICS", "127.0.0.1:0", "prometheus_client", "metrics"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1", "opentelemetry", "traces"),
    ],
)
def test_an_extra_that_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, gone: str, extra: str
) -> None:
    program = f"""
import importlib.abc, os, sys
class Gone(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == {gone!r}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Gone())
os.environ[{variable!r}] = {value!r}
from poku_batch.app.environment import wanted_monitoring
from poku_batch.errors import UsageError
try:
    wanted_monitoring()
except UsageError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert f"pip install 'poku-batch[{extra}]'" in done.stdout, done
