"""Hosts of a small network: namespaces of this machine, with links that can be cut.

Root and ``ip`` (iproute2) are needed. PostgreSQL's host has a link of its own to each worker's, and
there is nothing else: what is cut between a worker and the database is cut alone.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.distributed.fleet import Host

#: Where nobody answers.
_NOBODY = "02:00:00:00:00:01"


def why_not() -> str | None:
    """Why no namespaces can be made here; None where they can."""
    if shutil.which("ip") is None:
        return "ip is not installed (Debian: apt-get install iproute2)"
    if os.getuid() != 0:
        return "network namespaces need root"
    name = f"poku-{os.getpid()}-try"
    try:
        _ip("netns", "add", name)
        try:
            _ip("-n", name, "link", "add", "n0", "type", "veth", "peer", "name", "f0")
        finally:
            _ip("netns", "del", name)
    except RuntimeError as error:
        return f"this machine makes no network namespaces ({error})"
    return None


@dataclass(frozen=True, slots=True)
class Link:
    """A cable between two hosts; ``near`` is the worker's end."""

    number: int
    near: str
    far: str

    @property
    def near_address(self) -> str:
        return f"10.77.{self.number}.2"

    @property
    def far_address(self) -> str:
        return f"10.77.{self.number}.1"

    @property
    def _ends(self) -> tuple[tuple[str, str, str], tuple[str, str, str]]:
        """Each end: its host, its device and the other's address."""
        return (
            (self.near, f"n{self.number}", self.far_address),
            (self.far, f"f{self.number}", self.near_address),
        )

    def make(self) -> None:
        """Lay the cable."""
        (near, near_device, far_address), (far, far_device, near_address) = self._ends
        peer = ("peer", "name", far_device, "netns", far)
        _ip("-n", near, "link", "add", near_device, "type", "veth", *peer)
        for host, device, address in (
            (near, near_device, near_address),
            (far, far_device, far_address),
        ):
            _ip("-n", host, "addr", "add", f"{address}/24", "dev", device)
            _ip("-n", host, "link", "set", device, "up")

    def set(self, state: str) -> None:
        """Pull the worker's end, ``down``, or put it in again, ``up``: it is told so."""
        _ip("-n", self.near, "link", "set", f"n{self.number}", state)

    def lose(self, *, answers_alone: bool = False) -> None:
        """Let all packets be lost without a word, or those to the worker alone."""
        for host, device, other in self._ends[answers_alone:]:
            entry = (other, "lladdr", _NOBODY, "dev", device, "nud", "permanent")
            _ip("-n", host, "neigh", "replace", *entry)

    def mend(self) -> None:
        """Let packets arrive again."""
        self.set("up")
        for host, device, other in self._ends:
            _ip("-n", host, "neigh", "flush", "to", other, "dev", device, "nud", "permanent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """Hosts of two workers and one of PostgreSQL, and the links between."""

    database: str
    workers: tuple[str, str]
    links: tuple[Link, Link]

    def host(self, number: int, url: str) -> Host:
        """A worker's host; ``url`` is the ledger's, by the socket of its own host."""
        schema = url.partition("options=")[2]
        address = self.links[number].far_address
        return Host(
            within=self.workers[number],
            url=f"postgresql://postgres@{address}/postgres?options={schema}",
        )


@contextmanager
def network() -> Iterator[Network]:
    """Three hosts; they are gone afterwards."""
    names = [f"poku-{os.getpid()}-{name}" for name in ("db", "w0", "w1")]
    database, *workers = names
    links = [Link(number + 1, worker, database) for number, worker in enumerate(workers)]
    made: list[str] = []
    try:
        for name in names:
            _ip("netns", "add", name)
            made.append(name)
            _ip("-n", name, "link", "set", "lo", "up")
        for link in links:
            link.make()
        yield Network(
            database=database,
            workers=(workers[0], workers[1]),
            links=(links[0], links[1]),
        )
    finally:
        for name in made:
            _ip("netns", "del", name)


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], check=False, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
