"""Who is called again for what came of the call, when, and how often."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poku_batch.campaign import Redial
from poku_batch.models import ContactState, Outcome, Sequel
from poku_batch.policy.outcomes import Reading
from poku_batch.policy.redials import RedialRule, RedialRules, redial_rules, sequel_of

_AT = datetime(2026, 11, 3, 17, 0, tzinfo=UTC)
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)
_RULE = RedialRule(attempts=4, after=(30 * _MINUTE, 4 * _HOUR))
_ALL = RedialRules(by_outcome=dict.fromkeys([*Outcome, "maybe"], _RULE))

_RULE_STRATEGY = st.builds(
    RedialRule,
    attempts=st.integers(1, 50),
    after=st.lists(
        st.timedeltas(timedelta(seconds=1), timedelta(days=90)), min_size=1, max_size=5
    ).map(tuple),
    jitter=st.floats(0, 1),
)
_CHANCE = st.floats(0, 1, exclude_max=True)


def _sequel(
    outcome: str, attempt: int = 1, rules: RedialRules = _ALL, chance: float = 0.0
) -> Sequel:
    reading = Reading(outcome=outcome, evidence="said so")
    return sequel_of(reading, attempt=attempt, at=_AT, rules=rules, chance=chance)


@pytest.mark.parametrize(
    ("outcome", "attempt", "wait"),
    [
        (Outcome.NO_ANSWER, 1, 30 * _MINUTE),
        (Outcome.NO_ANSWER, 2, 4 * _HOUR),
        (Outcome.BUSY, 3, 4 * _HOUR),
        ("maybe", 1, 30 * _MINUTE),
        (Outcome.COMPLETED, 1, 30 * _MINUTE),
    ],
)
def test_an_outcome_with_a_rule_is_redialled_after_its_wait(
    outcome: str, attempt: int, wait: timedelta
) -> None:
    assert _sequel(outcome, attempt) == Sequel(state=ContactState.PENDING, due_at=_AT + wait)


@pytest.mark.parametrize(
    ("attempt", "attempts", "why"),
    [
        (1, 1, "no_answer after 1 attempt"),
        (3, 3, "no_answer after 3 attempts"),
        (7, 3, "no_answer after 7 attempts"),
    ],
)
def test_attempts_that_are_used_up_make_the_contact_failed(
    attempt: int, attempts: int, why: str
) -> None:
    rules = RedialRules(by_outcome={"no_answer": RedialRule(attempts=attempts, after=(_HOUR,))})
    assert _sequel(Outcome.NO_ANSWER, attempt, rules) == Sequel(
        state=ContactState.FAILED, why=why, kind="attempts used up"
    )


@pytest.mark.parametrize("outcome", [Outcome.DO_NOT_CALL, Outcome.WRONG_NUMBER])
@pytest.mark.parametrize("rules", [_ALL, RedialRules()])
def test_nobody_is_redialled_for_good_outcomes_whatever_the_rules_say(
    outcome: Outcome, rules: RedialRules
) -> None:
    assert _sequel(outcome, rules=rules) == Sequel(state=ContactState.DONE)


@pytest.mark.parametrize("outcome", [*Outcome, "maybe"])
def test_nobody_is_redialled_who_opted_out_whatever_the_outcome_is_called(outcome: str) -> None:
    reading = Reading(outcome=outcome, evidence="x", opted_out="stop calling")
    sequel = sequel_of(reading, attempt=1, at=_AT, rules=_ALL, chance=0)
    assert sequel == Sequel(state=ContactState.DONE)


@pytest.mark.parametrize(("evidence", "why"), [("not in service",) * 2, (None, "invalid_number")])
def test_an_invalid_number_is_failed_and_not_redialled(evidence: str | None, why: str) -> None:
    reading = Reading(outcome=Outcome.INVALID_NUMBER, evidence=evidence)
    sequel = sequel_of(reading, attempt=1, at=_AT, rules=_ALL, chance=0)
    assert sequel == Sequel(state=ContactState.FAILED, why=why, kind="invalid_number")


@pytest.mark.parametrize("outcome", [Outcome.NO_ANSWER, Outcome.COMPLETED, "confirmed"])
def test_without_a_rule_an_outcome_is_an_end(outcome: str) -> None:
    assert _sequel(outcome, rules=RedialRules()) == Sequel(state=ContactState.DONE)


@given(_RULE_STRATEGY, st.integers(1, 60), _CHANCE)
def test_a_redial_never_comes_before_its_wait_nor_after_its_jitter(
    rule: RedialRule, attempt: int, chance: float
) -> None:
    sequel = _sequel("busy", attempt, RedialRules(by_outcome={"busy": rule}), chance)
    if attempt >= rule.attempts:
        assert (sequel.state, sequel.due_at) == (ContactState.FAILED, None)
        return
    wait = rule.after[min(attempt, len(rule.after)) - 1]
    assert sequel.due_at is not None
    longest = wait * (1 + rule.jitter) + timedelta(microseconds=1)
    assert wait <= sequel.due_at - _AT <= longest


@given(_RULE_STRATEGY, _CHANCE)
def test_nobody_is_called_more_often_than_the_rule_says(rule: RedialRule, chance: float) -> None:
    rules = RedialRules(by_outcome={"no_answer": rule})
    calls, at = 1, _AT
    while True:
        reading = Reading(outcome="no_answer", evidence="rang out")
        sequel = sequel_of(reading, attempt=calls, at=at, rules=rules, chance=chance)
        if sequel.due_at is None:
            break
        assert sequel.due_at > at
        calls, at = calls + 1, sequel.due_at
    assert calls == rule.attempts
    assert sequel.state is ContactState.FAILED


def test_rules_are_made_of_what_the_campaign_says_for_one_outcome_and_for_all() -> None:
    section = Redial.model_validate(
        {
            "outcomes": ["no_answer", "busy"],
            "attempts": 5,
            "after": ["1h"],
            "jitter": "0.2",
            "by_outcome": {"busy": {"after": ["5m"]}, "voicemail": {"attempts": 2}},
        }
    )
    assert redial_rules(section).by_outcome == {
        "no_answer": RedialRule(attempts=5, after=(_HOUR,), jitter=0.2),
        "busy": RedialRule(attempts=5, after=(5 * _MINUTE,), jitter=0.2),
        "voicemail": RedialRule(attempts=2, after=(_HOUR,), jitter=0.2),
    }
    assert redial_rules(Redial()).by_outcome == {}
