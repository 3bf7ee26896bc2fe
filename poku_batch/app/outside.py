"""Everything outside that a run speaks to."""

from dataclasses import dataclass

from poku_batch.app.lists import DoNotCallLists
from poku_batch.models import HookEvent
from poku_batch.ports import CallApi, Clock, EventSink, HookSender, Ledger, SummaryReader


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Everything outside that a run speaks to; open for as long as the run lasts."""

    ledger: Ledger
    api: CallApi
    base_url: str
    clock: Clock
    sink: EventSink
    lists: DoNotCallLists
    reader: SummaryReader | None
    senders: dict[HookEvent, HookSender]
    simulated: bool
