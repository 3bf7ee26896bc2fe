"""What came of an ended call, read from the API's error string or from its summary.

The campaign's own words come first, in the order of the file; then the built-in rules; a summary
that none of them fits is ``completed``. Matching is case-insensitive, by whole words. The matched
text is kept as evidence, so that a person can check the reading.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from poku_batch.models import Ended, Outcome
from poku_batch.policy.answers import HUMAN_DID_NOT_RESPOND, INVALID_TO_NUMBER, TIMEOUT

_BY_ERROR = {
    HUMAN_DID_NOT_RESPOND: Outcome.NO_ANSWER,
    INVALID_TO_NUMBER: Outcome.INVALID_NUMBER,
    TIMEOUT: Outcome.TIMED_OUT,
}

#: Built-in rules, strongest first: an opt-out or a wrong number outweighs all that follows.
_BUILT_IN: tuple[tuple[Outcome, tuple[str, ...]], ...] = (
    (
        Outcome.DO_NOT_CALL,
        (
            (
                r"(?:do not|don't|not to|never) (?:ever )?(?:call|contact|phone|ring)\b[^.;]{0,40}"
                r"\b(?:again|any ?more|any longer|in (?:the )?future)"
            ),
            r"(?:never|not) (?:to )?be (?:called|contacted|phoned|rung)\b",
            r"stop (?:calling|contacting|phoning|ringing)",
            r"(?:remove|take|delete)d?\b[^.;]{0,40}\b(?:off|from)\b[^.;]{0,20}\blist",
            r"(?:opt(?:ed|s)?|opting)[ -]out",
            r"do[ -]not[ -]call",
            r"unsubscribed?",
        ),
    ),
    (
        Outcome.WRONG_NUMBER,
        (
            r"wrong (?:number|person)",
            r"(?:nobody|no one|no-one) (?:by|of|with) that name",
            r"number (?:belongs|belonged) to (?:somebody|someone) else",
        ),
    ),
    (
        Outcome.VOICEMAIL,
        (
            r"voice ?mail(?:box)?",
            r"answering machine",
            r"mailbox (?:is|was) full",
            r"left a message (?:after|at) the (?:tone|beep)",
        ),
    ),
    (
        Outcome.BUSY,
        (
            r"line (?:is|was) (?:busy|engaged)",
            r"busy (?:signal|tone|line)",
            r"number (?:is|was) (?:busy|engaged)",
        ),
    ),
    (
        Outcome.NO_ANSWER,
        (
            r"(?:nobody|no one|no-one|human) (?:answered|picked up|responded|did not respond)",
            r"no answer",
            r"(?:was|did) not (?:answered|answer|picked up|pick up)\b",
            r"rang out",
        ),
    ),
    (
        Outcome.DECLINED,
        (
            r"(?:declined|refused) (?:the call|to (?:talk|speak|continue|take part|answer))",
            r"hung up (?:immediately|at once|right away|before)",
            r"(?:was|is|were) not interested",
        ),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An outcome and the text that decided it; ``evidence`` is None for ``completed``."""

    outcome: str
    evidence: str | None = None

    @property
    def failed(self) -> bool:
        """Whether the contact cannot be called at all, so that it is failed and not done."""
        return self.outcome == Outcome.INVALID_NUMBER


class OutcomeRules:
    """The campaign's words and the built-in ones, compiled once and asked for every call."""

    def __init__(self, own: Mapping[str, Sequence[str]]) -> None:
        """Take the campaign's ``outcomes``: phrases by outcome; white space in them is any."""
        self._rules: list[tuple[str, re.Pattern[str]]] = [
            (outcome, _pattern(map(_phrase, phrases))) for outcome, phrases in own.items()
        ]
        self._rules += [(outcome, _pattern(patterns)) for outcome, patterns in _BUILT_IN]

    def read(self, ended: Ended) -> Reading:
        """Say what came of a call that ended.

        An end with nothing to report (an empty summary, or none: second generation without a
        ``completionEvent``) is ``no_answer``: the event is there whenever there was a response.
        """
        if ended.error is not None and ended.error in _BY_ERROR:
            return Reading(outcome=_BY_ERROR[ended.error], evidence=ended.error)
        if ended.summary is None or not ended.summary.strip():
            return Reading(outcome=Outcome.NO_ANSWER, evidence="ended with nothing to report")
        for outcome, pattern in self._rules:
            found = pattern.search(ended.summary)
            if found:
                return Reading(outcome=outcome, evidence=found.group())
        return Reading(outcome=Outcome.COMPLETED)


def _phrase(words: str) -> str:
    return r"\s+".join(re.escape(word) for word in words.split())


def _pattern(alternatives: "Sequence[str] | map[str]") -> re.Pattern[str]:
    return re.compile("|".join(rf"(?<!\w)(?:{each})(?!\w)" for each in alternatives), re.IGNORECASE)
