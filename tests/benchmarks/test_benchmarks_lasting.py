"""Runs whose ends are asked for, and long ones, can be measured; and lose nobody."""

import importlib.util
import subprocess
import sys

import pytest

from tests.benchmarks.short_runs import quick

MISSING = [
    name for name in ("altair", "psutil", "vl_convert") if importlib.util.find_spec(name) is None
]

pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"not in uv's group bench: {', '.join(MISSING)}"),
    pytest.mark.skipif(sys.platform == "win32", reason="processes are measured by wait4"),
]


def assert_holds(done: "subprocess.CompletedProcess[str]", *targets: str) -> None:
    """What does not depend on how busy the machine is holds in a short run too."""
    for target in targets:
        [line] = [line for line in done.stdout.splitlines() if target in line]
        assert line.endswith(": holds"), line


def test_ends_that_are_asked_for_are_all_seen() -> None:
    done = quick("polling")
    assert "makespan ÷ ideal, 20 slots" in done.stdout
    assert_holds(done, "calls without a result", "numbers called twice")


def test_a_run_leaves_nothing_in_its_process() -> None:
    done = quick("soak")
    assert "400 calls at 40 slots" in done.stdout
    assert_holds(
        done,
        "descriptors left",
        "connections left (",
        "tasks left",
        "connections left open at the server",
        "numbers called twice",
        "calls without a result",
    )


def test_lateness_is_simulated_in_a_moment() -> None:
    done = quick("lateness")
    assert "How late an end is seen" in done.stdout
