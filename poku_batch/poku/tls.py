"""TLS over a connection, in memory: OpenSSL's state and nothing more.

asyncio's own TLS keeps 256 KiB for each connection. An end without TLS's farewell
(``close_notify``) is an end: HTTP's own lengths say whether the answer was whole.
"""

import asyncio
import ssl
from collections.abc import Callable
from typing import Any, TypeVar

import httpcore

_T = TypeVar("_T")

#: The most bytes of TLS that are taken at once; a record is 16 KiB and its frame.
_CHUNK = 32 * 1024


class TlsStream(httpcore.AsyncNetworkStream):
    """A connection that TLS protects. It is of no use until its hands were shaken.

    Raises what the connection beneath raises; what TLS itself finds wrong is an ``ssl.SSLError``.
    """

    __slots__ = ("_beneath", "_incoming", "_outgoing", "_tls")

    def __init__(
        self,
        beneath: httpcore.AsyncNetworkStream,
        context: ssl.SSLContext,
        server_hostname: str | None,
    ) -> None:
        """Take the connection, what is trusted, and whose certificate must be shown."""
        self._beneath = beneath
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._tls = context.wrap_bio(
            self._incoming, self._outgoing, server_hostname=server_hostname
        )

    async def shake(self) -> None:
        """Shake hands. Raises ``ssl.SSLError``."""
        await self._do(self._tls.do_handshake, None)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """Give what has come; nothing at the end."""
        try:
            return await self._do(lambda: self._tls.read(max_bytes), timeout)
        except ssl.SSLEOFError:
            return b""

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Protect and send; nothing may be left unsent."""
        if not buffer:
            return
        try:
            await self._do(lambda: self._tls.write(buffer), timeout)
        except ssl.SSLEOFError as error:
            raise httpcore.WriteError(str(error)) from error

    async def _do(self, step: Callable[[], _T], within_s: float | None) -> _T:
        """Do a step as often as it needs more of what comes."""
        while True:
            try:
                done = step()
            except ssl.SSLWantReadError:
                await self._pass_on(within_s)
                data = await self._beneath.read(_CHUNK, within_s)
                if data:
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
            else:
                await self._pass_on(within_s)
                return done

    async def _pass_on(self, within_s: float | None) -> None:
        if self._outgoing.pending:
            await self._beneath.write(self._outgoing.read(), within_s)

    async def aclose(self) -> None:
        """Close the connection beneath, without a farewell."""
        await self._beneath.aclose()

    def get_extra_info(self, info: str) -> Any:
        """TLS's state as ``ssl_object``; else what the connection beneath tells."""
        return self._tls if info == "ssl_object" else self._beneath.get_extra_info(info)


async def shake_hands(stream: TlsStream, *, within_s: float | None) -> None:
    """Shake hands in time; whatever fails, nothing was sent.

    Raises ``httpcore.ConnectTimeout`` and ``httpcore.ConnectError``.
    """
    try:
        async with asyncio.timeout(within_s):
            await stream.shake()
    except TimeoutError as error:
        raise httpcore.ConnectTimeout(str(error)) from error
    except (ssl.SSLError, httpcore.NetworkError, httpcore.TimeoutException) as error:
        raise httpcore.ConnectError(str(error)) from error
