"""A disk that loses power: what of the recorded writes would be there afterwards.

The model is the strictest reading of POSIX. The bytes and the length of a file are durable once
``fsync`` or ``fdatasync`` on it has come back; a name in a folder (created, renamed, removed) once
a sync on that folder has. Of everything else any part may be there: a cut keeps none of it, all of
it, or by chance some of the writes, in any order, torn at sectors of 512 bytes, and the first so
many changes of names of each folder.
"""

import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath

from tests.crash.trace import Call, Moment

_SECTOR = 512

#: Files whose content means nothing after a restart: SQLite makes its shared memory anew.
_SCRATCH = ("-shm",)


@dataclass(slots=True, eq=False)
class _Write:
    """``data`` at ``offset``, or, without data, a file cut (or grown) to ``offset``."""

    offset: int
    data: bytes | None
    done: bool = False

    def apply(self, content: bytearray) -> None:
        if self.data is None:
            del content[self.offset :]
            content.extend(bytes(self.offset - len(content)))
            return
        content.extend(bytes(max(self.offset - len(content), 0)))
        content[self.offset : self.offset + len(self.data)] = self.data


@dataclass(slots=True, eq=False)
class _File:
    durable: bytearray = field(default_factory=bytearray)
    pending: list[_Write] = field(default_factory=list)

    def sync(self, writes: list[_Write]) -> None:
        for write in writes:
            if write in self.pending:
                write.apply(self.durable)
                self.pending.remove(write)


@dataclass(slots=True, eq=False)
class _Folder:
    names: "dict[str, _File | _Folder]" = field(default_factory=dict)
    durable: "dict[str, _File | _Folder]" = field(default_factory=dict)
    changes: "list[tuple[str, _File | _Folder | None]]" = field(default_factory=list)

    def set(self, name: str, entry: "_File | _Folder | None") -> None:
        _set(self.names, name, entry)
        self.changes.append((name, entry))

    def sync(self, changes: "list[tuple[str, _File | _Folder | None]]") -> None:
        # Another thread's sync of this folder may have been faster.
        while self.changes and any(self.changes[0] is change for change in changes):
            name, entry = self.changes.pop(0)
            _set(self.durable, name, entry)


def _set(names: "dict[str, _File | _Folder]", name: str, entry: "_File | _Folder | None") -> None:
    if entry is None:
        names.pop(name, None)
    else:
        names[name] = entry


class Disk:
    """Everything below one folder, as it was when the recorded process began, and since."""

    def __init__(self, root: Path) -> None:
        self._path = PurePosixPath(root)
        self._root = _scan(root)
        self._positions: dict[int, int] = {}
        self._syncs: dict[int, Callable[[], None]] = {}
        self._writes: dict[int, _Write] = {}
        self.syncs = 0

    def happen(self, moment: Moment) -> None:
        """Take the next moment of the trace."""
        call = moment.call
        match call.name, moment.ends:
            case "write" | "pwrite64", False:
                self._write(call)
            case "write" | "pwrite64", True:
                if id(call) in self._writes:
                    self._writes.pop(id(call)).done = True
            case "ftruncate", True:
                self._change(call, _Write(call.number(-1), None, done=True))
            case "fsync" | "fdatasync", ends:
                (self._sync_ends if ends else self._sync_begins)(call)
            case "openat" | "open" | "creat", True:
                self._open(call)
            case _, True:
                self._names(call)

    def cut(self, chance: random.Random, target: Path) -> str:
        """Write into ``target``, which is made anew, what a power cut now would leave.

        Says how the cut dealt with what was not durable.
        """
        how = chance.choice(("none", "none", "some", "some", "all"))
        shutil.rmtree(target, ignore_errors=True)
        _restore(self._root, target, how, chance)
        return how

    def _write(self, call: Call) -> None:
        data = b"".join(call.strings()[-1:])
        if call.name == "pwrite64":
            offset = call.number(-1)
        else:
            offset = self._positions.get(call.descriptor(), 0)
            self._positions[call.descriptor()] = offset + len(data)
        write = _Write(offset, data)
        if self._change(call, write):
            self._writes[id(call)] = write

    def _change(self, call: Call, write: _Write) -> bool:
        file = self._find(call.file())
        if not isinstance(file, _File):
            return False
        file.pending.append(write)
        return True

    def _sync_begins(self, call: Call) -> None:
        found = self._find(call.file())
        if isinstance(found, _File):
            writes = [write for write in found.pending if write.done]
            self._syncs[id(call)] = partial(found.sync, writes)
        elif isinstance(found, _Folder):
            self._syncs[id(call)] = partial(found.sync, list(found.changes))

    def _sync_ends(self, call: Call) -> None:
        sync = self._syncs.pop(id(call), None)
        if sync is not None and call.result == 0:
            sync()
            self.syncs += 1

    def _open(self, call: Call) -> None:
        if call.result is None or call.result < 0:
            return
        self._positions[call.result] = 0
        path = call.paths()[-1]
        parent, name = self._parent(path)
        if parent is None:
            return
        if name not in parent.names and "O_CREAT" in call.arguments:
            parent.set(name, _File())
        elif "O_TRUNC" in call.arguments and isinstance(file := parent.names[name], _File):
            file.pending.append(_Write(0, None, done=True))

    def _names(self, call: Call) -> None:
        if call.result != 0:
            return
        places = [self._parent(path) for path in call.paths()]
        if not places or all(parent is None for parent, _ in places):
            return
        parent, name = places[0]
        match call.name:
            case "mkdir" | "mkdirat" if parent:
                parent.set(name, _Folder())
            case "unlink" | "unlinkat" if parent:
                parent.set(name, None)
            case "rename" | "renameat" | "renameat2":
                to, new_name = places[1]
                assert parent is not None, "a file from outside was moved in"
                assert to is not None, "a file was moved out"
                entry = parent.names[name]
                to.set(new_name, entry)
                parent.set(name, None)
            case _:
                raise ValueError(f"not in the model: {call.name}({call.arguments[:200]}")

    def _parent(self, path: str) -> tuple[_Folder | None, str]:
        pure = self._path / path
        found = self._find(str(pure.parent))
        return (found, pure.name) if isinstance(found, _Folder) else (None, pure.name)

    def _find(self, path: str | None) -> _File | _Folder | None:
        if path is None or not PurePosixPath(path).is_relative_to(self._path):
            return None
        found: _File | _Folder | None = self._root
        for part in PurePosixPath(path).relative_to(self._path).parts:
            found = found.names.get(part) if isinstance(found, _Folder) else None
        return found


def _scan(path: Path) -> _Folder:
    """What is there at the start counts as durable."""
    folder = _Folder()
    for entry in path.iterdir():
        made = _scan(entry) if entry.is_dir() else _File(bytearray(entry.read_bytes()))
        folder.names[entry.name] = folder.durable[entry.name] = made
    return folder


def _restore(folder: _Folder, target: Path, how: str, chance: random.Random) -> None:
    target.mkdir(mode=0o700)
    names = dict(folder.durable)
    kept = {"none": 0, "all": len(folder.changes)}.get(how, chance.randint(0, len(folder.changes)))
    for name, entry in folder.changes[:kept]:
        _set(names, name, entry)
    for name, entry in names.items():
        if isinstance(entry, _Folder):
            _restore(entry, target / name, how, chance)
        elif name.endswith(_SCRATCH):
            (target / name).write_bytes(chance.randbytes(32768))
        else:
            (target / name).write_bytes(bytes(_content(entry, how, chance)))


def _content(file: _File, how: str, chance: random.Random) -> bytearray:
    content = bytearray(file.durable)
    if how == "all":
        for write in file.pending:
            write.apply(content)
    elif how == "some":
        kept = [piece for write in file.pending for piece in _pieces(write)]
        kept = [piece for piece in kept if chance.random() < 0.5]
        chance.shuffle(kept)
        for piece in kept:
            piece.apply(content)
    return content


def _pieces(write: _Write) -> Iterator[_Write]:
    """A write as the sectors it is made of."""
    if write.data is None:
        yield write
        return
    start = 0
    while start < len(write.data):
        size = _SECTOR - (write.offset + start) % _SECTOR
        yield _Write(write.offset + start, write.data[start : start + size])
        start += size
