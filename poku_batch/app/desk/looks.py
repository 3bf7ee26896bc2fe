"""A ledger kept open for those who look into it, a few at once.

A look is handed from one to the next while the file is the same: opening one costs a hundred times
what a question does. A ledger of an earlier version is read in a copy, made anew when it changes.
"""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.to_thread

from poku_batch.ledger import SqlLedger, ledger_exists, ledger_file, look_into

#: Each has one question at a time; one that takes long must not hold up everybody.
_MOST = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class _File:
    """What tells a file from another in its place (``which``), and from itself before a change."""

    which: tuple[int, int]
    changed: tuple[int, ...]


#: A database says by itself whether the ledger in it has changed.
_IN_A_DATABASE = _File(which=(0, 0), changed=())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    ledger: SqlLedger
    file: _File
    is_copy: bool
    stack: AsyncExitStack

    def is_of(self, file: _File | None) -> bool:
        """Whether it shows what is in the file now."""
        if file is None or file.which != self.file.which:
            return False
        return not self.is_copy or file.changed == self.file.changed


class Looks:
    """Looks into the ledger at one place, which may not be there yet, or be replaced."""

    def __init__(self, url: str) -> None:
        """Take the ledger's place; nothing is opened."""
        self._url = url
        self._free: list[_Look] = []
        self._places = anyio.Semaphore(_MOST)
        self._watch: _Look | None = None
        self._watching = anyio.Lock()
        self._closed = False

    @asynccontextmanager
    async def look(self) -> AsyncIterator[SqlLedger | None]:
        """Look into the ledger for as long as the block; None where there is none.

        Raises ``LedgerError`` where it cannot be read, or is of a newer version.
        """
        async with self._places:
            look = await self._taken()
            try:
                yield None if look is None else look.ledger
            finally:
                if look is not None and self._closed:
                    await _close(look)
                elif look is not None:
                    self._free.append(look)

    async def version(self) -> tuple[int, ...]:
        """What differs whenever the ledger has changed since; () where there is none."""
        async with self._watching:
            file = await self._found()
            if self._watch is not None and not self._watch.is_of(file):
                watch, self._watch = self._watch, None
                await _close(watch)
            if file is None:
                return ()
            if self._watch is None:
                self._watch = await _open(self._url, file)
            return (*file.which, *self._watch.file.changed, await _version(self._watch))

    async def close(self) -> None:
        """Close every look, those that somebody has once they are given back."""
        self._closed = True
        looks = [*self._free, *([self._watch] if self._watch else [])]
        self._free, self._watch = [], None
        for look in looks:
            await _close(look)

    async def _found(self) -> _File | None:
        # To ask a database whether it is there costs as much as to look into it.
        if any(look.file is _IN_A_DATABASE for look in (*self._free, self._watch) if look):
            return _IN_A_DATABASE
        return await anyio.to_thread.run_sync(_file, self._url)

    async def _taken(self) -> _Look | None:
        file = await self._found()
        while self._free:
            look = self._free.pop()
            if look.is_of(file):
                return look
            await _close(look)
        return None if file is None else await _open(self._url, file)


async def _version(look: _Look) -> int:
    return 0 if look.is_copy else await look.ledger.browsing.version()


async def _open(url: str, file: _File) -> _Look:
    stack = AsyncExitStack()
    ledger = await stack.enter_async_context(look_into(url))
    return _Look(ledger=ledger, file=file, is_copy=_is_copy(ledger, url), stack=stack)


def _is_copy(ledger: SqlLedger, url: str) -> bool:
    file = ledger_file(url)
    return file is not None and str(ledger.place) != str(file)


async def _close(look: _Look) -> None:
    with anyio.CancelScope(shield=True):
        await look.stack.aclose()


def _file(url: str) -> _File | None:
    """The ledger's file as it is now, always the same for a database; None where there is none."""
    path = ledger_file(url)
    if not ledger_exists(url):
        return None
    if path is None:
        return _IN_A_DATABASE
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return _File(
        which=(status.st_dev, status.st_ino),
        changed=(status.st_mtime_ns, status.st_size, *_log(path)),
    )


def _log(path: Path) -> tuple[int, int]:
    """When SQLite's log beside the file was changed, and how long it is."""
    try:
        status = path.with_name(f"{path.name}-wal").stat()
    except OSError:
        return (0, 0)
    return (status.st_mtime_ns, status.st_size)
