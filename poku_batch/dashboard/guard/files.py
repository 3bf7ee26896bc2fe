"""Files that are served: regular ones below a folder, and nothing that is reached by a link.

Invariants: the file that was looked at is the file that is sent, since it is opened once, folder by
folder; no link is followed below the folder, whoever puts one there and when; a pipe or a device is
not opened. Only sound is played in a page, with its own type; everything else is saved.
"""

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import anyio.to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from poku_batch.dashboard.guard.file_names import disposition, sound_type
from poku_batch.simulator.ranges import requested_range

_PIECE = 64 * 1024
_FOLDER_FLAGS = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
#: A pipe would be waited for.
_FILE_FLAGS = os.O_RDONLY | _NO_LINK | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_STEPWISE = os.open in os.supports_dir_fd and bool(_NO_LINK)


def open_confined(path: Path, roots: Iterable[Path]) -> BinaryIO:
    """Open a file below one of the folders; a path that is not absolute is taken from each.

    The folders themselves may be reached by links. Raises ``FileNotFoundError`` for what is not a
    regular file below one of them, whatever it is.
    """
    for root in roots:
        with suppress(OSError, ValueError):
            inner = path.relative_to(root) if path.is_absolute() else path
            if not inner.parts or ".." in inner.parts or inner.is_absolute():
                continue
            return _regular(_open(root, inner))
    raise FileNotFoundError("there is no such file")


def _open(root: Path, inner: Path) -> int:
    if not _STEPWISE:
        whole = (root / inner).resolve(strict=True)
        if not whole.is_relative_to(root.resolve(strict=True)):
            raise FileNotFoundError("there is no such file")
        return os.open(whole, _FILE_FLAGS | getattr(os, "O_BINARY", 0))
    folder = os.open(root, _FOLDER_FLAGS)
    try:
        for part in inner.parts[:-1]:
            below = os.open(part, _FOLDER_FLAGS | _NO_LINK, dir_fd=folder)
            os.close(folder)
            folder = below
        return os.open(inner.name, _FILE_FLAGS, dir_fd=folder)
    finally:
        os.close(folder)


def _regular(descriptor: int) -> BinaryIO:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileNotFoundError("there is no such file")
    return os.fdopen(descriptor, "rb")


async def confined_file(
    request: Request, path: Path, roots: Iterable[Path], *, name: str, shown: bool = False
) -> Response:
    """Answer with a file below one of the folders, or with the range of it that is asked for.

    ``name`` is what it is saved as; ``shown`` lets a page play it if it is sound. Raises
    ``HTTPException`` 404 where ``open_confined`` finds nothing.
    """
    try:
        file = await anyio.to_thread.run_sync(open_confined, path, tuple(roots))
    except FileNotFoundError:
        raise HTTPException(404, "There is no such file.") from None
    return sent(request, file, name=name, shown=shown)


def sent(request: Request, file: BinaryIO, *, name: str, shown: bool = False) -> Response:
    """Answer with a file that is open, and close it afterwards; its name may be gone by then."""
    size = os.fstat(file.fileno()).st_size
    sound = sound_type(name) if shown else None
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Disposition": disposition(name, shown=sound is not None),
    }
    asked = requested_range(request.headers.get("range"), size)
    if asked is not None and not asked:
        file.close()
        return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
    part = range(size) if asked is None else asked
    headers["Content-Length"] = str(len(part))
    if asked is not None:
        headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
    return _OpenFile(
        file,
        range(0) if request.method == "HEAD" else part,
        status_code=200 if asked is None else 206,
        headers=headers,
        media_type=sound or "application/octet-stream",
    )


class _OpenFile(StreamingResponse):
    """A part of a file that is closed whatever comes of sending it."""

    def __init__(
        self,
        file: BinaryIO,
        part: range,
        *,
        status_code: int,
        headers: Mapping[str, str],
        media_type: str,
    ) -> None:
        super().__init__(_pieces(file, part), status_code, headers, media_type)
        self._file = file

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._file.close()


def _pieces(file: BinaryIO, part: range) -> Iterator[bytes]:
    file.seek(part.start)
    left = len(part)
    while left and (piece := file.read(min(_PIECE, left))):
        left -= len(piece)
        yield piece
