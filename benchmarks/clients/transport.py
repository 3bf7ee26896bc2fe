"""The product's transport alone: ``PokuClient.place`` by a worker a slot, and nothing else.

What the product does beside speaking to the API (sheet, template, rules, ledger, retries, events)
is the difference between this and a run.
"""

import os

import anyio

from benchmarks import campaigns
from benchmarks.clients.shared import Job, job
from poku_batch.models import CallRequest, Ended
from poku_batch.poku.client import PokuClient


async def _main(todo: Job) -> None:
    rows = iter(todo.rows)
    todo.begin()
    async with PokuClient("benchmark", base_url=todo.url) as client, anyio.create_task_group() as g:

        async def work() -> None:
            for name, to, seconds in rows:
                request = CallRequest(to=to, prompt=campaigns.prompt(name, seconds))
                answer = await client.place(request)
                if isinstance(answer, Ended):
                    todo.results += 1
                else:
                    todo.fail(answer)

        for _ in range(min(todo.slots, len(todo.rows))):
            g.start_soon(work)
    todo.tell()


if __name__ == "__main__":
    todo = job()
    if todo.authority is not None:
        os.environ["SSL_CERT_FILE"] = str(todo.authority)
    fast = os.environ.get("POKU_BATCH_EVENT_LOOP") == "uvloop"
    anyio.run(_main, todo, backend_options={"use_uvloop": fast})
