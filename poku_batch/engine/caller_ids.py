"""Which caller ID a call is placed from, and what the ledger is to check of the call.

A contact keeps the caller ID of its first call: people call back the number that they saw.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from poku_batch.models import Admission, CallRequest, Cap, Guard
from poku_batch.policy.caller_ids import choose
from poku_batch.ports import Clock, LedgerRun

#: What ``limits.per_caller_id`` is counted over.
A_DAY = timedelta(days=1)


class CallerIds:
    """The caller IDs of one campaign; ``pool`` is empty where it has one or none."""

    def __init__(
        self,
        run: LedgerRun,
        clock: Clock,
        *,
        pool: Sequence[str] = (),
        calls_a_day: int | None = None,
        number_caps: Sequence[Cap] = (),
    ) -> None:
        """Take the ledger's run, the time, and the rules."""
        self._run = run
        self._clock = clock
        self._pool = tuple(pool)
        self._calls_a_day = calls_a_day
        self._number_caps = tuple(number_caps)

    async def guarded(
        self, request: CallRequest, admission: Admission
    ) -> tuple[CallRequest, Guard]:
        """Give the request its caller ID, and the guard under which it may be placed."""
        if self._pool:
            chosen = choose(
                self._pool,
                key=admission.key,
                last=admission.last_from,
                exhausted=await self._exhausted(admission),
            )
            request = replace(request, from_=chosen)
        caps: tuple[Cap, ...] = ()
        if self._pool and self._calls_a_day is not None:
            caps = (Cap(calls=self._calls_a_day, within=A_DAY),)
        guard = Guard(number_caps=self._number_caps, from_number=request.from_, caller_id_caps=caps)
        return request, guard

    async def _exhausted(self, admission: Admission) -> frozenset[str]:
        if self._calls_a_day is None or admission.last_from in self._pool:
            return frozenset()
        since = self._clock.now() - A_DAY
        calls = await self._run.calls_from(self._pool, since=since)
        return frozenset(number for number, made in calls.items() if made >= self._calls_a_day)
