"""A run as lines of JSON on standard error, for what collects logs; and all else that is said.

A line is handed to a thread that writes it, so that a reader that is slow, or gone, keeps no call
waiting: where too many wait, lines are left out, and their number is told.
"""

import json
import logging
import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self, TextIO

from poku_batch.events import Event, RunStarted
from poku_batch.telemetry.masking import masked
from poku_batch.telemetry.records import Identity, record_of, stamp

#: How much is kept of what is said in words: a sheet's faults are many lines.
_MESSAGE = 4_000
#: How many lines wait at the most.
_MOST_WAITING = 10_000
#: How long the end waits for what is still to be written, in seconds.
_LAST_LINES_S = 2.0


#: Who says what nobody in particular says.
_NOBODY = Identity()


def message_line(
    text: str, *, level: str = "info", ts: datetime | None = None, identity: Identity = _NOBODY
) -> str:
    """What is said in words, as a line; phone numbers in it are masked."""
    whose = {name: value for name, value in identity.facts().items() if value is not None}
    at, words = stamp(ts or datetime.now(UTC)), masked(text, limit=_MESSAGE)
    return _line({"ts": at, "level": level, "event": "message", **whose, "message": words})


class JsonDisplay:
    """Writes a line for each event to ``stream``, between ``with`` and its end."""

    def __init__(
        self,
        stream: TextIO,
        identity: Identity,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        most_waiting: int = _MOST_WAITING,
    ) -> None:
        """Take where to write, and whose events they are until a run says its own."""
        self._stream = stream
        self._identity = identity
        self._own = self.listener(identity)
        self._now = now
        self._lines: queue.Queue[str | None] = queue.Queue(most_waiting)
        self._left_out = 0
        self._writer = threading.Thread(target=self._write, name="poku-log", daemon=True)
        self._libraries = _Libraries(self.say)

    def __enter__(self) -> Self:
        self._writer.start()
        logging.getLogger().addHandler(self._libraries)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        logging.getLogger().removeHandler(self._libraries)
        with suppress(queue.Full):
            self._lines.put(None, timeout=_LAST_LINES_S)
        self._writer.join(_LAST_LINES_S)

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Nothing is redrawn: there is nothing to pause."""
        yield

    def emit(self, event: Event) -> None:
        """Take an event of whom the display was made for."""
        self._own.emit(event)

    def listener(self, identity: Identity) -> "CampaignLines":
        """What writes somebody else's events among the lines of this display."""
        return CampaignLines(self.write, identity)

    def write(self, event: Event, identity: Identity) -> None:
        """Hand an event's line to the thread that writes them."""
        self._hand_over(_line(record_of(event, identity, ts=self._now())))

    def say(self, text: str, *, level: str = "info") -> None:
        """Hand over what is said in words by whom the display was made for."""
        self._hand_over(message_line(text, level=level, ts=self._now(), identity=self._identity))

    def _hand_over(self, line: str) -> None:
        try:
            self._lines.put_nowait(line)
        except queue.Full:
            self._left_out += 1

    def _write(self) -> None:
        while (line := self._lines.get()) is not None:
            try:
                self._stream.write(line + "\n")
                if left_out := self._left_out:
                    self._left_out -= left_out
                    text = f"{left_out} lines were left out: standard error is read too slowly"
                    self._stream.write(message_line(text, level="warning") + "\n")
                self._stream.flush()
            except (OSError, ValueError):  # nobody reads any more
                return


class _Libraries(logging.Handler):
    """Says what libraries log, which would else be lines among the others that are no JSON."""

    def __init__(self, say: Callable[..., None]) -> None:
        super().__init__(logging.WARNING)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        """Say a message; what was raised is named, and no more of it told."""
        raised = record.exc_info[0] if record.exc_info else None
        what = f" ({raised.__name__})" if raised else ""
        level = "error" if record.levelno >= logging.ERROR else "warning"
        with suppress(Exception):  # a message that cannot be made is no fault of who goes on
            self._say(f"{record.name}: {record.getMessage()}{what}", level=level)


@dataclass(slots=True)
class CampaignLines:
    """One campaign's events on their way to a display that others may use, too."""

    write: Callable[[Event, Identity], None]
    identity: Identity

    def emit(self, event: Event) -> None:
        """Take an event; the one that begins a run says whose the others are."""
        if isinstance(event, RunStarted):
            run = self.identity.run if event.run is None else event.run
            self.identity = replace(self.identity, campaign=event.campaign, run=run)
        self.write(event, self.identity)


def _line(record: dict[str, Any]) -> str:
    return json.dumps(record, separators=(",", ":"))
