"""The way from an address to what is at its end.

Each address on it is looked up once, judged, and connected to as judged.
"""

import os
import socket
import ssl
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Protocol

import httpcore
import httpx

from poku_batch.errors import UsageError
from poku_batch.links.answers import Wish, asking, header
from poku_batch.links.network import Scope, World, may_lead
from poku_batch.policy.trust import tls_fault

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class WayFaults(Protocol):
    """Makes the errors of one way; the query, which may hold a token, is in none."""

    def leads_nowhere(self) -> Exception:
        """Something that is no address."""

    def no_host(self, host: str) -> Exception:
        """A name that nobody answers to."""

    def leads_inside(self, host: str, scope: str) -> Exception:
        """An address inside, where none may be."""

    def leads_into_the_open(self, host: str) -> Exception:
        """Http to another machine."""

    def leads_on(self, times: int) -> Exception:
        """A way without an end."""

    def unreachable(self, host: str, why: str) -> Exception:
        """A host that does not take a connection."""

    def untrusted(self, why: str) -> Exception:
        """A host that cannot prove who it is."""

    def broken_off(self) -> Exception:
        """An answer that is not whole."""


class Certificates:
    """The certificates that this program trusts everywhere; read when first needed."""

    def __init__(self) -> None:
        self._context: ssl.SSLContext | None = None

    def context_for(self, url: httpx.URL) -> ssl.SSLContext | None:
        """What an address is checked by; None without TLS. Raises ``UsageError``."""
        if url.scheme == "https" and self._context is None:
            try:
                self._context = httpx.create_ssl_context()
            except (OSError, ssl.SSLError) as error:
                raise UsageError(
                    "the certificates to trust cannot be read; look at SSL_CERT_FILE and "
                    f"SSL_CERT_DIR: {error}"
                ) from error
        return self._context


class Way:
    """The way from one address to what is at its end, over ``redirects`` others at the most.

    It begins in one of the scopes ``begins_in``, and leads on as ``network.may_lead`` says.
    """

    def __init__(
        self,
        faults: WayFaults,
        world: World,
        *,
        redirects: int,
        certificates: Certificates,
        begins_in: Collection[Scope] = frozenset(Scope),
    ) -> None:
        self._faults = faults
        self._world = world
        self._redirects = redirects
        self._certificates = certificates
        self._begins_in = begins_in
        self._first: Scope | None = None

    @asynccontextmanager
    async def answer(
        self, link: str, wish: Wish
    ) -> AsyncIterator[tuple[httpx.URL, httpcore.Response]]:
        """Go on until an address answers with something else than another; give both.

        Raises what ``faults`` makes, of what goes wrong inside of the block too.
        """
        url = self._url(httpx.URL(), link)
        for _ in range(self._redirects + 1):
            addresses = await self._judged(url)
            context = self._certificates.context_for(url)
            try:
                async with asking(url, addresses, context, wish) as response:
                    if response.status not in _REDIRECTS:
                        yield url, response
                        return
                    leads_to = header(response, "Location")
            except (httpcore.NetworkError, httpcore.TimeoutException, ssl.SSLError) as error:
                raise self._unreachable(url, error) from error
            except httpcore.ProtocolError as error:
                raise self._faults.broken_off() from error
            url = self._url(url, leads_to)
        raise self._faults.leads_on(self._redirects)

    def _url(self, base: httpx.URL, location: str) -> httpx.URL:
        try:
            url = base.join(location) if str(base) else httpx.URL(location)
        except (httpx.InvalidURL, ValueError) as error:
            raise self._faults.leads_nowhere() from error
        if url.scheme not in {"http", "https"} or not url.host:
            raise self._faults.leads_nowhere()
        return url

    async def _judged(self, url: httpx.URL) -> list[str]:
        """Look a host up, and give its addresses if a request may go there."""
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            addresses = await self._world.look_up(url.raw_host.decode("ascii"), port)
        except (socket.gaierror, UnicodeError) as error:
            raise self._faults.no_host(url.host) from error
        scope = self._world.narrowest(addresses)
        if self._first is None:
            if scope not in self._begins_in:
                raise self._faults.leads_inside(url.host, scope)
            self._first = scope
        if not may_lead(self._first, scope):
            raise self._faults.leads_inside(url.host, scope)
        if url.scheme == "http" and scope is not Scope.LOOPBACK:
            raise self._faults.leads_into_the_open(url.host)
        return addresses

    def _unreachable(self, url: httpx.URL, error: Exception) -> Exception:
        fault = tls_fault(error, who=url.host)
        if fault is not None:
            return self._faults.untrusted(fault)
        return self._faults.unreachable(url.host, _reason(error))


def _reason(error: BaseException) -> str:
    """What the operating system says of a connection, if it says something."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno is not None:
            return os.strerror(cause.errno)
        cause = cause.__cause__
    return "it does not answer"
