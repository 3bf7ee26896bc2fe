"""Which addresses reach this machine alone, and which names a server answers to.

A page of any website can have its own name lead to 127.0.0.1 and then speak to what listens there
(DNS rebinding). Its requests still carry its own name, so a server that answers to names that it
knows cannot be spoken to like that. Names are compared whole, with their port.
"""

import ipaddress
import re
from dataclasses import dataclass

from poku_batch.dashboard.guard.tokens import checked_token
from poku_batch.errors import UsageError

_LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])"
    r"(?P<port>:[0-9]{1,5})?/?"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicAddress:
    """What browsers call a server that they reach by way of another: ``Host`` and the scheme."""

    host: str
    https: bool

    @property
    def name(self) -> str:
        """The host without its port."""
        return re.sub(r":[0-9]+$", "", self.host)


def public_address(url: str) -> PublicAddress:
    """Read the address of a server's first page. Raises ``UsageError`` for any other."""
    found = _URL.fullmatch(url.strip().lower())
    if found is None:
        raise UsageError(
            f"{url[:80]!r} is not the address of a whole site; write it as "
            "https://calls.example.org or http://localhost:9000, without a path"
        )
    https, port = found["scheme"] == "https", found["port"] or ""
    # Browsers leave the usual port out.
    usual = port == (":443" if https else ":80")
    return PublicAddress(host=found["host"] + ("" if usual else port), https=https)


def token_for(host: str, token: str | None, public_url: str | None = None) -> str | None:
    """The token to ask for, None for none; to be asked before anything listens.

    Raises ``UsageError`` where others reach the address and there is none, and for one that
    ``checked_token`` does not take.
    """
    at = reached_at(host, public_url)
    if token is None and at is not None:
        raise UsageError(
            f"{at} can be reached from other machines, and whoever opens the dashboard can call "
            "people: give it a token, or leave it on 127.0.0.1"
        )
    return None if token is None else checked_token(token)


def reached_at(host: str, public_url: str | None = None) -> str | None:
    """Where other machines may reach a server, directly or by way of another; None for nowhere.

    Raises ``UsageError`` for a ``public_url`` that ``public_address`` does not take.
    """
    hosts = [host] if public_url is None else [host, public_address(public_url).name]
    return next((one for one in hosts if needs_token(one)), None)


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


def names_of(host: str, port: int, public: PublicAddress | None = None) -> Names:
    """Give the names of a server that listens on ``host`` and ``port``, and is also ``public``."""
    own = _address(host)
    every = own is not None and own.is_unspecified
    known = {public.host} if public else set()
    if not needs_token(host):
        known.update(name for one in _LOOPBACK for name in _with_port(one, port))
    if not every:
        known.update(_with_port(_written(own) if own else host.lower(), port))
    return Names(known=frozenset(known), every_interface=every, port=port)


def _with_port(name: str, port: int) -> list[str]:
    """How browsers write a name: they leave the port of plain HTTP out."""
    return [f"{name}:{port}", name] if port == 80 else [f"{name}:{port}"]


def _written(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    return f"[{address}]" if address.version == 6 else str(address)
