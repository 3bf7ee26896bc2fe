"""What machines see of a run, as the environment asks for it: metrics, traces, health.

Whatever of it does not work is told once, as ``TelemetryTrouble``, and the calls go on.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING

import anyio.from_thread
import anyio.to_thread
from anyio.lowlevel import current_token

from poku_batch.app import environment
from poku_batch.app.environment import Endpoint
from poku_batch.errors import LedgerError
from poku_batch.events import Event, TelemetryTrouble
from poku_batch.ports import CallApi, Clock, EventSink
from poku_batch.telemetry import HealthServer, Identity, Part, Readiness, WorkerStanding
from poku_batch.telemetry.health import Ask

if TYPE_CHECKING:
    from poku_batch.telemetry.metrics import CampaignMetrics, Metrics
    from poku_batch.telemetry.traces import Spans


@dataclass(slots=True)
class Monitoring:
    """What a process has for those who watch it; ``watched`` gives what a campaign needs of it.

    ``metrics`` and ``spans`` are None where nobody asked for them, or they cannot be had.
    ``metrics_address`` and ``health_address`` say where they are, for whoever asked for port 0.
    """

    metrics: "Metrics | None" = None
    spans: "Spans | None" = None
    metrics_address: str | None = None
    health_address: str | None = None

    @property
    def addresses(self) -> list[str]:
        """Where what there is can be asked, in words."""
        places = (
            ("health", self.health_address, "/readyz"),
            ("metrics", self.metrics_address, "/metrics"),
        )
        return [f"{what} at http://{at}{path}" for what, at, path in places if at is not None]

    def watched(
        self,
        sink: EventSink,
        identity: Identity,
        *,
        tell: Callable[[str], None],
        part: Part = Part.ALL,
    ) -> "Watched":
        """Listeners for the events of a campaign's run, on their way to ``sink``."""
        watched = Watched(sink, tell)
        if self.metrics is not None:
            watched.metrics = self.metrics.listener(
                identity.campaign, simulated=identity.simulated, part=part
            )
            watched.listeners.append(watched.metrics)
            watched.forget = partial(self.metrics.forget, watched.metrics)
        if self.spans is not None and part is not Part.RUN:
            watched.listeners.append(self.spans.listener(identity))
        return watched

    def tell_of_worker(self, read: Callable[[], WorkerStanding], *, version: str) -> None:
        """Have the metrics tell how a worker stands; ``read`` is asked from whatever thread."""
        if self.metrics is None:
            return
        from poku_batch.telemetry.workers import WorkerMetrics

        self.metrics.registry.register(WorkerMetrics(read, version=version))


@dataclass(slots=True)
class Watched:
    """The listeners of one campaign: a ``ports.EventSink``.

    One that fails hears no more, which ``tell`` is told.
    """

    sink: EventSink
    tell: Callable[[str], None]
    listeners: list[EventSink] = field(default_factory=list)
    metrics: "CampaignMetrics | None" = None
    #: To be called when this process has no part in the run any more, and goes on.
    forget: Callable[[], None] = lambda: None

    def emit(self, event: Event) -> None:
        """Pass an event on."""
        for listener in tuple(self.listeners):
            try:
                listener.emit(event)
            except Exception as error:  # no fault of a listener may reach a call
                self.listeners.remove(listener)
                self.tell(f"{type(listener).__name__} has failed: {type(error).__name__}: {error}")
        self.sink.emit(event)

    def api(self, api: CallApi, clock: Clock) -> CallApi:
        """The API, measured where somebody wants to know."""
        if self.metrics is None:
            return api
        from poku_batch.telemetry.metrics import MeasuredApi

        return MeasuredApi(api, self.metrics, clock)

    @property
    def took(self) -> Callable[[float], None] | None:
        """Who is told how long a write took, if anybody."""
        return None if self.metrics is None else self.metrics.took


@dataclass(slots=True)
class _Faults:
    """What does not work, told from whatever thread, on the event loop's."""

    tell: Callable[[str], None]
    token: object = field(default_factory=current_token)

    def __call__(self, why: str) -> None:
        """Tell from the event loop's thread."""
        self.tell(why)

    def from_thread(self, why: str) -> None:
        """Tell from another thread; where the loop has ended meanwhile, nobody hears of it."""
        try:
            anyio.from_thread.run_sync(self.tell, why, token=self.token)  # type: ignore[arg-type]
        except RuntimeError:
            return


@asynccontextmanager
async def monitoring(
    ask: Ask, *, tell: Callable[[str], None], version: str
) -> AsyncIterator[Monitoring]:
    """Open what the environment asks for, for as long as the block.

    ``ask`` is asked how it stands by the health endpoint; ``tell`` is told, on the event loop's
    thread, what does not work. Raises ``UsageError`` where a variable cannot be read, or asks for
    what is not installed.
    """
    wanted = environment.wanted_monitoring()
    made = Monitoring()
    faults = _Faults(tell)
    async with AsyncExitStack() as stack:
        if wanted.metrics is not None:
            _open_metrics(made, wanted.metrics, stack, faults)
        if wanted.traces:
            _open_spans(made, version, stack, faults)
        if wanted.health is not None:
            await _open_health(made, wanted.health, ask, stack, faults)
        yield made


def _open_metrics(
    made: Monitoring, where: Endpoint, stack: AsyncExitStack, faults: _Faults
) -> None:
    from poku_batch.telemetry.metrics import Metrics, MetricsServer

    metrics = Metrics()
    try:
        server = MetricsServer(metrics.registry, host=where.host, port=where.port)
    except OSError as error:
        faults(f"no metrics at {where}: {error.strerror or error}")
        return
    # It takes half a second to end.
    stack.push_async_callback(anyio.to_thread.run_sync, server.close)
    made.metrics = metrics
    made.metrics_address = str(replace(where, port=server.port))


def _open_spans(made: Monitoring, version: str, stack: AsyncExitStack, faults: _Faults) -> None:
    from poku_batch.telemetry.traces import Spans

    try:
        spans = Spans(version=version, on_fault=faults.from_thread)
    except Exception as error:  # whatever the exporter does not like of the OTEL_* variables
        faults(f"no traces: {error}")
        return
    # What is left is sent in a thread: its troubles are told on this one.
    stack.push_async_callback(anyio.to_thread.run_sync, spans.close)
    made.spans = spans


async def _open_health(
    made: Monitoring, where: Endpoint, ask: Ask, stack: AsyncExitStack, faults: _Faults
) -> None:
    server = HealthServer(ask, host=where.host, port=where.port)
    try:
        await stack.enter_async_context(server.listening())
    except OSError as error:
        faults(f"no health endpoint at {where}: {error}")
        return
    made.health_address = server.address


@dataclass(slots=True)
class Trouble:
    """Turns what does not work into events, kept until there is somebody to hear them."""

    clock: Clock
    sink: EventSink

    def __call__(self, why: str) -> None:
        """Tell of it."""
        self.sink.emit(TelemetryTrouble(at=self.clock.now(), why=why))


async def run_stands(
    readiness: Readiness, read_ledger: Callable[[], Awaitable[object]]
) -> dict[str, object]:
    """How a run stands, by its events and by a look into its ledger."""
    try:
        await read_ledger()
    except LedgerError:
        return readiness.facts(ledger=False)
    return readiness.facts(ledger=True)
