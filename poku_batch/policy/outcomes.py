"""What came of an ended call, read from the API's error string or from its summary.

The campaign's own words come first, in the order of the file; then the built-in rules, which read
English; a summary that none of them fits is ``completed``. A mailbox confirms nothing: where one
took the call, only those of the campaign's words count that tell of it, or that nobody was reached.
Matching is case-insensitive, by whole words except for the campaign's ``/regular expressions/``;
white space and typographic apostrophes and hyphens are folded. The matched text is kept as
evidence, so that a person can check the reading.

Whatever the outcome is, a wish not to be called again is heard. It counts wherever it is told, in a
voicemail's greeting too; what is bound to an hour ("do not call this number after 9"), what a menu
offers ("to opt out, press 2") and what the agent explained are no such wish.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import regex

from poku_batch.campaign.patterns import (
    APOSTROPHES,
    HYPHENS,
    compiled_expression,
    expression_of,
)
from poku_batch.models import Ended, Outcome
from poku_batch.policy.answers import HUMAN_DID_NOT_RESPOND, INVALID_TO_NUMBER, TIMEOUT
from poku_batch.policy.phrases import BUILT_IN, HARMLESS, MAILBOX, OPT_OUT, compiled

_BY_ERROR = {
    HUMAN_DID_NOT_RESPOND: Outcome.NO_ANSWER,
    INVALID_TO_NUMBER: Outcome.INVALID_NUMBER,
    TIMEOUT: Outcome.TIMED_OUT,
}

#: One character for one, so that places in the text stay: what people type, and what editors make.
_PLAIN = str.maketrans({**dict.fromkeys(APOSTROPHES, "'"), **dict.fromkeys(HYPHENS, "-"), "İ": "i"})
#: Scripts that write words without spaces, or endings onto them: there, any place is a word's edge.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff]"
)


#: How long one of the campaign's expressions may search a summary; a sane one takes far less.
_SEARCH_S = 0.05
#: How much of a summary is evidence where an expression matched a place in it, and no text.
_SHOWN = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An outcome and the text that decided it; ``evidence`` is None for ``completed``.

    ``opted_out`` is the text by which the callee asked not to be called again, whatever the outcome
    is; None where nothing was heard of it. An end without a summary never says so.
    """

    outcome: str
    evidence: str | None = None
    opted_out: str | None = None

    @property
    def failed(self) -> bool:
        """Whether the contact cannot be called at all, so that it is failed and not done."""
        return self.outcome == Outcome.INVALID_NUMBER


class OutcomeRules:
    """The campaign's words and the built-in ones, compiled once and asked for every call."""

    def __init__(self, own: Mapping[str, Sequence[str]]) -> None:
        """Take the campaign's ``outcomes``: phrases by outcome; white space in them is any.

        A phrase ``/…/`` is a regular expression; ``ValueError`` is raised for one that cannot be
        used. One that takes too long in a summary is passed over there.
        """
        self._own = {outcome: _own_rule(outcome, phrases) for outcome, phrases in own.items()}

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
        calm = _HARMLESS.sub(_blot, text)
        opted_out = self._own_opt_out(text, shown) or _found(_OPT_OUT, calm, shown)
        if own := self._own_word(text, shown, mailbox=_MAILBOX.search(calm) is not None):
            word, told = own
            return Reading(outcome=word, evidence=told, opted_out=opted_out)
        if opted_out is not None:
            return Reading(outcome=Outcome.DO_NOT_CALL, evidence=opted_out, opted_out=opted_out)
        for outcome, pattern in _BUILT_IN:
            evidence = _found(pattern, calm, shown)
            if evidence is not None:
                return Reading(outcome=outcome, evidence=evidence)
        return Reading(outcome=Outcome.COMPLETED)

    def _own_word(self, text: str, shown: str, *, mailbox: bool) -> tuple[str, str] | None:
        """The campaign's outcome and its evidence; ``mailbox``: one took the call."""
        nobody = _told_of_nobody(text) if mailbox else []
        for outcome, rule in self._own.items():
            for start, end in rule.find(text, shown):
                if (
                    not mailbox
                    or outcome in _WITHOUT_A_PERSON
                    or any(start < last and first < end for first, last in nobody)
                ):
                    return outcome, _evidence(shown, start, end)
        return None

    def _own_opt_out(self, text: str, shown: str) -> str | None:
        rule = self._own.get(Outcome.DO_NOT_CALL)
        found = next(rule.find(text, shown), None) if rule else None
        return _evidence(shown, *found) if found else None


@dataclass(frozen=True, slots=True)
class _OwnRule:
    """A campaign's words for one outcome: its phrases as one pattern, and its expressions."""

    phrases: re.Pattern[str] | None
    expressions: tuple[regex.Pattern[str], ...]

    def find(self, text: str, shown: str) -> Iterator[tuple[int, int]]:
        """Say where in the summary it matches; ``text`` is ``shown`` in lower case."""
        for found in self.phrases.finditer(text) if self.phrases else ():
            yield found.span()
        for expression in self.expressions:
            yield from _searched(expression, shown)


def _own_rule(outcome: str, phrases: Sequence[str]) -> _OwnRule:
    plain = [phrase for phrase in phrases if expression_of(phrase) is None and phrase.strip()]
    return _OwnRule(
        re.compile("|".join(map(_phrase, plain))) if plain else None,
        tuple(
            _expression(outcome, phrase) for phrase in phrases if expression_of(phrase) is not None
        ),
    )


def _expression(outcome: str, phrase: str) -> regex.Pattern[str]:
    try:
        return compiled_expression(expression_of(phrase) or "")
    except ValueError as error:
        raise ValueError(f"outcomes.{outcome}: {phrase} cannot be used: {error}") from None


def _searched(expression: regex.Pattern[str], shown: str) -> Iterator[tuple[int, int]]:
    try:
        for found in expression.finditer(shown, timeout=_SEARCH_S):
            yield found.span()
    except (TimeoutError, MemoryError):
        return


def _told_of_nobody(text: str) -> list[tuple[int, int]]:
    """Where a summary tells of a machine, or that nobody was reached."""
    return [found.span() for pattern in _NOBODY for found in pattern.finditer(text)]


def _evidence(shown: str, start: int, end: int) -> str:
    return shown[start:end] or shown[:_SHOWN]


def _found(pattern: re.Pattern[str], text: str, shown: str) -> str | None:
    found = pattern.search(text)
    return shown[found.start() : found.end()] if found else None


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
_MAILBOX = compiled(MAILBOX)
_OPT_OUT = compiled(OPT_OUT)
_BUILT_IN = [(outcome, compiled(phrases)) for outcome, phrases in BUILT_IN]
#: Outcomes that do not say that somebody was talked to.
_WITHOUT_A_PERSON = frozenset(Outcome) - {Outcome.COMPLETED, Outcome.DECLINED}
#: What tells of a machine, or that nobody was reached.
_NOBODY = [
    pattern
    for outcome, pattern in _BUILT_IN
    if outcome in {Outcome.VOICEMAIL, Outcome.NO_ANSWER, Outcome.BUSY}
]
