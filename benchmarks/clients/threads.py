"""requests and a ``ThreadPoolExecutor``, a thread a slot and a session a thread.

What most people write first, and well enough: sessions keep their connections. It has no ledger,
no retry, no judgement of failures; every open call holds a thread.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import requests

from benchmarks import campaigns
from benchmarks.clients.shared import HEADERS, Job, job


def main() -> None:
    """Place every call, and print what came of it."""
    todo = job()
    todo.begin()
    mine = threading.local()

    def place(row: tuple[str, str, str]) -> Any:
        if not hasattr(mine, "session"):
            mine.session = _session(todo)
        answer = mine.session.post(todo.place_url, data=campaigns.body(*row), timeout=None)
        answer.raise_for_status()
        return answer.json()

    with ThreadPoolExecutor(todo.slots) as pool:
        placed = [pool.submit(place, row) for row in todo.rows]
        for future in placed:
            try:
                todo.count(future.result())
            except requests.RequestException as error:
                todo.fail(error)
    todo.tell()


def _session(todo: Job) -> requests.Session:
    session = requests.Session()
    session.headers.update(HEADERS)
    if todo.authority is not None:
        # Otherwise REQUESTS_CA_BUNDLE, where it is set, takes its place.
        session.trust_env = False
        session.verify = str(todo.authority)
    return session


if __name__ == "__main__":
    main()
