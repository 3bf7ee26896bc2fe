"""What docs/operations.md tells of logs and metrics is what there is."""

import re

from poku_batch.telemetry.metrics import Metrics
from poku_batch.telemetry.records import TOLD
from scripts.stage import ROOT

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def part(heading: str) -> str:
    """The text below a heading, up to the next."""
    return re.split(r"^#+ ", PAGE.split(f"# {heading}\n")[1], maxsplit=1, flags=re.MULTILINE)[0]


def test_every_event_is_listed_with_its_level_and_fields() -> None:
    rows = re.findall(r"^\| `([a-z_.]+)` \| (\w+) \| (.*?) \| .+ \|$", part("Events"), re.MULTILINE)
    listed = {name: (level, tuple(re.findall(r"`(\w+)`", fields))) for name, level, fields in rows}
    assert listed == {told.name: (told.level, told.fields) for told in TOLD.values()}


def metrics() -> set[str]:
    """What is served, by the names that queries use."""
    made = Metrics()
    made.listener("demo")
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
