"""A worker's hold on a run: an intent is good for a moment, and none is used that is older.

An intent may be on the disk long before its worker hears of it: the way to the database was cut
after the commit, and is there again a minute later. Others have made it unknown by then, and it has
kept its slot for as long as a call from then may last; a person may have decided it. So whoever
hears of an intent too late takes it back, and no request leaves.
"""

import time
from datetime import datetime
from functools import partial

from poku_batch.errors import NotReservedError
from poku_batch.ledger import transitions
from poku_batch.ledger.run import SqlRun
from poku_batch.models import Admission, AttemptId, Guard, Later, Never

#: How old an intent may be when its request leaves; ``app.sharing`` adds to a slot what covers it.
INTENT_LASTS_S = 5.0

_TOO_LATE = "the ledger took too long to say that the intent was written"


class WorkerRun(SqlRun):
    """The implementation of ``ports.LedgerRun`` for a run that workers share."""

    async def begin(
        self,
        admission: Admission,
        *,
        prompt_sha256: str,
        prompt: str | None = None,
        guard: Guard = Guard(),  # noqa: B008 – frozen
        at: datetime,
    ) -> AttemptId | Later | Never:
        """As on one machine; raises ``NotReservedError`` where that was heard of too late."""
        asked_s = _elapsed_s()
        begun = await super().begin(
            admission, prompt_sha256=prompt_sha256, prompt=prompt, guard=guard, at=at
        )
        if isinstance(begun, Later | Never) or _is_fresh(asked_s):
            return begun
        await self._writer.run(
            partial(
                transitions.withdraw,
                hold=self._hold,
                attempt_id=begun,
                contact_id=admission.contact_id,
                at=at,
            )
        )
        raise NotReservedError(_TOO_LATE)

    async def begin_again(
        self, attempt_id: AttemptId, *, placement: int | None = None, at: datetime
    ) -> None:
        """As on one machine; raises ``NotReservedError`` where that was heard of too late."""
        asked_s = _elapsed_s()
        await super().begin_again(attempt_id, placement=placement, at=at)
        if _is_fresh(asked_s):
            return
        made = None if placement is None else placement + 1
        await self.turn_away(attempt_id, _TOO_LATE, due_at=at, placement=made, at=at)
        raise NotReservedError(_TOO_LATE)


def _elapsed_s() -> float:
    """Seconds from an arbitrary start, those in which the machine slept included."""
    boottime = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boottime is None else time.clock_gettime(boottime)


def _is_fresh(asked_s: float) -> bool:
    return _elapsed_s() - asked_s <= INTENT_LASTS_S
