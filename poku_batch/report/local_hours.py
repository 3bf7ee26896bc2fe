"""When calls were placed by the clock where the contacts are."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

import anyio.to_thread

from poku_batch.engine.whereabouts import WhereContactsAre
from poku_batch.models import LocalHour
from poku_batch.phone import zones_of
from poku_batch.policy.reached import is_reached
from poku_batch.ports import PlacedCall

#: Clocks differ from UTC by a multiple of this.
_QUARTER_S = 900
#: How many hours of places are remembered, so that memory stays bounded.
_REMEMBERED = 200_000

#: A weekday, 0 for Monday, and an hour.
_Field = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalHours:
    """Calls by weekday and hour on the contacts' clocks; ``unplaced`` are in no zone."""

    hours: tuple[LocalHour, ...]
    unplaced: int


class LocalClocks:
    """Tells the weekday and hour at which calls were placed, where the contacts are.

    The clock is the one that calling hours go by, as the contact's row has it now: what its sheet
    said when it was called is not kept.
    """

    def __init__(
        self,
        *,
        columns: int,
        timezone: int | None = None,
        default_timezone: str | None = None,
        always: str | None = None,
    ) -> None:
        """Take what a campaign says of its contacts' places.

        ``columns`` are those of its sheet, ``timezone`` the position of the one with each contact's
        zone, ``default_timezone`` that of contacts whose own cannot be told; ``always`` is the zone
        whose clock counts for everybody, if one does.
        """
        self._places = WhereContactsAre(
            region=None, timezone=timezone, default_timezone=default_timezone
        )
        self._columns = columns
        self._timezone = timezone
        self._always = None if always is None else ZoneInfo(always)
        self._known: dict[tuple[str, tuple[str, ...], int], _Field | None] = {}

    async def count(self, batches: AsyncIterator[list[PlacedCall]]) -> LocalHours:
        """Count all calls, in one pass."""
        calls: Counter[_Field] = Counter()
        reached: Counter[_Field] = Counter()
        unplaced = 0
        async for batch in batches:
            unplaced += await anyio.to_thread.run_sync(partial(self._add, batch, calls, reached))
        return LocalHours(
            hours=tuple(
                LocalHour(weekday=day, hour=hour, calls=number, reached=reached[day, hour])
                for (day, hour), number in sorted(calls.items())
            ),
            unplaced=unplaced,
        )

    def _add(
        self, batch: Iterable[PlacedCall], calls: Counter[_Field], reached: Counter[_Field]
    ) -> int:
        """Count a batch; gives how many calls of it are in no zone."""
        unplaced = 0
        for at, to, stored, outcome in batch:
            field = self._field(at, to, stored)
            if field is None:
                unplaced += 1
                continue
            calls[field] += 1
            reached[field] += is_reached(outcome)
        return unplaced

    def _field(self, at: datetime, to: str, stored: str) -> _Field | None:
        if self._always is not None:
            local = at.astimezone(self._always)
            return local.weekday(), local.hour
        zone = self._own_zone(stored)
        asked = (zone, zones_of(to), int(at.timestamp()) // _QUARTER_S)
        if asked in self._known:
            return self._known[asked]
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        return self._known.setdefault(asked, self._told(at, to, zone))

    def _own_zone(self, stored: str) -> str:
        """The cell with the contact's zone; "" for none, and where the row was erased."""
        if self._timezone is None:
            return ""
        cells = json.loads(stored)
        return str(cells[self._timezone]).strip() if len(cells) == self._columns else ""

    def _told(self, at: datetime, to: str, zone: str) -> _Field | None:
        cells = [""] * self._columns
        if self._timezone is not None:
            cells[self._timezone] = zone
        try:
            local = self._places.of(cells, to).local(at)
        except ValueError:
            return None
        return local.weekday(), local.hour
