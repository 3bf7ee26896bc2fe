"""Shares, faults and configuration as a person writes them."""

import subprocess
import sys
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

import poku_batch.simulator
from poku_batch.errors import UsageError
from poku_batch.simulator import (
    FAULT_RULES,
    FaultKind,
    Faults,
    Rings,
    Scenario,
    Scenarios,
    SimulatorConfig,
)


def test_faults_are_read_from_text() -> None:
    faults = Faults.parse("429=0.1, 503-retry=0.05,drop=1e-2,status-500=0.5")
    assert faults.of_placements == (
        (FaultKind.TOO_MANY, 0.1),
        (FaultKind.UNAVAILABLE_RETRY, 0.05),
        (FaultKind.DROP, 0.01),
    )
    assert faults.of_status == ((FaultKind.STATUS_INTERNAL, 0.5),)


def test_blank_text_is_no_fault() -> None:
    assert Faults.parse(" , ") == Faults()
    assert Faults().draw(0, "+14155550100", 1) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("garbge=0.1", "did you mean 'garbage'?"),
        ("dropp-before=0.1", "did you mean 'drop-before'?"),
        ("xyzzy=0.1", "known are 429"),
        ("429", "write 429=0.1"),
        ("429=", "from 0 to 1"),
        ("429=often", "from 0 to 1"),
        ("429=1.1", "from 0 to 1"),
        ("429=-0.1", "from 0 to 1"),
        ("429=nan", "from 0 to 1"),
        ("429=inf", "from 0 to 1"),
        ("429=0.1,429=0.2", "given twice"),
        ("429=0.6,500=0.6", "add up to 1.2"),
        ("status-429=0.6,status-500=0.6", "add up to 1.2"),
        ("=0.1", "unknown fault ''"),
    ],
)
def test_faults_that_make_no_sense_are_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        Faults.parse(text)
    assert said in str(caught.value)


def test_faults_of_placements_and_of_status_requests_are_weighed_apart() -> None:
    assert Faults.parse("429=1,status-500=1").of_status == ((FaultKind.STATUS_INTERNAL, 1.0),)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_usage_error(text: str) -> None:
    for parse in (Faults.parse, Scenarios.parse):
        with suppress(UsageError):
            assert parse(text) is not None


@given(
    st.dictionaries(st.sampled_from(FaultKind), st.floats(min_value=0, max_value=0.04), max_size=20)
)
def test_faults_written_out_are_read_back(shares: dict[FaultKind, float]) -> None:
    faults = Faults(tuple(shares.items()))
    assert Faults.parse(str(faults)) == faults


def test_every_fault_is_described() -> None:
    assert set(FAULT_RULES) == set(FaultKind)
    assert all(rule.seen for rule in FAULT_RULES.values())


def test_a_fault_rings_as_its_rule_says() -> None:
    for kind, rule in FAULT_RULES.items():
        if kind.on_status:
            continue
        faults = Faults(((kind, 1.0),))
        drawn = [faults.draw(3, f"+1415555{n:04}", 1) for n in range(60)]
        assert all(fault is not None and fault.kind is kind for fault in drawn)
        rang = {fault.rang for fault in drawn if fault is not None}
        assert (
            rang
            == {
                Rings.NEVER: {False},
                Rings.SOMETIMES: {False, True},
                Rings.ALWAYS: {True},
            }[rule.rings]
        ), kind


def test_faults_come_about_as_often_as_asked() -> None:
    faults = Faults.parse("429=0.25")
    drawn = [faults.draw(0, f"+1415{n:07}", 1) for n in range(4_000)]
    assert 900 < sum(fault is not None for fault in drawn) < 1_100


@pytest.mark.parametrize(
    "wrong",
    [
        {"speed": 0},
        {"speed": -1},
        {"speed": float("inf")},
        {"speed": float("nan")},
        {"call_seconds": (9, 3)},
        {"call_seconds": (-1, 3)},
        {"remember": 0},
        {"api_key": " "},
    ],
)
def test_configuration_that_makes_no_sense_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        SimulatorConfig(**wrong)  # type: ignore[arg-type]  # on purpose: one wrong value each


def test_the_key_is_not_shown() -> None:
    assert "s3cret" not in repr(SimulatorConfig(api_key="s3cret"))


def test_outcomes_need_at_least_one() -> None:
    with pytest.raises(UsageError, match="voicemail"):
        Scenarios.parse("")


def test_only_asked_for_outcomes_are_played() -> None:
    scenarios = Scenarios.parse("voicemail=0.5,unroutable=0.5")
    numbers = [f"+1415555{n:04}" for n in range(400)]
    played = {scenarios.plan(0, to, 1, (1, 2)).scenario for to in numbers}
    assert played == {Scenario.VOICEMAIL}
    assert 150 < sum(scenarios.routable(0, to) for to in numbers) < 250


def test_the_usual_mix_plays_every_outcome_that_needs_no_asking() -> None:
    played = {Scenarios().plan(0, f"+1415555{n:04}", 1, (1, 2)).scenario for n in range(2_000)}
    assert played == set(Scenario) - {Scenario.TIMED_OUT, Scenario.UNROUTABLE}


def test_the_seed_decides_and_another_attempt_differs() -> None:
    def plans(seed: int, attempt: int) -> list[object]:
        usual = Scenarios()
        return [usual.plan(seed, f"+1415555{n:04}", attempt, (20, 90)) for n in range(50)]

    assert plans(1, 1) == plans(1, 1)
    assert plans(1, 1) != plans(2, 1)
    assert plans(1, 1) != plans(1, 2)


def test_plans_are_the_same_in_every_process() -> None:
    plan = Scenarios().plan(7, "+14155550100", 1, (20.0, 90.0))
    script = (
        "from poku_batch.simulator import Scenarios;"
        "print(Scenarios().plan(7, '+14155550100', 1, (20.0, 90.0)))"
    )
    told = subprocess.run(  # this interpreter and a fixed script
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == str(plan)


def test_every_public_name_is_there() -> None:
    for name in poku_batch.simulator.__all__:
        assert getattr(poku_batch.simulator, name) is not None
    with pytest.raises(AttributeError):
        _ = poku_batch.simulator.nothing_of_that_name


def test_configuration_imports_no_web_framework() -> None:
    script = (
        "import sys, poku_batch.simulator as s; s.SimulatorConfig();"
        "print([m for m in ('fastapi', 'uvicorn', 'pydantic', 'anyio') if m in sys.modules])"
    )
    told = subprocess.run(  # this interpreter and a fixed script
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert told.stdout.strip() == "[]"
