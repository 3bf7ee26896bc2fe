"""The durable record of contacts and attempts, and the queue of who is to be called.

``ports.Ledger`` is the contract. This package is the only one that holds SQL.
"""

from poku_batch.ledger.forgetting import forget_ledger
from poku_batch.ledger.opening import ledger_exists
from poku_batch.ledger.sqlite import SqliteLedger, open_ledger, scratch_ledger

__all__ = ["SqliteLedger", "forget_ledger", "ledger_exists", "open_ledger", "scratch_ledger"]
