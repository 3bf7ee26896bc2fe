"""The short form: some twenty kills, with seeds that stay. CONTRIBUTING.md has the long one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.harness import Plan, campaign
from tests.crash.processes import Warm
from tests.crash.scenario import Completion, Generation, Scenario


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    with Warm() as process:
        yield process


@pytest.mark.parametrize(
    ("generation", "completion"),
    [("first", "auto"), ("first", "wait"), ("second", "auto"), ("second", "poll")],
)
def test_killed_at_any_instant_nobody_is_called_twice_and_nothing_is_lost(
    generation: Generation, completion: Completion, tmp_path: Path, warm: Warm
) -> None:
    scenario = Scenario(generation=generation, completion=completion, seed=3, contacts=80)
    # The installed command itself takes a second to come up.
    cold = 2 if completion == "auto" else 0
    figures = campaign(scenario, Plan(kills=3, progress=20, cold=cold), tmp_path, warm)
    assert not figures.faults, "\n".join(figures.faults)
    assert figures.kills
    assert figures.rings > 20


@pytest.mark.parametrize(("generation", "completion"), [("first", "poll"), ("second", "wait")])
def test_killed_at_any_instant_everybody_is_redialled_read_and_told_of_by_the_rules(
    generation: Generation, completion: Completion, tmp_path: Path, warm: Warm
) -> None:
    scenario = Scenario(
        generation=generation, completion=completion, seed=4, contacts=60, redials=True
    )
    figures = campaign(scenario, Plan(kills=4, progress=20, cold=0), tmp_path, warm)
    assert not figures.faults, "\n".join(figures.faults)
    assert figures.kills
    assert figures.redials
    assert figures.told
