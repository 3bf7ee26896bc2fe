"""How busy the event loop's thread is."""

import time

#: A share over less time than this, in seconds, says little.
_LEAST_S = 1.0


class LoopLoad:
    """The share of a core that the thread has used which made it and asks it."""

    def __init__(self) -> None:
        """Begin to measure now."""
        self._at_s = time.monotonic()
        self._used_s = time.thread_time()

    def share(self) -> float | None:
        """The share (0 to 1) since it was last told; None if that is less than a second ago."""
        now_s, used_s = time.monotonic(), time.thread_time()
        passed_s = now_s - self._at_s
        if passed_s < _LEAST_S:
            return None
        share = (used_s - self._used_s) / passed_s
        self._at_s, self._used_s = now_s, used_s
        return share
