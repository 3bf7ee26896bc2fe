"""The book of calls: every call that rang, how many are open, and the truth for tests.

A call is a timer, not a task or a thread. The book belongs to one event loop and is not touched
from elsewhere. Memory: open calls, the newest ended ones (``SimulatorConfig.remember``), and a
counter for each number ever called (about 100 bytes a number); nothing else grows.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from poku_batch.poku.wire import CallBody
from poku_batch.simulator.config import SimulatorConfig
from poku_batch.simulator.faults import DrawnFault, FaultKind
from poku_batch.simulator.scenarios import RECORDED, Scenario
from poku_batch.simulator.summaries import summarise


@dataclass(slots=True, kw_only=True, eq=False)
class Call:
    """One call that rang. ``ended`` is set when it ends, or when the simulator stops before."""

    interaction_id: str
    body: CallBody
    sent: Mapping[str, Any]
    attempt: int
    scenario: Scenario
    summary: str | None
    #: seconds from placement to end, as they pass here
    length_s: float
    arrived_at: datetime
    fault: DrawnFault | None
    ended_at: datetime | None = None
    status_requests: int = 0
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    timer: asyncio.TimerHandle | None = None

    @property
    def recorded(self) -> bool:
        """True when there is a recording to listen to."""
        return self.ended_at is not None and self.scenario in RECORDED


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggedCall:
    """One call that rang, as the log tells it. Times are aware UTC.

    ``body`` is the request exactly as it was sent; ``fault`` what spoilt its answer, if anything.
    """

    to: str
    interaction_id: str
    attempt: int
    arrived_at: datetime
    ended_at: datetime | None
    outcome: str
    body: Mapping[str, Any] = field(repr=False)
    fault: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """The truth, for tests and for the curious. No part of it is Poku's API.

    ``calls`` are in order of arrival; ``forgotten`` counts ended ones that are no longer kept.
    ``requests`` counts every ``POST /calls``, also those refused; ``faults`` those injected.
    """

    calls: tuple[LoggedCall, ...]
    open: int
    max_open: int
    forgotten: int
    requests: int
    status_requests: int
    faults: Mapping[str, int]


class CallBook:
    """Places calls, ends them when their time has come, and knows them all."""

    def __init__(self, config: SimulatorConfig, *, now: Callable[[], datetime]) -> None:
        self._config = config
        self._now = now
        self._calls: dict[str, Call] = {}
        self._ended: deque[str] = deque()
        self._requests_of: Counter[int] = Counter()
        self._attempts_of: Counter[int] = Counter()
        self._faults: Counter[str] = Counter()
        self._open = 0
        self._max_open = 0
        self._forgotten = 0
        self._closed = asyncio.Event()
        self.requests = 0
        self.status_requests = 0

    @property
    def closed(self) -> bool:
        """True once the simulator stops: no answer is due to anybody any more."""
        return self._closed.is_set()

    def find(self, interaction_id: str) -> Call | None:
        """Give the call of this name, unless it never was or is forgotten."""
        return self._calls.get(interaction_id)

    def routable(self, to: str) -> bool:
        """Say whether the network knows the number."""
        return self._config.scenarios.routable(self._config.seed, to)

    def draw_fault(self, to: str) -> DrawnFault | None:
        """Say what is to go wrong with the next placement to this number, and count it."""
        faults = self._config.faults
        if not faults.of_placements:
            return None
        number = int(to)
        self._requests_of[number] += 1
        drawn = faults.draw(self._config.seed, to, self._requests_of[number])
        if drawn is not None:
            self._faults[drawn.kind.value] += 1
        return drawn

    def draw_status_fault(self, call: Call) -> FaultKind | None:
        """Say what is to go wrong with the next status request of this call, and count it."""
        call.status_requests += 1
        kind = self._config.faults.draw_status(
            self._config.seed, call.body.to, call.attempt, call.status_requests
        )
        if kind is not None:
            self._faults[kind.value] += 1
        return kind

    def place(self, body: CallBody, sent: Mapping[str, Any], fault: DrawnFault | None) -> Call:
        """Let the phone ring; the call ends by itself."""
        number = int(body.to)
        self._attempts_of[number] += 1
        call = self._planned(body, sent, fault, self._attempts_of[number])
        self._calls[call.interaction_id] = call
        self._open += 1
        self._max_open = max(self._max_open, self._open)
        loop = asyncio.get_running_loop()
        call.timer = loop.call_later(call.length_s, self._end, call)
        return call

    async def pause(self, seconds: float) -> None:
        """Wait that long, or until the simulator stops."""
        if seconds > 0:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._closed.wait(), seconds)

    def close(self) -> None:
        """Stop every timer and let go of everybody who waits; open calls stay open in the log."""
        self._closed.set()
        for call in self._calls.values():
            if call.timer is not None:
                call.timer.cancel()
            call.ended.set()

    def log(self) -> Log:
        """Tell the truth as it is now."""
        return Log(
            calls=tuple(map(_logged, self._calls.values())),
            open=self._open,
            max_open=self._max_open,
            forgotten=self._forgotten,
            requests=self.requests,
            status_requests=self.status_requests,
            faults=dict(self._faults),
        )

    def _planned(
        self, body: CallBody, sent: Mapping[str, Any], fault: DrawnFault | None, attempt: int
    ) -> Call:
        config = self._config
        plan = config.scenarios.plan(config.seed, body.to, attempt, config.call_seconds)
        return Call(
            interaction_id=str(uuid4()),
            body=body,
            sent=sent,
            attempt=attempt,
            scenario=plan.scenario,
            summary=summarise(
                plan.scenario,
                prompt=body.prompt,
                seed=config.seed,
                to=body.to,
                attempt=attempt,
                transferred=body.transfer_to is not None,
            ),
            length_s=config.passes_in(plan.length_s),
            arrived_at=self._now(),
            fault=fault,
        )

    def _end(self, call: Call) -> None:
        call.ended_at = self._now()
        call.timer = None
        self._open -= 1
        call.ended.set()
        self._ended.append(call.interaction_id)
        if len(self._ended) > self._config.remember:
            del self._calls[self._ended.popleft()]
            self._forgotten += 1


def _logged(call: Call) -> LoggedCall:
    return LoggedCall(
        to=call.body.to,
        interaction_id=call.interaction_id,
        attempt=call.attempt,
        arrived_at=call.arrived_at,
        ended_at=call.ended_at,
        outcome=call.scenario.value,
        body=call.sent,
        fault=call.fault.kind.value if call.fault else None,
    )
