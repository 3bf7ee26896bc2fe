"""Opt-outs beside other outcomes: heard whatever the outcome is called, and only where meant.

Two rules decide where a sentence could be read both ways: an opt-out too many is better than one
missed; but what is bound to an hour, offered by a menu or explained by the agent is none.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poku_batch.models import Ended, Outcome
from poku_batch.policy.answers import DOCUMENTED_ERRORS
from poku_batch.policy.outcomes import OutcomeRules, Reading

_OWN = OutcomeRules(
    {
        "confirmed": ["confirmed", "will attend"],
        "rescheduled": ["/re-?scheduled (to|for)/"],
        "human": ["asked for a human"],
        "do_not_call": ["wants no part of it", "/lose (my|her|his) number/"],
    }
)
_BUILT_IN = OutcomeRules({})

#: Somebody does not want to be called again, whatever else the call came to.
HEARD = (
    "Confirmed the appointment but asked not to be called again in the future.",
    "She confirmed. She also asked to be removed from the calling list.",
    "He confirmed, and wants no more calls after this one.",
    "Rescheduled to Friday. He said to stop calling and to send letters instead.",
    "Asked for a human, then told the colleague to take her off the list.",
    "Confirmed; prefers text and would rather not be called again.",
    "Mrs Ode confirmed and then revoked her consent to automated calls.",
    "Reached voicemail first; he rang back, confirmed, and asked us never to call again.",
    "Wrong number: the woman asked us not to call there again.",
    "Wrong number. Please remove this number, he said.",
    "She declined to talk and asked to be removed.",
    "He refused to continue, requested removal, and hung up.",
    "Hung up immediately after saying “stop”.",
    "He said: stop!",
    "STOP",
    "She asked how to opt out and was told it was done.",
    "She pressed 9 to opt out.",
    "He pressed 2 to be removed from the list.",
    "Given the option to opt out, she opted out.",
    "He took the opt-out option.",
    "She mentioned that she wants to opt out.",
    "He told us that he is opting out.",
    "She told them she wanted to opt out.",
    "The customer told the agent to opt her out.",
    "She said she does not want to be called at this number.",
    "Does not want to be called on this phone, only on her landline. Confirmed.",
    "She asked that we not call her.",
    "They would prefer that you not call again.",
    "He asked us to stop with the calls.",
    "She asked to stop getting calls from the practice.",
    "He said that this is harassment and hung up.",
    "She said she would block this number.",
    "She never gave permission to be called.",
    "He did not give consent for these calls.",
    "Asked for his number to be taken off.",
    "Would like to be removed from all lists.",
    "Requests removal from our list.",
    "He wants removed from the list, he said.",
    "Remove me, she said, and hung up.",
    "The line was bad; I heard “don't call me”, then it was cut off.",
    "It went to voicemail. The greeting says to stop calling and to take them off your list.",
    "The voicemail greeting asked callers never to call this number again.",
    "The voicemail said not to call again, but then Mr Ito picked up and confirmed.",
    "Left a voicemail. Earlier today he had asked not to be contacted any more.",
    "Transferred to a colleague, whom she told not to call her any more.",
    "Confirmed. Do not call.",
    "He confirmed but said: lose my number.",
    "She asked us to put her on the do not call list.",
    "Call timed out after she asked us to quit calling.",
    "The line was busy at first; then a man said not to ring again.",
    "I can't believe you people, she said, don't ever phone here again.",
    "She asked if she could opt out.",
    "Please take me off, she said.",
    "She asked that nobody from the company call her.",
    "Mr Smith said he had already asked to be removed from the list twice.",
    "He said: don't call back.",
    "Asked whether he might be taken off the list, he said yes.",
)

#: Nobody said that; an hour, a place, an offer, a denial, or something else altogether.
NOT_HEARD = (
    "Reached voicemail. The greeting said: do not call this number after 9.",
    "Voicemail: “please do not call me before 8 am”. Left a message.",
    "The voicemail greeting said not to call after 9 pm; no message was left.",
    "He confirmed and asked us not to call before noon.",
    "Do not call her at work, she said. Confirmed.",
    "Do not call on Sundays, he said; confirmed for Tuesday.",
    "She does not want us to call her here before 9.",
    "He doesn't want to be called so early. Confirmed.",
    "She doesn't want to be called too often but will attend.",
    "Left a voicemail with the appointment details and instructions on how to opt out.",
    "Left a voicemail including opt-out instructions.",
    "Left a message with the opt-out number. Nobody picked up.",
    "The agent told her that she can opt out at any time; she confirmed.",
    "The agent explained how to opt out, and he confirmed.",
    "I informed the customer of the right to opt out. He will attend.",
    "She was reminded that she may unsubscribe at any time. Confirmed.",
    "He was told he could ask to be removed from the list; he did not want to.",
    "An automated menu said: to opt out, press 2.",
    "The recording said to press 9 to be removed from the list.",
    "Voicemail. If you wish to be removed from our list, press 9, said the message.",
    "To stop receiving calls, press 3, said the menu; no human answered.",
    "She did not ask to be removed from the list; she confirmed.",
    "He did not opt out and confirmed.",
    "She doesn't want to be removed from the list.",
    "He opted out of the paper statements and confirmed.",
    "She opted out of the survey's last question but completed the rest.",
    "Confirmed. No further calls are needed.",
    "She said we need not call again; all is settled.",
    "She couldn't call us again since her phone was broken. Confirmed.",
    "Her stitches are to be removed on Friday; confirmed.",
    "He wants his braces removed and rescheduled for May.",
    "She asked for removal of the cast on Monday.",
    "The bus stop is in front of the clinic, she said. Confirmed.",
    "She was asked to stop at the reception first.",
    "She did not give permission to share her data, but confirmed.",
    "He asked to be removed from the waiting list.",
    "She blocked out the whole morning for it. Confirmed.",
    "Nobody answered.",
    "Voicemail.",
    "Wrong number.",
    "Not interested.",
    "The line was busy.",
    "The callee did not call back.",
    "He won't contact us again unless something changes.",
    "She said do not call if nothing changes. Confirmed.",
    "She wants the late fee removed.",
    "He said please don't contact my employer.",
    "Left a message asking to call back if he does not want to be contacted.",
    "She never called us back, he said; we rang again and she confirmed.",
)


@pytest.mark.parametrize("summary", HEARD)
@pytest.mark.parametrize("rules", [_OWN, _BUILT_IN], ids=["own words", "built-in"])
def test_an_opt_out_is_heard_whatever_else_the_call_came_to(
    rules: OutcomeRules, summary: str
) -> None:
    reading = rules.read(Ended(summary=summary))
    assert reading.opted_out, reading
    if rules is _BUILT_IN:
        assert reading.outcome == Outcome.DO_NOT_CALL


@pytest.mark.parametrize("summary", NOT_HEARD)
@pytest.mark.parametrize("rules", [_OWN, _BUILT_IN], ids=["own words", "built-in"])
def test_nobody_opts_out_by_words_that_mean_something_else(
    rules: OutcomeRules, summary: str
) -> None:
    reading = rules.read(Ended(summary=summary))
    assert reading.opted_out is None
    assert reading.outcome != Outcome.DO_NOT_CALL


@pytest.mark.parametrize("error", DOCUMENTED_ERRORS)
def test_an_error_string_never_opts_out(error: str) -> None:
    rules = OutcomeRules({"do_not_call": [error, "/./"]})
    assert rules.read(Ended(summary=None, error=error)).opted_out is None


@pytest.mark.parametrize("summary", [None, "", " \n"])
def test_an_end_without_a_summary_never_opts_out(summary: str | None) -> None:
    assert OutcomeRules({"do_not_call": ["/./"]}).read(Ended(summary=summary)).opted_out is None


def test_the_campaigns_own_word_stays_the_outcome_beside_an_opt_out() -> None:
    reading = _OWN.read(Ended(summary="Confirmed, but DON’T call me again"))
    assert reading == Reading(
        outcome="confirmed", evidence="Confirmed", opted_out="DON'T call me again"
    )


def test_the_campaigns_own_opt_out_counts_behind_another_outcome_of_its_own() -> None:
    reading = _OWN.read(Ended(summary="Confirmed; wants no part of it afterwards"))
    assert (reading.outcome, reading.opted_out) == ("confirmed", "wants no part of it")


@given(st.sampled_from(HEARD), st.sampled_from(["She will attend. ", "Voicemail first. ", ""]))
def test_an_outcome_do_not_call_always_opts_out(summary: str, before: str) -> None:
    for rules in (_OWN, _BUILT_IN):
        reading = rules.read(Ended(summary=before + summary))
        if reading.outcome == Outcome.DO_NOT_CALL:
            assert reading.opted_out == reading.evidence
