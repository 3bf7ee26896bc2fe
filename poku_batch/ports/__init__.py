"""What the engine needs of the world; these docstrings are the contract of every implementation.

Durable means: committed, and synced to disk, before the call returns. Every method of a ledger may
be called from many tasks at once, and is atomic: cancelled or killed, it happened or it did not.
"""

from poku_batch.ports.browsing import Browsing
from poku_batch.ports.controls import Controls
from poku_batch.ports.distribution import BudgetRoom, Distribution, Judge
from poku_batch.ports.ledger import EnrolmentSession, Ledger
from poku_batch.ports.recordings import Recordings
from poku_batch.ports.run import LedgerRun
from poku_batch.ports.statistics import PlacedCall, Statistics
from poku_batch.ports.world import (
    CallApi,
    Clock,
    EventSink,
    HookSender,
    NotRead,
    SummaryReader,
    SummaryReading,
)

__all__ = [
    "Browsing",
    "BudgetRoom",
    "CallApi",
    "Clock",
    "Controls",
    "Distribution",
    "EnrolmentSession",
    "EventSink",
    "HookSender",
    "Judge",
    "Ledger",
    "LedgerRun",
    "NotRead",
    "PlacedCall",
    "Recordings",
    "Statistics",
    "SummaryReader",
    "SummaryReading",
]
