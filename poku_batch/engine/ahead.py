"""Contacts reserved a moment ahead of their slots, so that not every free slot asks the ledger.

Invariants: only while calls begin one after the other, and never more than a sixteenth of the
slots, so that a run with few slots reserves nobody ahead; whoever is not dialled is given back
before the run waits for anything but a free slot.
"""

from collections import deque

from poku_batch.models import Admission
from poku_batch.ports import Clock, LedgerRun

#: The most contacts reserved ahead, and the share of the slots that they may come to.
_MOST = 64
_SHARE = 16

#: Those reserved ahead are more the next time if they were gone within so many seconds, else none.
_GONE_WITHIN_S = 0.25


class Ahead:
    """Admits contacts for free slots, and some for those that will be free at once."""

    def __init__(self, run: LedgerRun, clock: Clock, *, slots: int) -> None:
        """Take the ledger's run, the time, and the number of slots."""
        self._run = run
        self._clock = clock
        self._most = min(slots // _SHARE, _MOST)
        self._extra = 0
        self._reserved: deque[Admission] = deque()
        self._reserved_at_s = 0.0

    async def admit(self, most: int, *, alone: bool = False) -> list[Admission]:
        """Up to ``most`` contacts that are due; ``alone``: nobody is reserved beside them."""
        if not self._reserved:
            await self._reserve(most, alone=alone)
        return [self._reserved.popleft() for _ in range(min(most, len(self._reserved)))]

    async def give_back(self) -> None:
        """Let go of those who were reserved and are not called at once."""
        self._extra = 0
        while self._reserved:
            await self._run.release(self._reserved[-1])
            self._reserved.pop()

    async def _reserve(self, most: int, *, alone: bool) -> None:
        now_s = self._clock.monotonic()
        quick = now_s - self._reserved_at_s < _GONE_WITHIN_S
        self._extra = min(2 * self._extra + 1, self._most) if quick and not alone else 0
        self._reserved_at_s = now_s
        admitted = await self._run.admit(most + self._extra, now=self._clock.now())
        self._reserved.extend(admitted)
