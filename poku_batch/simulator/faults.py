"""What can be made to go wrong on demand, and whether the phone rings when it does.

``FAULT_RULES`` is the one place that says it. Faults of placements and of status requests are
drawn separately. Whether a ``SOMETIMES`` fault rang is drawn too; only the simulator's own log
(``GET /log``) tells.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Self

from poku_batch.simulator.chance import chance
from poku_batch.simulator.shares import check_whole, parse_shares, pick

_STATUS_PREFIX = "status-"


class Rings(StrEnum):
    """Whether a phone rings although the placement met a fault."""

    #: the request was turned away before anything was dialled
    NEVER = "never"
    #: by seeded chance, half of the times: the client cannot know
    SOMETIMES = "sometimes"
    #: the call was taken; only its answer is spoilt
    ALWAYS = "always"


class FaultKind(StrEnum):
    """The faults, as they are written in ``429=0.1,drop=0.01``; ``FAULT_RULES`` describes each."""

    TOO_MANY = "429"
    TOO_MANY_BARE = "429-bare"
    INTERNAL = "500"
    BAD_GATEWAY = "502"
    UNAVAILABLE = "503"
    UNAVAILABLE_RETRY = "503-retry"
    GATEWAY_TIMEOUT = "504"
    DROP = "drop"
    DROP_BEFORE = "drop-before"
    HALF = "half"
    HANG = "hang"
    SLOW = "slow"
    GARBAGE = "garbage"
    HUGE = "huge"
    STATUS_TOO_MANY = "status-429"
    STATUS_MISSING = "status-404"
    STATUS_INTERNAL = "status-500"
    STATUS_BAD_GATEWAY = "status-502"
    STATUS_UNAVAILABLE = "status-503"
    STATUS_DROP = "status-drop"
    STATUS_HANG = "status-hang"
    STATUS_SLOW = "status-slow"
    STATUS_GARBAGE = "status-garbage"

    @property
    def on_status(self) -> bool:
        """True for a fault of ``GET /interactions/{id}/status``, which never rings anything."""
        return self.value.startswith(_STATUS_PREFIX)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRule:
    """One fault: what the client sees, and whether a phone rings."""

    rings: Rings
    seen: str
    #: HTTP status of the answer; None where there is none, or where it is the true one
    status: int | None = None


def _rule(rings: Rings, seen: str, status: int | None = None) -> FaultRule:
    return FaultRule(rings=rings, seen=seen, status=status)


#: Every fault, in the order of the documentation.
FAULT_RULES: Mapping[FaultKind, FaultRule] = MappingProxyType(
    {
        FaultKind.TOO_MANY: _rule(
            Rings.NEVER, "429 with Retry-After, in turn as seconds and as an HTTP date", 429
        ),
        FaultKind.TOO_MANY_BARE: _rule(Rings.NEVER, "429 without Retry-After", 429),
        FaultKind.INTERNAL: _rule(Rings.SOMETIMES, "500, at some point of the call", 500),
        FaultKind.BAD_GATEWAY: _rule(Rings.SOMETIMES, "502, at some point of the call", 502),
        FaultKind.UNAVAILABLE: _rule(
            Rings.SOMETIMES, "503 without Retry-After, at some point of the call", 503
        ),
        FaultKind.UNAVAILABLE_RETRY: _rule(Rings.NEVER, "503 with Retry-After: turned away", 503),
        FaultKind.GATEWAY_TIMEOUT: _rule(Rings.SOMETIMES, "504, at some point of the call", 504),
        FaultKind.DROP: _rule(
            Rings.ALWAYS, "the connection closes with no answer after the call was taken"
        ),
        FaultKind.DROP_BEFORE: _rule(
            Rings.NEVER, "the connection closes with no answer before a call was taken"
        ),
        FaultKind.HALF: _rule(Rings.SOMETIMES, "half an answer, then the connection closes", 200),
        FaultKind.HANG: _rule(
            Rings.SOMETIMES, "no answer for as long as the client keeps the connection"
        ),
        FaultKind.SLOW: _rule(Rings.ALWAYS, "the true answer, a minute of simulated time late"),
        FaultKind.GARBAGE: _rule(Rings.SOMETIMES, "200 with a body that cannot be read", 200),
        FaultKind.HUGE: _rule(
            Rings.ALWAYS, "200 with valid JSON of 64 MiB, the summary padded with a letter", 200
        ),
        FaultKind.STATUS_TOO_MANY: _rule(Rings.NEVER, "status: 429 with Retry-After", 429),
        FaultKind.STATUS_MISSING: _rule(
            Rings.NEVER, "status: 404 for an interaction that exists", 404
        ),
        FaultKind.STATUS_INTERNAL: _rule(Rings.NEVER, "status: 500", 500),
        FaultKind.STATUS_BAD_GATEWAY: _rule(Rings.NEVER, "status: 502", 502),
        FaultKind.STATUS_UNAVAILABLE: _rule(Rings.NEVER, "status: 503 without Retry-After", 503),
        FaultKind.STATUS_DROP: _rule(
            Rings.NEVER, "status: the connection closes without an answer"
        ),
        FaultKind.STATUS_HANG: _rule(
            Rings.NEVER, "status: no answer for as long as the client keeps the connection"
        ),
        FaultKind.STATUS_SLOW: _rule(
            Rings.NEVER, "status: the true answer, a minute of simulated time late"
        ),
        FaultKind.STATUS_GARBAGE: _rule(
            Rings.NEVER, "status: 200 with a body that cannot be read", 200
        ),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnFault:
    """A fault that was drawn for one placement.

    ``rang`` is the truth; ``point`` (from 0, below 1) is where in the call the fault strikes.
    """

    kind: FaultKind
    rang: bool
    point: float


@dataclass(frozen=True, slots=True)
class Faults:
    """How likely each fault is; a kind not named never happens.

    Shares of placements must not pass 1 together, nor those of status requests. Raises
    ``UsageError`` where they do.
    """

    shares: tuple[tuple[FaultKind, float], ...] = ()

    def __post_init__(self) -> None:
        check_whole(self.of_placements, what="faults of placements")
        check_whole(self.of_status, what="faults of status requests")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read ``429=0.1,drop=0.01``; raises ``UsageError`` as ``parse_shares`` does."""
        return cls(parse_shares(text, FaultKind, what="fault"))

    def __str__(self) -> str:
        return ",".join(f"{kind}={share!r}" for kind, share in self.shares)

    @property
    def of_placements(self) -> tuple[tuple[FaultKind, float], ...]:
        """The shares of ``POST /calls``."""
        return tuple(item for item in self.shares if not item[0].on_status)

    @property
    def of_status(self) -> tuple[tuple[FaultKind, float], ...]:
        """The shares of ``GET /interactions/{id}/status``."""
        return tuple(item for item in self.shares if item[0].on_status)

    def draw(self, seed: int, to: str, request: int) -> DrawnFault | None:
        """Say what goes wrong with a number's placement request, numbered from 1."""
        odds = chance(seed, "fault", to, request)
        kind = pick(self.of_placements, odds.random())
        coin, point = odds.random(), odds.random()
        if kind is None:
            return None
        rings = FAULT_RULES[kind].rings
        rang = rings is Rings.ALWAYS or (rings is Rings.SOMETIMES and coin < 0.5)
        return DrawnFault(kind=kind, rang=rang, point=point)

    def draw_status(self, seed: int, to: str, attempt: int, request: int) -> FaultKind | None:
        """Say what goes wrong with a call's status request, numbered from 1."""
        return pick(self.of_status, chance(seed, "status", to, attempt, request).random())
