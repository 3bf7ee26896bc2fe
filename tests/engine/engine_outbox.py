"""For the tests of telling: a real outbox, receivers that do as they are told, virtual time."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import anyio
import anyio.lowlevel

from poku_batch.engine.telling import Teller
from poku_batch.events import Event, HookTrouble
from poku_batch.ledger import open_ledger
from poku_batch.models import (
    CampaignId,
    ContactKey,
    DuplicateRule,
    Enrolment,
    HookEvent,
    HookMessage,
)
from poku_batch.ports import Clock, HookSender, LedgerRun
from tests.engine.engine_clock import START, VirtualClock

CLINIC = CampaignId(name="clinic")


class Receiver:
    """A ``ports.HookSender`` that answers as it is told to, and remembers whom it heard of."""

    def __init__(self, clock: VirtualClock, answer: Callable[[int], str | None]) -> None:
        self._clock = clock
        self._answer = answer
        #: number of the message, and the second in which it came
        self.heard: list[tuple[int, float]] = []
        self.ids: dict[int, set[int]] = {}
        self.takes_s = 0.0
        self.most = self._now = 0

    async def send(self, message: HookMessage) -> str | None:
        number = message.body["n"]
        self.heard.append((number, self._clock.monotonic()))
        self.ids.setdefault(number, set()).add(message.id)
        self._now += 1
        self.most = max(self.most, self._now)
        try:
            await self._clock.sleep(self.takes_s)
        finally:
            self._now -= 1
        return self._answer(number)

    @property
    def numbers(self) -> list[int]:
        return [number for number, _ in self.heard]


class Deaf:
    """A ``ports.HookSender`` whose receiver never answers."""

    async def send(self, message: HookMessage) -> str | None:
        await anyio.sleep_forever()
        return f"{message.id} was never answered"


class OutboxWorld:
    """One campaign's outbox, in a real ledger, and time that passes by itself."""

    def __init__(self, run: LedgerRun, clock: VirtualClock) -> None:
        self.clock = clock
        self.events: list[Event] = []
        self.real = run
        self.count = 0
        self.before: dict[str, Callable[[], Awaitable[None] | None]] = {}
        self.run = cast("LedgerRun", self)

    def __getattr__(self, name: str) -> Any:
        """A method of the run, during which no time passes."""

        async def method(*values: Any, **named: Any) -> Any:
            with self.clock.working():
                waiting = self.before.get(name, lambda: None)()
                if waiting is not None:
                    await waiting
                return await getattr(self.real, name)(*values, **named)

        return method

    def emit(self, event: Event) -> None:
        self.events.append(event)

    @property
    def troubles(self) -> list[HookTrouble]:
        return [event for event in self.events if isinstance(event, HookTrouble)]

    def receiver(self, answer: Callable[[int], str | None] = lambda _: None) -> Receiver:
        return Receiver(self.clock, answer)

    def teller(self, *senders: HookSender, results: HookSender | None = None) -> Teller:
        by_event = dict(zip([HookEvent.FINISH], senders, strict=False))
        if results is not None:
            by_event[HookEvent.RESULT] = results
        return Teller(
            run=self.run,
            senders=by_event,
            clock=cast("Clock", self.clock),
            sink=self,
            chance=lambda: 0.5,
        )

    async def add(self, messages: int = 1) -> None:
        for _ in range(messages):
            self.count += 1
            with self.clock.working():
                at = self.clock.now() + timedelta(microseconds=self.count - 1_000_000)
                await self.real.tell({"n": self.count}, at=at)

    async def left(self) -> int:
        with self.clock.working():
            return (await self.real.waiting_messages())[0]

    async def until(self, done: Callable[[], Awaitable[bool]], *, within_s: float) -> None:
        give_up = self.clock.monotonic() + within_s
        while not await done():
            assert self.clock.monotonic() < give_up
            await self.clock.sleep(0.5)

    async def nobody_left(self) -> bool:
        return await self.left() == 0


@asynccontextmanager
async def open_outbox(folder: Path) -> AsyncIterator[OutboxWorld]:
    async with open_ledger(folder / "ledger.db") as ledger:
        async with ledger.enrolment(CLINIC, ["a"], DuplicateRule.FIRST) as session:
            await session.add(
                [
                    Enrolment(row=n, cells=("c",), key=ContactKey(f"{n}"), to=f"+1415555{n:04}")
                    for n in range(2, 60)
                ]
            )
            await session.commit(now=START)
        run = await ledger.open_run(CLINIC, tell_results=True, at=START)
        yield OutboxWorld(cast("LedgerRun", run), VirtualClock())


@asynccontextmanager
async def running(teller: Teller) -> AsyncIterator[None]:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(teller.run)
        yield
        tasks.cancel_scope.cancel()


def down_until(second: float, clock: VirtualClock) -> Callable[[int], str | None]:
    return lambda _: "HTTP 503" if clock.monotonic() < second else None
