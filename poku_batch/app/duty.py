"""One distributed run as one worker has it: the campaign, and the parts of the engine that call."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Protocol

import anyio
from anyio.abc import TaskGroup

from poku_batch.app import definitions, environment, rules, sharing
from poku_batch.app.api import make_client
from poku_batch.app.definitions import Definition
from poku_batch.app.lease import Lease
from poku_batch.app.lists import DoNotCallLists
from poku_batch.app.monitoring import Monitoring, Watched
from poku_batch.app.news import News
from poku_batch.app.others import open_reader
from poku_batch.app.outside import Outside
from poku_batch.app.parts import Parts
from poku_batch.engine.calling import Caller, Turning
from poku_batch.engine.gate import Gate, GateRules
from poku_batch.engine.lasting import LastingRun
from poku_batch.engine.pausing import Pausing
from poku_batch.engine.permits import Permits
from poku_batch.engine.reach import Reach
from poku_batch.engine.stops import Stop
from poku_batch.events import Event
from poku_batch.models import (
    Admission,
    AdmissionRules,
    OpenCall,
    Permission,
    RunEnding,
    SharedRun,
    UnreadCall,
    WorkerId,
)
from poku_batch.ports import BudgetRoom, Clock, Distribution, EventSink, Ledger
from poku_batch.telemetry import Identity, Part


class Say(Protocol):
    """Hears sentences for whoever looks after a worker."""

    def __call__(self, text: str, *, level: str = "info") -> None:
        """Take one; ``level`` is ``info``, ``warning`` or ``error``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What all runs of a worker have in common; ``leaving`` says that nothing is waited for.

    ``name`` is the worker's; ``listen`` gives who hears a run's events, beside what ``watch`` has
    for them, and ``say`` hears words.
    """

    ledger: Ledger
    distribution: Distribution
    worker: WorkerId
    name: str
    clock: Clock
    lease: Lease
    listen: Callable[[Identity], EventSink]
    watch: Monitoring
    say: Say
    leaving: Stop
    watchers: TaskGroup

    def watched(self, run: SharedRun) -> Watched:
        """Who hears the events of a run: a fault of theirs reaches no call."""
        whose = Identity(campaign=str(run.campaign), run=run.id, worker=self.name)
        tell = partial(self.say, level="warning")
        watched = self.watch.watched(Unheard(), whose, tell=tell, part=Part.CALLS)
        watched.listeners.append(self.listen(whose))
        return watched


class Unheard:
    """Where events end that all who listen have heard."""

    def emit(self, event: Event) -> None:
        """Take an event and forget it."""


class Changed:
    """Set where somebody may be due, a slot is free, or there are news of the API."""

    def __init__(self) -> None:
        self._event = anyio.Event()

    def set(self) -> None:
        """Wake who waits."""
        self._event.set()

    async def within(self, seconds: float) -> bool:
        """Wait so long at the most; whether it was set, which it is not any more then."""
        with anyio.move_on_after(seconds):
            await self._event.wait()
        if not self._event.is_set():
            return False
        self._event = anyio.Event()
        return True


@dataclass(slots=True, kw_only=True)
class Duty:
    """A run that this worker takes part in."""

    run: SharedRun
    lasting: LastingRun
    caller: Caller
    gate: Gate
    reach: Reach
    permits: Permits
    clock: Clock
    stop: Stop
    pausing: Pausing
    rules: AdmissionRules
    budget: BudgetRoom | None
    longest: timedelta | None
    distribution: Distribution
    news: News
    changed: Changed
    _told_end: bool = False

    @property
    def hindrance(self) -> bool:
        """Whether no call of the run may begin."""
        return self.stop.requested or self.pausing.pause is not None

    def look_again(self) -> None:
        """Admit as soon as may be."""
        self.changed.set()

    async def heed(self) -> None:
        """Heed what people, and other workers, ask of the run; tell them what this one found."""
        if self.stop.requested and not self._told_end and self.stop.ending is not None:
            await self.distribution.ask_to_end(self.run.id, self.stop.ending, self.stop.why)
            self._told_end = True
        orders = await self.lasting.orders()
        if orders.stop_by is not None:
            self._told_end = self.stop.request(RunEnding.STOPPED) or self._told_end
        self.pausing.put(orders.pause)
        wanted = await self.distribution.wanted_ending(self.run.id)
        if wanted is not None:
            self._told_end = True
            self.stop.request(*wanted)

    async def admit(self, *, tick: bool) -> int:
        """Hand to the engine whoever may be called now; says how many."""
        if self.stop.requested:
            return 0
        now_s = self.clock.monotonic()
        self.gate.count_held(now_s)
        news = self.news.take(now_s)
        try:
            return await self.distribution.admit(
                self.run.id,
                self.rules,
                judge=self._judge,
                budget=self.budget,
                longest=self.longest,
                news=news,
                tick=tick,
            )
        except BaseException:
            self.news.put_back(news, now_s)
            raise

    def _judge(self, admission: Admission) -> Permission:
        return self.permits.judge_admitted(admission, now=self.clock.now())

    async def call(self, admission: Admission, turn: Turning | None = None) -> None:
        """Call an admitted contact; returns when what came of it is durable.

        ``turn`` is waited for before the request leaves.
        """
        self.gate.handed(admission.row)
        report = await self.caller.call(admission, turn)
        self.gate.reported(report)
        self.news.reported(report)

    async def follow(self, call: OpenCall | UnreadCall) -> None:
        """Follow a placed call to its end, or read one that ended."""
        if isinstance(call, OpenCall):
            self.gate.reported(await self.caller.follow(call), followed=True)
        else:
            await self.caller.read(call)


@asynccontextmanager
async def open_duty(run: SharedRun, text: str, around: Surroundings) -> AsyncIterator[Duty]:
    """Make ready to call for a run, by its definition.

    Raises ``PokuBatchError`` where this worker cannot: a key is missing, or it is of another
    version.
    """
    async with AsyncExitStack() as stack:
        definition = stack.enter_context(definitions.opened(text))
        campaign = definition.campaign
        url = environment.base_url(campaign)
        api = await stack.enter_async_context(make_client(campaign, environment.api_key(), url))
        reader = await stack.enter_async_context(
            open_reader(campaign, around.clock, rehearsed_at=None)
        )
        watched = around.watched(run)
        stack.callback(watched.forget)
        outside = Outside(
            ledger=around.ledger,
            api=watched.api(api, around.clock),
            base_url=url,
            clock=around.clock,
            sink=watched,
            lists=DoNotCallLists(None, frozenset()),
            reader=reader,
            senders={},
            simulated=False,
            begin=lambda: None,
            took=watched.took,
        )
        duty = _duty(run, definition, outside, around)
        duty.lasting.attend(around.watchers)
        yield duty


def _duty(run: SharedRun, definition: Definition, outside: Outside, around: Surroundings) -> Duty:
    campaign, stop, pausing = definition.campaign, Stop(), Pausing()
    changed = Changed()
    news = News(campaign.limits.slots, changed.set)
    # The ledger knows who is on a list, and is asked in the transaction that begins a call.
    permits = rules.permits(campaign, definition.columns, lambda _: None)
    lasting = LastingRun(
        around.distribution.join(run, around.worker),
        clock=around.clock,
        sink=outside.sink,
        stop=around.leaving,
        took=outside.took,
    )
    # All other bounds are kept by the ledger, for all workers together.
    gate = Gate(
        clock=around.clock,
        sink=outside.sink,
        rules=GateRules(until=definition.until),
        concurrency=campaign.limits.slots,
        window=news,
        pausing=pausing,
    )
    parts = Parts(
        campaign=campaign,
        composer=definition.composer,
        permits=permits,
        outside=outside,
        sink=outside.sink,
        stop=stop,
        run=lasting,
        gate=gate,
        lost=around.lease.lapsed,
    )
    caller, reach = parts.caller()
    return Duty(
        run=run,
        lasting=lasting,
        caller=caller,
        gate=gate,
        reach=reach,
        permits=permits,
        clock=around.clock,
        stop=stop,
        pausing=pausing,
        rules=sharing.admission_rules(campaign, limit=definition.limit, until=definition.until),
        budget=sharing.budget_room(campaign),
        longest=campaign.pricing.longest_call,
        distribution=around.distribution,
        news=news,
        changed=changed,
    )
