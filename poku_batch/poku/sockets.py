"""Connections to the API as httpcore wants them, over asyncio's socket functions.

httpcore's own backend costs more for each call than the exchange itself: a task group and four
cancel scopes. Here a call has one socket, which waits only where the kernel makes it wait, and
what goes wrong is told in httpcore's words, as its own backends do: ``ConnectError`` and
``ConnectTimeout`` mean that nothing was sent.
"""

import asyncio
import socket
from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import lru_cache
from ipaddress import ip_address
from ssl import SSLContext
from typing import Any

import httpcore

from poku_batch.poku.tls import TlsStream, shake_hands

_AddressInfo = tuple[int, int, int, str, tuple[Any, ...]]

#: Between two attempts at the addresses of one host. Source: RFC 8305, 8.
_NEXT_ADDRESS_AFTER_S = 0.25

#: What is written is held back until an answer is read or this many bytes wait, so that a
#: request's head and body leave in one piece.
_HELD_BYTES = 64 * 1024

_FAILED = "All connection attempts failed"


class SocketBackend(httpcore.AsyncNetworkBackend):
    """Opens connections on the running asyncio loop, whatever its make."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 – httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to a host, its addresses raced as RFC 8305 says.

        Raises ``httpcore.ConnectTimeout`` and ``httpcore.ConnectError``.
        """
        if local_address is not None:
            raise NotImplementedError("connections leave from wherever the kernel says")
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                connected = await _connect(loop, host, port)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(str(error)) from error
        try:
            for option in socket_options or ():
                connected.setsockopt(*option)
        except BaseException as error:
            connected.close()
            if isinstance(error, OSError):
                raise httpcore.ConnectError(str(error)) from error
            raise
        return SocketStream(loop, connected)


async def _connect(loop: asyncio.AbstractEventLoop, host: str, port: int) -> socket.socket:
    try:
        addresses = _numeric(host, port) or await _look_up(loop, host, port)
        if len(addresses) == 1:
            return await _connect_to(loop, addresses[0])
        # Imported where it is needed: an address in figures has nothing to race.
        from aiohappyeyeballs import start_connection

        return await start_connection(addresses, happy_eyeballs_delay=_NEXT_ADDRESS_AFTER_S)
    # uvloop's own words are RuntimeErrors; names that cannot be ones are UnicodeErrors.
    except (OSError, RuntimeError, UnicodeError) as error:
        text = str(error) if isinstance(error, socket.gaierror) else _FAILED
        raise httpcore.ConnectError(text) from error


async def _look_up(loop: asyncio.AbstractEventLoop, host: str, port: int) -> Sequence[_AddressInfo]:
    return await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)


@lru_cache(maxsize=32)
def _numeric(host: str, port: int) -> tuple[_AddressInfo, ...]:
    """The one address of a host that is given in figures; none for a name."""
    try:
        address = ip_address(host)
    except ValueError:
        return ()
    if address.version == 4:
        return ((socket.AF_INET, socket.SOCK_STREAM, 0, "", (host, port)),)
    return ((socket.AF_INET6, socket.SOCK_STREAM, 0, "", (host, port)),)


async def _connect_to(loop: asyncio.AbstractEventLoop, address: _AddressInfo) -> socket.socket:
    family, kind, protocol, _, place = address
    connecting = socket.socket(family, kind, protocol)
    try:
        connecting.settimeout(0)
        await loop.sock_connect(connecting, place)
    except BaseException:
        connecting.close()
        raise
    return connecting


class SocketStream(httpcore.AsyncNetworkStream):
    """A connected socket. ``aclose`` closes it without waiting for anything.

    What is written leaves with the next ``read``. A write that breaks there is not told: an answer
    may have come all the same, and if none has, the read says so. httpcore does alike.
    """

    __slots__ = ("_held", "_loop", "_socket", "_was_read", "_write_timeout_s")

    def __init__(self, loop: asyncio.AbstractEventLoop, connected: socket.socket) -> None:
        """Take a socket that does not block, and its loop."""
        self._loop = loop
        self._socket = connected
        self._held = b""
        self._write_timeout_s: float | None = None
        self._was_read = False

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """Send what is held, then give what has come; nothing at the end.

        Raises ``httpcore.ReadTimeout``, ``ReadError`` and ``WriteTimeout``.
        """
        if self._held:
            with suppress(httpcore.WriteError):
                await self._send()
        try:
            async with asyncio.timeout(timeout):
                return await self._receive(max_bytes)
        except TimeoutError as error:
            raise httpcore.ReadTimeout(str(error)) from error

    async def _receive(self, max_bytes: int) -> bytes:
        if self._was_read:
            # The loop gives what has come already without a turn for anybody else: a server that
            # never stops would stop every other call, and every clock.
            await asyncio.sleep(0)
        self._was_read = True
        try:
            return await self._loop.sock_recv(self._socket, max_bytes)
        # A kernel's own timeout is one of these, and none of ours.
        except OSError as error:
            raise httpcore.ReadError(str(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Hold back, or send where much is held.

        Raises ``httpcore.WriteTimeout`` and ``httpcore.WriteError``.
        """
        self._held = self._held + buffer if self._held else buffer
        self._write_timeout_s = timeout
        if len(self._held) > _HELD_BYTES:
            await self._send()

    async def _send(self) -> None:
        held, self._held = self._held, b""
        try:
            sent = self._send_now(held)
            if sent < len(held):
                async with asyncio.timeout(self._write_timeout_s):
                    await self._send_rest(memoryview(held)[sent:])
        except TimeoutError as error:
            raise httpcore.WriteTimeout(str(error)) from error

    def _send_now(self, data: bytes) -> int:
        """Send what the kernel takes at once; gives how many bytes those were."""
        try:
            return self._socket.send(data)
        except (BlockingIOError, InterruptedError):
            return 0
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    async def _send_rest(self, data: memoryview) -> None:
        try:
            await self._loop.sock_sendall(self._socket, data)
        except OSError as error:
            raise httpcore.WriteError(str(error)) from error

    async def aclose(self) -> None:
        """Close the socket; what is held is dropped."""
        self._held = b""
        self._socket.close()

    async def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 – httpcore's signature
    ) -> httpcore.AsyncNetworkStream:
        """Shake hands; the socket is closed where that fails.

        Raises ``httpcore.ConnectTimeout`` and ``httpcore.ConnectError``, whose cause is TLS's own
        error.
        """
        stream = TlsStream(self, ssl_context, server_hostname)
        try:
            await shake_hands(stream, within_s=timeout)
        except BaseException:
            await self.aclose()
            raise
        return stream

    def get_extra_info(self, info: str) -> Any:
        """The socket, under its name."""
        return self._socket if info == "socket" else None
