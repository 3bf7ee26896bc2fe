"""Signals of the system, turned into requests to stop."""

import math
import signal
from typing import Protocol

import anyio

from poku_batch.engine.stops import Stop
from poku_batch.models import RunEnding

#: Signals that come closer than this, in seconds, are one: a wrapper (``uv run``, a supervisor)
#: passes on what the terminal has sent to the program as well. Nobody's finger is as fast.
_ONE_SIGNAL_S = 0.05


class Abandoned(Protocol):
    """What goes on, and can be left."""

    def abandon(self) -> None:
        """Leave at once."""


class SignalWatch:
    """Stops the run gently at the first signal and at once at the second.

    ``runner`` is the one that goes on now; None before the first.
    """

    def __init__(self, stop: Stop) -> None:
        """Take what the run is told to stop by."""
        self._stop = stop
        self._heeded_s = -math.inf
        self._over = False
        self.runner: Abandoned | None = None

    def ask(self, why: str) -> None:
        """Stop the run gently, as the first signal does; by somebody who asks from elsewhere."""
        if self._over:
            self._stop.leave()
        else:
            self._stop.request(RunEnding.STOPPED, why)

    def over(self) -> None:
        """Calling is over: from now on a signal leaves at once whatever is still waited for."""
        self._over = True

    async def run(self) -> None:
        """Heed signals until cancelled.

        Where the event loop cannot take signals (Windows), Ctrl-C breaks the run off instead.
        """
        names = ("SIGINT", "SIGTERM", "SIGHUP")
        numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
        try:
            with anyio.open_signal_receiver(*numbers) as signals:
                async for number in signals:
                    self._heed(signal.Signals(number).name, anyio.current_time())
        except NotImplementedError:
            await anyio.sleep_forever()
        finally:
            # Whoever cancels the run, or its end: writes that nothing can break off see it here.
            self._stop.leave()

    def _heed(self, name: str, now_s: float) -> None:
        if now_s - self._heeded_s < _ONE_SIGNAL_S:
            return
        self._heeded_s = now_s
        if self._over:
            self._stop.leave()
        elif not self._stop.request(RunEnding.STOPPED, name) and self.runner is not None:
            self.runner.abandon()
