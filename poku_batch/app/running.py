"""A run, for real or rehearsed: what it speaks to is opened here, and closed however it ends."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from poku_batch.app import environment
from poku_batch.app.api import NoApi, open_api
from poku_batch.app.descriptors import make_room_for_calls
from poku_batch.app.gathering import Gathering
from poku_batch.app.job import Job
from poku_batch.app.lists import DoNotCallLists, open_lists
from poku_batch.app.monitoring import Trouble, monitoring, run_stands
from poku_batch.app.others import open_reader, open_senders
from poku_batch.app.outside import Outside
from poku_batch.app.preparing import Prepared, preparing
from poku_batch.app.sharing import distribution_of
from poku_batch.app.summary import CanaryReport, RunPlan, RunSummary
from poku_batch.app.wishes import Confirm, ConfirmCanary, Wishes
from poku_batch.campaign import Campaign, load_campaign
from poku_batch.clock import (
    RehearsalClock,
    SharedClock,
    SteadyClock,
    SystemClock,
    awake_and_asleep_s,
)
from poku_batch.errors import UsageError
from poku_batch.events import Event
from poku_batch.ports import CallApi, Clock, EventSink, Ledger, SummaryReader
from poku_batch.telemetry import Identity, Part, Readiness

if TYPE_CHECKING:
    import pandas as pd

    from poku_batch.simulator import SimulatorConfig

__all__ = ["CanaryReport", "Rehearsal", "RunPlan", "RunSummary", "run_campaign"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """How a rehearsal goes: time passes ``speed`` times faster than life, and faults on demand.

    ``faults`` is text as the simulator takes it, ``429=0.1,drop=0.01``. ``fresh`` first forgets the
    earlier rehearsals of the campaign's folder. It begins at ``start`` (a naive one is this
    machine's time), by default now, or where the last rehearsal left off; a time without a call is
    passed over.
    """

    speed: float = 30.0
    seed: int = 0
    faults: str = ""
    fresh: bool = False
    start: datetime | None = None


class _Nobody:
    """A sink for runs that nobody watches."""

    def emit(self, event: Event) -> None:
        """Take an event and forget it."""


async def run_campaign(  # noqa: PLR0913 – what a person can want of a run
    campaign: Campaign | Path | str,
    *,
    simulate: bool | Rehearsal = False,
    limit: int | None = None,
    wait: bool = True,
    until: datetime | time | None = None,
    canary: int | None = None,
    distributed: bool = False,
    agreed: int | None = None,
    contacts: "pd.DataFrame | None" = None,
    sink: EventSink | None = None,
    confirm: Confirm | None = None,
    confirm_canary: ConfirmCanary | None = None,
) -> RunSummary:
    """Call everybody of a campaign who is due, and write the results.

    ``contacts`` takes the place of the campaign's sheet: one row a contact, any dtypes.
    ``limit`` contacts are newly called at most. Without ``wait`` the run ends when those who are
    left are due later; from ``until`` on (this machine's time if naive; a time is the next such)
    no call is begun. ``confirm`` is asked before anybody is called, on the event loop's thread
    (nothing else goes on yet); the run ends as ``DECLINED`` where it says no. Likewise
    ``confirm_canary`` after the first ``canary`` contacts; the run ends as ``CANARY``. Where more
    than ``agreed`` contacts would be called, now or later, nobody is, and ``UsageError`` is raised.

    ``distributed``: the calls are made by workers, by way of a ledger in PostgreSQL, and this
    process watches; where such a run goes on already, it is watched, and nothing is enrolled.

    SIGINT, SIGTERM and SIGHUP stop the run gently, a second one at once. Raises ``PokuBatchError``
    as ``errors`` tells; nobody was called then, unless it is a ``LedgerError`` or ``ResultsError``
    from the middle of the run.
    """
    if not isinstance(campaign, Campaign):
        campaign = load_campaign(campaign)
    rehearsal = Rehearsal() if simulate is True else simulate or None
    if distributed:
        _require_distributable(rehearsal)
    parts = _open_job_parts(campaign, rehearsal, contacts, sink, distributed=distributed)
    async with parts as (prepared, outside):
        wishes = Wishes(
            limit=limit,
            wait=wait,
            until=None if until is None else moment(until, outside.clock.now()),
            canary=canary,
            distributed=distributed,
            agreed=agreed,
            confirm=confirm,
            confirm_canary=confirm_canary,
        )
        return await Job(prepared, outside, wishes).run()


@asynccontextmanager
async def _open_job_parts(
    campaign: Campaign,
    rehearsal: Rehearsal | None,
    contacts: "pd.DataFrame | None",
    sink: EventSink | None,
    *,
    distributed: bool,
) -> AsyncIterator[tuple[Prepared, Outside]]:
    """Open all that a run needs, the ledger last: whatever is missing, nothing is written then."""
    simulated = rehearsal is not None
    async with AsyncExitStack() as stack:
        api: CallApi = NoApi()
        base_url = environment.base_url(campaign)
        reader: SummaryReader | None = None
        if not distributed:
            make_room_for_calls(campaign.limits.slots, simulate=simulated)
            api = client = await stack.enter_async_context(
                open_api(campaign, _simulator(rehearsal))
            )
            base_url = client.base_url
            # What reads summaries is asked over the network, in a rehearsal too.
            reader = await stack.enter_async_context(
                open_reader(
                    campaign,
                    SteadyClock(SystemClock()),
                    rehearsed_at=base_url if simulated else None,
                )
            )
        senders = await stack.enter_async_context(open_senders(campaign, simulate=simulated))
        faults = Gathering()
        lists = DoNotCallLists(None, frozenset())
        with faults.stage():
            lists = await open_lists(campaign, simulate=simulated)
        prepared = await stack.enter_async_context(
            preparing(
                campaign, simulate=simulated, contacts=contacts, faults=faults, recognise=True
            )
        )
        if rehearsal is not None and rehearsal.fresh:
            _refuse_to_forget_a_sheet(prepared)
        ledger = await stack.enter_async_context(_open_ledger(campaign, rehearsal))
        clock = await (_shared_clock(ledger) if distributed else _clock(ledger, rehearsal))
        listening, readiness = sink or _Nobody(), Readiness()
        trouble = Trouble(clock, listening)
        paused = partial(ledger.controls.paused, campaign.identity)
        watch = await stack.enter_async_context(
            monitoring(
                partial(run_stands, readiness, paused),
                tell=trouble,
                version=version("poku-batch"),
            )
        )
        whose = Identity(campaign=str(campaign.identity), simulated=simulated)
        part = Part.RUN if distributed else Part.ALL
        watched = watch.watched(listening, whose, tell=trouble, part=part)
        watched.listeners.append(readiness)
        yield (
            prepared,
            Outside(
                ledger=ledger,
                api=watched.api(api, clock),
                base_url=base_url,
                clock=clock,
                sink=watched,
                took=watched.took,
                lists=lists,
                reader=reader,
                senders=senders,
                simulated=simulated,
                begin=clock.begin if isinstance(clock, RehearsalClock) else lambda: None,
                speed=1.0 if rehearsal is None else rehearsal.speed,
            ),
        )


def _require_distributable(rehearsal: Rehearsal | None) -> None:
    """Raise ``UsageError`` for what workers cannot do."""
    if rehearsal is not None:
        raise UsageError("--distributed calls real phones; a rehearsal goes on in one process")
    environment.shared_ledger_url()


def moment(wanted: datetime | time, now: datetime) -> datetime:
    """A point in time, aware: a naive one is this machine's, a time of day the next such."""
    if isinstance(wanted, datetime):
        return wanted.astimezone()
    here = now.astimezone()
    today = datetime.combine(here.date(), wanted)
    moments = (aware.astimezone() for aware in (today, today + timedelta(days=1)))
    return next(later for later in moments if later > now)


async def _shared_clock(ledger: Ledger) -> Clock:
    """The time of the ledger's database, which the workers go by."""
    shared = SharedClock(SystemClock())
    asked_s = awake_and_asleep_s()
    shared.set(await distribution_of(ledger).time(), asked_s=asked_s)
    return SteadyClock(shared)


async def _clock(ledger: Ledger, rehearsal: Rehearsal | None) -> Clock:
    """The real time; or a rehearsal's, which goes on where the last one ended."""
    if rehearsal is None:
        return SteadyClock(SystemClock())
    latest, start = await ledger.latest_at(), rehearsal.start
    if start is None:
        now = datetime.now(UTC)
        start = now if latest is None else max(now, latest)
    elif latest is not None and start.astimezone(UTC) < latest:
        raise UsageError(
            "--start: an earlier rehearsal has gone on until "
            f"{latest.astimezone():%Y-%m-%d %H:%M}; begin later, or forget it with --fresh"
        )
    return RehearsalClock(start=start, speed=rehearsal.speed)


def _refuse_to_forget_a_sheet(prepared: Prepared) -> None:
    """Raise ``UsageError`` where corrected rejects would lose the sheet that they go back into."""
    from poku_batch.contacts import CorrectedSheet

    if isinstance(prepared.sheet, CorrectedSheet):
        raise UsageError(
            f"--fresh forgets the rehearsed sheet that the rejects in {prepared.sheet.name} go "
            "back into. Leave --fresh out, or name the whole sheet as contacts.file. Nothing was "
            "forgotten."
        )


@asynccontextmanager
async def _open_ledger(campaign: Campaign, rehearsal: Rehearsal | None) -> AsyncIterator[Ledger]:
    from poku_batch.ledger import forget_ledger, open_ledger

    url = environment.ledger_url(campaign, simulate=rehearsal is not None)
    if rehearsal is not None and rehearsal.fresh:
        forget_ledger(url)
    async with open_ledger(url) as ledger:
        yield ledger


def _simulator(rehearsal: Rehearsal | None) -> "SimulatorConfig | None":
    """How a rehearsal's simulator is set up; None for a real run."""
    if rehearsal is None:
        return None
    from poku_batch.simulator import Faults, SimulatorConfig

    return SimulatorConfig(
        seed=rehearsal.seed, speed=rehearsal.speed, faults=Faults.parse(rehearsal.faults)
    )
