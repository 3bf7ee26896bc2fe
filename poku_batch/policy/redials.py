"""Whether a contact is called again for what came of its call, and when.

Nobody is called again who asked not to be, or whose number is somebody else's or nobody's, whatever
the rules say.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from poku_batch.campaign import Redial
from poku_batch.models import ContactState, Outcome, Sequel
from poku_batch.policy.outcomes import Reading

#: Outcomes after which a contact is done, and never called again.
_FOR_GOOD = frozenset({Outcome.DO_NOT_CALL, Outcome.WRONG_NUMBER})

#: What the reasons of all have in common whose redials came to nothing.
ATTEMPTS_USED_UP = "attempts used up"


@dataclass(frozen=True, slots=True, kw_only=True)
class RedialRule:
    """How one outcome is redialled.

    ``attempts`` counts all calls, the first included. ``after`` holds the wait after the first
    call, after the second and so on, at least one; the last holds for all that follow. By chance a
    wait is longer by up to the share ``jitter``, never shorter.
    """

    attempts: int
    after: tuple[timedelta, ...]
    jitter: float = 0.0

    def wait(self, attempt: int, *, chance: float) -> timedelta:
        """How long after attempt number ``attempt`` the next is due; ``chance`` is in [0, 1)."""
        wait = self.after[min(attempt, len(self.after)) - 1]
        return wait * (1 + self.jitter * chance)


@dataclass(frozen=True, slots=True, kw_only=True)
class RedialRules:
    """The outcomes after which a contact is called again; all others are ends."""

    by_outcome: Mapping[str, RedialRule] = field(default_factory=dict)


def redial_rules(section: Redial) -> RedialRules:
    """Make rules of a campaign's ``redial``: an outcome's own, else what all share."""
    rules = {}
    for outcome in (*section.outcomes, *section.by_outcome):
        own = section.by_outcome.get(outcome)
        rules[outcome] = RedialRule(
            attempts=own.attempts if own and own.attempts is not None else section.attempts,
            after=own.after if own and own.after is not None else section.after,
            jitter=section.jitter,
        )
    return RedialRules(by_outcome=rules)


def sequel_of(
    reading: Reading, *, attempt: int, at: datetime, rules: RedialRules, chance: float
) -> Sequel:
    """Say what a call that ended ``at`` makes of its contact.

    ``attempt`` is the number of the call, from 1; ``at`` is aware UTC; ``chance`` is uniform in
    [0, 1).
    """
    if reading.opted_out is not None or reading.outcome in _FOR_GOOD:
        return Sequel()
    if reading.failed:
        why = reading.evidence or reading.outcome
        return Sequel(state=ContactState.FAILED, why=why, kind=reading.outcome)
    rule = rules.by_outcome.get(reading.outcome)
    if rule is None:
        return Sequel()
    if attempt < rule.attempts:
        due_at = at + rule.wait(attempt, chance=chance)
        return Sequel(state=ContactState.PENDING, due_at=due_at)
    times = "1 attempt" if attempt == 1 else f"{attempt} attempts"
    why = f"{reading.outcome} after {times}"
    return Sequel(state=ContactState.FAILED, why=why, kind=ATTEMPTS_USED_UP)
