"""The time at which a call of a paced run may leave, over all workers together."""

from collections.abc import Awaitable, Callable

#: A call that is later than this, in seconds, gets another time.
_LATE_S = 0.05

#: One whose intent is recorded waits so long for another time at the most, in seconds: its slot is
#: reckoned from then.
_PATIENCE_S = 3.0

#: So often it gets another time.
_TRIES = 5


class Turn:
    """Comes once, for one call. Late ones would leave together with those that are on time.

    So it is asked twice: before the intent is recorded, and again right before the request leaves,
    since the ledger may have kept the intent waiting.
    """

    def __init__(
        self,
        wait_s: float,
        *,
        now_s: Callable[[], float],
        wait: Callable[[float], Awaitable[None]],
        space_anew: Callable[[], Awaitable[float]],
        hindered: Callable[[], bool],
    ) -> None:
        """Take in how many seconds the call may leave, and how time goes.

        ``wait`` may return early; ``space_anew`` gives the call another time, in so many seconds;
        ``hindered`` says that it will not leave at all.
        """
        self._now_s = now_s
        self._wait = wait
        self._space_anew = space_anew
        self._hindered = hindered
        self._due_s = now_s() + wait_s

    async def come(self) -> None:
        """Wait until it is time."""
        for _ in range(_TRIES):
            if await self._is_now():
                return
            self._due_s = self._now_s() + await self._space_anew()

    async def come_again(self) -> str | None:
        """Wait until it is time, the intent being recorded; why it was missed, if so."""
        until_s = self._now_s() + _PATIENCE_S
        while not await self._is_now():
            self._due_s = self._now_s() + await self._space_anew()
            if self._due_s > until_s:
                return "the ledger kept it waiting until its time had passed"
        # Whoever waits is woken where calls are to begin no more, all at once.
        return "its worker was to begin no call any more" if self._hindered() else None

    async def _is_now(self) -> bool:
        """Wait for the time it has; whether it is not late for it, or of no use any more."""
        if (wait_s := self._due_s - self._now_s()) > 0:
            await self._wait(wait_s)
        return self._hindered() or self._now_s() - self._due_s <= _LATE_S
