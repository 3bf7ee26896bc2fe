"""Reading outcomes: the campaign's own words, the order of the rules, evidence, and time."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poku_batch.models import Ended, Outcome
from poku_batch.policy.answers import DOCUMENTED_ERRORS
from poku_batch.policy.outcomes import OutcomeRules, Reading

_RULES = OutcomeRules({})
_OWN = OutcomeRules(
    {"confirmed": ["confirmed", "will be there"], "moved": ["re-scheduled", "moved to"]}
)


def _read(rules: OutcomeRules, summary: str) -> Reading:
    return rules.read(Ended(summary=summary))


# --- the API's own words -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "outcome", "failed"),
    [
        ("human did not respond", Outcome.NO_ANSWER, False),
        ("invalid to number", Outcome.INVALID_NUMBER, True),
        ("timeout", Outcome.TIMED_OUT, False),
    ],
)
def test_a_documented_error_decides_the_outcome(error: str, outcome: Outcome, failed: bool) -> None:
    reading = OutcomeRules({"mine": [error]}).read(Ended(summary=None, error=error))
    assert reading == Reading(outcome=outcome, evidence=error)
    assert reading.failed is failed


def test_every_documented_error_has_an_outcome() -> None:
    for error in DOCUMENTED_ERRORS:
        assert _RULES.read(Ended(summary=None, error=error)).outcome != Outcome.COMPLETED
        assert _read(_RULES, f"{error}.").outcome != Outcome.COMPLETED


@pytest.mark.parametrize("summary", [None, "", " \n\t "])
def test_an_end_with_nothing_to_report_is_no_answer(summary: str | None) -> None:
    assert _OWN.read(Ended(summary=summary)).outcome == Outcome.NO_ANSWER


# --- the campaign's own words ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("summary", "outcome", "evidence"),
    [
        ("Jane confirmed.", "confirmed", "confirmed"),
        ("CONFIRMED", "confirmed", "CONFIRMED"),
        ("Jane will\n  be\tthere", "confirmed", "will be there"),
        ("It was moved  to Monday and confirmed", "confirmed", "confirmed"),
        ("It was moved to Monday", "moved", "moved to"),
        ("re‑scheduled", "moved", "re-scheduled"),
        ("She confirmed that this is the wrong number", "confirmed", "confirmed"),
        ("unconfirmed", Outcome.COMPLETED, None),
        ("reconfirmed_x", Outcome.COMPLETED, None),
        ("Confirmedly odd", Outcome.COMPLETED, None),
        ("Wrong number", Outcome.WRONG_NUMBER, "Wrong number"),
    ],
)
def test_the_campaigns_own_words_win_in_their_order(
    summary: str, outcome: str, evidence: str | None
) -> None:
    assert _read(_OWN, summary) == Reading(outcome=outcome, evidence=evidence)


@pytest.mark.parametrize(
    ("phrase", "summary", "found"),
    [
        ("c++", "She knows C++ well", True),
        ("c++", "She knows ccc well", False),
        (".*", "Anything", False),
        ("(yes|no)", "(yes|no) was said", True),
        ("(yes|no)", "yes", False),
        ("50%", "wants 50% off", True),
        ("[", "a [ b", True),
        ("\\d", "7", False),
        ("didn't want", "She didn’t want it", True),
        ("didn’t want", "She didn't want it", True),
        ("  two   words ", "two\u00a0words", True),
        ("çok iyi", "ÇOK İYİ", True),
        ("確認", "予約を確認しました", True),
        ("확인", "예약을 확인했습니다", True),
        ("ยืนยัน", "ลูกค้ายืนยันนัด", True),
        ("подтвердил", "Он ПОДТВЕРДИЛ запись", True),
        ("подтвердил", "Она подтвердила запись", False),
    ],
)
def test_a_phrase_is_literal_and_stands_for_whole_words(
    phrase: str, summary: str, found: bool
) -> None:
    assert (_read(OutcomeRules({"mine": [phrase]}), summary).outcome == "mine") is found


def test_blank_phrases_match_nothing() -> None:
    rules = OutcomeRules({"blank": [" ", ""], "none": [], "mine": ["", "yes"]})
    assert _read(rules, "anything at all").outcome == Outcome.COMPLETED
    assert _read(rules, "yes").outcome == "mine"


@given(
    phrase=st.text(min_size=1).filter(str.strip),
    before=st.sampled_from(["", "Well, ", "… ", "\n"]),
    after=st.sampled_from(["", ".", " indeed", "\n"]),
)
def test_any_phrase_is_found_where_it_stands(phrase: str, before: str, after: str) -> None:
    rules = OutcomeRules({"mine": [phrase]})
    assert _read(rules, f"{before}{phrase}{after}").outcome == "mine"


_TOLD = OutcomeRules(
    {
        "confirmed": ["confirmed", "/(will|shall) (come|attend)/"],
        "no_contact": ["not at home", "no answer"],
        "left_message": ["message", "voicemail was full"],
    }
)


@pytest.mark.parametrize(
    ("summary", "outcome", "evidence"),
    [
        ("The call went to voicemail, so nothing was confirmed.", Outcome.VOICEMAIL, "voicemail"),
        ("Voicemail: said that she will come on Monday.", Outcome.VOICEMAIL, "Voicemail"),
        ("An answering machine confirmed the name.", Outcome.VOICEMAIL, "answering machine"),
        ("Not at home; the machine picked up.", Outcome.VOICEMAIL, "machine picked up"),
        ("Voicemail. Left a message that she is confirmed.", "left_message", "message"),
        ("Not confirmed: no answer, then voicemail.", "no_contact", "no answer"),
        ("The voicemail was full.", "left_message", "voicemail was full"),
        ("She confirmed, and asked us to leave a voicemail next time.", "confirmed", "confirmed"),
        ("Ann confirmed, and mentioned that her mailbox is full.", "confirmed", "confirmed"),
        ("First voicemail, but then Ann picked up and confirmed.", "confirmed", "confirmed"),
        ("She said that she got the voicemail. Confirmed.", "confirmed", "Confirmed"),
        ("It said her mailbox is full. Not confirmed.", Outcome.VOICEMAIL, "mailbox is full"),
        ("Voicemail, then nobody picked up: not confirmed.", Outcome.VOICEMAIL, "Voicemail"),
        ("Voicemail, then a computer came on: not confirmed.", Outcome.VOICEMAIL, "Voicemail"),
        ("Voicemail; then her voicemail box came on: confirmed?", Outcome.VOICEMAIL, "Voicemail"),
        ("An automated menu put us through to Ann, who confirmed.", "confirmed", "confirmed"),
    ],
)
def test_of_a_call_that_a_mailbox_took_only_words_about_that_count(
    summary: str, outcome: str, evidence: str
) -> None:
    assert _read(_TOLD, summary) == Reading(outcome=outcome, evidence=evidence)


@pytest.mark.parametrize("outcome", [Outcome.BUSY, Outcome.WRONG_NUMBER, Outcome.DO_NOT_CALL])
def test_the_campaigns_words_for_an_outcome_without_a_talk_count_in_a_voicemail_too(
    outcome: Outcome,
) -> None:
    rules = OutcomeRules({outcome: ["another household"]})
    assert _read(rules, "Voicemail of another household.").outcome == outcome


# --- strength, evidence, time ------------------------------------------------------------------


def test_the_stronger_outcome_wins_however_late_it_stands() -> None:
    story = "No answer at first. Then voicemail. Then a man said: wrong number."
    assert _read(_RULES, story).outcome == Outcome.WRONG_NUMBER
    assert _read(_RULES, story + " Stop calling.").outcome == Outcome.DO_NOT_CALL


def test_evidence_is_the_summarys_own_text() -> None:
    reading = _read(_RULES, "The İstanbul office:  it Went\nto VOICEMAIL, alas")
    assert reading == Reading(outcome=Outcome.VOICEMAIL, evidence="VOICEMAIL")


@given(st.text())
def test_whatever_the_summary_says_never_raises(summary: str) -> None:
    for rules in (_RULES, _OWN):
        reading = _read(rules, summary)
        assert reading.evidence is None or reading.evidence


@pytest.mark.parametrize(
    "unit",
    [
        *("a", "a ", "'-", " ", "\n", ".", "\0", "not ", "never ", "do not ", "if when who "),
        *("not to call ", "remove from ", "remove off the list of ", "no longer want to "),
        *("not want any more further these ", "asked told the to ", "stop all the ", "number is "),
        *("left a message ", "reached automated ", "check check ", "voicemail ", "nobody had "),
        *("asked if wrong ", "hung up ", "not know who is ", "withdrew ", "police call ", "İ"),
        *("told with the ", "told how the ", "told how ", "asked for the number ", "stop with "),
        *("if she may wish to ", "to opt out ", "press to to ", "do not call me ", "opt out of "),
        *("did not ask for the ", "did not give my ", "not want to receive any more "),
    ],
)
def test_an_adversarial_summary_is_read_in_time(unit: str) -> None:
    summary = (unit * 100_000)[:100_000]
    rules = OutcomeRules({"mine": ["not to call me", "aaaaab", "a a a a b"]})

    def took_s() -> float:
        started = time.process_time()
        rules.read(Ended(summary=summary))
        return time.process_time() - started

    assert took_s() < 0.2 or took_s() < 0.2  # the machine may be busy once
