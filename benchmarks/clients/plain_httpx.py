"""asyncio and ``httpx.AsyncClient`` as its documentation has it, with limits and timeouts lifted.

A competent first try: a worker a slot, one client, no bound on connections, no time limit. It has
no ledger, no retry, no judgement of failures. httpcore's pool walks over its connections for each
request that begins or ends; see encode/httpx#3215.
"""

from typing import Any

import httpx

from benchmarks.clients.shared import HEADERS, Job, in_slots, run


async def _main(todo: Job) -> None:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    verify = todo.context() or True
    timeout = httpx.Timeout(3_600)
    async with httpx.AsyncClient(
        limits=limits, timeout=timeout, headers=HEADERS, verify=verify
    ) as client:

        async def place(body: bytes) -> Any:
            answer = await client.post(todo.place_url, content=body)
            answer.raise_for_status()
            return answer.json()

        await in_slots(todo, place)


if __name__ == "__main__":
    run(_main)
