"""How requests travel: a new connection for each, and no pool.

httpx's own pool walks all its connections for each idle one, and collapses above some hundred open
calls (encode/httpx#3215). A fresh connection a call costs little beside a phone call, cannot be a
stale one that the server has just dropped, and keeps httpcore's exception classes, which alone tell
"never sent" from "maybe sent". Redirects are never followed here, proxies never used.
"""

import socket
import ssl
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import anyio
import httpcore
import httpx

#: Routers drop silent connections, and a held call is silent for minutes.
#: Source: tcp(7), SO_KEEPALIVE; first probe after 60 s, then every 30 s.
_SOCKET_OPTIONS: list[tuple[int, int, int]] = [
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    *(
        (socket.IPPROTO_TCP, getattr(socket, name), value)
        for name, value in (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 30), ("TCP_KEEPCNT", 4))
        if hasattr(socket, name)
    ),
]

#: httpcore's exceptions as httpx's, the most specific first. What httpcore lets through raw (TLS
#: failing after the handshake) may have come after the request left.
_SAME: tuple[tuple[type[Exception], type[httpx.TransportError]], ...] = (
    (httpcore.ConnectTimeout, httpx.ConnectTimeout),
    (httpcore.ReadTimeout, httpx.ReadTimeout),
    (httpcore.WriteTimeout, httpx.WriteTimeout),
    (httpcore.PoolTimeout, httpx.PoolTimeout),
    (httpcore.ConnectError, httpx.ConnectError),
    (httpcore.ReadError, httpx.ReadError),
    (httpcore.WriteError, httpx.WriteError),
    (httpcore.UnsupportedProtocol, httpx.UnsupportedProtocol),
    (httpcore.LocalProtocolError, httpx.LocalProtocolError),
    (httpcore.RemoteProtocolError, httpx.RemoteProtocolError),
    (OSError, httpx.ReadError),
)


class PoollessTransport(httpx.AsyncBaseTransport):
    """One connection per request, closed with its answer. HTTP/1.1 only.

    The TLS context is shared by all: one for each would cost 20 ms and 800 KiB.
    """

    def __init__(self, ssl_context: ssl.SSLContext | None = None) -> None:
        """Take the TLS context; None makes httpx's default one when it is first needed."""
        self._ssl_context = ssl_context

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request over a connection of its own."""
        origin = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        network = _Network()
        connection = httpcore.AsyncHTTPConnection(
            origin.origin,
            ssl_context=self._context_for(request.url),
            socket_options=_SOCKET_OPTIONS,
            network_backend=network,
        )
        try:
            with _as_httpx_errors(request):
                answer = await connection.handle_async_request(
                    httpcore.Request(
                        method=request.method,
                        url=origin,
                        headers=request.headers.raw,
                        content=request.stream,
                        extensions=request.extensions,
                    )
                )
        except BaseException:
            await network.aclose()
            raise
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_OwnStream(answer, network, request),
            extensions=answer.extensions,
        )

    def _context_for(self, url: httpx.URL) -> ssl.SSLContext | None:
        if url.scheme == "https" and self._ssl_context is None:
            self._ssl_context = httpx.create_ssl_context()
        return self._ssl_context


class _Network(httpcore.AnyIOBackend):
    """Opens one connection and knows it, so that it can be closed whatever broke off when.

    httpcore loses sight of a connection whose TLS handshake is cancelled.
    """

    def __init__(self) -> None:
        self._stream: httpcore.AsyncNetworkStream | None = None

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 – httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self._stream = await super().connect_tcp(host, port, timeout, local_address, socket_options)
        return self._stream

    async def aclose(self) -> None:
        """Close the connection, if there is one; a cancellation waits for it."""
        if self._stream is not None:
            with anyio.CancelScope(shield=True):
                await self._stream.aclose()


class _OwnStream(httpx.AsyncByteStream):
    """An answer's body; closing it closes the connection."""

    def __init__(
        self,
        answer: httpcore.Response,
        network: "_Network",
        request: httpx.Request,
    ) -> None:
        self._answer = answer
        self._network = network
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx_errors(self._request):
            async for part in self._answer.aiter_stream():
                yield part

    async def aclose(self) -> None:
        try:
            await self._answer.aclose()
        finally:
            await self._network.aclose()


@contextmanager
def _as_httpx_errors(request: httpx.Request) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        for theirs, ours in _SAME:
            if isinstance(error, theirs):
                raise ours(str(error), request=request) from error
        raise
