"""What costs too much to be made for every page: made once, kept for a while, and made anew beside.

Whoever asks for something that is old gets it as it is; the next one gets it anew.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

import anyio

from poku_batch.errors import LedgerError

T = TypeVar("T")

#: The part of the time that making one thing anew may take.
_SHARE = 0.1

#: How long whoever asks first waits, in seconds, and how many things are kept.
_WAIT_S = 1.5
_MOST = 100


@dataclass(frozen=True, slots=True)
class _Made(Generic[T]):
    thing: T
    stamp: object
    at_s: float
    cost_s: float


class Kept(Generic[T]):
    """Things of one kind; no two are made at once."""

    def __init__(self, *, least_s: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        """Take how long a thing is kept at the least, in seconds."""
        self._least_s = least_s
        self._monotonic = monotonic
        self._made: OrderedDict[Hashable, _Made[T]] = OrderedDict()
        self._making: dict[Hashable, asyncio.Task[None]] = {}
        self._turn = anyio.Lock()
        self.count = 0  # how many were made, so that pages can be told of one more

    async def of(
        self, which: Hashable, make: Callable[[], Awaitable[T]], *, stamp: object
    ) -> T | None:
        """The thing of these days; None where there is none yet, and it takes long.

        It is as good as new while the ``stamp`` of what it is made from is the same.
        """
        made = self._made.get(which)
        if made is None or self._is_old(made, stamp):
            if which not in self._making:
                self._making[which] = asyncio.create_task(self._make(which, make, stamp))
            if made is None:
                await asyncio.wait([self._making[which]], timeout=_WAIT_S)
                made = self._made.get(which)
        return None if made is None else made.thing

    async def close(self) -> None:
        """Break off what is being made."""
        tasks = list(self._making.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _is_old(self, made: _Made[T], stamp: object) -> bool:
        age_s = self._monotonic() - made.at_s
        return made.stamp != stamp and age_s >= max(self._least_s, made.cost_s / _SHARE)

    async def _make(self, which: Hashable, make: Callable[[], Awaitable[T]], stamp: object) -> None:
        try:
            async with self._turn:
                began_s = self._monotonic()
                thing = await make()
                at_s = self._monotonic()
                self._made[which] = _Made(thing, stamp, at_s, at_s - began_s)
                self._made.move_to_end(which)
                self.count += 1
                while len(self._made) > _MOST:
                    self._made.popitem(last=False)
        except LedgerError:
            return  # the page has asked the ledger too, and tells
        finally:
            del self._making[which]
