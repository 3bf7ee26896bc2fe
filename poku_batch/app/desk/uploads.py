"""Sheets that were uploaded: kept privately beside the ledger, under names that nobody chose.

What an upload was called is kept beside it, to be shown and for nothing else. One that no run was
started from is gone after a day, or when there are too many. All but ``keep`` block.
"""

import os
import re
import secrets
import time
from collections.abc import AsyncIterator, Collection, Iterator
from functools import partial
from pathlib import Path

import anyio.to_thread

from poku_batch.app import environment
from poku_batch.app.desk.private import new_file, private_folder, write_whole
from poku_batch.dashboard.desk import DeskError

ENDINGS = (".csv", ".tsv", ".txt", ".xlsx", ".parquet")
MOST_BYTES = 100 << 20
#: As ``links``: what a workbook may hold unpacked.
MOST_UNPACKED = 1 << 30

#: How long an upload is kept that no run was started from, in seconds, and how many are.
_KEPT_S = 86_400.0
_MOST = 20

_FOLDER = "uploads"
_ID = re.compile(r"[0-9a-f]{32}")
_LONGEST_NAME = 80


class Uploads:
    """The uploads of one folder's campaigns."""

    def __init__(self, folder: Path, *, most_bytes: int = MOST_BYTES) -> None:
        """Take the campaigns' folder; nothing is made yet."""
        self._folder = folder
        self._most_bytes = most_bytes
        self._place = environment.desk_folder(folder, _FOLDER)

    async def keep(self, name: str, data: AsyncIterator[bytes]) -> str:
        """Keep a sheet as it comes, and give what it is known by.

        ``DeskError`` where it is too large, empty or no sheet by its name, or a workbook that is
        damaged or would be too large unpacked; then nothing of it is left.
        """
        called = shown_name(name)
        ending = Path(called).suffix.lower()
        if ending not in ENDINGS:
            raise DeskError(
                f"{called}: no sheet by its name; upload a file that ends in {', '.join(ENDINGS)}"
            )
        identity = secrets.token_hex(16)
        part = self._place / f"{identity}{ending}.part"
        try:
            handle = await anyio.to_thread.run_sync(self._begun, part)
            await self._fill(handle, data, called)
            await anyio.to_thread.run_sync(_require_bounded, part, called)
            await anyio.to_thread.run_sync(self._finish, part, called)
        except OSError as error:
            raise DeskError(f"{called} cannot be kept: {error.strerror or error}") from error
        finally:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(partial(part.unlink, missing_ok=True))
        return identity

    def path(self, identity: str) -> Path:
        """Where an upload is. ``DeskError`` where there is none of that name any more."""
        if _ID.fullmatch(identity):
            for ending in ENDINGS:
                path = self._place / f"{identity}{ending}"
                if path.is_file():
                    return path
        raise DeskError("the uploaded sheet is no longer there; upload it again")

    def called(self, identity: str) -> str:
        """What an upload was called, to be shown."""
        try:
            text = self._name_of(self.path(identity)).read_text(encoding="utf-8")
        except (OSError, DeskError):
            return "the uploaded sheet"
        return shown_name(text)

    def prune(self, used: Collection[str]) -> None:
        """Remove what is left of old uploads, but of those that are ``used``."""
        now = time.time()
        unused = sorted(
            ((_age_s(path, now), path) for path in self._files() if path.name[:32] not in used),
            key=lambda aged: aged[0],
        )
        sheets = 0
        for age_s, path in unused:
            sheets += path.suffix in ENDINGS
            if age_s > _KEPT_S or (path.suffix in ENDINGS and sheets > _MOST):
                _remove(path)
        kept = {path.name for path in self._files()}
        for name in kept:
            if name.endswith(".name") and name.removesuffix(".name") not in kept:
                _remove(self._place / name)

    def clear(self) -> int:
        """Remove all uploads, and say how many sheets they were."""
        files = list(self._files())
        for path in files:
            _remove(path)
        return sum(path.suffix in ENDINGS for path in files)

    def _files(self) -> Iterator[Path]:
        if self._place.is_dir():
            yield from (path for path in self._place.iterdir() if _ID.match(path.name))

    def _begun(self, part: Path) -> int:
        private_folder(self._folder, _FOLDER)
        return new_file(part)

    async def _fill(self, handle: int, data: AsyncIterator[bytes], called: str) -> None:
        length = 0
        with os.fdopen(handle, "wb") as file:
            async for chunk in data:
                length += len(chunk)
                if length > self._most_bytes:
                    raise DeskError(
                        f"{called}: larger than {self._most_bytes >> 20} MiB; name it in the "
                        "campaign, or with --contacts on the command line"
                    )
                await anyio.to_thread.run_sync(file.write, chunk)
            if not length:
                raise DeskError(f"{called} is empty")
            await anyio.to_thread.run_sync(file.flush)
            await anyio.to_thread.run_sync(os.fsync, handle)

    def _finish(self, part: Path, called: str) -> None:
        path = part.with_suffix("")
        part.rename(path)
        try:
            write_whole(self._name_of(path), called.encode())
        except BaseException:
            _remove(path)
            raise

    def _name_of(self, path: Path) -> Path:
        return path.with_name(f"{path.name}.name")


def shown_name(name: str) -> str:
    """A file's name from outside, as it may be shown: no folders, no control characters, short."""
    last = re.split(r"[/\\]", name)[-1]
    last = last if len(last) <= 1_000 else last[:500] + last[-500:]
    plain = " ".join("".join(c if c.isprintable() else " " for c in last).split())
    if len(plain) > _LONGEST_NAME:
        ending = Path(plain).suffix[:10]
        plain = plain[: _LONGEST_NAME - len(ending) - 1] + "…" + ending
    return plain or "a file without a name"


def _require_bounded(path: Path, called: str) -> None:
    """Raise ``DeskError`` for an archive that is damaged, or too large unpacked."""
    from poku_batch.links.archives import UnsoundError, is_larger

    try:
        too_large = is_larger(path, MOST_UNPACKED)
    except UnsoundError:
        raise DeskError(f"{called}: a damaged workbook; save it again") from None
    if too_large:
        raise DeskError(
            f"{called}: unpacked it is larger than {MOST_UNPACKED >> 30} GiB; is it a workbook?"
        )


def _age_s(path: Path, now: float) -> float:
    try:
        return now - path.stat().st_mtime
    except OSError:
        return 0.0


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
