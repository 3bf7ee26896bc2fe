"""The durable record of contacts and attempts, and the queue of who is to be called.

``ports.Ledger`` is the contract. This package is the only one that holds SQL.
"""

from poku_batch.ledger.backup import Backup, back_up
from poku_batch.ledger.copying import Copied, copy_ledger
from poku_batch.ledger.erasure import Erased, erase
from poku_batch.ledger.forgetting import forget_ledger
from poku_batch.ledger.inspection import Inspection, Problem, inspect
from poku_batch.ledger.places import (
    bring_up_to_date,
    ledger_everywhere,
    ledger_exists,
    ledger_file,
    ledger_path,
    ledger_place,
)
from poku_batch.ledger.sql_ledger import SqlLedger, look_into, open_ledger, scratch_ledger
from poku_batch.ledger.standing import enrolled_from

__all__ = [
    "Backup",
    "Copied",
    "Erased",
    "Inspection",
    "Problem",
    "SqlLedger",
    "back_up",
    "bring_up_to_date",
    "copy_ledger",
    "enrolled_from",
    "erase",
    "forget_ledger",
    "inspect",
    "ledger_everywhere",
    "ledger_exists",
    "ledger_file",
    "ledger_path",
    "ledger_place",
    "look_into",
    "open_ledger",
    "scratch_ledger",
]
