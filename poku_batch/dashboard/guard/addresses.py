"""Which addresses reach this machine alone, and which names a server answers to.

A page of any website can have its own name lead to 127.0.0.1 and then speak to what listens there
(DNS rebinding). Its requests still carry its own name, so a server that answers to names that it
knows cannot be spoken to like that. Names are compared whole, with their port.
"""

import ipaddress
import re
from collections.abc import Iterable
from dataclasses import dataclass

from poku_batch.dashboard.guard.tokens import checked_token
from poku_batch.errors import UsageError

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_NAME = re.compile(
    r"(?P<host>[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?P<port>:[0-9]{1,5})?"
)


def needs_token(host: str) -> bool:
    """Whether an address may be reached from other machines: anything but loopback's own.

    ``0.0.0.0`` and ``::`` are every interface. A name other than ``localhost`` counts as reachable,
    whatever it leads to now.
    """
    if host.casefold() == "localhost":
        return False
    address = _address(host)
    return address is None or not address.is_loopback


def token_for(host: str, token: str | None) -> str | None:
    """The token to ask for, None for none; to be asked before anything listens.

    Raises ``UsageError`` where other machines reach the address and there is none, and for one that
    ``checked_token`` does not take.
    """
    if token is None and needs_token(host):
        raise UsageError(
            f"{host} can be reached from other machines, and whoever opens the dashboard can call "
            "people: give it a token, or leave it on 127.0.0.1"
        )
    return None if token is None else checked_token(token)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        return address.ipv4_mapped
    return address


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """The values of ``Host`` that a server answers to, in lower case.

    ``every_interface``: an address is answered to as well, if the request came in by it.
    """

    known: frozenset[str]
    every_interface: bool
    port: int

    def answer_to(self, host: str, arrived_at: str | None) -> bool:
        """Whether a ``Host`` is one of them; ``arrived_at`` is the connection's own address."""
        host = host.lower()
        if host in self.known:
            return True
        return self.every_interface and arrived_at is not None and host in self._of(arrived_at)

    def _of(self, address: str) -> list[str]:
        found = _address(address)
        if found is None:
            return []
        own = _LOOPBACK if found.is_loopback else (_written(found),)
        return [name for one in own for name in _with_port(one, self.port)]


def names_of(host: str, port: int, more: Iterable[str] = (), *, https: bool = False) -> Names:
    """Give the names of a server that listens on ``host`` and ``port``.

    ``more`` are further names, ``dashboard.example.org`` or with ``:port``; one without a port is
    known with the server's port and, behind a proxy that speaks ``https``, without any. Raises
    ``UsageError`` for one that is no name.
    """
    own = _address(host)
    every = own is not None and own.is_unspecified
    known: list[str] = []
    if not needs_token(host):
        known += [name for one in _LOOPBACK for name in _with_port(one, port)]
    if own is not None and not every:
        known += _with_port(_written(own), port)
    elif own is None:
        known += _with_port(host.lower(), port)
    for name in more:
        known += _given(name, port, https=https)
    return Names(known=frozenset(known), every_interface=every, port=port)


def _given(name: str, port: int, *, https: bool) -> list[str]:
    found = _NAME.fullmatch(name.strip().lower())
    if found is None:
        raise UsageError(
            f"{name[:80]!r} is not a name that a browser can ask for; write it as "
            "dashboard.example.org or dashboard.example.org:8443, without https:// and path"
        )
    if found["port"]:
        return [found[0]]
    return [found[0], *_with_port(found[0], port)] if https else _with_port(found[0], port)


def _with_port(name: str, port: int) -> list[str]:
    """How browsers write a name: they leave the port of plain HTTP out."""
    return [f"{name}:{port}", name] if port == 80 else [f"{name}:{port}"]


def _written(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    return f"[{address}]" if address.version == 6 else str(address)
