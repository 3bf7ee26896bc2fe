"""How uvicorn is to serve what the guard wraps: what only the connection itself can see to.

Invariants: a connection that says nothing, or stops in the middle of a request's head, is closed;
so is one that takes nothing of its answer; connections are bounded. What uvicorn answers by itself,
to what is no HTTP, has the same headers as anything else, and no address is logged.

uvicorn waits for a head without end, and for a client that does not read; asyncio closes a
connection only after all was taken from it.
"""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import h11
from starlette.datastructures import MutableHeaders
from uvicorn.protocols.http.h11_impl import H11Protocol

from poku_batch.dashboard.guard.bodies import HEAD_BYTES
from poku_batch.dashboard.guard.policies import protect

#: How long a connection may take for a request's head, and how long its answer may lie untaken.
HEAD_S = 15.0
UNTAKEN_S = 300.0

#: Most that are connected at once.
_CONNECTIONS = 256


class ImpatientProtocol(H11Protocol):
    """uvicorn's own protocol, except that it does not wait for ever."""

    head_s = HEAD_S
    untaken_s = UNTAKEN_S
    most = _CONNECTIONS
    _head: asyncio.TimerHandle | None = None
    _untaken: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Begin to wait for the first head."""
        super().connection_made(transport)
        if len(self.connections) > self.most:
            transport.abort()
            return
        self._head = self.loop.call_later(self.head_s, transport.abort)

    def data_received(self, data: bytes) -> None:
        """Go on waiting, unless a request has begun."""
        cycle = self.cycle
        super().data_received(data)
        if self.cycle is not cycle:
            self._forget_head()
        elif self._head is None and (cycle is None or cycle.response_complete):
            self._head = self.loop.call_later(self.head_s, self.transport.abort)

    def send_400_response(self, msg: str) -> None:
        """Say that this is no request, with the headers of every answer."""
        self._forget_head()
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):
            self.transport.abort()
            return
        headers = MutableHeaders({"content-type": "text/plain; charset=utf-8"})
        headers["connection"] = "close"
        protect(headers, keepable=False)
        answer = h11.Response(status_code=400, headers=headers.raw, reason=b"Bad Request")
        for event in (answer, h11.Data(data=f"{msg}\n".encode("ascii")), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def pause_writing(self) -> None:
        """Begin to wait for the client to read."""
        super().pause_writing()
        self._untaken = self.loop.call_later(self.untaken_s, self.transport.abort)

    def resume_writing(self) -> None:
        """It has read."""
        super().resume_writing()
        if self._untaken is not None:
            self._untaken.cancel()
            self._untaken = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._forget_head()
        super().connection_lost(exc)
        if self._untaken is not None:
            self._untaken.cancel()

    def _forget_head(self) -> None:
        if self._head is not None:
            self._head.cancel()
            self._head = None


def server_settings() -> Mapping[str, Any]:
    """The arguments of ``uvicorn.Config`` beside the application; the listener is the caller's."""
    return MappingProxyType(
        {
            "http": ImpatientProtocol,
            "ws": "none",
            "loop": "asyncio",
            "lifespan": "off",
            "log_config": None,
            "log_level": "error",  # who sends nonsense shall not write onto our terminal
            "access_log": False,
            "proxy_headers": False,
            "server_header": False,
            "backlog": 128,
            "timeout_keep_alive": 15,
            "timeout_graceful_shutdown": 3,
            "h11_max_incomplete_event_size": HEAD_BYTES,
        }
    )
