"""Which of a campaign's caller IDs a contact is called from.

A contact sees one number: the one it was called from before, or the one its key always leads to.
"""

import hashlib
from collections.abc import Container, Sequence


def choose(
    pool: Sequence[str], *, key: str, last: str | None, exhausted: Container[str] = ()
) -> str:
    """Choose the caller ID of a contact out of a pool that is not empty.

    ``last``, the caller ID of the contact's last call, is kept while it is in the pool, even where
    it is ``exhausted`` (used as often as it may be): then the contact waits for it. A contact that
    was never called, or whose caller ID left the pool, gets one by its ``key``, out of those that
    are not exhausted as long as there are any.

    By rendezvous hashing keys are spread evenly, the order of the pool does not matter, and a
    caller ID that is added or taken away changes nobody's but those that it gains or had.

    Source: D. Thaler and C. Ravishankar, "Using name-based mappings to increase hit rates",
    IEEE/ACM Transactions on Networking 6(1), 1998.
    """
    if last is not None and last in pool:
        return last
    left = [caller_id for caller_id in pool if caller_id not in exhausted]
    return max(left or pool, key=lambda caller_id: (_weight(caller_id, key), caller_id))


def _weight(caller_id: str, key: str) -> bytes:
    return hashlib.sha256(f"{caller_id}\0{key}".encode("utf-8", "surrogatepass")).digest()
