"""Who listens to a run's events on their way to the display."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from poku_batch.events import CallEnded, CallFailed, CallReread, CallUnknown, ContactSkipped, Event
from poku_batch.models import Doing
from poku_batch.ports import EventSink
from poku_batch.progress.tally import Tally

#: What may put a message into the outbox.
_RESULTS = (CallEnded, CallReread, CallFailed, CallUnknown, ContactSkipped)


@dataclass(slots=True)
class Listener:
    """Passes events on; says that there is a result; keeps the canary's while it is asked to.

    ``tally`` has the figures that the display shows.
    """

    sink: EventSink
    keep: bool = False
    results: list[CallEnded | CallFailed | CallUnknown] = field(default_factory=list)
    on_result: Callable[[], None] = lambda: None
    on_ended: Callable[[CallEnded], None] = lambda _: None
    tally: Tally = field(default_factory=Tally)

    def emit(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, _RESULTS):
            self.on_result()
        if isinstance(event, CallEnded):
            self.on_ended(event)
        if self.keep and isinstance(event, CallEnded | CallFailed | CallUnknown):
            self.results.append(event)
        self.tally.add(event)
        self.sink.emit(event)

    def doing(self, now: datetime) -> Doing:
        """What the run does at ``now``, its own time, as the display shows it."""
        tally = self.tally
        return Doing(
            now=now,
            concurrency=tally.concurrency,
            slots=tally.slots,
            in_call=tally.in_call,
            note=tally.said,
            until=tally.until,
        )
