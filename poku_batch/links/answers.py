"""One request and its answer: the head read, the body written to a private file within bounds."""

import os
import ssl
import zlib
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO

import httpcore
import httpx

from poku_batch.links.network import Pinned

_CONNECT_TIMEOUT_S = 10.0
_PIECE = 1 << 16


class TooLargeError(Exception):
    """A body has more bytes than it may."""


class BrokenOffError(Exception):
    """A body ended before its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is asked for: the kinds of body that are accepted, and further headers.

    Nothing is waited for longer than ``read_timeout_s`` between two pieces; None: for ever.
    """

    accept: str
    headers: Mapping[str, str] = field(default_factory=dict)
    read_timeout_s: float | None = None


@asynccontextmanager
async def asking(
    url: httpx.URL, addresses: list[str], context: ssl.SSLContext | None, wish: Wish
) -> AsyncIterator[httpcore.Response]:
    """GET an address over a connection of its own; the body is read by the caller.

    Nothing goes along that tells who asks. Raises httpcore's errors.
    """
    network = Pinned(addresses)
    target = httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )
    headers: list[tuple[bytes | str, bytes | str]] = [
        ("Host", url.netloc.decode("ascii")),
        ("User-Agent", f"poku-batch/{version('poku-batch')}"),
        ("Accept", wish.accept),
        ("Accept-Encoding", "identity"),
        ("Connection", "close"),
        *wish.headers.items(),
    ]
    timeouts = {"connect": _CONNECT_TIMEOUT_S, "read": wish.read_timeout_s}
    connection = httpcore.AsyncHTTPConnection(
        target.origin, ssl_context=context, network_backend=network
    )
    request = httpcore.Request("GET", target, headers=headers, extensions={"timeout": timeouts})
    try:
        response = await connection.handle_async_request(request)
        try:
            yield response
        finally:
            await response.aclose()
    finally:
        await network.aclose()


def header(response: httpcore.Response, name: str) -> str:
    """A header's value, the last where there are several; empty without one."""
    wanted = name.lower().encode()
    values = [value for key, value in response.headers if key.lower() == wanted]
    return values[-1].decode("latin-1").strip() if values else ""


async def save(response: httpcore.Response, path: Path, *, most: int, packed: bool) -> None:
    """Write a body to a new file that only this user may read; ``packed``: it comes as gzip.

    Raises ``TooLargeError`` past ``most`` bytes, packed or not, ``BrokenOffError``, ``OSError`` of
    the disk, and httpcore's errors.
    """
    size, came = 0, 0
    unpacker = Unpacker() if packed else None
    with _private(path) as file:
        async for piece in response.aiter_stream():
            came += len(piece)
            for part in (piece,) if unpacker is None else unpacker.parts(piece):
                size += len(part)
                if max(size, came) > most:
                    raise TooLargeError
                file.write(part)
    if unpacker is not None and not unpacker.is_whole:
        raise BrokenOffError


def _private(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


class Unpacker:
    """Unpacks gzip a piece at a time: a few bytes may stand for gigabytes."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=31)

    @property
    def is_whole(self) -> bool:
        """Whether its end has come."""
        return self._stream.eof

    def parts(self, data: bytes) -> Iterator[bytes]:
        """Unpack some bytes, at most 64 KiB at once.

        Raises ``BrokenOffError`` for what is no gzip.
        """
        part = b""
        while data or len(part) == _PIECE:
            try:
                part = self._stream.decompress(data, _PIECE)
            except zlib.error as error:
                raise BrokenOffError from error
            data = self._stream.unconsumed_tail
            yield part
