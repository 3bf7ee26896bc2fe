"""How requests travel: a new connection for each, and no pool.

httpx's own pool walks all its connections for each idle one, and collapses above some hundred open
calls (encode/httpx#3215). A fresh connection a call costs little beside a phone call, cannot be a
stale one that the server has just dropped, and keeps httpcore's exception classes, which alone tell
"never sent" from "maybe sent". Redirects are never followed here, proxies never used.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import httpcore
import httpx

from poku_batch.poku.sockets import SocketBackend

#: Routers drop silent connections, and a held call is silent for minutes.
#: Source: tcp(7), SO_KEEPALIVE; first probe after 60 s, then every 30 s.
_SOCKET_OPTIONS: list[tuple[int, int, int]] = [
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
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

    Closing waits for nothing, so that a cancellation cannot come between.
    The TLS context is shared by all: one for each would cost 20 ms and 800 KiB.
    """

    def __init__(self, ssl_context: ssl.SSLContext | None = None) -> None:
        """Take the TLS context; None makes httpx's default one when it is first needed."""
        self._ssl_context = ssl_context
        if ssl_context is not None:
            ssl_context.set_alpn_protocols(["http/1.1"])

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request over a connection of its own.

        Raises httpx's exceptions: ``ConnectError`` and ``ConnectTimeout`` where nothing was sent.
        """
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        origin = url.origin
        with _as_httpx_errors(request):
            stream = await self._open(origin, request.extensions.get("timeout", {}).get("connect"))
            try:
                answer = await httpcore.AsyncHTTP11Connection(origin, stream).handle_async_request(
                    httpcore.Request(
                        method=request.method,
                        url=url,
                        headers=request.headers.raw,
                        content=request.stream,
                        extensions=request.extensions,
                    )
                )
            except BaseException:
                await stream.aclose()
                raise
        return httpx.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_OwnStream(answer, stream, request),
            extensions=answer.extensions,
        )

    async def _open(
        self, origin: httpcore.Origin, within_s: float | None
    ) -> httpcore.AsyncNetworkStream:
        """Connect, and shake hands where the address asks for it; each within this time."""
        host = origin.host.decode("ascii")
        stream = await _backend().connect_tcp(
            host, origin.port, timeout=within_s, socket_options=_SOCKET_OPTIONS
        )
        if origin.scheme != b"https":
            return stream
        try:
            return await stream.start_tls(self._context(), host, within_s)
        except BaseException:
            # httpcore's own backends lose sight of one whose handshake is cancelled.
            await stream.aclose()
            raise

    def _context(self) -> ssl.SSLContext:
        if self._ssl_context is None:
            self._ssl_context = httpx.create_ssl_context()
            self._ssl_context.set_alpn_protocols(["http/1.1"])
        return self._ssl_context


def _backend() -> httpcore.AsyncNetworkBackend:
    """What opens connections here: ours needs asyncio's loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return httpcore.AnyIOBackend()
    return SocketBackend()


class _OwnStream(httpx.AsyncByteStream):
    """An answer's body; closing it closes the connection."""

    def __init__(
        self,
        answer: httpcore.Response,
        connection: httpcore.AsyncNetworkStream,
        request: httpx.Request,
    ) -> None:
        self._answer = answer
        self._connection = connection
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_httpx_errors(self._request):
            async for part in self._answer.aiter_stream():
                yield part

    async def aclose(self) -> None:
        # httpcore's own way to this closes nothing more.
        await self._connection.aclose()


@contextmanager
def _as_httpx_errors(request: httpx.Request) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        for theirs, ours in _SAME:
            if isinstance(error, theirs):
                raise ours(str(error), request=request) from error
        raise
