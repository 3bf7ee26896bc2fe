"""A run, for real or rehearsed: enrol, ask, call, write the results."""

import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from poku_batch.app import environment
from poku_batch.app.preparing import Prepared, preparing
from poku_batch.campaign import Campaign, load_campaign
from poku_batch.clock import SteadyClock, SystemClock
from poku_batch.engine.calling import Caller
from poku_batch.engine.following import Follower, FollowRules
from poku_batch.engine.journal import Journal
from poku_batch.engine.lasting import LastingRun
from poku_batch.engine.placing import Retries, RetryRules
from poku_batch.engine.plan import enrol
from poku_batch.engine.reach import Reach
from poku_batch.engine.runner import Runner, RunRules
from poku_batch.engine.stops import Stop
from poku_batch.errors import ResultsError, ResultsUnwrittenError
from poku_batch.events import Event, ResultsRescued, RunEnded, RunStarted
from poku_batch.models import ContactState, Counts, EnrolmentReport, RunEnding
from poku_batch.poku.client import PokuClient
from poku_batch.policy.outcomes import OutcomeRules
from poku_batch.ports import Clock, EventSink, Ledger

if TYPE_CHECKING:
    import pandas as pd

#: The key that rehearsals send: the simulator takes any, and no real one goes near it.
_SIMULATED_KEY = "simulated"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """How a rehearsal goes: calls ``speed`` times faster than life, and faults on demand.

    ``faults`` is text as the simulator takes it, ``429=0.1,drop=0.01``. ``fresh`` first forgets the
    earlier rehearsals of the campaign's folder.
    """

    speed: float = 30.0
    seed: int = 0
    faults: str = ""
    fresh: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunPlan:
    """What is about to happen, for a person to agree to. ``to_call`` phones ring at the most."""

    campaign: Campaign
    report: EnrolmentReport
    base_url: str
    to_call: int
    simulated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """How a run ended, and how its sheet stands now.

    ``outputs`` are the files written, in the campaign's order; see ``write_outputs`` for their
    names.
    """

    ending: RunEnding
    why: str | None
    counts: Counts
    report: EnrolmentReport
    outputs: tuple[Path, ...]


#: Asked before anybody is called; False ends the run.
Confirm = Callable[[RunPlan], bool]


class _Nobody:
    """A sink for runs that nobody watches."""

    def emit(self, event: Event) -> None:
        """Take an event and forget it."""


async def run_campaign(
    campaign: Campaign | Path | str,
    *,
    simulate: bool | Rehearsal = False,
    limit: int | None = None,
    wait: bool = True,
    contacts: "pd.DataFrame | None" = None,
    sink: EventSink | None = None,
    confirm: Confirm | None = None,
) -> RunSummary:
    """Call everybody of a campaign who is due, and write the results.

    ``contacts`` takes the place of the campaign's sheet: one row a contact, any dtypes.
    ``limit`` contacts are newly called at most. Without ``wait`` the run ends when those who are
    left are due later. ``confirm`` is asked before anybody is called, on the event loop's
    thread (nothing else goes on yet); the run ends as ``DECLINED`` where it says no.

    SIGINT, SIGTERM and SIGHUP stop the run gently, a second one at once. Raises ``PokuBatchError``
    as ``errors`` tells; nobody was called then, unless it is a ``LedgerError`` or ``ResultsError``
    from the middle of the run.
    """
    if not isinstance(campaign, Campaign):
        campaign = load_campaign(campaign)
    rehearsal = Rehearsal() if simulate is True else simulate or None
    rules = RunRules(concurrency=campaign.limits.concurrency, limit=limit, wait=wait)
    async with _open_api(campaign, rehearsal) as api:
        with preparing(campaign, simulate=rehearsal is not None, contacts=contacts) as prepared:
            async with _open_ledger(campaign, rehearsal) as ledger:
                job = _Job(
                    prepared=prepared,
                    ledger=ledger,
                    api=api,
                    clock=SteadyClock(SystemClock()),
                    sink=sink or _Nobody(),
                    rules=rules,
                    follow_rules=_follow_rules(campaign, rehearsal),
                )
                return await job.run(confirm, simulated=rehearsal is not None)


def _follow_rules(campaign: Campaign, rehearsal: Rehearsal | None) -> FollowRules:
    """The campaign's waiting times; a rehearsal's pass as fast as its calls."""
    speed = rehearsal.speed if rehearsal else 1.0
    return FollowRules(
        call_timeout_s=campaign.api.call_timeout.total_seconds() / speed,
        poll_interval_s=campaign.api.poll_interval.total_seconds() / speed,
    )


@asynccontextmanager
async def _open_ledger(campaign: Campaign, rehearsal: Rehearsal | None) -> AsyncIterator[Ledger]:
    from poku_batch.ledger import forget_ledger, open_ledger

    url = environment.ledger_url(campaign, simulate=rehearsal is not None)
    if rehearsal is not None and rehearsal.fresh:
        forget_ledger(url)
    async with open_ledger(url) as ledger:
        yield ledger


@asynccontextmanager
async def _open_api(campaign: Campaign, rehearsal: Rehearsal | None) -> AsyncIterator[PokuClient]:
    """Open the API; for a rehearsal a simulator of its own, on loopback."""
    if rehearsal is None:
        key, url = environment.api_key(), environment.base_url(campaign)
        async with _client(campaign, key, url, _follow_rules(campaign, None)) as client:
            yield client
        return
    from poku_batch.simulator import Faults, SimulatorConfig, running_simulator

    config = SimulatorConfig(
        seed=rehearsal.seed, speed=rehearsal.speed, faults=Faults.parse(rehearsal.faults)
    )
    async with (
        running_simulator(config) as simulator,
        _client(
            campaign, _SIMULATED_KEY, simulator.url, _follow_rules(campaign, rehearsal)
        ) as client,
    ):
        yield client


def _client(campaign: Campaign, key: str, base_url: str, rules: FollowRules) -> PokuClient:
    return PokuClient(
        key,
        base_url=base_url,
        completion=campaign.api.completion,
        call_timeout_s=rules.call_timeout_s,
        poll_interval_s=rules.poll_interval_s,
        turned_away_statuses=campaign.retries.statuses,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """One run and its parts; what it enrolled is written to the outputs however it ends."""

    prepared: Prepared
    ledger: Ledger
    api: PokuClient
    clock: Clock
    sink: EventSink
    rules: RunRules
    follow_rules: FollowRules

    async def run(self, confirm: Confirm | None, *, simulated: bool) -> RunSummary:
        campaign = self.prepared.campaign
        ending, stop = RunEnding.ABANDONED, Stop()
        run = LastingRun(
            await self.ledger.open_run(campaign.identity, at=self.clock.now()),
            clock=self.clock,
            sink=self.sink,
            stop=stop,
        )
        outputs: tuple[Path, ...] = ()
        try:
            report = await self._enrol()
            if await self._agreed(report, confirm, simulated=simulated):
                ending, outputs = await self._call(run, stop, report)
            else:
                ending = RunEnding.DECLINED
        finally:
            with anyio.CancelScope(shield=True):
                await run.close(ending, at=self.clock.now())
        counts = await self.ledger.counts(campaign.identity, now=self.clock.now())
        self.sink.emit(RunEnded(at=self.clock.now(), ending=ending, counts=counts, why=stop.why))
        return RunSummary(
            ending=ending, why=stop.why, counts=counts, report=report, outputs=outputs
        )

    async def _enrol(self) -> EnrolmentReport:
        campaign = self.prepared.campaign
        planner = self.prepared.planner()
        async with self.ledger.enrolment(
            campaign.identity, self.prepared.sheet.columns, campaign.contacts.duplicates
        ) as session:
            await enrol(self.prepared.sheet.batches(), planner, session)
            return await session.commit(now=self.clock.now())

    async def _agreed(
        self,
        report: EnrolmentReport,
        confirm: Confirm | None,
        *,
        simulated: bool,
    ) -> bool:
        """Ask, if anybody would be called."""
        waiting = report.counts.of(ContactState.PENDING)
        to_call = waiting if self.rules.limit is None else min(waiting, self.rules.limit)
        if confirm is None or not to_call:
            return True
        plan = RunPlan(
            campaign=self.prepared.campaign,
            report=report,
            base_url=self.api.base_url,
            to_call=to_call,
            simulated=simulated,
        )
        return confirm(plan)

    async def _call(
        self, run: LastingRun, stop: Stop, report: EnrolmentReport
    ) -> tuple[RunEnding, tuple[Path, ...]]:
        """Run until the end, heeding signals, and write the results whatever the end."""
        reach = Reach(self.clock)
        runner = Runner(
            run=run,
            caller=self._caller(run, reach, stop),
            reach=reach,
            clock=self.clock,
            sink=self.sink,
            stop=stop,
            rules=self.rules,
        )
        self.sink.emit(
            RunStarted(
                at=self.clock.now(),
                campaign=str(run.campaign),
                counts=report.counts,
                concurrency=self.rules.concurrency,
            )
        )
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(_heed_signals, stop, runner)
                ending = await runner.run()
                tasks.cancel_scope.cancel()
        finally:
            with anyio.CancelScope(shield=True):
                await self._rescue(run)
                outputs = await self._write_outputs()
        return ending, outputs

    async def _write_outputs(self) -> tuple[Path, ...]:
        try:
            return await write_outputs(self.ledger, self.prepared.campaign, self.prepared.outputs)
        except ResultsError as error:
            raise ResultsUnwrittenError(str(error)) from error

    async def _rescue(self, run: LastingRun) -> None:
        """Keep what the ledger has not taken, and say where."""
        if not run.unwritten:
            return
        from poku_batch.results import rescue

        place = await anyio.to_thread.run_sync(
            partial(
                rescue,
                [write.as_json() for write in run.unwritten],
                bare_lines=[write.as_json(key=False) for write in run.unwritten],
                beside=self.prepared.outputs,
            )
        )
        self.sink.emit(
            ResultsRescued(
                at=self.clock.now(),
                results=len(run.unwritten),
                place=None if place is None else str(place),
            )
        )

    def _caller(self, run: LastingRun, reach: Reach, stop: Stop) -> Caller:
        campaign = self.prepared.campaign
        retries = RetryRules(
            attempts=campaign.retries.attempts,
            max_wait_s=campaign.retries.max_wait.total_seconds(),
        )
        return Caller(
            api=self.api,
            composer=self.prepared.composer,
            journal=Journal(
                run,
                self.clock,
                self.sink,
                OutcomeRules(campaign.outcomes),
                keep_prompts=campaign.keep_prompts,
            ),
            retries=Retries(retries, sleep=self.clock.sleep),
            follower=Follower(self.api, self.clock, self.follow_rules),
            reach=reach,
            stop=stop,
        )


async def write_outputs(
    ledger: Ledger, campaign: Campaign, outputs: tuple[Path, ...]
) -> tuple[Path, ...]:
    """Write the results of the campaign's current sheet, and say where; in the order given.

    Where a file cannot be replaced (open in another program, protected), the results are beside it
    under another name. Raises ``ResultsError``.
    """
    from poku_batch.results import write_results

    columns = await ledger.columns(campaign.identity) or ()
    return tuple(await write_results(outputs, columns, ledger.records(campaign.identity)))


async def _heed_signals(stop: Stop, runner: Runner) -> None:
    """Stop the run gently at the first signal and at once at the second; runs until cancelled.

    Where the event loop cannot take signals (Windows), Ctrl-C breaks the run off instead.
    """
    names = [
        getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
    ]
    try:
        with anyio.open_signal_receiver(*names) as signals:
            async for number in signals:
                if not stop.request(RunEnding.STOPPED, signal.Signals(number).name):
                    runner.abandon()
    except NotImplementedError:
        await anyio.sleep_forever()
    finally:
        # Whoever cancels the run, or its end: writes that nothing can break off see it here.
        stop.leave()
