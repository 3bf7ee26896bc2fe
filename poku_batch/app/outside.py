"""Everything outside that a run speaks to."""

from collections.abc import Callable
from dataclasses import dataclass

from poku_batch.app.lists import DoNotCallLists
from poku_batch.models import HookEvent
from poku_batch.ports import CallApi, Clock, EventSink, HookSender, Ledger, SummaryReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Everything outside that a run speaks to; open for as long as the run lasts.

    ``begin`` is called when calls are about to begin: a rehearsal's time passes from then on,
    ``speed`` times as fast as life. ``took`` is told how many seconds each write to the ledger
    takes.
    """

    ledger: Ledger
    api: CallApi
    base_url: str
    clock: Clock
    sink: EventSink
    lists: DoNotCallLists
    reader: SummaryReader | None
    senders: dict[HookEvent, HookSender]
    simulated: bool
    begin: Callable[[], None]
    speed: float = 1.0
    took: Callable[[float], None] | None = None
