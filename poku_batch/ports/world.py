"""Time, listeners, the API, and others who are asked or told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from poku_batch.events import Event
from poku_batch.models import (
    Answer,
    CallRequest,
    Ended,
    FieldValue,
    HookMessage,
    InteractionId,
    Standing,
)


class Clock(Protocol):
    """Time as a run sees it."""

    def now(self) -> datetime:
        """The time of day, aware UTC. It may be set back while a run goes on."""

    def monotonic(self) -> float:
        """Seconds from an arbitrary start; never goes back."""

    async def sleep(self, seconds: float) -> None:
        """Wait; zero or less gives other tasks a turn."""

    async def idle(self, seconds: float) -> None:
        """Wait while nothing is going on: no call is open, and nobody else is waited for.

        May return early, so that who waits looks again. A rehearsal's clock is put forward instead:
        then no real time passes.
        """


class EventSink(Protocol):
    """Somebody who listens to a run."""

    def emit(self, event: Event) -> None:
        """Take an event; must be quick, and must not raise."""


class CallApi(Protocol):
    """The Poku voice API. Failures are values: only cancellation and defects raise."""

    async def place(self, request: CallRequest) -> Answer:
        """Send one placement, once; never retries, never follows a redirect.

        Cancelled in the middle, it may or may not have placed the call.
        """

    async def standing(self, interaction_id: InteractionId) -> Standing:
        """Ask once how a placed call stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryReading:
    """What a reader made of a summary: an outcome, the words that it rests on, typed fields."""

    outcome: str
    evidence: str | None = None
    fields: Mapping[str, FieldValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NotRead:
    """A summary could not be read: the reader was not reached, or its answer is not valid."""

    why: str


class SummaryReader(Protocol):
    """Somebody who reads what came of a call out of its summary, better than patterns do."""

    async def read(
        self, ended: Ended, *, ended_at: datetime | None = None
    ) -> SummaryReading | NotRead:
        """Read one call that ended with a summary, ``ended_at`` (aware). Failures are values.

        Takes a bounded time. What it gives is checked: the outcome is one of the campaign's
        labels, the fields are those that were asked for, each of its kind or None.
        """


class HookSender(Protocol):
    """Somebody else's program, that wants to know."""

    async def send(self, message: HookMessage) -> str | None:
        """Tell it once, in a bounded time; None where it took the message, else why it did not."""
