"""Stretches of time in which the clocks of a time zone run evenly, without being moved.

All times are whole seconds since 1970-01-01T00:00Z. The offsets are those of the IANA database, by
``zoneinfo``; what a zone did before 1970 is taken to be what it did then. A zone that moves its
clocks twice within 24 hours, back to where they were, is taken not to have moved them; none does.
"""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAY_S = 86_400
#: The end of time, 9999-12-29: every zone's local time is still a ``datetime`` before it.
END_S = 253_402_041_600

_CHUNK_S = 366 * DAY_S


class Steady(NamedTuple):
    """A stretch in which local time is UTC plus ``offset_s``; ``end_s`` is not in it."""

    start_s: int
    end_s: int
    offset_s: int


def steadies(zone: str, from_s: int) -> Iterator[Steady]:
    """Give the stretches that end after an instant, in order, without an end.

    A stretch may be cut in two where nothing happens.
    """
    chunk = from_s // _CHUNK_S
    while True:
        for steady in _chunk(zone, chunk):
            if steady.end_s > from_s:
                yield steady
        chunk += 1


def reached_s(zone: str, local_s: int) -> int:
    """The first instant at which a zone's clocks show a local time, or a later one.

    ``local_s`` counts as if the local time were UTC. A time that the clocks skip is reached when
    they are moved; of one that they show twice it is the first.
    """
    for steady in steadies(zone, local_s - 2 * DAY_S):
        if local_s - steady.offset_s < steady.end_s:
            return max(steady.start_s, local_s - steady.offset_s)
    raise AssertionError("stretches have no end")


@lru_cache(maxsize=4096)
def _chunk(zone: str, chunk: int) -> tuple[Steady, ...]:
    tz = ZoneInfo(zone)
    start, end = chunk * _CHUNK_S, (chunk + 1) * _CHUNK_S
    offset = _offset_s(tz, start)
    found = []
    for day in range(start, end, DAY_S):
        then = _offset_s(tz, day + DAY_S)
        if then == offset:
            continue
        moved = _moved_s(tz, day, day + DAY_S)
        found.append(Steady(start, moved, offset))
        start, offset = moved, then
    if start < end:
        found.append(Steady(start, end, offset))
    return tuple(found)


def _moved_s(tz: ZoneInfo, before_s: int, after_s: int) -> int:
    """The instant between two at which the clocks are moved."""
    offset = _offset_s(tz, before_s)
    instants = range(before_s, after_s + 1)
    return instants[bisect_left(instants, True, key=lambda at_s: _offset_s(tz, at_s) != offset)]  # noqa: FBT003 – what is searched for


def _offset_s(tz: ZoneInfo, at_s: int) -> int:
    offset = datetime.fromtimestamp(min(max(at_s, 0), END_S), tz).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0
