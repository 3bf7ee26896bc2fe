"""The yardstick of every campaign: how long its calls take if nothing but the slots bounds them."""

import heapq
from collections.abc import Iterable


def makespan_s(durations_s: Iterable[float], slots: int) -> float:
    """When the last call ends, in seconds, if each begins in the slot that is free first.

    The greedy list schedule: calls in their order, no time lost between two of a slot. A runner
    that keeps the order of the sheet cannot be faster. 0 for no calls; raises ``ValueError``
    where there is no slot.
    """
    if slots < 1:
        raise ValueError("a schedule needs at least one slot")
    ends_s: list[float] = []
    for duration_s in durations_s:
        if len(ends_s) < slots:
            heapq.heappush(ends_s, duration_s)
        else:
            heapq.heapreplace(ends_s, ends_s[0] + duration_s)
    return max(ends_s, default=0.0)
