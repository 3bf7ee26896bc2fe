"""Whom the campaign's lists say not to call: files, and for a rehearsal the real ledger's list."""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from poku_batch.app import environment
from poku_batch.campaign import Campaign
from poku_batch.ports import Clock, Ledger

if TYPE_CHECKING:
    from poku_batch.contacts.do_not_call import DoNotCallFiles

#: How often a run looks whether a list has been edited, in seconds.
_LOOK_AGAIN_S = 15.0


class DoNotCallLists:
    """Numbers that the ledger of the run does not know of; asked for every contact."""

    def __init__(self, files: "DoNotCallFiles | None", real: frozenset[int]) -> None:
        """Take the files, if any, and the numbers (digits of E.164) on the real ledger's list."""
        self._files = files
        self._real = real
        #: Another number whenever files were read again.
        self.version = 0

    def source(self, number: str) -> str | None:
        """The list that an E.164 number is on; None where it is on none of them."""
        if self._files is not None and (name := self._files.source(number)) is not None:
            return name
        return "the folder's own list" if int(number) in self._real else None

    def numbers(self) -> frozenset[int]:
        """All numbers of the campaign's files, as the digits of E.164."""
        return frozenset() if self._files is None else frozenset(map(int, self._files.numbers()))

    async def watch(
        self, clock: Clock, say: Callable[[str], None], heed: Callable[[], Awaitable[None]]
    ) -> None:
        """Read edited files again, until cancelled; ``say`` hears where one cannot be read.

        ``heed`` is waited for after every look.
        """
        if self._files is None:
            await anyio.sleep_forever()
        while True:
            await clock.sleep(_LOOK_AGAIN_S)
            await self.look(say)
            await heed()

    async def look(self, say: Callable[[str], None]) -> None:
        """Read files that were edited; ``say`` hears where one cannot be read."""
        files = self._files
        if files is None or not await anyio.to_thread.run_sync(files.changed):
            return
        trouble = await anyio.to_thread.run_sync(files.reload)
        if trouble is None:
            self.version += 1
        else:
            say(trouble)


async def open_lists(campaign: Campaign, *, simulate: bool) -> DoNotCallLists:
    """Read the lists of a campaign.

    Raises ``ContactsError`` for a file that is missing, or has a line that cannot be read.
    """
    files = None
    if campaign.do_not_call:
        from poku_batch.contacts.do_not_call import DoNotCallFiles
        from poku_batch.phone import possible_number

        number_of = partial(possible_number, region=campaign.contacts.region)
        files = DoNotCallFiles(campaign.do_not_call, number_of)
        await anyio.to_thread.run_sync(files.load)
    real = await _real_list(campaign) if simulate else frozenset()
    return DoNotCallLists(files, real)


async def _real_list(campaign: Campaign) -> frozenset[int]:
    """What a real run would find on its ledger's list: a rehearsal calls nobody of them either."""
    from poku_batch.ledger import ledger_exists, look_into

    url = environment.ledger_url(campaign, simulate=False)
    if not ledger_exists(url):
        return frozenset()
    async with look_into(url) as ledger:
        return await listed_numbers(ledger)


async def listed_numbers(ledger: Ledger) -> frozenset[int]:
    """All numbers on a ledger's list, as the digits of E.164."""
    numbers: set[int] = set()
    async for entries in ledger.do_not_call():
        numbers.update(int(entry.number) for entry in entries)
    return frozenset(numbers)
