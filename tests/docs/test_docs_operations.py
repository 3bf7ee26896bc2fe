"""What docs/operations.md and the runbook tell of logs, metrics and health is what there is."""

import json
import re

from poku_batch.telemetry import Readiness, WorkerStanding
from poku_batch.telemetry.metrics import Metrics
from poku_batch.telemetry.records import TOLD, Part
from poku_batch.telemetry.workers import WorkerMetrics
from scripts.stage import ROOT

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
STANDING = WorkerStanding(
    name="host-1:4242:9f3a1c",
    calls=17,
    slots=20,
    jobs=19,
    campaigns=("appointment-confirmations",),
    draining=False,
    silent_s=3.2,
    lasts_s=30,
)


def part(heading: str) -> str:
    """The text below a heading, up to the next."""
    return re.split(r"^#+ ", PAGE.split(f"# {heading}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]


def test_every_event_is_listed_with_its_level_and_fields() -> None:
    rows = re.findall(r"^\| `([a-z_.]+)` \| (\w+) \| (.*?) \| .+ \|$", part("Events"), re.MULTILINE)
    listed = {name: (level, tuple(re.findall(r"`(\w+)`", fields))) for name, level, fields in rows}
    assert listed == {told.name: (told.level, told.fields) for told in TOLD.values()}


EVENTS = {told.name for told in TOLD.values()}


def metrics() -> set[str]:
    """What may be served, by the names that queries use."""
    made = Metrics()
    made.listener("demo")
    made.registry.register(WorkerMetrics(lambda: STANDING, version="1"))
    return names_of(made)


def names_of(made: Metrics) -> set[str]:
    names = set()
    for family in made.registry.collect():
        if family.name.startswith("poku_batch_"):
            suffix = "_total" if family.type == "counter" else ""
            names.add(f"{family.name.removeprefix('poku_batch_')}{suffix}")
    return names


def test_every_metric_is_listed() -> None:
    cells = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| ", part("Metrics"), re.MULTILINE)
    assert {name for cell in cells for name in re.findall(r"`(\w+)`", cell)} == metrics()


def test_alerts_ask_for_metrics_that_there_are() -> None:
    asked = set(re.findall(r"poku_batch_(\w+)", part("What to be woken for")))
    assert len(asked) > 6
    assert {name.removesuffix("_bucket") for name in asked} <= metrics()


def test_who_has_a_metric_where_workers_call_is_as_it_is_told() -> None:
    rows = re.findall(
        r"^\| ((?:`\w+`(?:, )?)+) \| [^|]+ \| (workers|watcher|both) \|", PAGE, re.MULTILINE
    )
    assert len(rows) > 12
    for part, word in ((Part.CALLS, "watcher"), (Part.RUN, "workers")):
        made = Metrics()
        made.listener("demo", part=part)
        with_values = {
            re.sub(r"_(bucket|sum|count|created|total)$", "", sample.name)
            for family in made.registry.collect()
            for sample in family.samples
        }
        elsewhere = {
            f"poku_batch_{name.removesuffix('_total')}"
            for cells, by in rows
            if by == word
            for name in re.findall(r"`(\w+)`", cells)
        }
        assert elsewhere.isdisjoint(with_values)


def test_the_runbook_speaks_of_events_and_metrics_that_there_are() -> None:
    told = set(re.findall(r"`([a-z_]+(?:\.[a-z_]+)?)`", RUNBOOK))
    groups = {name.split(".")[0] for name in EVENTS}
    events = {name for name in told if "." in name and name.split(".")[0] in groups}
    assert {"circuit.opened", "ledger.works", "workers.lost"} <= events <= EVENTS
    measured = {name for name in told if re.search(r"^worker_|_(total|seconds)$", name)}
    assert {"calls_unknown_total", "worker_ready"} <= measured <= metrics()


def test_examples_of_health_have_the_fields_that_there_are() -> None:
    run, worker = (json.loads(text) for text in re.findall(r"```json\n(.*)\n```", part("Health")))
    assert run.keys() == Readiness().facts(ledger=False).keys()
    assert worker == STANDING.facts()
