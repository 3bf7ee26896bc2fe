"""One run, from the enrolled sheet to the written results."""

from collections.abc import Awaitable, Callable
from functools import partial

import anyio

from poku_batch.app import closing, environment, rules
from poku_batch.app.forecasting import forecast_run
from poku_batch.app.listening import Listener
from poku_batch.app.outside import Outside
from poku_batch.app.overseeing import Overseer, Sharing
from poku_batch.app.parts import Parts
from poku_batch.app.preparing import Prepared
from poku_batch.app.recording import open_keeper, recordings_of
from poku_batch.app.reporting import ReportWritten, write_wanted_report
from poku_batch.app.rows import Rows, left_out, naming, rows_of
from poku_batch.app.signals import SignalWatch
from poku_batch.app.summary import CanaryReport, RunPlan, RunSummary
from poku_batch.app.wishes import Wishes
from poku_batch.app.writing import Written, write_outputs
from poku_batch.clock import SteadyClock, SystemClock
from poku_batch.engine.attending import Attending
from poku_batch.engine.lasting import LastingRun
from poku_batch.engine.pausing import Pausing
from poku_batch.engine.plan import enrol
from poku_batch.engine.race import first_of
from poku_batch.engine.stops import Stop
from poku_batch.engine.telling import Teller
from poku_batch.errors import ResultsError, ResultsUnwrittenError, UsageError
from poku_batch.events import CorrectionsIgnored, ListTrouble, RunEnded, RunStarted
from poku_batch.models import ContactState, Counts, EnrolmentReport, HookEvent, RunEnding, Usage
from poku_batch.policy.forecast import Forecast
from poku_batch.policy.liveness import BEAT_EVERY_S

#: How many rows are named where many are meant.
_ROWS_NAMED = 10


class Job:
    """One run; what it enrolled is written to the outputs however it ends."""

    def __init__(self, prepared: Prepared, outside: Outside, wishes: Wishes) -> None:
        """Take a campaign made ready, the world, and what is wanted of the run."""
        self._prepared = prepared
        self._campaign = prepared.campaign
        self._outside = outside
        self._wishes = wishes
        self._clock = outside.clock
        # Disks, locks and people take their own time, also in a rehearsal.
        self._real = SteadyClock(SystemClock())
        self._sink = Listener(outside.sink)
        self._stop = Stop()
        self._pausing = Pausing()
        self._started_at = self._clock.now()
        self._permits = rules.permits(self._campaign, prepared.permit_columns, outside.lists.source)
        self._ending = RunEnding.ABANDONED
        self._why: str | None = None
        self._written = Written()
        self._page = ReportWritten()
        self._messages_left = 0
        self._sharing = (
            Sharing(
                prepared,
                outside,
                wishes,
                sink=self._sink,
                stop=self._stop,
                heartbeat_s=environment.heartbeat_s(),
            )
            if wishes.distributed
            else None
        )
        self._keeper = open_keeper(self._campaign, outside, self._sink)

    async def run(self) -> RunSummary:
        """Enrol, ask, call, write; see ``running.run_campaign``."""
        run = await self._open_run()
        try:
            attached = self._sharing is not None and self._sharing.goes_on
            report = await (self._report_as_is() if attached else self._enrol())
            expected = await self._forecast(report)
            if not attached:
                self._require_agreed(report)
            if attached or self._confirmed(report, expected):
                await self._call(run, report)
            else:
                self._ending = RunEnding.DECLINED
            cost = await rules.spent(self._campaign, run)
        finally:
            with anyio.CancelScope(shield=True):
                if self._sharing is not None and self._sharing.goes_on:
                    await run.let_go()
                else:
                    await run.close(self._ending, at=self._clock.now())
        counts = await self._counts()
        self._sink.emit(
            RunEnded(at=self._clock.now(), ending=self._ending, counts=counts, why=self._why)
        )
        return RunSummary(
            ending=self._ending,
            why=self._why,
            counts=counts,
            report=report,
            forecast=expected,
            outputs=self._written.outputs,
            rejects=self._written.rejects,
            messages_left=self._messages_left,
            cost=cost,
            recordings=await recordings_of(self._outside.ledger, self._campaign),
            page=self._page.path,
            page_fault=self._page.fault,
        )

    async def _open_run(self) -> LastingRun:
        watched = None if self._sharing is None else await self._sharing.attach()
        return LastingRun(
            watched
            or await self._outside.ledger.open_run(
                self._campaign.identity,
                tell_results=HookEvent.RESULT in self._outside.senders,
                at=self._clock.now(),
            ),
            clock=self._real,
            sink=self._sink,
            stop=self._stop,
            took=self._outside.took,
        )

    async def _report_as_is(self) -> EnrolmentReport:
        """What is said of a sheet that is not enrolled anew."""
        return EnrolmentReport(
            counts=await self._counts(), new=0, reopened=0, gone=0, called_before=0
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
            known = self._prepared.recognition
            rows: Rows | None = None
            if known is not None and known.source is not None:
                rows = await session.again(known.source)
            if rows is None:
                rows = await rows_of(self._prepared, self._outside.ledger)
            await enrol(rows, planner, session)
            source = None if known is None else await known.source_of(self._prepared.sheet)
            with naming(self._prepared.sheet):
                report = await session.commit(now=now, source=source)
        if rows_left := left_out(self._prepared):
            first = tuple(rows_left[:_ROWS_NAMED])
            self._sink.emit(CorrectionsIgnored(at=now, rows=first, count=len(rows_left)))
        return report

    async def _forecast(self, report: EnrolmentReport) -> Forecast:
        return await forecast_run(
            self._campaign,
            report,
            self._permits,
            self._outside.ledger,
            now=self._clock.now(),
            limit=self._wishes.limit,
            until=self._wishes.until,
            wait=self._wishes.wait,
        )

    def _require_agreed(self, report: EnrolmentReport) -> None:
        """Raise ``UsageError`` where more contacts would be called than somebody agreed to."""
        agreed = self._wishes.agreed
        to_call = rules.most_called(self._campaign, report.counts, limit=self._wishes.limit)
        if agreed is None or to_call <= agreed:
            return
        self._ending = RunEnding.DECLINED
        raise UsageError(
            f"the plan has changed: {to_call:,} would be called, {agreed:,} were agreed to; check "
            "again. Nobody was called."
        )

    def _confirmed(self, report: EnrolmentReport, expected: Forecast) -> bool:
        """Ask, if anybody would be called."""
        to_call = rules.most_called(self._campaign, report.counts, limit=self._wishes.limit)
        if self._wishes.confirm is None or not to_call:
            return True
        plan = RunPlan(
            campaign=self._campaign,
            report=report,
            forecast=expected,
            base_url=None if self._wishes.distributed else self._outside.base_url,
            to_call=to_call,
            simulated=self._outside.simulated,
            wait=self._wishes.wait,
        )
        return self._wishes.confirm(plan)

    async def _call(self, run: LastingRun, report: EnrolmentReport) -> None:
        """Run until the end, heeding signals, and write the results whatever the end."""
        self._outside.begin()
        self._sink.emit(
            RunStarted(
                at=self._clock.now(),
                campaign=str(run.campaign),
                counts=report.counts,
                concurrency=self._campaign.limits.slots,
                run=run.number,
            )
        )
        watch = SignalWatch(self._stop)
        teller = Teller(run=run, senders=self._outside.senders, clock=self._clock, sink=self._sink)
        self._sink.on_result = teller.notify
        attending = self._attending(run, watch)
        await attending.look()
        faults: list[Exception] = []
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(watch.run)
            tasks.start_soon(self._beside, teller.run)
            if self._keeper is not None:
                self._sink.on_ended = self._keeper.hear
                tasks.start_soon(self._beside, self._keeper.run)
            tasks.start_soon(self._beside, attending.run)
            lists = self._outside.lists
            heed = _nothing if self._sharing is None else self._sharing.list_again
            watch_lists = partial(lists.watch, self._clock, self._tell_trouble, heed)
            tasks.start_soon(self._beside, watch_lists)
            try:
                await self._run_and_write(run, watch, teller, attending)
            except Exception as fault:  # raised below, out of its group
                faults.append(fault)
            tasks.cancel_scope.cancel()
        if faults:
            raise faults[0]
        if self._stop.fault is not None:
            raise self._stop.fault
        self._messages_left = (await run.waiting_messages())[0]

    async def _beside(self, work: Callable[[], Awaitable[None]]) -> None:
        """Work beside the calls: a fault of it ends the run, but breaks off none of them."""
        try:
            await work()
        except Exception as fault:
            self._stop.request_by_fault(_first(fault))

    def _attending(self, run: LastingRun, watch: SignalWatch) -> Attending:
        return Attending(
            run,
            ask_to_stop=watch.ask,
            pausing=self._pausing,
            doing=lambda: self._sink.doing(self._clock.now()),
            clock=self._clock,
            real=self._real,
            sink=self._sink,
            # Its time passes quickly, and its disk is nobody's care.
            beat_every_s=1.0 if self._outside.simulated else BEAT_EVERY_S,
        )

    async def _run_and_write(
        self, run: LastingRun, watch: SignalWatch, teller: Teller, attending: Attending
    ) -> None:
        try:
            if self._sharing is not None:
                await self._oversee(self._sharing, run, watch)
            else:
                await self._run_twice(run, watch, attending)
        finally:
            watch.over()
            with anyio.CancelScope(shield=True):
                await closing.keep_unwritten(
                    run.unwritten, self._prepared.outputs, self._clock, self._sink
                )
                self._written = await self._write_outputs()
        if self._sharing is not None and self._sharing.goes_on:
            return
        try:
            await self._tell(run, teller)
            await self._fetch_recordings()
        finally:
            with anyio.CancelScope(shield=True):
                self._page = await write_wanted_report(
                    self._campaign, self._outside, at=self._clock.now()
                )

    async def _oversee(self, sharing: Sharing, run: LastingRun, watch: SignalWatch) -> None:
        """Let workers call, and watch them until the run's end, or until it is left to them."""
        overseer = await sharing.begin(run)
        watch.runner = overseer
        self._sink.keep = overseer.is_canary
        self._sink.results.extend(overseer.earlier)
        await self._oversee_once(overseer)
        self._sink.keep = False
        if self._ending is not RunEnding.CANARY or not overseer.is_canary:
            return
        if await self._goes_on():
            await overseer.go_on()
            await self._oversee_once(overseer)
        else:
            overseer.decline()
            self._not_gone_on()

    async def _oversee_once(self, overseer: Overseer) -> None:
        self._ending = await overseer.watch() or RunEnding.ABANDONED
        self._why = self._stop.why or overseer.why

    def _not_gone_on(self) -> None:
        self._ending = RunEnding.CANARY
        self._why = "after the first calls it was not gone on"

    async def _run_twice(self, run: LastingRun, watch: SignalWatch, attending: Attending) -> None:
        """Run for the canary first, if there is one, and for everybody else then."""
        wishes = self._wishes
        gate = rules.gate(
            self._campaign,
            clock=self._clock,
            sink=self._sink,
            used=await self._used(run),
            limit=wishes.limit,
            until=wishes.until,
            pausing=self._pausing,
        )
        parts = Parts(
            campaign=self._campaign,
            composer=self._prepared.composer,
            permits=self._permits,
            outside=self._outside,
            sink=self._sink,
            stop=self._stop,
            run=run,
            gate=gate,
        )
        whole = gate.rules
        if wishes.canary is not None and (whole.limit is None or wishes.canary < whole.limit):
            gate.rules = whole.narrowed(wishes.canary, "--canary")
        self._sink.keep = wishes.canary is not None
        await self._run_once(parts, watch)
        self._sink.keep = False
        if self._ending is not RunEnding.LIMIT or gate.rules is whole:
            return
        gate.rules = whole
        if await self._goes_on():
            # While it was asked, nobody looked for what people want of the run.
            await attending.look()
            await self._run_once(parts, watch)
        else:
            self._not_gone_on()

    async def _used(self, run: LastingRun) -> Usage:
        """What the budget has been used for; nobody asks where there is none."""
        if self._campaign.limits.budget is None:
            return Usage()
        return await run.usage(longest=self._campaign.pricing.longest_call)

    async def _goes_on(self) -> bool:
        """Ask whether to go on, after the canary."""
        report = CanaryReport(
            results=tuple(self._sink.results),
            left=(await self._counts()).of(ContactState.PENDING),
            simulated=self._outside.simulated,
        )
        confirm = self._wishes.confirm_canary
        return confirm is None or confirm(report)

    async def _run_once(self, parts: Parts, watch: SignalWatch) -> None:
        runner = parts.runner(wait=self._wishes.wait)
        watch.runner = runner
        ending = await runner.run()
        self._ending, self._why = ending, self._stop.why or runner.why

    def _tell_trouble(self, why: str) -> None:
        self._sink.emit(ListTrouble(at=self._clock.now(), why=why))

    async def _tell(self, run: LastingRun, teller: Teller) -> None:
        """Tell of the run's end, and what is left to be told of its results."""
        with anyio.CancelScope(shield=True):
            await closing.put_finish(
                run,
                self._outside,
                await self._counts(),
                how=(self._ending, self._why),
                started_at=self._started_at,
            )
        left = partial(
            closing.tell_what_is_left,
            teller,
            self._outside,
            self._sink,
            hurry=self._stop.by_person,
        )
        await first_of(left, self._stop.wait_left)

    async def _fetch_recordings(self) -> None:
        """Fetch what is left to be fetched of the run's recordings."""
        if self._keeper is None:
            return
        left = partial(
            closing.fetch_what_is_left,
            self._keeper,
            self._outside,
            self._sink,
            hurry=self._stop.by_person,
        )
        await first_of(left, self._stop.wait_left)

    async def _write_outputs(self) -> Written:
        try:
            return await write_outputs(
                self._outside.ledger,
                self._campaign,
                self._prepared.outputs,
                rejects=self._prepared.rejects,
                at=self._clock.now(),
            )
        except ResultsError as error:
            raise ResultsUnwrittenError(str(error)) from error


async def _nothing() -> None:
    """Nobody else is to know of it."""


def _first(fault: Exception) -> Exception:
    """The fault itself, out of the groups of the tasks that it came through."""
    while isinstance(fault, ExceptionGroup):
        fault = fault.exceptions[0]
    return fault
