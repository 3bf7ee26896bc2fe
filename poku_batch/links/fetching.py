"""Following a link to the sheet at its end.

Each address on the way is looked up once, judged, and connected to as judged.
"""

import os
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import anyio
import httpcore
import httpx

from poku_batch.contacts.kinds import is_page
from poku_batch.errors import UsageError
from poku_batch.links.addresses import sheet_address
from poku_batch.links.answers import BrokenOffError, TooLargeError, asking, header, save
from poku_batch.links.archives import UnsoundError, is_larger
from poku_batch.links.faults import LinkFaults
from poku_batch.links.network import Scope, World, may_lead
from poku_batch.models import Source
from poku_batch.policy.trust import tls_fault

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much a link may take: bytes of the sheet, seconds in all, redirects on the way.

    ``most_unpacked`` are the bytes of a workbook's parts, all of which a reader may hold at once.
    """

    most_bytes: int = 100 << 20
    most_unpacked: int = 1 << 30
    within_s: float = 60.0
    redirects: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What was fetched; ``text_ending`` says what a text is, ``.csv`` or ``.tsv``."""

    text_ending: str


async def fetch(
    source: Source,
    into: Path,
    *,
    workbook: bool = False,
    bounds: Bounds | None = None,
    world: World | None = None,
) -> Fetched:
    """Fetch the sheet at a link into a new private file.

    ``workbook`` asks for all worksheets, where the host can give them or one. Raises
    ``ContactsError`` if it cannot be had, or is a web page; ``UsageError`` where the certificates
    that ``SSL_CERT_FILE`` names cannot be read.
    """
    bounds = bounds or Bounds()
    address = sheet_address(source.link, workbook=workbook)
    faults = LinkFaults(name=str(source), address=address)
    way = _Way(faults, bounds, world or World(), into)
    try:
        with anyio.fail_after(bounds.within_s):
            found = await way.follow(address.url)
    except TimeoutError as error:
        raise faults.too_slow(bounds.within_s) from error
    if await anyio.to_thread.run_sync(is_page, into):
        raise faults.page()
    try:
        if await anyio.to_thread.run_sync(is_larger, into, bounds.most_unpacked):
            raise faults.too_large(bounds.most_unpacked, unpacked=True)
    except UnsoundError as error:
        raise faults.unsound() from error
    return found


class _Way:
    """The way from a link to its sheet, one address after the other."""

    def __init__(self, faults: LinkFaults, bounds: Bounds, world: World, into: Path) -> None:
        self._faults = faults
        self._bounds = bounds
        self._world = world
        self._into = into
        self._context: ssl.SSLContext | None = None
        self._first: Scope | None = None

    async def follow(self, link: str) -> Fetched:
        """Go from address to address until one answers with something else than another."""
        url = self._url(httpx.URL(), link)
        for _ in range(self._bounds.redirects + 1):
            addresses = await self._judged(url)
            try:
                found = await self._ask(url, addresses)
            except (httpcore.NetworkError, httpcore.TimeoutException, ssl.SSLError) as error:
                raise self._unreachable(url, error) from error
            except httpcore.ProtocolError as error:
                raise self._faults.broken_off() from error
            if isinstance(found, Fetched):
                return found
            url = found
        raise self._faults.leads_on(self._bounds.redirects)

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
            self._first = scope
        if not may_lead(self._first, scope):
            raise self._faults.leads_inside(url.host, scope)
        if url.scheme == "http" and scope is not Scope.LOOPBACK:
            raise self._faults.leads_into_the_open(url.host)
        return addresses

    async def _ask(self, url: httpx.URL, addresses: list[str]) -> Fetched | httpx.URL:
        """Ask one address: it gives the sheet, or the next address."""
        async with asking(url, addresses, self._context_for(url)) as response:
            if response.status in _REDIRECTS:
                return self._url(url, header(response, "Location"))
            if response.status != 200:
                raise self._faults.status(response.status)
            await self._save(response)
            return Fetched(text_ending=_text_ending(url, header(response, "Content-Type")))

    async def _save(self, response: httpcore.Response) -> None:
        if _media_type(header(response, "Content-Type")) in {"text/html", "application/xhtml+xml"}:
            raise self._faults.page()
        length = header(response, "Content-Length")
        most = self._bounds.most_bytes
        if length.isdecimal() and int(length) > most:
            raise self._faults.too_large(most)
        encoding = header(response, "Content-Encoding").lower()
        if encoding not in {"", "identity", "gzip", "x-gzip"}:
            raise self._faults.encoded(encoding)
        try:
            await save(response, self._into, most=most, packed=encoding.endswith("gzip"))
        except TooLargeError as error:
            raise self._faults.too_large(most) from error
        except BrokenOffError as error:
            raise self._faults.broken_off() from error
        except (httpcore.NetworkError, httpcore.TimeoutException, ssl.SSLError) as error:
            raise self._faults.broken_off() from error
        except OSError as error:
            raise self._faults.unkept(error.strerror or str(error)) from error

    def _context_for(self, url: httpx.URL) -> ssl.SSLContext | None:
        """The certificates that this program trusts everywhere; read when first needed."""
        if url.scheme == "https" and self._context is None:
            try:
                self._context = httpx.create_ssl_context()
            except (OSError, ssl.SSLError) as error:
                raise UsageError(
                    "the certificates to trust cannot be read; look at SSL_CERT_FILE and "
                    f"SSL_CERT_DIR: {error}"
                ) from error
        return self._context

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


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _text_ending(url: httpx.URL, content_type: str) -> str:
    """What a text is, by what the host says of it, else by the address; CSV where none says."""
    by_type = {"text/tab-separated-values": ".tsv", "text/csv": ".csv"}
    by_name = ".tsv" if PurePosixPath(url.path).suffix.lower() == ".tsv" else ".csv"
    return by_type.get(_media_type(content_type), by_name)
