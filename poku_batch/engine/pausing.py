"""Whether a person has paused the campaign, as its run sees it."""

from collections.abc import Callable

from poku_batch.models import Pause


class Pausing:
    """Asked by everything that begins a call: while there is a ``pause``, none begins.

    Open calls go on to their end.
    """

    def __init__(self) -> None:
        self.pause: Pause | None = None
        self._heard: list[Callable[[], None]] = []

    def put(self, pause: Pause | None) -> None:
        """Pause, or resume by None; whoever wants to hear of it is told if that is new."""
        if pause == self.pause:
            return
        self.pause = pause
        for hear in self._heard:
            hear()

    def tell(self, hear: Callable[[], None]) -> None:
        """Have ``hear`` called at the moment when the campaign is paused or resumed."""
        self._heard.append(hear)
