"""How a run is told to end: gently by a request, at once by cancelling its scope."""

from collections.abc import Callable

import anyio

from poku_batch.models import RunEnding


class Stop:
    """A request to place no more calls; the first one counts, open calls are still waited for."""

    def __init__(self) -> None:
        self._event = anyio.Event()
        self._left = anyio.Event()
        self._heard: list[Callable[[], None]] = []
        self.ending: RunEnding | None = None
        self.why: str | None = None
        self.fault: BaseException | None = None

    def request(self, ending: RunEnding, why: str | None = None) -> bool:
        """Ask the run to end so; False if somebody had asked before."""
        if self.requested:
            return False
        self.ending, self.why = ending, why
        self._event.set()
        for hear in self._heard:
            hear()
        return True

    def tell(self, hear: Callable[[], None]) -> None:
        """Have ``hear`` called at the moment when the run is asked to end."""
        self._heard.append(hear)

    def request_by_fault(self, fault: BaseException) -> None:
        """Ask the run to end because the program itself failed; the runner raises it again.

        The first fault is kept, also where somebody had asked the run to end before.
        """
        self.request(RunEnding.STOPPED, f"a fault in the program: {type(fault).__name__}")
        self.fault = self.fault or fault

    @property
    def requested(self) -> bool:
        """Whether no more calls may be placed."""
        return self._event.is_set()

    async def wait(self) -> None:
        """Return once the run is asked to end."""
        await self._event.wait()

    @property
    def by_person(self) -> bool:
        """Whether somebody has told the run to end, rather than the API, a limit or a fault."""
        return self.ending in (RunEnding.STOPPED, RunEnding.ABANDONED) and self.fault is None

    def leave(self) -> None:
        """Say that nothing is waited for any more, not even a result on its way to the ledger."""
        self._left.set()

    @property
    def left(self) -> bool:
        """Whether nothing is waited for any more."""
        return self._left.is_set()

    async def wait_left(self) -> None:
        """Return once nothing is waited for any more."""
        await self._left.wait()
