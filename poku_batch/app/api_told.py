"""Tells whoever watches a distributed run how the API bears its calls, where that has changed."""

from datetime import UTC, datetime

from poku_batch.events import CircuitClosed, CircuitOpened, CircuitProbed, SlotsChanged
from poku_batch.models import Circuit, Room
from poku_batch.ports import Clock, EventSink


class ApiTold:
    """Compares each look at a run with the one before."""

    def __init__(self, clock: Clock, sink: EventSink, *, slots: int) -> None:
        """Take the time, who listens, and the run's slots."""
        self._clock = clock
        self._sink = sink
        self._slots = slots
        self._borne = slots
        self._circuit: Circuit | None = None

    def look(self, room: Room) -> None:
        """Tell what is new."""
        if room.borne != self._borne:
            self._borne = room.borne
            self._sink.emit(
                SlotsChanged(at=self._clock.now(), slots=room.borne, concurrency=self._slots)
            )
        before, self._circuit = self._circuit, room.circuit
        self._tell_circuit(before, room.circuit)

    def _tell_circuit(self, before: Circuit | None, now: Circuit | None) -> None:
        at = self._clock.now()
        if now is None:
            if before is not None:
                self._sink.emit(CircuitClosed(at=at))
            return
        if before is None or now.until_s != before.until_s:
            self._sink.emit(
                CircuitOpened(
                    at=at,
                    until=datetime.fromtimestamp(now.until_s, UTC),
                    why=now.why,
                    calls=now.calls,
                    final=now.final,
                )
            )
        if now.probing and not (before is not None and before.probing):
            self._sink.emit(CircuitProbed(at=at))
