"""The real clock."""

import time
from datetime import UTC, datetime

import anyio


class SystemClock:
    """Time as the machine tells it; a ``ports.Clock``."""

    def now(self) -> datetime:
        """The time of day, aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds from an arbitrary start."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait; zero or less gives other tasks a turn."""
        await anyio.sleep(max(seconds, 0.0))
