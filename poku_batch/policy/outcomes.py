"""What came of an ended call, read from the API's error string or from its summary.

The campaign's own words come first, in the order of the file; then the built-in rules, which read
English; a summary that none of them fits is ``completed``. Matching is case-insensitive, by whole
words; white space and typographic apostrophes and hyphens are folded. The matched text is kept as
evidence, so that a person can check the reading.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from poku_batch.models import Ended, Outcome
from poku_batch.policy.answers import HUMAN_DID_NOT_RESPOND, INVALID_TO_NUMBER, TIMEOUT
from poku_batch.policy.phrases import BUILT_IN, HARMLESS, compiled

_BY_ERROR = {
    HUMAN_DID_NOT_RESPOND: Outcome.NO_ANSWER,
    INVALID_TO_NUMBER: Outcome.INVALID_NUMBER,
    TIMEOUT: Outcome.TIMED_OUT,
}

#: One character for one, so that places in the text stay: what people type, and what editors make.
_PLAIN = str.maketrans({**dict.fromkeys("’‘‛ʼ′`", "'"), **dict.fromkeys("‐‑‒–—−", "-"), "İ": "i"})
#: Scripts that write words without spaces, or endings onto them: there, any place is a word's edge.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]"
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
        self._own = [
            (outcome, re.compile("|".join(patterns)))
            for outcome, phrases in own.items()
            if (patterns := [_phrase(phrase) for phrase in phrases if phrase.strip()])
        ]

    def read(self, ended: Ended) -> Reading:
        """Say what came of a call that ended.

        An end with nothing to report (an empty summary, or none: second generation without a
        ``completionEvent``) is ``no_answer``: the event is there whenever there was a response.
        """
        if ended.error is not None and ended.error in _BY_ERROR:
            return Reading(outcome=_BY_ERROR[ended.error], evidence=ended.error)
        if ended.summary is None or not ended.summary.strip():
            return Reading(outcome=Outcome.NO_ANSWER, evidence="ended with nothing to report")
        shown = _folded(ended.summary)
        text = shown.lower()
        return (
            _first(self._own, text, shown)
            or _first(_BUILT_IN, _HARMLESS.sub(_blot, text), shown)
            or Reading(outcome=Outcome.COMPLETED)
        )


def _first(rules: Sequence[tuple[str, re.Pattern[str]]], text: str, shown: str) -> Reading | None:
    for outcome, pattern in rules:
        found = pattern.search(text)
        if found:
            return Reading(outcome=outcome, evidence=shown[found.start() : found.end()])
    return None


def _folded(text: str) -> str:
    """One line with single spaces and plain apostrophes and hyphens; ``lower`` keeps its length."""
    return " ".join(text.translate(_PLAIN).split())


def _phrase(words: str) -> str:
    phrase = _folded(words).lower()
    before = "" if _UNSPACED.match(phrase[0]) else r"(?<!\w)"
    after = "" if _UNSPACED.match(phrase[-1]) else r"(?!\w)"
    return before + re.escape(phrase) + after


def _blot(found: re.Match[str]) -> str:
    return "\0" * len(found.group())


_HARMLESS = compiled(HARMLESS)
_BUILT_IN = [(outcome, compiled(phrases)) for outcome, phrases in BUILT_IN]
