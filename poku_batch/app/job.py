"""One run and its parts, from the enrolled sheet to the written results."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

import anyio
import anyio.to_thread

from poku_batch.app import rules
from poku_batch.app.lists import DoNotCallLists
from poku_batch.app.preparing import Prepared
from poku_batch.app.signals import SignalWatch
from poku_batch.app.summary import CanaryReport, RunPlan, RunSummary
from poku_batch.app.writing import write_outputs
from poku_batch.clock import SteadyClock, SystemClock
from poku_batch.engine.caller_ids import CallerIds
from poku_batch.engine.calling import Caller
from poku_batch.engine.ends import Ends
from poku_batch.engine.following import Follower, FollowRules
from poku_batch.engine.gate import Gate
from poku_batch.engine.journal import Journal
from poku_batch.engine.lasting import LastingRun
from poku_batch.engine.placing import Retries, RetryRules
from poku_batch.engine.plan import enrol
from poku_batch.engine.race import first_of
from poku_batch.engine.reach import Reach
from poku_batch.engine.runner import Runner, RunRules
from poku_batch.engine.stops import Stop
from poku_batch.engine.telling import Teller, finish_body
from poku_batch.errors import ResultsError, ResultsUnwrittenError
from poku_batch.events import (
    CallEnded,
    CallFailed,
    CallReread,
    CallUnknown,
    ContactSkipped,
    Event,
    ListTrouble,
    ResultsRescued,
    RunEnded,
    RunStarted,
)
from poku_batch.models import ContactState, Counts, EnrolmentReport, HookEvent, RunEnding
from poku_batch.policy.outcomes import OutcomeRules
from poku_batch.policy.redials import redial_rules
from poku_batch.ports import CallApi, Clock, EventSink, HookSender, Ledger, SummaryReader

#: How long the end of a run waits for programs that are to be told, in seconds.
_TELL_AT_END_S = 30.0

#: What may put a message into the outbox.
_RESULTS = (CallEnded, CallReread, CallFailed, CallUnknown, ContactSkipped)

#: Asked before anybody is called; False ends the run.
Confirm = Callable[[RunPlan], bool]
#: Asked after the canary's calls; False ends the run.
ConfirmCanary = Callable[[CanaryReport], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What whoever starts a run wants of this one.

    ``limit`` contacts are newly called at the most; ``until`` is aware; after the first ``canary``
    contacts it is asked whether to go on.
    """

    limit: int | None = None
    wait: bool = True
    until: datetime | None = None
    canary: int | None = None
    confirm: Confirm | None = None
    confirm_canary: ConfirmCanary | None = None


@dataclass(slots=True)
class _Listener:
    """Passes events on; says that there is a result; keeps the canary's while it is asked to."""

    sink: EventSink
    keep: bool = False
    results: list[CallEnded | CallFailed | CallUnknown] = field(default_factory=list)
    on_result: Callable[[], None] = lambda: None

    def emit(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, _RESULTS):
            self.on_result()
        if self.keep and isinstance(event, CallEnded | CallFailed | CallUnknown):
            self.results.append(event)
        self.sink.emit(event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Everything outside that a run speaks to."""

    ledger: Ledger
    api: CallApi
    base_url: str
    clock: Clock
    sink: EventSink
    lists: DoNotCallLists
    reader: SummaryReader | None
    senders: dict[HookEvent, HookSender]
    simulated: bool


class Job:
    """One run; what it enrolled is written to the outputs however it ends."""

    def __init__(self, prepared: Prepared, outside: Outside, wishes: Wishes) -> None:
        """Take a campaign made ready, the world, and what is wanted of the run."""
        self._prepared = prepared
        self._campaign = prepared.campaign
        self._outside = outside
        self._wishes = wishes
        self._clock = outside.clock
        self._sink = _Listener(outside.sink)
        self._stop = Stop()
        self._started_at = self._clock.now()
        self._permits = rules.permits(self._campaign, prepared.permit_columns, outside.lists.source)
        self._messages_left = 0

    async def run(self) -> RunSummary:
        """Enrol, ask, call, write; see ``running.run_campaign``."""
        run = LastingRun(
            await self._outside.ledger.open_run(
                self._campaign.identity,
                tell_results=HookEvent.RESULT in self._outside.senders,
                at=self._clock.now(),
            ),
            # Disks and locks take their own time, also in a rehearsal.
            clock=SteadyClock(SystemClock()),
            sink=self._sink,
            stop=self._stop,
        )
        ending, why = RunEnding.ABANDONED, None
        outputs: tuple[Path, ...] = ()
        try:
            report = await self._enrol()
            if self._agreed(report):
                ending, why, outputs = await self._call(run, report)
            else:
                ending = RunEnding.DECLINED
        finally:
            with anyio.CancelScope(shield=True):
                await run.close(ending, at=self._clock.now())
        counts = await self._counts()
        self._sink.emit(RunEnded(at=self._clock.now(), ending=ending, counts=counts, why=why))
        return RunSummary(
            ending=ending,
            why=why,
            counts=counts,
            report=report,
            outputs=outputs,
            messages_left=self._messages_left,
            cost=None,
        )

    async def _counts(self) -> Counts:
        return await self._outside.ledger.counts(self._campaign.identity, now=self._clock.now())

    async def _enrol(self) -> EnrolmentReport:
        now = self._clock.now()
        async with self._outside.ledger.enrolment(
            self._campaign.identity,
            self._prepared.sheet.columns,
            self._campaign.contacts.duplicates,
            number_caps=rules.number_caps(self._campaign),
        ) as session:
            planner = self._prepared.planner(self._permits, now=now)
            await enrol(self._prepared.sheet.batches(), planner, session)
            return await session.commit(now=now)

    def _agreed(self, report: EnrolmentReport) -> bool:
        """Ask, if anybody would be called."""
        waiting = report.counts.of(ContactState.PENDING)
        most = [waiting, self._wishes.limit, self._campaign.limits.max_calls]
        to_call = min(number for number in most if number is not None)
        if self._wishes.confirm is None or not to_call:
            return True
        plan = RunPlan(
            campaign=self._campaign,
            report=report,
            base_url=self._outside.base_url,
            to_call=to_call,
            simulated=self._outside.simulated,
        )
        return self._wishes.confirm(plan)

    async def _call(
        self, run: LastingRun, report: EnrolmentReport
    ) -> tuple[RunEnding, str | None, tuple[Path, ...]]:
        """Run until the end, heeding signals, and write the results whatever the end."""
        self._sink.emit(
            RunStarted(
                at=self._clock.now(),
                campaign=str(run.campaign),
                counts=report.counts,
                concurrency=self._campaign.limits.slots,
            )
        )
        watch = SignalWatch(self._stop)
        teller = Teller(run=run, senders=self._outside.senders, clock=self._clock, sink=self._sink)
        self._sink.on_result = teller.notify
        faults: list[Exception] = []
        ended: list[tuple[RunEnding, str | None, tuple[Path, ...]]] = []
        async with anyio.create_task_group() as tasks:
            for beside in (
                watch.run,
                teller.run,
                partial(self._outside.lists.watch, self._clock, self._tell_trouble),
            ):
                tasks.start_soon(beside)
            try:
                ended.append(await self._run_and_write(run, watch, teller))
            except Exception as fault:  # raised below, out of its group
                faults.append(fault)
            tasks.cancel_scope.cancel()
        if faults:
            raise faults[0]
        self._messages_left = (await run.waiting_messages())[0]
        return ended[0]

    async def _run_and_write(
        self, run: LastingRun, watch: SignalWatch, teller: Teller
    ) -> tuple[RunEnding, str | None, tuple[Path, ...]]:
        outputs: tuple[Path, ...] = ()
        try:
            ending, why = await self._run_twice(run, watch)
        finally:
            with anyio.CancelScope(shield=True):
                await self._rescue(run)
                outputs = await self._write_outputs()
        await first_of(partial(self._tell_end, run, teller, ending, why), self._stop.wait_left)
        return ending, why, outputs

    async def _run_twice(self, run: LastingRun, watch: SignalWatch) -> tuple[RunEnding, str | None]:
        """Run for the canary first, if there is one, and for everybody else then."""
        wishes = self._wishes
        gate = rules.gate(
            self._campaign,
            clock=self._clock,
            sink=self._sink,
            used=await run.usage(longest=self._campaign.pricing.longest_call),
            limit=wishes.limit,
            until=wishes.until,
        )
        if wishes.canary is None:
            return await self._run_once(run, watch, gate)
        whole = gate.rules
        if whole.limit is None or wishes.canary < whole.limit:
            gate.rules = gate.rules.narrowed(wishes.canary, "--canary")
        self._sink.keep = True
        ending, why = await self._run_once(run, watch, gate)
        self._sink.keep = False
        if ending is not RunEnding.LIMIT or gate.rules is whole:
            return ending, why
        report = CanaryReport(
            results=tuple(self._sink.results),
            left=(await self._counts()).of(ContactState.PENDING),
            simulated=self._outside.simulated,
        )
        if wishes.confirm_canary is not None and not wishes.confirm_canary(report):
            return RunEnding.CANARY, "after the first calls it was not gone on"
        gate.rules = whole
        return await self._run_once(run, watch, gate)

    async def _run_once(
        self, run: LastingRun, watch: SignalWatch, gate: Gate
    ) -> tuple[RunEnding, str | None]:
        reach = Reach(self._clock)
        journal = Journal(run, self._clock, self._sink, keep_prompts=self._campaign.keep_prompts)
        runner = Runner(
            run=run,
            caller=self._caller(run, journal, gate, reach),
            journal=journal,
            permits=self._permits,
            gate=gate,
            reach=reach,
            clock=self._clock,
            sink=self._sink,
            stop=self._stop,
            rules=RunRules(concurrency=self._campaign.limits.slots, wait=self._wishes.wait),
        )
        watch.runner = runner
        ending = await runner.run()
        return ending, self._stop.why or runner.why

    def _caller(self, run: LastingRun, journal: Journal, gate: Gate, reach: Reach) -> Caller:
        campaign, clock = self._campaign, self._clock
        retries = RetryRules(
            attempts=campaign.retries.attempts,
            max_wait_s=campaign.retries.max_wait.total_seconds(),
        )
        follow = FollowRules(
            call_timeout_s=campaign.api.call_timeout.total_seconds(),
            poll_interval_s=campaign.api.poll_interval.total_seconds(),
        )
        return Caller(
            api=self._outside.api,
            clock=clock,
            composer=self._prepared.composer,
            caller_ids=CallerIds(
                run,
                clock,
                pool=campaign.call.caller_ids,
                calls_a_day=campaign.limits.per_caller_id,
                number_caps=rules.number_caps(campaign),
            ),
            permits=self._permits,
            journal=journal,
            ends=Ends(
                journal,
                clock,
                outcomes=OutcomeRules(campaign.outcomes),
                redials=redial_rules(campaign.redial),
                reader=self._outside.reader,
            ),
            retries=Retries(retries, sleep=clock.sleep),
            follower=Follower(self._outside.api, clock, follow),
            gate=gate,
            reach=reach,
            stop=self._stop,
        )

    def _tell_trouble(self, why: str) -> None:
        self._sink.emit(ListTrouble(at=self._clock.now(), why=why))

    async def _tell_end(
        self, run: LastingRun, teller: Teller, ending: RunEnding, why: str | None
    ) -> None:
        """Tell whoever is to be told, for a while; what is left is told by the next run."""
        if HookEvent.FINISH in self._outside.senders:
            now = self._clock.now()
            body = finish_body(
                self._campaign.identity,
                ending,
                await self._counts(),
                why=why,
                started_at=self._started_at,
                ended_at=now,
            )
            await run.tell(body, at=now)
        if self._outside.senders:
            await teller.drain(within_s=_TELL_AT_END_S)

    async def _write_outputs(self) -> tuple[Path, ...]:
        try:
            return await write_outputs(self._outside.ledger, self._campaign, self._prepared.outputs)
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
                beside=self._prepared.outputs,
            )
        )
        self._sink.emit(
            ResultsRescued(
                at=self._clock.now(),
                results=len(run.unwritten),
                place=None if place is None else str(place),
            )
        )
