"""Tasks that take one job after the other, started when they are first needed."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import anyio
from anyio.abc import TaskGroup

T = TypeVar("T")


class _Turn(Generic[T]):
    """A worker that waits; without a ``job`` when it is called, it ends."""

    __slots__ = ("called", "job")

    def __init__(self) -> None:
        self.called = anyio.Event()
        self.job: T | None = None


class Workers(Generic[T]):
    """As many tasks as there were jobs at the same time; whoever hands jobs bounds them.

    The worker that became free last gets the next job.
    """

    def __init__(self, tasks: TaskGroup, handle: Callable[[T], Awaitable[None]]) -> None:
        """Take the group that the tasks belong to, and what is done with a job."""
        self._tasks = tasks
        self._handle = handle
        self._free: list[_Turn[T]] = []
        self._over = False

    def hand(self, job: T) -> None:
        """Give a job to a free worker, or to a new one; it begins at the next turn of the loop."""
        if self._free:
            turn = self._free.pop()
            turn.job = job
            turn.called.set()
        else:
            self._tasks.start_soon(self._work, job)

    def close(self) -> None:
        """Let the workers end with the jobs that they have."""
        self._over = True
        for turn in self._free:
            turn.called.set()
        self._free.clear()

    async def _work(self, first: T) -> None:
        job: T | None = first
        while job is not None:
            await self._handle(job)
            job = await self._next()

    async def _next(self) -> T | None:
        if self._over:
            return None
        turn = _Turn[T]()
        self._free.append(turn)
        await turn.called.wait()
        return turn.job
