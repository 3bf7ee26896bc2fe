"""Waiting for whichever comes first."""

from collections.abc import Awaitable, Callable

import anyio


async def first_of(*waits: Callable[[], Awaitable[object]]) -> None:
    """Return when the first of the waits has; the others are cancelled."""
    async with anyio.create_task_group() as racing:

        async def run(wait: Callable[[], Awaitable[object]]) -> None:
            await wait()
            racing.cancel_scope.cancel()

        for wait in waits:
            racing.start_soon(run, wait)
