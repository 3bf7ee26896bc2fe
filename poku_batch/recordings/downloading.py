"""One try to download a recording, within bounds, to its place or as far as it came.

Invariants: nothing goes along that tells who asks, no key and no cookie; https, or this machine
where that is allowed; each address is judged before it is asked, so none leads into a private
network; nothing that was not checked to be a whole recording gets its place.
"""

import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import anyio
import httpcore
from anyio import to_thread

from poku_batch.links.answers import BrokenOffError, Unpacker, Wish, header
from poku_batch.links.network import Scope, World
from poku_batch.links.way import Certificates, Way
from poku_batch.policy.http import Reply, retry_after_s
from poku_batch.recordings.faults import FetchFaults
from poku_batch.recordings.partial import Partial, discard
from poku_batch.recordings.sounds import HEAD, Sound, is_cut_short, is_no_sound, sound_of

T = TypeVar("T")

#: So much is held in memory of each, and gets onto the disk at once.
_BLOCK = 1 << 20
_CONTENT_RANGE = re.compile(r"bytes ([0-9]{1,15})-([0-9]{1,15})/([0-9]{1,15}|\*)", re.IGNORECASE)
_ACCEPT = "audio/*, */*;q=0.5"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """How much a recording may take: bytes, seconds in all and without a byte, redirects."""

    most_bytes: int = 200 << 20
    within_s: float = 600.0
    silent_s: float = 30.0
    redirects: int = 5


class Copying:
    """Where a download goes: ``claim`` gives a place for a kind of sound, instead of another one.

    ``place`` is one that was claimed before, if any. ``is_left``: another try can go on with what
    the last one has left there.
    """

    def __init__(
        self, place: Path | None, claim: Callable[[Sound, Path | None], Awaitable[Path]]
    ) -> None:
        self.place = place
        self._claim = claim
        self.partial: Partial | None = None
        self.is_left = False

    async def resume(self) -> None:
        """Go on with what an earlier try left, if something can be gone on with."""
        if self.place is not None and self.partial is None:
            self.partial = await _shielded(partial(Partial.resume, self.place))

    async def begin(self, sound: Sound, *, validator: str, total: int | None) -> None:
        """Begin anew, at the place that was claimed, or at another for another kind of sound."""
        await self.drop()
        if self.place is None or self.place.suffix != sound.ending:
            self.place = await self._claim(sound, self.place)
        self.partial = await _shielded(
            partial(Partial.begin, self.place, validator=validator, total=total)
        )

    async def drop(self) -> None:
        """Forget what was made so far."""
        await self.leave()
        if self.place is not None:
            await _shielded(partial(discard, self.place))

    async def leave(self) -> None:
        """Let go of it, so that another try goes on with it."""
        left, self.partial = self.partial, None
        self.is_left = left is not None and await _shielded(left.leave)


class Downloader:
    """Downloads recordings; ``loopback``: one may be on this machine, as in a rehearsal."""

    def __init__(
        self,
        *,
        loopback: bool,
        bounds: Bounds | None = None,
        world: World | None = None,
    ) -> None:
        self._bounds = bounds or Bounds()
        self._world = world or World()
        self._certificates = Certificates()
        self._begins_in = {Scope.PUBLIC, Scope.LOOPBACK} if loopback else {Scope.PUBLIC}

    async def download(self, url: str, copying: Copying) -> tuple[int, str]:
        """Try once, and give the length and SHA-256 of what is at ``copying.place`` then.

        Raises ``DownloadError``; ``OSError`` where the disk does not take it. What came until then
        is left for another try.
        """
        try:
            with anyio.fail_after(self._bounds.within_s):
                await copying.resume()
                return await self._ask_twice(url, copying)
        except TimeoutError as error:
            raise FetchFaults().too_slow(self._bounds.within_s) from error
        finally:
            await copying.leave()

    async def _ask_twice(self, url: str, copying: Copying) -> tuple[int, str]:
        try:
            return await _Answer(copying, self._bounds, self._way()).take(url)
        except _OtherBytesError:
            await copying.drop()
            return await _Answer(copying, self._bounds, self._way()).take(url)

    def _way(self) -> Way:
        return Way(
            FetchFaults(),
            self._world,
            redirects=self._bounds.redirects,
            certificates=self._certificates,
            begins_in=self._begins_in,
        )


class _OtherBytesError(Exception):
    """The server has other bytes by now than those that were to be gone on with."""


class _Answer:
    """One answer, and what becomes of it."""

    def __init__(self, copying: Copying, bounds: Bounds, way: Way) -> None:
        self._copying = copying
        self._bounds = bounds
        self._way = way
        self._faults = FetchFaults()
        self._head = b""
        self._packed = False

    async def take(self, url: str) -> tuple[int, str]:
        """Ask for what is missing, and take it to its end."""
        async with self._way.answer(url, self._wish()) as (_, response):
            await self._see_head(response)
            try:
                await self._take(response)
            except (httpcore.NetworkError, httpcore.TimeoutException, ssl.SSLError) as error:
                raise self._faults.broken_off() from error
            except (httpcore.ProtocolError, BrokenOffError) as error:
                raise self._faults.broken_off() from error
        return await self._finish()

    def _wish(self) -> Wish:
        made = self._copying.partial
        headers = {}
        if made is not None:
            headers = {"Range": f"bytes={made.note.length}-", "If-Range": made.note.validator}
        return Wish(accept=_ACCEPT, headers=headers, read_timeout_s=self._bounds.silent_s)

    async def _see_head(self, response: httpcore.Response) -> None:
        """Raise where no recording can follow; forget what is made where all of it follows."""
        self._see_status(response)
        self._see_length(response)
        self._packed = self._is_packed(response)
        if response.status == 206:
            self._see_range(response)
        elif self._copying.partial is not None:
            await self._copying.drop()

    def _see_status(self, response: httpcore.Response) -> None:
        status, resumes = response.status, self._copying.partial is not None
        if status == 200 or (status == 206 and resumes):
            return
        if status == 416 and resumes:
            raise _OtherBytesError
        reply = Reply(status=status, headers={"retry-after": header(response, "Retry-After")})
        raise self._faults.status(status, retry_after_s(reply, now=datetime.now(UTC)))

    def _see_length(self, response: httpcore.Response) -> None:
        length, made = _length(response) or 0, self._copying.partial
        before = made.note.length if made is not None and response.status == 206 else 0
        if before + length > self._bounds.most_bytes:
            raise self._faults.too_large(self._bounds.most_bytes)

    def _is_packed(self, response: httpcore.Response) -> bool:
        encoding = header(response, "Content-Encoding").lower()
        if encoding not in {"", "identity", "gzip", "x-gzip"}:
            raise self._faults.encoded()
        return encoding.endswith("gzip")

    def _see_range(self, response: httpcore.Response) -> None:
        """Raise ``_OtherBytesError`` where what comes is not the rest of what is there."""
        made = self._copying.partial
        found = _CONTENT_RANGE.fullmatch(header(response, "Content-Range"))
        if made is None or found is None or self._packed or int(found[1]) != made.note.length:
            raise _OtherBytesError
        etag, validator = header(response, "ETag"), made.note.validator
        total = None if found[3] == "*" else int(found[3])
        is_other = etag and validator.startswith('"') and etag != validator
        if is_other or (made.note.total is not None and total not in {None, made.note.total}):
            raise _OtherBytesError

    async def _take(self, response: httpcore.Response) -> None:
        """Bring the body to the disk, a block at a time."""
        unpacker = Unpacker() if self._packed else None
        waits = bytearray()
        came = 0
        try:
            async for piece in response.aiter_stream():
                came += len(piece)
                for part in (piece,) if unpacker is None else unpacker.parts(piece):
                    waits += part
                    self._see_size(came, len(waits))
                    if len(waits) >= (HEAD if self._copying.partial is None else _BLOCK):
                        await self._put(response, waits)
            _see_whole(unpacker)
        except BaseException:
            await self._save(waits)
            raise
        await self._put(response, waits)

    def _see_size(self, came: int, waits: int) -> None:
        """Raise where there are more bytes than there may be, packed or not."""
        made = self._copying.partial
        before = 0 if made is None else made.note.length
        if max(before + waits, came) > self._bounds.most_bytes:
            raise self._faults.too_large(self._bounds.most_bytes)

    async def _put(self, response: httpcore.Response, waits: bytearray) -> None:
        """Bring what waits to the disk; the first bytes of a body show what it is."""
        if self._copying.partial is None:
            await self._begin(response, bytes(waits[:HEAD]))
        await self._append(waits)

    async def _save(self, waits: bytearray) -> None:
        """Keep what came, although the rest did not, for another try."""
        made = self._copying.partial
        if made is not None and made.note.validator:
            await self._append(waits)

    async def _append(self, waits: bytearray) -> None:
        made = self._copying.partial
        if made is not None and waits:
            await _shielded(partial(made.append, bytes(waits)))
            waits.clear()

    async def _begin(self, response: httpcore.Response, head: bytes) -> None:
        media_type = header(response, "Content-Type").partition(";")[0].strip().lower()
        why = is_no_sound(media_type, head)
        sound = sound_of(head)
        if why is not None or sound is None:
            raise self._faults.no_sound(why or "is no recording")
        self._head = head
        await self._copying.begin(
            sound,
            validator="" if self._packed else _validator(response),
            total=None if self._packed else _length(response),
        )

    async def _finish(self) -> tuple[int, str]:
        made = self._copying.partial
        if made is None or self._is_short(made):
            raise self._faults.broken_off()
        try:
            done = await _shielded(made.finish)
        except FileNotFoundError as error:
            raise self._faults.taken_away() from error
        self._copying.partial = None
        return done.length, done.sha256

    def _is_short(self, made: Partial) -> bool:
        """Whether something is missing of a body whose end nobody can miss, or seems to be."""
        if made.note.total is not None:
            return made.note.length != made.note.total
        return is_cut_short(self._head, made.note.length)


def _see_whole(unpacker: Unpacker | None) -> None:
    """Raise ``BrokenOffError`` where a packed body has not come to its end."""
    if unpacker is not None and not unpacker.is_whole:
        raise BrokenOffError


def _length(response: httpcore.Response) -> int | None:
    """How many bytes the body has, where the server says so."""
    text = header(response, "Content-Length")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 16 else None


def _validator(response: httpcore.Response) -> str:
    """The server's name for these bytes, by which a later request can go on; ``""`` without one.

    Source: RFC 9110, 13.1.5: a weak entity tag names no bytes.
    """
    if header(response, "Accept-Ranges").lower() == "none":
        return ""
    etag = header(response, "ETag")
    if etag.startswith('"') and etag.endswith('"') and len(etag) in range(3, 256):
        return etag
    return header(response, "Last-Modified")[:64]


async def _shielded(act: Callable[[], T]) -> T:
    """Do it in a thread to its end, also where it is cancelled meanwhile."""
    with anyio.CancelScope(shield=True):
        done = await to_thread.run_sync(act)
    return done  # noqa: RET504 – to mypy, whatever shields may swallow
