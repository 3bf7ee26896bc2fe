"""The campaign's own regular expressions: what they match, what is refused, how long one takes."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poku_batch.campaign.patterns import expression_of, pattern_fault
from poku_batch.models import Ended, Outcome
from poku_batch.policy.outcomes import OutcomeRules, Reading


def _read(phrase: str, summary: str) -> Reading:
    return OutcomeRules({"mine": [phrase]}).read(Ended(summary=summary))


@pytest.mark.parametrize(
    ("phrase", "summary", "evidence"),
    [
        ("/moved to (mon|tues)day/", "It was MOVED to\n Tuesday.", "MOVED to Tuesday"),
        ("/confirm/", "unconfirmed", "confirm"),
        (" /confirm/ ", "Confirmed", "Confirm"),
        ("/^ok/", "ok then", "ok"),
        ("/^ok/", "not ok", None),
        ("/didn’t/", "She didn't", "didn't"),
        ("/didn't/", "She didn’t", "didn't"),
        ("/re–scheduled|re[–]booked/", "re‑booked", "re-booked"),
        (r"/re\-scheduled/", "re—scheduled", "re-scheduled"),
        (r"/\p{Lu}{3}/", "see ABC", "see"),
        (r"/\d{1,2} ?(am|pm)\b/", "at 10 AM", "10 AM"),
        ("/(?=.*yes)(?=.*friday)/", "Friday? Yes.", "Friday? Yes."),
        ("/a", "x /a y", "/a"),
        ("and/or", "and/or", "and/or"),
        ("/", "a / b", "/"),
    ],
)
def test_an_expression_is_searched_anywhere_in_any_case(
    phrase: str, summary: str, evidence: str | None
) -> None:
    reading = _read(phrase, summary)
    assert (reading.evidence if reading.outcome == "mine" else None) == evidence


def test_a_place_that_matches_without_a_text_shows_the_summarys_beginning() -> None:
    assert len(_read("/(?=.*yes)/", "yes " * 1000).evidence or "") == 200


def test_the_first_of_the_campaigns_outcomes_wins_phrase_or_expression() -> None:
    rules = OutcomeRules({"one": ["/fri/"], "two": ["friday"], "three": ["good", "/day/"]})
    assert rules.read(Ended(summary="friday")).outcome == "one"
    assert rules.read(Ended(summary="a good day")).evidence == "good"
    assert rules.read(Ended(summary="monday")).outcome == "three"


@pytest.mark.parametrize(
    ("phrase", "reason"),
    [
        ("/(/", "missing ), at character 3"),
        ("/a)/", "unbalanced parenthesis"),
        ("/[a/", "unterminated character set"),
        ("/*/", "nothing to repeat"),
        (r"/\p{Nonsense}/", "unknown property"),
        ("//", "the empty text"),
        ("/a*/", "the empty text"),
        ("/(yes)?/", "the empty text"),
        ("/a{1000000000}/", "10,000 times"),
        ("/(((a{1000}){1000}){1000})/", "10,000 times"),
        (f"/a{{{'9' * 900}}}/", "10,000 times"),
        (f"/{'a' * 1001}/", "1,000 characters"),
    ],
)
def test_an_expression_that_cannot_be_used_is_found_before_any_call(
    phrase: str, reason: str
) -> None:
    fault = pattern_fault(phrase)
    assert fault is not None
    assert reason in fault
    with pytest.raises(ValueError, match=r"outcomes\.mine: /") as raised:
        OutcomeRules({"mine": [phrase]})
    assert str(raised.value).endswith(fault)


def test_an_expression_of_many_groups_is_used_or_refused() -> None:
    phrase = "/" + "(" * 400 + "x" + ")" * 400 + "/"
    assert pattern_fault(phrase) is not None or _read(phrase, "x").outcome == "mine"


@pytest.mark.parametrize("phrase", ["confirmed", "(", "/", "a/", "/a", "*", "/ok/ or not"])
def test_a_literal_phrase_has_no_fault(phrase: str) -> None:
    assert pattern_fault(phrase) is None
    assert expression_of(phrase) is None


@given(st.text(alphabet="ab|()[]{}*+?.^$\\1,-/’– ", max_size=12))
def test_any_text_between_slashes_is_used_or_refused(inside: str) -> None:
    phrase = f"/{inside}/"
    if pattern_fault(phrase) is None:
        _read(phrase, "abba 1, baab")
    else:
        with pytest.raises(ValueError, match="cannot be used"):
            OutcomeRules({"mine": [phrase]})


@pytest.mark.parametrize(
    ("phrase", "summary"),
    [
        ("/(a+)+$/", "a" * 5_000 + "b"),
        ("/(a|aa)+$/", "a" * 50_000 + "b"),
        ("/(x+x+)+y/", "x" * 100_000),
        ("/a(?R)?b/", "a" * 100_000),
        (r"/(\w+ ?)+!/", "word " * 20_000),
    ],
)
def test_an_expression_that_takes_too_long_is_passed_over(phrase: str, summary: str) -> None:
    started = time.process_time()
    reading = OutcomeRules({"mine": [phrase], "next": ["wrong number"]}).read(
        Ended(summary=f"{summary} Wrong number.")
    )
    assert reading.outcome == "next"
    assert time.process_time() - started < 1.0


def test_after_a_slow_expression_the_built_in_rules_go_on() -> None:
    summary = "a" * 5_000 + "b. Asked not to be called again."
    reading = _read("/(a+)+$/", summary)
    assert reading.outcome == Outcome.DO_NOT_CALL
    assert reading.opted_out
