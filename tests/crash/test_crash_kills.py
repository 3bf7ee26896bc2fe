"""The short form: some thirty kills, with seeds that stay. CONTRIBUTING.md has the long one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.harness import Plan, campaign
from tests.crash.processes import Warm
from tests.crash.scenario import COMPLETIONS, GENERATIONS, Completion, Generation, Scenario


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    with Warm() as process:
        yield process


@pytest.mark.parametrize("completion", COMPLETIONS)
@pytest.mark.parametrize("generation", GENERATIONS)
def test_killed_at_any_instant_nobody_is_called_twice_and_nothing_is_lost(
    generation: Generation, completion: Completion, tmp_path: Path, warm: Warm
) -> None:
    scenario = Scenario(generation=generation, completion=completion, seed=3, contacts=160)
    figures = campaign(scenario, Plan(kills=5, progress=30, cold=3), tmp_path, warm)
    assert not figures.faults, "\n".join(figures.faults)
    assert figures.kills
    assert figures.rings > 40
