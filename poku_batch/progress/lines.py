"""A run as plain lines, for logs, pipes and cron: no colours, no control characters.

Each begins with the time: a rehearsal's own in a rehearsal.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.text import Text

from poku_batch.events import ApiUnreached, Event, RunStarted, Waiting
from poku_batch.progress.figures import figures, pace
from poku_batch.progress.notes import local, turn_text
from poku_batch.progress.tally import Tally
from poku_batch.progress.words import one_line


class LineDisplay:
    """Writes a line every few seconds in which something changed, and one for each turn of events.

    Lines are written by a thread of its own between ``with`` and its end.
    """

    def __init__(
        self,
        console: Console,
        *,
        simulated: bool,
        every_s: float = 5.0,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Take where to write, and how many seconds apart figures are told."""
        self._console = console
        self._simulated = simulated
        self._every_s = every_s
        self._now = now
        self._tally = Tally()
        self._told = ""
        self._over = threading.Event()
        self._teller = threading.Thread(target=self._tell_now_and_then, daemon=True)

    def __enter__(self) -> Self:
        self._teller.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._teller.join()
        self.tell()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the terminal alone while somebody is asked something."""
        yield

    def emit(self, event: Event) -> None:
        """Take an event; a turn of events is told at once."""
        self._tally.add(event)
        match event:
            case RunStarted():
                tag = " (rehearsal: no phone rings)" if self._simulated else ""
                self._write(
                    f"{one_line(event.campaign)}{tag}: {event.counts.total:,} contacts, "
                    f"{self._tally.waiting:,} to call, {event.concurrency:,} at once"
                )
            case Waiting():
                self._write(self._tally.note)
            case ApiUnreached():
                self._write(f"{self._tally.note} ({one_line(event.why)})")
            case _:
                if text := turn_text(event):
                    self._write(text)

    def tell(self) -> None:
        """Write the figures, if they changed since they were last written."""
        line = figures(self._tally)
        if line == self._told or not self._tally.total:
            return
        self._told = line
        speed = pace(self._tally, (self._tally.at if self._simulated else None) or self._now())
        self._write(f"{line}; {speed}" if speed else line)

    def _tell_now_and_then(self) -> None:
        while not self._over.wait(self._every_s):
            self.tell()

    def _write(self, line: str) -> None:
        self._console.print(Text(f"{self._time()}  {line}"), soft_wrap=True, highlight=False)

    def _time(self) -> str:
        """The time of day; a rehearsal's with its day, which may be any."""
        if self._simulated and self._tally.at is not None:
            return local(self._tally.at)
        return f"{self._now().astimezone():%H:%M:%S}"
