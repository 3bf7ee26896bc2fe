"""A bare aiohttp loop that only posts: a worker a slot, one session, a connection a call.

As fast as a common library gets. It has no ledger (a crash forgets who was called), no template,
no retry, no judgement of failures (what breaks may have rung), and no sheet comes back.
"""

from typing import Any

import aiohttp

from benchmarks.clients.shared import HEADERS, Job, in_slots, run


async def _main(todo: Job) -> None:
    connector = aiohttp.TCPConnector(limit=0, force_close=True, ssl=todo.context() or True)
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(
        connector=connector, timeout=timeout, headers=HEADERS
    ) as session:

        async def place(body: bytes) -> Any:
            async with session.post(todo.place_url, data=body) as answer:
                answer.raise_for_status()
                return await answer.json()

        await in_slots(todo, place)


if __name__ == "__main__":
    run(_main)
