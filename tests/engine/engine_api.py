"""The API for the engine's tests: it answers by script, and looks into the ledger at each call.

A placement whose intent is not in the ledger's file fails the test.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import anyio.lowlevel

from poku_batch.models import (
    Answer,
    AttemptState,
    CallRequest,
    ContactState,
    Ended,
    InteractionId,
    Standing,
    TurnedAway,
)
from tests.engine.engine_clock import VirtualClock
from tests.engine.engine_file import attempts

T = TypeVar("T")

CONFIRMED = Ended(summary="The appointment is confirmed.", recording_url="https://r/1.wav")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one placement comes to, and after how many seconds."""

    does: Answer | Exception
    after_s: float = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """A request that reached the API."""

    request: CallRequest
    at_s: float


@dataclass
class ScriptedApi:
    """A ``ports.CallApi`` that answers by script; a script's last line is repeated."""

    clock: VirtualClock
    path: Path
    tick: Callable[[], None]
    answers: dict[str, list[Step]] = field(default_factory=dict)
    standings: dict[str, list[Standing | Exception]] = field(default_factory=dict)
    default: Step = field(default_factory=lambda: Step(does=CONFIRMED))
    placements: list[Placement] = field(default_factory=list)
    came: dict[str, list[Answer]] = field(default_factory=dict)
    #: when the answers that came did, in seconds since the start
    came_s: dict[str, list[float]] = field(default_factory=dict)
    asked: list[tuple[str, float]] = field(default_factory=list)
    open_numbers: set[str] = field(default_factory=set)
    most_open: int = 0
    at_place: Callable[[str], object] = lambda _to: None
    #: Between these two instants, in seconds, nothing reaches the API; ``missed`` says what tried.
    outage_s: tuple[float, float] = (0.0, 0.0)
    missed: list[float] = field(default_factory=list)

    async def place(self, request: CallRequest) -> Answer:
        to = request.to
        self.tick()
        began_s, over_s = self.outage_s
        if began_s <= self.clock.monotonic() < over_s:
            self.missed.append(self.clock.monotonic())
            return TurnedAway(why="the request was not sent: ConnectError", unreached=True)
        self.placements.append(Placement(request=request, at_s=self.clock.monotonic()))
        self._require_intent(to)
        self.at_place(to)
        assert to not in self.open_numbers, "two calls to one number at once"
        self.open_numbers.add(to)
        self.most_open = max(self.most_open, len(self.open_numbers))
        step = _line(self.answers.get(to) or [self.default], self.count(to))
        await self.clock.sleep(step.after_s)
        self.tick()
        self.open_numbers.discard(to)
        if isinstance(step.does, Exception):
            raise step.does
        self.came.setdefault(to, []).append(step.does)
        self.came_s.setdefault(to, []).append(self.clock.monotonic())
        return step.does

    async def standing(self, interaction_id: InteractionId) -> Standing:
        self.tick()
        self.asked.append((interaction_id, self.clock.monotonic()))
        times = sum(asked == interaction_id for asked, _ in self.asked)
        standing = _line(self.standings[interaction_id], times)
        await anyio.lowlevel.checkpoint()
        self.tick()
        if isinstance(standing, Exception):
            raise standing
        return standing

    def count(self, to: str) -> int:
        """How often a number was placed."""
        return sum(placement.request.to == to for placement in self.placements)

    def order(self) -> list[str]:
        """The numbers in the order of their placements."""
        return [placement.request.to for placement in self.placements]

    def times(self, to: str) -> list[float]:
        """When a number was placed, in seconds since the start."""
        return [placed.at_s for placed in self.placements if placed.request.to == to]

    def _require_intent(self, to: str) -> None:
        known = attempts(self.path, to)
        dialing = [attempt for attempt in known if attempt.state is AttemptState.DIALING]
        assert len(dialing) == 1, f"placed while its attempt is {known[-1].state}"
        assert dialing[0].contact_state is ContactState.DIALING
        placements = sum(attempt.placements for attempt in known)
        assert placements >= self.count(to), "a placement that the ledger does not know"


def _line(script: Sequence[T], times: int) -> T:
    return script[min(times, len(script)) - 1]
