"""Who is busy: a count of the slots in use, and a way to learn that one was freed."""

from collections.abc import Iterator
from contextlib import contextmanager

import anyio


class Slots:
    """The run's slots; one is in use from the moment a contact is handed to it until its end."""

    def __init__(self, size: int) -> None:
        """Make ``size`` free slots."""
        self.size = size
        self.busy = 0
        self._freed: anyio.Event | None = None

    @property
    def free(self) -> int:
        """How many more contacts can be taken now."""
        return self.size - self.busy

    def take(self) -> None:
        """Use a slot; its contact is on its way to it."""
        self.busy += 1

    @contextmanager
    def giving_back(self) -> Iterator[None]:
        """Free a taken slot at the end of the block."""
        try:
            yield
        finally:
            self.give_back()

    def give_back(self) -> None:
        """Free a taken slot."""
        self.busy -= 1
        self.wake()

    def wake(self) -> None:
        """Let whoever waits for a slot look again."""
        if self._freed is not None:
            self._freed.set()
            self._freed = None

    def next_freed(self) -> anyio.Event:
        """The event of the next slot to be freed; ask before looking, so that none is missed."""
        if self._freed is None:
            self._freed = anyio.Event()
        return self._freed
