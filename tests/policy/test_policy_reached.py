"""Who was talked to."""

import pytest

from poku_batch.models import Outcome
from poku_batch.policy.reached import is_reached


@pytest.mark.parametrize(
    "outcome", ["completed", "declined", "wrong_number", "do_not_call", "confirmed"]
)
def test_whoever_was_talked_to_was_reached_whatever_they_said(outcome: str) -> None:
    assert is_reached(outcome)


@pytest.mark.parametrize(
    "outcome", ["no_answer", "voicemail", "busy", "invalid_number", "timed_out", "unknown"]
)
def test_nobody_is_reached_where_nobody_was_talked_to(outcome: str) -> None:
    assert not is_reached(outcome)


def test_every_built_in_outcome_is_decided() -> None:
    reached = {outcome for outcome in Outcome if is_reached(outcome)}
    assert reached == {"completed", "declined", "wrong_number", "do_not_call"}
