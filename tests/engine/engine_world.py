"""A world for the engine's tests: a real ledger, a scripted API, and time that passes by itself."""

import inspect
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

import anyio
import anyio.lowlevel

from poku_batch.clock import SteadyClock
from poku_batch.engine.attending import Attending
from poku_batch.engine.caller_ids import CallerIds
from poku_batch.engine.calling import Caller
from poku_batch.engine.compose import Composer
from poku_batch.engine.ends import Ends
from poku_batch.engine.following import Follower, FollowRules
from poku_batch.engine.gate import Gate, GateRules
from poku_batch.engine.journal import Journal
from poku_batch.engine.lasting import LastingRun
from poku_batch.engine.pace import Pace
from poku_batch.engine.permits import PermitColumns, Permits
from poku_batch.engine.placing import Retries, RetryRules
from poku_batch.engine.reach import Reach
from poku_batch.engine.runner import Runner, RunRules
from poku_batch.engine.spending import Spending
from poku_batch.engine.stops import Stop
from poku_batch.events import Event, RunStarted
from poku_batch.ledger import open_ledger
from poku_batch.models import (
    CampaignId,
    ContactKey,
    ContactState,
    Counts,
    DuplicateRule,
    Enrolment,
    RunEnding,
)
from poku_batch.policy.breaker import Breaker
from poku_batch.policy.outcomes import OutcomeRules
from poku_batch.policy.spending import Budget
from poku_batch.policy.window import Window
from poku_batch.ports import Clock, LedgerRun
from poku_batch.prompts import RowTemplates
from tests.engine.engine_api import CONFIRMED, ScriptedApi, Step
from tests.engine.engine_attended import run_attended
from tests.engine.engine_bounds import Bounds
from tests.engine.engine_clock import START, VirtualClock
from tests.engine.engine_file import AttemptRow, ContactRow, attempts, contact

__all__ = ["CAMPAIGN", "CONFIRMED", "Bounds", "Step", "World", "memory_folder", "number"]

CAMPAIGN = CampaignId(name="clinic")


def number(index: int) -> str:
    """The number of the contact in row ``index + 2``."""
    return f"+1415555{index:04d}"


@contextmanager
def memory_folder() -> Iterator[Path]:
    """A folder whose files need no disk, where the system has one: properties open many ledgers."""
    memory = Path("/dev/shm")  # noqa: S108 – a place for a folder of its own
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


class Killed(BaseException):
    """The process is gone: nothing of it writes or sends any more."""


class _WatchedRun:
    """A ``ports.LedgerRun`` that lets no time pass but what it is told to, and calls hooks."""

    def __init__(self, run: LedgerRun, world: "World") -> None:
        self._run = run
        self._world = world

    def __getattr__(self, name: str) -> Any:
        if name in ("campaign", "number"):
            return getattr(self._run, name)
        method = getattr(self._run, name)

        async def watched(*values: Any, **named: Any) -> Any:
            world = self._world
            with world.clock.working():
                world.tick()
                world.before.get(name, lambda: None)()
                result = await method(*values, **named)
                waiting = world.after.get(name, lambda: None)()
                if inspect.isawaitable(waiting):
                    await waiting
                world.tick()
                world.done[name] += 1
            if slow_s := world.slow_s.get(name):
                await world.clock.sleep(slow_s)
            return result

        return watched


@dataclass(slots=True, kw_only=True)
class Going:
    """The parts of the run that is going on, for those who meddle with it."""

    stop: Stop
    runner: Runner
    scope: anyio.CancelScope


class World:
    """One campaign, its ledger's file, its API and its time; runs may follow one another.

    ``on_event`` hears each event, ``before`` and ``after`` are called around the ledger's
    operations by their name; what ``after`` returns is awaited; ``slow_s`` is how long they take
    to say that they are done. ``lost`` is why others may have given the process up. From step
    ``kill_at`` on the process is gone; steps are the ledger's operations and the API's, each its
    beginning and end.
    """

    def __init__(self, folder: Path, *, start: datetime = START) -> None:
        self.path = folder / "ledger.db"
        self.clock = VirtualClock(start)
        self.api = ScriptedApi(clock=self.clock, path=self.path, tick=self.tick)
        self.events: list[Event] = []
        self.on_event: Callable[[Event], object] = lambda _event: None
        self.before: dict[str, Callable[[], object]] = {}
        self.after: dict[str, Callable[[], object]] = {}
        self.slow_s: dict[str, float] = {}
        self.done: defaultdict[str, int] = defaultdict(int)
        self.steps = 0
        self.kill_at: int | None = None
        self._going: Going | None = None
        self.gate: Gate | None = None
        self.runs = 0
        self.lasting: LastingRun | None = None
        self.note = ""
        self.lost: str | None = None
        self.attending: Attending

    @property
    def going(self) -> Going:
        assert self._going is not None, "no run is going on"
        return self._going

    def stop(self, ending: RunEnding = RunEnding.STOPPED) -> None:
        """Ask the run that is going on to end."""
        self.going.stop.request(ending)

    def break_off(self) -> None:
        """Cancel the scope round the run that is going on, as a caller of the program might."""
        self.going.scope.cancel()

    def abandon(self) -> None:
        """End the run that is going on at once."""
        self.going.runner.abandon()

    def tick(self) -> None:
        self.steps += 1
        if self.kill_at is not None and self.steps >= self.kill_at:
            raise Killed

    def emit(self, event: Event) -> None:
        self.events.append(event)
        self.on_event(event)

    def of(self, *kinds: type[Any]) -> list[Any]:
        """The events of some kinds, in their order."""
        return [event for event in self.events if isinstance(event, kinds)]

    def contact(self, index: int) -> ContactRow:
        return contact(self.path, number(index))

    def attempts(self, index: int) -> list[AttemptRow]:
        return attempts(self.path, number(index))

    def states(self, count: int) -> list[ContactState]:
        return [self.contact(index).state for index in range(count)]

    async def enrol(self, count: int, *, names: Mapping[int, str] | None = None) -> None:
        """Make ``count`` rows the sheet: columns ``name`` and ``language``."""
        names = names or {}
        await self.enrol_rows(
            [
                Enrolment(
                    row=index + 2,
                    cells=(names.get(index, f"N{index}"),),
                    key=ContactKey(f"k{index}"),
                    to=number(index),
                    country="US",
                )
                for index in range(count)
            ]
        )

    async def enrol_rows(
        self, rows: Sequence[Enrolment], *, columns: Sequence[str] = ("name",)
    ) -> None:
        """Make these rows the sheet."""
        async with (
            open_ledger(self.path) as ledger,
            ledger.enrolment(CAMPAIGN, columns, DuplicateRule.ALL) as session,
        ):
            await session.add(rows)
            await session.commit(now=self.clock.now())

    async def counts(self) -> Counts:
        async with open_ledger(self.path) as ledger:
            return await ledger.counts(CAMPAIGN, now=self.clock.now())

    async def run(
        self,
        *,
        concurrency: int = 2,
        limit: int | None = None,
        wait: bool = True,
        retries: RetryRules | None = None,
        follow: FollowRules | None = None,
        chance: float = 0.5,
        call: Mapping[str, str] | None = None,
        prompt: str = "Hello {{ name }}.",
        bounds: Bounds = Bounds(),  # noqa: B008 – frozen
        columns: Sequence[str] = ("name",),
        attended: bool = False,
    ) -> RunEnding | None:
        """Run once, as a process of its own would; None where the run was broken off.

        ``attended``: it looks for what people ask of it.
        """
        clock = SteadyClock(self.clock)
        composer = _composer(prompt, call or {}, columns)
        retrying = Retries(retries or RetryRules(), sleep=clock.sleep, chance=lambda: chance)
        follower = Follower(self.api, clock, follow or FollowRules(), chance=lambda: chance)
        rules = RunRules(concurrency=concurrency, wait=wait)
        with anyio.fail_after(60), ExitStack() as opening:
            opening.enter_context(self.clock.working())
            async with open_ledger(self.path) as ledger:
                run = await ledger.open_run(CAMPAIGN, at=self.clock.now())
                counts = await ledger.counts(CAMPAIGN, now=self.clock.now())
                opening.close()
                ending = None
                try:
                    with anyio.CancelScope() as scope:
                        with self.clock.working():
                            gate = await self._gate(run, rules, limit, bounds, clock)
                            self.gate = gate
                        runner = self._runner(
                            run,
                            composer=composer,
                            retries=retrying,
                            follower=follower,
                            rules=rules,
                            scope=scope,
                            clock=clock,
                            gate=gate,
                            bounds=bounds,
                        )
                        self.emit(
                            RunStarted(
                                at=self.clock.now(),
                                campaign=str(CAMPAIGN),
                                counts=counts,
                                concurrency=concurrency,
                            )
                        )
                        going = runner.run
                        if attended:
                            going = partial(run_attended, self, gate, clock)
                        ending = await going()
                except BaseExceptionGroup as group:
                    _require_killed(group)
                except Killed:
                    pass
                finally:
                    # Without an end the process is gone: it frees the campaign, and writes nothing.
                    if ending is None:
                        await run.let_go()
                    else:
                        await run.close(ending, at=self.clock.now())
                return ending

    async def _gate(
        self,
        run: LedgerRun,
        rules: RunRules,
        limit: int | None,
        bounds: Bounds,
        clock: Clock,
    ) -> Gate:
        now_s = clock.monotonic()
        breaker = None
        if bounds.breaker is not None:
            last, share, cool_down_s, trips = bounds.breaker
            breaker = Breaker(last=last, share=share, cool_down_s=cool_down_s, trips=trips)
        return Gate(
            clock=clock,
            sink=self,
            rules=GateRules(limit=limit, until=bounds.until),
            concurrency=rules.concurrency,
            window=Window(rules.concurrency, ramp_up_s=bounds.ramp_up_s, started_s=now_s),
            pace=Pace(bounds.calls_per_minute, ramp_up_s=bounds.ramp_up_s, started_s=now_s),
            breaker=breaker,
            spending=await _spending(run, bounds.budget) if bounds.budget else None,
        )

    def _runner(
        self,
        run: LedgerRun,
        *,
        composer: Composer,
        retries: Retries,
        follower: Follower,
        rules: RunRules,
        scope: anyio.CancelScope,
        clock: Clock,
        gate: Gate,
        bounds: Bounds,
    ) -> Runner:
        stop = Stop()
        watched = LastingRun(
            cast("LedgerRun", _WatchedRun(run, self)), clock=clock, sink=self, stop=stop
        )
        self.lasting = watched
        reach = Reach(clock, chance=lambda: 1.0)
        journal = Journal(watched, clock, self)
        permits = Permits(
            hours=bounds.hours,
            timezone="contact",
            default_timezone=None,
            columns=PermitColumns(timezone=bounds.timezone_column),
            consent_values=(),
            listed=bounds.listed,
        )
        caller = Caller(
            api=self.api,
            clock=clock,
            composer=composer,
            caller_ids=CallerIds(
                watched,
                clock,
                pool=bounds.pool,
                calls_a_day=bounds.calls_a_day,
                number_caps=bounds.number_caps,
            ),
            permits=permits,
            journal=journal,
            ends=Ends(
                journal,
                clock,
                outcomes=OutcomeRules(bounds.outcomes),
                redials=bounds.redials,
                reader=bounds.reader,
                chance=lambda: 0.5,
            ),
            retries=retries,
            follower=follower,
            gate=gate,
            reach=reach,
            stop=stop,
            lost=lambda: self.lost,
        )
        runner = Runner(
            run=watched,
            caller=caller,
            journal=journal,
            permits=permits,
            gate=gate,
            reach=reach,
            clock=clock,
            sink=self,
            stop=stop,
            rules=rules,
        )
        self.runs += 1
        self._going = Going(stop=stop, runner=runner, scope=scope)
        return runner


async def _spending(run: LedgerRun, budget: Budget) -> Spending:
    return Spending(budget, await run.usage(longest=timedelta(seconds=budget.longest_s)))


def _require_killed(group: BaseExceptionGroup[BaseException]) -> None:
    others = group.split(Killed)[1]
    if others is not None:
        raise others


def _composer(prompt: str, call: Mapping[str, str], columns: Sequence[str]) -> Composer:
    templates = RowTemplates.compile(
        prompt=prompt,
        prompt_name="prompt.j2",
        folder=None,
        call=call,
        columns=list(columns),
        campaign={"name": "clinic", "wave": ""},
    )
    return Composer(templates, region="US")
