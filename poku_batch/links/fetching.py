"""Fetching the sheet at the end of a link."""

import ssl
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import anyio
import httpcore
import httpx

from poku_batch.contacts.kinds import is_page
from poku_batch.links.addresses import sheet_address
from poku_batch.links.answers import BrokenOffError, TooLargeError, Wish, header, save
from poku_batch.links.archives import UnsoundError, is_larger
from poku_batch.links.faults import LinkFaults
from poku_batch.links.network import World
from poku_batch.links.way import Certificates, Way
from poku_batch.models import Source

_WISH = Wish(accept="text/csv, */*;q=0.5")


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
    sheet = _Sheet(faults, bounds, world or World(), into)
    try:
        with anyio.fail_after(bounds.within_s):
            found = await sheet.fetch(address.url)
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


class _Sheet:
    """A sheet on its way into a file."""

    def __init__(self, faults: LinkFaults, bounds: Bounds, world: World, into: Path) -> None:
        self._faults = faults
        self._bounds = bounds
        self._into = into
        self._way = Way(faults, world, redirects=bounds.redirects, certificates=Certificates())

    async def fetch(self, link: str) -> Fetched:
        """Follow a link to its end and keep what is there."""
        async with self._way.answer(link, _WISH) as (url, response):
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


def _media_type(content_type: str) -> str:
    return content_type.partition(";")[0].strip().lower()


def _text_ending(url: httpx.URL, content_type: str) -> str:
    """What a text is, by what the host says of it, else by the address; CSV where none says."""
    by_type = {"text/tab-separated-values": ".tsv", "text/csv": ".csv"}
    by_name = ".tsv" if PurePosixPath(url.path).suffix.lower() == ".tsv" else ".csv"
    return by_type.get(_media_type(content_type), by_name)
