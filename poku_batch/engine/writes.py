"""Writes to the ledger under way: told of while they take long, and given up with the run.

Invariant: one task watches over all of them, and only while there are any; a write costs no task.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TypeVar

import anyio
from anyio.abc import TaskGroup

from poku_batch.engine.race import first_of
from poku_batch.engine.stops import Stop
from poku_batch.errors import LedgerUnwritableError
from poku_batch.ports import Clock

T = TypeVar("T")

#: A write that takes longer than so many seconds is told of, again and again.
_SLOW_S = 5.0
_SLOW = "the ledger is busy: another program keeps it locked, or the disk is slow"

#: How long a run that is left still waits, in seconds.
_LEAVING_S = 1.0


class Writes:
    """Writes that are waited for.

    ``tell`` is told, in words, that one takes long; ``took`` how many seconds each took.
    """

    def __init__(
        self,
        clock: Clock,
        stop: Stop,
        tell: Callable[[str], None],
        took: Callable[[float], None] | None = None,
    ) -> None:
        """Take the time, who says that the run is left, and who is told."""
        self._clock = clock
        self._stop = stop
        self._tell = tell
        self._took = took
        #: When each began, the oldest first.
        self._open: dict[anyio.CancelScope, float] = {}
        self._watchers: TaskGroup | None = None
        self._watched = False

    def attend(self, watchers: TaskGroup | None) -> None:
        """Take the tasks among which the watching one is started; None when they end.

        Without them a write is waited for as long as it takes, and nobody is told.
        """
        self._watchers = watchers

    async def attempt(self, act: Callable[[], Awaitable[T]]) -> T:
        """Write once, whoever is cancelled meanwhile.

        Raises ``LedgerUnwritableError`` where the run was left.
        """
        with anyio.CancelScope(shield=True) as scope:
            self._open[scope] = self._clock.monotonic()
            if self._watchers is not None and not self._watched:
                self._watched = True
                self._watchers.start_soon(self._watch)
            try:
                return await act()
            finally:
                began_s = self._open.pop(scope)
                if self._took is not None:
                    self._took(self._clock.monotonic() - began_s)
        raise LedgerUnwritableError("the run was left before the ledger had taken a result")

    async def _watch(self) -> None:
        try:
            while self._open:
                age_s = self._clock.monotonic() - next(iter(self._open.values()))
                if age_s >= _SLOW_S:
                    self._tell(_SLOW)
                    age_s = 0.0
                await first_of(partial(self._clock.sleep, _SLOW_S - age_s), self._stop.wait_left)
                if self._stop.left:
                    await self._clock.sleep(_LEAVING_S)
                    for scope in [*self._open]:
                        scope.cancel()
        finally:
            self._watched = False
