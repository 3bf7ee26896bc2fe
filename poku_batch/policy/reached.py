"""Whether a call reached a person.

Reached is who was talked to, pleasant or not: a declined call, a wrong number and a wish not to be
called again are somebody's words. A call that passed the API's limit of length tells of nobody, so
that it does not count; neither does one whose end nobody knows. A campaign's own outcomes are found
in what was said, and count as reached.
"""

from poku_batch.models import ContactState, Outcome

#: What a call comes to that nobody was talked to in; every other outcome reached a person.
NOT_REACHED = frozenset(
    {
        Outcome.NO_ANSWER,
        Outcome.VOICEMAIL,
        Outcome.BUSY,
        Outcome.INVALID_NUMBER,
        Outcome.TIMED_OUT,
        ContactState.UNKNOWN,
    }
)

#: Somebody was reached, and does not want what the campaign is for.
UNWILLING = frozenset({Outcome.DECLINED, Outcome.WRONG_NUMBER, Outcome.DO_NOT_CALL})


def is_reached(outcome: str) -> bool:
    """Whether a call with this outcome (``unknown`` where nobody knows it) reached a person."""
    return outcome not in NOT_REACHED
