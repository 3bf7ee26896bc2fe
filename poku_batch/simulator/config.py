"""How a simulator is to behave. Nothing here imports a web framework."""

import math
from dataclasses import dataclass, field
from typing import Literal

from poku_batch.errors import UsageError
from poku_batch.simulator.faults import Faults
from poku_batch.simulator.scenarios import Scenarios


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatorConfig:
    """One simulator's behaviour. Raises ``UsageError`` for a value that makes no sense."""

    #: decides every outcome, length, wording and fault
    seed: int = 0
    #: how many times faster than life calls pass: at 60 a call of 60 s takes 1 s
    speed: float = 1.0
    #: shortest and longest usual call, in seconds of life; unanswered ones take 25 s
    call_seconds: tuple[float, float] = (20.0, 90.0)
    #: what a request without ``waitForCallEnd`` gets: held to the end (first), or the interaction
    #: ID at once (second)
    generation: Literal["first", "second"] = "first"
    scenarios: Scenarios = field(default_factory=Scenarios)
    faults: Faults = field(default_factory=Faults)
    #: the one key that is accepted; None accepts any that is not empty
    api_key: str | None = field(default=None, repr=False)
    #: how the account stands: 401 to every key, 402 to every call, 403 to everything
    account: Literal["ok", "bad_key", "no_credit", "forbidden"] = "ok"
    #: how many ended calls are kept for the log, for status requests and for recordings; the
    #: oldest are forgotten beyond it. A call takes a few KiB, most of it its prompt.
    remember: int = 50_000
    #: whether recordings of calls that are not known here are served too: they sound as they did
    #: in the rehearsal that they were placed in
    earlier_recordings: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.speed < math.inf:
            raise UsageError(
                f"speed {self.speed:g}: it must be above 0; 60 plays a minute a second"
            )
        shortest, longest = self.call_seconds
        if not 0 <= shortest <= longest < math.inf:
            raise UsageError(
                f"call lengths {shortest:g} to {longest:g}: give the shortest first, in seconds"
            )
        if self.remember < 1:
            raise UsageError(f"remember {self.remember}: at least one ended call must be kept")
        if self.api_key is not None and not self.api_key.strip():
            raise UsageError("the simulator's API key is empty: leave it out to accept any key")

    def passes_in(self, life_s: float) -> float:
        """Give the seconds that a span of life takes here."""
        return life_s / self.speed
