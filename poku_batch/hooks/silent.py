"""Nobody is told: for rehearsals."""

from poku_batch.models import HookMessage


class SilentSender:
    """Takes every message and tells nobody; ``taken`` counts them."""

    def __init__(self) -> None:
        self.taken = 0

    async def send(self, message: HookMessage) -> str | None:  # noqa: ARG002 – the port's signature
        """Take it."""
        self.taken += 1
        return None
