"""What a simulated call comes to: who answers, for how long, and how the API would tell.

The outcome and the length of a call depend only on the seed, the number and the attempt (how many
calls have rung that number, from 1); whether a number can be routed depends on the seed and the
number alone. A rehearsal run again with the same seed has the same outcomes in any order.

An end that comes with no conversation is told by one of the API's documented error strings in the
first generation, and by an end without ``completionEvent`` in the second. The documentation gives
no HTTP statuses for those strings; ``ERRORS`` picks them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Self

from poku_batch.errors import UsageError
from poku_batch.simulator.chance import chance
from poku_batch.simulator.shares import check_whole, parse_shares, pick


class Scenario(StrEnum):
    """How a call can go."""

    #: a person agrees
    CONFIRMED = "confirmed"
    #: a person wants another time
    RESCHEDULED = "rescheduled"
    #: a machine takes the message
    VOICEMAIL = "voicemail"
    #: it rings and nobody engages
    NO_ANSWER = "no_answer"
    #: a stranger answers
    WRONG_NUMBER = "wrong_number"
    #: a person asks for a human: transferred, or promised a call back
    HUMAN = "human"
    #: a person asks never to be called again
    DO_NOT_CALL = "do_not_call"
    #: a person will not talk
    DECLINED = "declined"
    #: the line is engaged
    BUSY = "busy"
    #: the conversation passes the API's limit of five minutes
    TIMED_OUT = "timed_out"
    #: the network cannot route the number: nothing rings
    UNROUTABLE = "unroutable"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorEnd:
    """How the first generation tells an end without a conversation."""

    status: int
    error: str


#: A client that cannot read these bodies must take 408 and 500 for "unknown", which is safe: the
#: phone rang. 504 would not do for ``timeout``: there it could be a proxy's own word. Only the
#: number that cannot be routed is a fault of the request.
ERRORS: Mapping[Scenario, ErrorEnd] = MappingProxyType(
    {
        Scenario.NO_ANSWER: ErrorEnd(status=408, error="human did not respond"),
        Scenario.TIMED_OUT: ErrorEnd(status=500, error="timeout"),
        Scenario.UNROUTABLE: ErrorEnd(status=400, error="invalid to number"),
    }
)

#: Somebody or something picked up and a conversation ended: there is a recording.
RECORDED = frozenset(Scenario) - {
    Scenario.NO_ANSWER,
    Scenario.BUSY,
    Scenario.TIMED_OUT,
    Scenario.UNROUTABLE,
}

#: Seconds of life that a call takes where the configured range does not decide.
_FIXED_S = {Scenario.NO_ANSWER: 25.0, Scenario.BUSY: 5.0, Scenario.TIMED_OUT: 300.0}

_USUAL: tuple[tuple[Scenario, float], ...] = (
    (Scenario.CONFIRMED, 0.42),
    (Scenario.RESCHEDULED, 0.12),
    (Scenario.VOICEMAIL, 0.14),
    (Scenario.NO_ANSWER, 0.12),
    (Scenario.WRONG_NUMBER, 0.03),
    (Scenario.HUMAN, 0.06),
    (Scenario.DO_NOT_CALL, 0.03),
    (Scenario.DECLINED, 0.04),
    (Scenario.BUSY, 0.04),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How one call will go; ``length_s`` is in seconds of life, before the speed divides it."""

    scenario: Scenario
    length_s: float


@dataclass(frozen=True, slots=True)
class Scenarios:
    """How often each scenario is played; what the shares leave of 1 is ``confirmed``.

    ``timed_out`` and ``unroutable`` are played only where they are asked for. Raises
    ``UsageError`` where the shares pass 1.
    """

    shares: tuple[tuple[Scenario, float], ...] = _USUAL

    def __post_init__(self) -> None:
        check_whole(self.shares, what="outcomes")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``voicemail=0.5,no_answer=0.1``; raises ``UsageError`` as ``parse_shares`` does."""
        shares = parse_shares(text, Scenario, what="outcome")
        if not shares:
            raise UsageError("no outcomes are given: write for example voicemail=0.5")
        return cls(shares)

    def __str__(self) -> str:
        return ",".join(f"{scenario}={share!r}" for scenario, share in self.shares)

    def routable(self, seed: int, to: str) -> bool:
        """Say whether the network can route the number; the same on every attempt."""
        return chance(seed, "route", to).random() >= dict(self.shares).get(Scenario.UNROUTABLE, 0)

    def plan(self, seed: int, to: str, attempt: int, call_seconds: tuple[float, float]) -> Plan:
        """Say how a call that rings will go. ``call_seconds`` is the range of usual lengths."""
        odds = chance(seed, "call", to, attempt)
        draw, length_s = odds.random(), odds.uniform(*call_seconds)
        rest = 1 - dict(self.shares).get(Scenario.UNROUTABLE, 0)
        ringing = [item for item in self.shares if item[0] is not Scenario.UNROUTABLE]
        scenario = pick(ringing, draw * rest) or Scenario.CONFIRMED
        return Plan(scenario=scenario, length_s=_FIXED_S.get(scenario, length_s))
