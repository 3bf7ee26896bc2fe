"""Each comparison can be run, and each of its clients makes every call once."""

import importlib.util
import sys

import pytest

from benchmarks.report import Cell
from tests.benchmarks.short_runs import quick

MISSING = [
    name
    for name in ("aiohttp", "altair", "psutil", "requests", "trustme", "vl_convert")
    if importlib.util.find_spec(name) is None
]

pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"not in uv's group bench: {', '.join(MISSING)}"),
    pytest.mark.skipif(sys.platform == "win32", reason="processes are measured by wait4"),
]

CLIENTS = ("floor", "bare_aiohttp", "plain_httpx", "threads", "cookbook", "transport")


@pytest.mark.parametrize(
    ("command", "title"),
    [
        ("makespan", "How much longer a campaign takes than its calls"),
        ("cpu", "Processor time of one call"),
        ("memory", "Private memory of a client by open calls"),
        ("durable", "Intents to call that are on the disk"),
    ],
)
def test_a_short_run_prints_its_table(command: str, title: str) -> None:
    done = quick(command)
    assert title in done.stdout
    assert "target" in done.stdout


@pytest.mark.parametrize("name", CLIENTS)
def test_a_client_makes_every_call_once_in_its_slots(name: str) -> None:
    from benchmarks.running import Client, measure

    outcome = measure(Client(name=name), slots=5, durations_s=[0.05] * 20, calls=15)
    assert outcome.calls == 15
    assert outcome.most_open == 5
    assert (outcome.called_twice, outcome.lost, outcome.without_result) == (0, 0, 0)
    assert outcome.ratio > 0.9
    assert outcome.peak_mib > 0 or sys.platform != "linux"


def test_a_client_that_takes_too_long_is_stopped_and_said_to_be() -> None:
    from benchmarks.running import Client, measure

    outcome = measure(Client(name="floor"), slots=1, durations_s=[5.0], cut_off_at=0.3)
    assert outcome.cut_off
    assert outcome.without_result == 1
    assert outcome.span_s < 4


def test_a_client_that_fails_says_why() -> None:
    from benchmarks.running import Client, measure

    with pytest.raises(RuntimeError, match=r"No module named benchmarks\.clients\.nobody"):
        measure(Client(name="nobody"), slots=1, durations_s=[0.1])


@pytest.mark.parametrize("name", ["bare_aiohttp", "threads", "transport"])
def test_clients_whose_memory_is_compared_speak_tls(name: str) -> None:
    from benchmarks.memory import memory_kib

    assert memory_kib(name, 3, 3, tls=True) > 1_000


def test_pictures_can_be_drawn_of_bars_and_of_lines() -> None:
    from benchmarks import charts

    rows: list[dict[str, Cell]] = [
        {"where": "here", "who": who, "ratio": ratio, "target": 1.5, "slots": slots}
        for who, ratio, slots in (("a", 1.1, 100), ("b", 2.0, 100), ("a", 1.2, 1_000))
    ]
    bars = charts.bars(
        rows, title="Bars", value="ratio", name="who", facet="where", bound="target", log=True
    )
    lines = charts.lines(rows, title="Lines", over="slots", value="ratio", name="who", bound=1.5)
    assert {"Bars", "Lines"} == {bars.to_dict()["title"], lines.to_dict()["title"]}
