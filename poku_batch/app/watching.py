"""A campaign looked at again and again, while somebody else runs it.

Looking costs a tenth of a processor at the most, however large the ledger is: after each look it
rests nine times as long. Nothing is read again while nobody has changed the ledger.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio

from poku_batch.app import environment
from poku_batch.app.courses import Course, course_of
from poku_batch.app.reading import existing_ledger
from poku_batch.campaign import Campaign
from poku_batch.errors import UsageError
from poku_batch.models import CallNow, Counts
from poku_batch.ports import Ledger

#: How often a ledger is looked into at the most, in seconds.
_EVERY_S = 1.0
_REST = 9
_MINUTE = timedelta(minutes=1)

#: The most calls that are named.
CALLS_SHOWN = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Glance:
    """A campaign at one moment: ``now`` is the time of its run, which a rehearsal makes up.

    ``calls`` are the oldest of those that are open, ``course.open_calls`` says how many are.
    """

    now: datetime
    counts: Counts
    course: Course
    calls: tuple[CallNow, ...]
    per_minute: float


async def watch(
    campaign: Campaign, *, simulate: bool = False, show: Callable[[Glance], None]
) -> None:
    """Show how a campaign stands, again and again, until cancelled.

    Raises ``UsageError`` if it was never run.
    """
    from poku_batch.ledger import ledger_file

    path = ledger_file(environment.ledger_url(campaign, simulate=simulate))
    shown = False
    while True:
        try:
            file = _file(path)
            async with existing_ledger(campaign, simulate=simulate) as ledger:
                looking = _Looking(ledger, campaign, simulate=simulate)
                # A rehearsal that is begun afresh makes another file.
                while _file(path) == file:
                    began_s = time.monotonic()
                    show(await looking.glance())
                    shown = True
                    await anyio.sleep(max(_EVERY_S, _REST * (time.monotonic() - began_s)))
        except UsageError:
            # It was begun afresh, and is not enrolled yet.
            if not shown:
                raise
            await anyio.sleep(_EVERY_S)


class _Looking:
    """Looks into an open ledger, and remembers what it saw as long as nobody has changed it."""

    def __init__(self, ledger: Ledger, campaign: Campaign, *, simulate: bool) -> None:
        self._ledger = ledger
        self._id = campaign.identity
        self._simulate = simulate
        self._version: int | None = None
        self._seen: Glance | None = None

    async def glance(self) -> Glance:
        """How the campaign stands now."""
        version = await self._ledger.browsing.version()
        course = await course_of(self._ledger, self._id)
        now = self._now(course)
        if self._seen is not None and version == self._version and not self._has_come(now):
            self._seen = replace(
                self._seen, now=now, course=course, per_minute=await self._per_minute(course, now)
            )
            return self._seen
        self._version = version
        calls, _ = await self._ledger.browsing.calls_now(self._id, limit=CALLS_SHOWN)
        self._seen = Glance(
            now=now,
            counts=await self._ledger.counts(self._id, now=now),
            course=course,
            calls=tuple(calls),
            per_minute=await self._per_minute(course, now),
        )
        return self._seen

    def _has_come(self, now: datetime) -> bool:
        """Whether somebody has become due since."""
        due_at = None if self._seen is None else self._seen.counts.next_due_at
        return due_at is not None and self._seen is not None and self._seen.now < due_at <= now

    def _now(self, course: Course) -> datetime:
        """The time of the run that goes on; of a rehearsal, as it told last."""
        doing = None if course.run is None else course.run.doing
        if not self._simulate or doing is None:
            return datetime.now(UTC)
        return doing.now

    async def _per_minute(self, course: Course, now: datetime) -> float:
        """Calls that ended in the last minute, or since the run began scaled to a minute."""
        run = course.run
        if run is None or not course.goes_on:
            return 0.0
        span = min(max(now - run.started_at, timedelta()), _MINUTE)
        if span < timedelta(seconds=1):
            return 0.0
        ended = await self._ledger.browsing.ended_since(self._id, now - span)
        return ended * (_MINUTE / span)


def _file(path: Path | None) -> int | None:
    """What tells a file from another that has its name since; None where there is none."""
    if path is None:
        return None
    try:
        return path.stat().st_ino
    except OSError:
        return None
