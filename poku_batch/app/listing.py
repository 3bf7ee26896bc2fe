"""The campaign's do-not-call files on their way to the workers of its run, which have no files.

Only what has changed is written, some thousands of numbers at a time: a list may have a million,
and whoever writes to the ledger keeps everybody else from it.
"""

from collections.abc import Collection, Iterator
from itertools import islice
from typing import TypeVar

import anyio
import anyio.to_thread

from poku_batch.app.lists import DoNotCallLists
from poku_batch.models import RunId
from poku_batch.ports import Distribution

T = TypeVar("T")

#: What is said of a number whose file was edited at this moment.
_SOME = "a do-not-call file"

#: How many numbers are written in one step: less than a tenth of a second.
_AT_ONCE = 5_000


class Listing:
    """Keeps what the ledger has of a run's do-not-call files as the files are."""

    def __init__(self, lists: DoNotCallLists, distribution: Distribution) -> None:
        """Take the lists as they were read, and what workers share."""
        self._lists = lists
        self._distribution = distribution
        self._known: set[int] | None = None
        self._read: frozenset[int] = frozenset()
        self._version: int | None = None
        self._turn = anyio.Lock()

    async def put(self, run: RunId) -> None:
        """Put in whoever is on the lists by now, and then take out whoever was seen to leave them.

        Nothing happens where nobody has edited them since. What another has put in stays: the
        lists of a campaign file that was edited, or lies elsewhere, may be others. Raises
        ``LedgerError``; what is missing then is put in the next time.
        """
        async with self._turn:
            version = self._lists.version
            if version == self._version:
                return
            if self._known is None:
                self._known = set(map(int, await self._distribution.listed(run)))
            now = await anyio.to_thread.run_sync(self._lists.numbers)
            await self._put(run, self._known, now)
            self._read, self._version = now, version

    async def _put(self, run: RunId, known: set[int], now: frozenset[int]) -> None:
        for some in _batches(now - known):
            rows = [(number, self._lists.source(number) or _SOME) for number in map(_e164, some)]
            await self._distribution.list_numbers(run, rows)
            known.update(some)
        for some in _batches(self._read - now):
            await self._distribution.unlist_numbers(run, [*map(_e164, some)])
            known.difference_update(some)


def _e164(number: int) -> str:
    return f"+{number}"


def _batches(items: Collection[T]) -> Iterator[tuple[T, ...]]:
    left = iter(items)
    while some := tuple(islice(left, _AT_ONCE)):
        yield some
