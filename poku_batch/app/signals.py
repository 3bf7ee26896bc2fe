"""Signals of the system, turned into requests to stop."""

import signal

import anyio

from poku_batch.engine.runner import Runner
from poku_batch.engine.stops import Stop
from poku_batch.models import RunEnding


class SignalWatch:
    """Stops the run gently at the first signal and at once at the second.

    ``runner`` is the one that goes on now; None between two.
    """

    def __init__(self, stop: Stop) -> None:
        """Take what the run is told to stop by."""
        self._stop = stop
        self.runner: Runner | None = None

    async def run(self) -> None:
        """Heed signals until cancelled.

        Where the event loop cannot take signals (Windows), Ctrl-C breaks the run off instead.
        """
        names = ("SIGINT", "SIGTERM", "SIGHUP")
        numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
        try:
            with anyio.open_signal_receiver(*numbers) as signals:
                async for number in signals:
                    self._heed(signal.Signals(number).name)
        except NotImplementedError:
            await anyio.sleep_forever()
        finally:
            # Whoever cancels the run, or its end: writes that nothing can break off see it here.
            self._stop.leave()

    def _heed(self, name: str) -> None:
        if not self._stop.request(RunEnding.STOPPED, name) and self.runner is not None:
            self.runner.abandon()
