"""The simulator's open connections, so that a fault can close one in the middle of a request.

ASGI gives an application no hand on its connection. uvicorn takes a protocol class, though: one is
made here that registers each connection under the peer's address, which is what ASGI calls
``scope["client"]``.
"""

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

Peer = tuple[str, int]


class Connections:
    """Every open connection of one server, by the address of its peer."""

    def __init__(self) -> None:
        self._transports: dict[Peer, asyncio.Transport] = {}

    def protocol(self) -> type[asyncio.Protocol]:
        """Give the protocol class that uvicorn is to speak with."""
        transports = self._transports

        class RegisteredProtocol(H11Protocol):
            """uvicorn's own protocol, registered while its connection lives."""

            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
                super().connection_made(transport)
                if self.client is not None:
                    transports[self.client] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                if self.client is not None:
                    transports.pop(self.client, None)
                super().connection_lost(exc)

        return RegisteredProtocol

    def drop(self, peer: Peer) -> None:
        """Close a connection; what was already written to it still arrives."""
        if transport := self._transports.get(peer):
            transport.close()

    def drop_all(self) -> None:
        """Close every connection at once."""
        for transport in list(self._transports.values()):
            transport.abort()
