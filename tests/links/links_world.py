"""Links in a world where the hosts of the tests are on the public internet, and really here."""

import socket
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from poku_batch.errors import ContactsError
from poku_batch.links import Bounds, Fetched, fetch
from poku_batch.links.network import Scope, World, scope_of
from poku_batch.models import Source, SourceKind


@dataclass(slots=True)
class Hosts:
    """A world: ``known`` hosts are public and answered by this machine; others are as they are."""

    known: tuple[str, ...] = ("sheets.test", "other.test", "docs.google.com")
    asked: list[str] = field(default_factory=list)

    async def look_up(self, host: str, port: int) -> list[str]:  # noqa: ARG002 – as World has it
        self.asked.append(host)
        if host in self.known:
            return ["127.0.0.1"]
        try:
            return [str(ip_address(host))]
        except ValueError as error:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known") from error

    def scope_of(self, address: IPv4Address | IPv6Address) -> Scope:
        return Scope.PUBLIC if self.asked[-1] in self.known else scope_of(address)

    @property
    def world(self) -> World:
        return World(look_up=self.look_up, scope_of=self.scope_of)


def on(server_url: str, address: str) -> str:
    """An address with the port of a server, such as ``https://sheets.test/a.csv``."""
    return address.replace(".test", f".test:{urlsplit(server_url).port}")


async def fetched(
    link: str, folder: Path, *, bounds: Bounds | None = None, world: World | None = None
) -> bytes:
    """Fetch a link, and give what was kept of it."""
    path = folder / "sheet"
    found = await fetch(
        Source(kind=SourceKind.LINK, link=link), path, bounds=bounds, world=world or Hosts().world
    )
    assert isinstance(found, Fetched)
    assert path.stat().st_mode & 0o777 == 0o600
    return path.read_bytes()


async def refused(
    link: str, folder: Path, *, bounds: Bounds | None = None, world: World | None = None
) -> str:
    """Fetch a link that cannot be had, and give the one message, which has nothing secret."""
    with pytest.raises(ContactsError) as caught:
        await fetched(link, folder, bounds=bounds, world=world)
    (fault,) = caught.value.faults
    parts = urlsplit(link)
    assert fault.file == f"{parts.scheme}://{parts.netloc}{parts.path}"
    assert "SECRET" not in str(caught.value)
    return str(fault).removeprefix(f"{fault.file}: ")
