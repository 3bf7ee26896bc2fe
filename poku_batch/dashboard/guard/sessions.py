"""Who is logged in: sessions in memory, found by the random ID in a cookie.

Invariants: an ID is 256 bits of chance, made here and never taken from a request; only its digest
is kept; sessions are bounded in number, in idleness and in age; what goes on for one ends with it.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import anyio

from poku_batch.dashboard.guard.tokens import Chance, new_token

#: After this long without a request one logs in again.
IDLE_S = 12 * 3_600.0
#: … and after this long in any case.
LIFETIME_S = 7 * 24 * 3_600.0

#: Most that are kept: the one that was idle longest makes room.
_MOST = 256


@dataclass(slots=True, kw_only=True)
class Session:
    """A person who showed the token. Times are the clock's monotonic seconds."""

    began_at: float
    used_at: float
    #: Requests that are being answered; streams last until the session ends.
    going_on: set[anyio.CancelScope] = field(default_factory=set)

    @contextmanager
    def request(self) -> Iterator[anyio.CancelScope]:
        """Hold a request that ends with the session; the scope says whether it was ended."""
        with anyio.CancelScope() as scope:
            self.going_on.add(scope)
            try:
                yield scope
            finally:
                self.going_on.discard(scope)


class Sessions:
    """Every session of one server."""

    def __init__(self, *, chance: Chance, monotonic: Callable[[], float]) -> None:
        self._chance = chance
        self._monotonic = monotonic
        #: By digest of the ID, the one used longest ago first.
        self._sessions: OrderedDict[bytes, Session] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sessions)

    def begin(self) -> str:
        """Begin a session, and give its ID for the cookie."""
        id_ = new_token(self._chance)
        now = self._monotonic()
        self._drop_old(now)
        while len(self._sessions) >= _MOST:
            self._drop(next(iter(self._sessions)))
        self._sessions[_digest(id_)] = Session(began_at=now, used_at=now)
        return id_

    def find(self, id_: str | None) -> Session | None:
        """The session of an ID, used now; None where there is none (any more)."""
        now = self._monotonic()
        self._drop_old(now)
        digest = _digest(id_ or "")
        session = self._sessions.get(digest)
        if session is not None:
            session.used_at = now
            self._sessions.move_to_end(digest)
        return session

    def end(self, id_: str) -> None:
        """End a session and what goes on for it; does nothing where there is none."""
        self._drop(_digest(id_))

    def _drop_old(self, now: float) -> None:
        for digest, session in list(self._sessions.items()):
            if now - session.used_at >= IDLE_S or now - session.began_at >= LIFETIME_S:
                self._drop(digest)

    def _drop(self, digest: bytes) -> None:
        session = self._sessions.pop(digest, None)
        for scope in list(session.going_on) if session else ():
            scope.cancel()


def _digest(id_: str) -> bytes:
    return hashlib.sha256(id_.encode(errors="replace")).digest()
