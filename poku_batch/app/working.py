"""A worker: a process that makes the calls of distributed runs, beside any number of others.

The ledger decides who is called and the engine delivers; what is here takes a delivered contact
through the same engine as a run on one machine. Invariants: a call goes on, and its end is written,
whatever becomes of the task engine; a worker that drains begins no call, and leaves when its last
has ended; one that is lost is found by the others.
"""

import math
import os
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import anyio
from anyio.abc import TaskGroup

from poku_batch.app import closing, environment
from poku_batch.app.duty import Duty, Say, Surroundings, open_duty
from poku_batch.app.errands import Errands
from poku_batch.app.lease import Lease
from poku_batch.app.monitoring import Monitoring, monitoring
from poku_batch.app.sharing import distribution_of, swept_words
from poku_batch.clock import SharedClock, SteadyClock, SystemClock, awake_and_asleep_s
from poku_batch.distributed import Delivery
from poku_batch.engine.stops import Stop
from poku_batch.engine.unwritten import Unwritten
from poku_batch.errors import LedgerError, PokuBatchError
from poku_batch.models import (
    RunEnding,
    RunId,
    SharedRun,
    WorkerId,
)
from poku_batch.ports import EventSink, Ledger
from poku_batch.telemetry import Identity, WorkerStanding
from poku_batch.telemetry.supervision import tell_supervisor

#: How often a worker looks for contacts that have become due, in seconds, and for what people ask.
_TICK_S = 0.5
_LOOK_S = 1.0

#: The same trouble is told once in so many seconds.
_TELL_EVERY_S = 10.0

#: How many lost heartbeats make a worker a lost one.
_LOST_AFTER = 3

#: For so many heartbeats' time after one, requests leave: the rest is theirs to travel in.
_HELD_FOR = 2

#: A machine's clock that is wrong by more than this, in seconds, is told of.
_WRONG_S = 5.0


def worker_name() -> str:
    """What names this process among all that there are: host, process, and a random part."""
    return f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(3)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSettings:
    """``concurrency`` calls at once; alive every ``heartbeat_s`` seconds; known as ``name``."""

    concurrency: int = 50
    heartbeat_s: float = 10.0
    name: str = field(default_factory=worker_name)

    @property
    def stalled_s(self) -> float:
        """After how many seconds of silence a worker is given up."""
        return _LOST_AFTER * self.heartbeat_s


class Worker:
    """Makes the calls of all distributed runs of a ledger."""

    def __init__(
        self,
        ledger: Ledger,
        url: str,
        settings: WorkerSettings,
        *,
        listen: Callable[[Identity], EventSink],
        say: Say,
    ) -> None:
        """Take an open ledger and its address, how to work, and who listens.

        ``listen`` gives who hears the events of a run, ``say`` hears sentences for whoever looks
        after the worker. Raises ``UsageError`` where the ledger is one that workers cannot share.
        """
        self._ledger = ledger
        self._distribution = distribution_of(ledger)
        self._url = url
        self._settings = settings
        self._listen = listen
        self._say = say
        self._watch = Monitoring()
        self._time = SharedClock(SystemClock())
        self._clock = SteadyClock(self._time)
        self._lease = Lease(_HELD_FOR * settings.heartbeat_s, awake_and_asleep_s)
        self.name = settings.name
        self._id: WorkerId | None = None
        self._duties: dict[RunId, Duty] = {}
        self._stacks: dict[RunId, AsyncExitStack] = {}
        self._refused: set[RunId] = set()
        self._unwritten: list[Unwritten] = []
        self._leaving = Stop()
        self._draining = False
        self._told: dict[str, float] = {}
        self._scope = anyio.CancelScope()
        self._beaten_s: float | None = None
        self._found_unknown = 0
        self._errands = Errands(
            self._distribution,
            self._duties,
            concurrency=settings.concurrency,
            clock=self._clock,
            is_draining=lambda: self._draining,
            say=say,
            tell_trouble=self._trouble,
        )
        self._delivery = Delivery(
            url,
            concurrency=settings.concurrency,
            heartbeat_s=settings.heartbeat_s,
            stalled_s=settings.stalled_s,
            take=self._errands.take,
            tell=self._trouble,
        )

    def standing(self) -> WorkerStanding:
        """How the worker stands at this moment; may be asked from another thread."""
        beaten_s = self._beaten_s
        return WorkerStanding(
            name=self.name,
            calls=self._errands.calls,
            slots=self._settings.concurrency,
            jobs=self._delivery.jobs,
            campaigns=tuple(str(duty.run.campaign) for duty in tuple(self._duties.values())),
            draining=self._draining,
            silent_s=None if beaten_s is None else awake_and_asleep_s() - beaten_s,
            lasts_s=_HELD_FOR * self._settings.heartbeat_s,
            found_unknown=self._found_unknown,
        )

    async def run(self, watch: Monitoring | None = None) -> None:
        """Work until told to drain, or to leave; ``watch`` has what machines see of it."""
        self._watch = watch or self._watch
        await self._distribution.prepare()
        self._id = await self._distribution.register(
            self.name, concurrency=self._settings.concurrency
        )
        await self._beat()
        self._tell_wrong_clock()
        self._say(f"worker {self.name} takes up to {self._settings.concurrency} calls at once")
        async with anyio.create_task_group() as watchers:
            watchers.start_soon(self._heed_signals)
            watchers.start_soon(tell_supervisor, os.environ)
            try:
                with self._scope:
                    async with anyio.create_task_group() as calls:
                        self._errands.begin(calls, self._id)
                        watchers.start_soon(self._keep(self._beat, self._settings.heartbeat_s))
                        watchers.start_soon(self._keep(self._sweep, self._settings.heartbeat_s / 2))
                        watchers.start_soon(self._keep(partial(self._find, watchers), _LOOK_S))
                        await self._delivery.run()
            finally:
                with anyio.CancelScope(shield=True):
                    watchers.cancel_scope.cancel()
                    await self._end_all()
                    with suppress(LedgerError), anyio.move_on_after(5):
                        await self._distribution.leave(self._id)
        self._say(f"worker {self.name} has left")

    def drain(self) -> None:
        """Begin no call any more, and leave when the open ones have ended."""
        if not self._draining:
            self._draining = True
            self._say(f"draining: {self._errands.calls} open calls go on to their end")
            self._delivery.stop()

    def leave(self) -> None:
        """Leave at once: open requests become unknown, followed calls are left to others."""
        self._say("leaving at once")
        self._leaving.request(RunEnding.ABANDONED)
        self._leaving.leave()
        self._scope.cancel()

    async def _heed_signals(self) -> None:
        names = ("SIGINT", "SIGTERM", "SIGHUP")
        numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
        with suppress(NotImplementedError), anyio.open_signal_receiver(*numbers) as signals:
            async for _ in signals:
                if self._draining:
                    self.leave()
                else:
                    self.drain()

    def _keep(
        self, act: Callable[[], Awaitable[None]], every_s: float
    ) -> Callable[[], Coroutine[Any, Any, None]]:
        """Do something again and again; a ledger that is gone for a while is told of."""

        async def keep() -> None:
            while True:
                try:
                    await act()
                except LedgerError as error:
                    self._trouble(str(error))
                await anyio.sleep(every_s)

        return keep

    async def _beat(self) -> None:
        assert self._id is not None  # noqa: S101 – registered before
        asked_s = awake_and_asleep_s()
        beaten_at = await self._distribution.beat(self._id, draining=self._draining)
        self._beaten_s = asked_s
        self._lease.renew(asked_s)
        self._time.set(beaten_at, asked_s=asked_s)

    def _tell_wrong_clock(self) -> None:
        ahead_s = self._time.ahead_s()
        if abs(ahead_s) > _WRONG_S:
            way = "ahead of" if ahead_s > 0 else "behind"
            self._say(
                f"this machine's clock is {abs(ahead_s):,.0f} seconds {way} the database's, "
                "which calls go by",
                level="warning",
            )

    async def _sweep(self) -> None:
        # One that was frozen says first that it is there, and does not give itself up.
        await self._beat()
        await self._delivery.clear_stalled()
        swept = await self._distribution.sweep(stalled=timedelta(seconds=self._settings.stalled_s))
        self._found_unknown += swept.unknown
        if swept.any:
            self._say(swept_words(swept))
            for duty in self._duties.values():
                duty.look_again()

    async def _find(self, watchers: TaskGroup) -> None:
        """Take part in runs that have begun, and in none that has ended; heed what is asked."""
        runs = {run.id: run for run in await self._distribution.runs()}
        for number in [*self._duties]:
            if number not in runs:
                await self._end_duty(number)
        for number, run in runs.items():
            if number not in self._duties and number not in self._refused:
                await self._begin_duty(run, watchers)
        for duty in self._duties.values():
            await duty.heed()

    async def _begin_duty(self, run: SharedRun, watchers: TaskGroup) -> None:
        text = await self._distribution.definition(run.id)
        if text is None or self._id is None:
            return
        around = Surroundings(
            ledger=self._ledger,
            distribution=self._distribution,
            worker=self._id,
            name=self.name,
            clock=self._clock,
            lease=self._lease,
            listen=self._listen,
            watch=self._watch,
            say=self._say,
            leaving=self._leaving,
            watchers=watchers,
        )
        stack = AsyncExitStack()
        try:
            duty = await stack.enter_async_context(open_duty(run, text, around))
        except PokuBatchError as error:
            await self._distribution.refuse(run.id, self._id, str(error))
            self._refused.add(run.id)
            self._say(f"no part in {run.campaign}: {error}", level="warning")
            return
        self._stacks[run.id] = stack
        self._duties[run.id] = duty
        self._delivery.serve(run.id)
        await duty.heed()
        watchers.start_soon(self._admit, duty)
        self._say(f"takes part in {run.campaign}")

    async def _end_duty(self, number: RunId) -> None:
        if self._errands.is_busy_with(self._duties[number]):
            return
        duty = self._duties.pop(number)
        self._delivery.leave(number)
        self._unwritten += duty.lasting.unwritten
        duty.stop.request(RunEnding.ABANDONED)
        duty.look_again()
        await self._stacks.pop(number).aclose()

    async def _end_all(self) -> None:
        """Take part in no run any more; what the ledger has not taken is kept in a file."""
        for number, duty in self._duties.items():
            self._unwritten += duty.lasting.unwritten
            await self._stacks[number].aclose()
        place = Path.cwd() / f"poku-batch-worker-{os.getpid()}"
        sink = self._listen(Identity(worker=self.name))
        await closing.keep_unwritten(self._unwritten, [place], self._clock, sink)

    async def _admit(self, duty: Duty) -> None:
        """Hand out who is due: when a slot was freed, and now and then."""
        while not duty.stop.requested:
            is_tick = not await duty.changed.within(_TICK_S)
            if self._draining and is_tick:
                continue
            try:
                await duty.admit(tick=is_tick)
            except LedgerError as error:
                self._trouble(str(error))
                await anyio.sleep(_TICK_S)

    def _trouble(self, why: str) -> None:
        """Say what broke, the same once in a while."""
        now_s = self._clock.monotonic()
        if now_s - self._told.get(why, -math.inf) >= _TELL_EVERY_S:
            self._told = {why: now_s}
            self._say(f"trouble, tried again until it works: {why}", level="warning")


async def work(
    settings: WorkerSettings, *, listen: Callable[[Identity], EventSink], say: Say
) -> None:
    """Work for the ledger that ``POKU_BATCH_LEDGER`` names, until told to drain.

    ``listen`` gives who hears the events of a run, ``say`` hears sentences for whoever looks after
    the worker. Raises ``UsageError`` where it is no database, and ``MissingKeyError`` without a
    key.
    """
    environment.api_key(rehearses=False)
    url = environment.shared_ledger_url()
    from poku_batch.ledger import open_ledger

    async with open_ledger(url) as ledger:
        worker = Worker(ledger, url, settings, listen=listen, say=say)
        async with _watched(worker, say) as watch:
            await worker.run(watch)


@asynccontextmanager
async def _watched(worker: Worker, say: Say) -> AsyncIterator[Monitoring]:
    """What machines see of a worker, as the environment asks for it."""

    async def ask() -> dict[str, Any]:
        return worker.standing().facts()

    told, here = partial(say, level="warning"), version("poku-batch")
    async with monitoring(ask, tell=told, version=here) as watch:
        watch.tell_of_worker(worker.standing, version=here)
        for where in watch.addresses:
            say(where)
        yield watch
