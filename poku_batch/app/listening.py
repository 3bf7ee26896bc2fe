"""Who listens to a run's events on their way to the display."""

from collections.abc import Callable
from dataclasses import dataclass, field

from poku_batch.events import CallEnded, CallFailed, CallReread, CallUnknown, ContactSkipped, Event
from poku_batch.ports import EventSink

#: What may put a message into the outbox.
_RESULTS = (CallEnded, CallReread, CallFailed, CallUnknown, ContactSkipped)


@dataclass(slots=True)
class Listener:
    """Passes events on; says that there is a result; keeps the canary's while it is asked to."""

    sink: EventSink
    keep: bool = False
    results: list[CallEnded | CallFailed | CallUnknown] = field(default_factory=list)
    on_result: Callable[[], None] = lambda: None

    def emit(self, event: Event) -> None:
        """Take an event."""
        if isinstance(event, _RESULTS):
            self.on_result()
        if self.keep and isinstance(event, CallEnded | CallFailed | CallUnknown):
            self.results.append(event)
        self.sink.emit(event)
