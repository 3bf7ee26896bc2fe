"""The task engine that delivers admitted contacts to workers: Procrastinate, in the same database.

It holds what is admitted and nothing else, as ids. What it delivers twice, late or not at all does
no harm: the ledger decides who is called.
"""

from poku_batch.distributed.delivery import Delivery, Job

__all__ = ["Delivery", "Job"]
