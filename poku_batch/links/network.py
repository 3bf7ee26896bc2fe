"""Where a link may lead: hosts looked up once, judged, and connected to by the address judged.

A host that answers a second look-up otherwise gains nothing by it.
"""

import socket
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

import anyio
import httpcore

#: IPv4 addresses inside IPv6 ones. Source: RFC 6052, 2.1.
_NAT64 = IPv6Network("64:ff9b::/96")

IpAddress = IPv4Address | IPv6Address


class Scope(StrEnum):
    """How far an address reaches."""

    PUBLIC = "public"
    #: A local network's, or of no use to anybody.
    PRIVATE = "private"
    #: The next cable's; the cloud's machines tell their secrets there.
    LINK_LOCAL = "link-local"
    LOOPBACK = "loopback"


def scope_of(address: IpAddress) -> Scope:
    """Say how far an address reaches; one that holds an IPv4 address is judged by that."""
    address = _inner(address)
    if address.is_loopback:
        return Scope.LOOPBACK
    if address.is_link_local:
        return Scope.LINK_LOCAL
    is_somebodys = address.is_global and not address.is_multicast and not address.is_reserved
    return Scope.PUBLIC if is_somebodys else Scope.PRIVATE


def _inner(address: IpAddress) -> IpAddress:
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


async def look_up(host: str, port: int) -> list[str]:
    """Give the addresses of a host. Raises ``socket.gaierror``, or ``UnicodeError`` for a name."""
    found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(place[0]) for *_, place in found))


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """How hosts are looked up and judged; tests have one of their own."""

    look_up: Callable[[str, int], Awaitable[list[str]]] = look_up
    scope_of: Callable[[IpAddress], Scope] = scope_of

    def narrowest(self, addresses: Iterable[str]) -> Scope:
        """The scope of a host that has these addresses: public only if all of them are."""
        scopes = {self.scope_of(ip_address(address.partition("%")[0])) for address in addresses}
        order = (Scope.LINK_LOCAL, Scope.LOOPBACK, Scope.PRIVATE, Scope.PUBLIC)
        return next(scope for scope in order if scope in scopes)


def may_lead(first: Scope, to: Scope) -> bool:
    """Whether a link into one scope may be sent on into another: to the public, or to its like."""
    return to in {Scope.PUBLIC, first}


class Pinned(httpcore.AnyIOBackend):
    """Connects to one of these addresses, whatever host is asked for, and knows the connection.

    httpcore loses sight of a connection whose TLS handshake is cancelled; ``aclose`` closes it.
    """

    def __init__(self, addresses: Iterable[str]) -> None:
        """Take the addresses, the first to be tried first."""
        self._addresses = tuple(addresses)
        self._stream: httpcore.AsyncNetworkStream | None = None

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 – httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to the first address that answers; ``host`` stays what TLS checks."""
        failed: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in self._addresses:
            try:
                self._stream = await super().connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
            else:
                return self._stream
        raise failed

    async def aclose(self) -> None:
        """Close the connection, if there is one; a cancellation waits for it."""
        if self._stream is not None:
            with anyio.CancelScope(shield=True):
                await self._stream.aclose()
