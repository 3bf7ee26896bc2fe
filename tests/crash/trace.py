"""What strace wrote, as a sequence of moments: a call of the system began, or came back.

The order of the lines is the order of the moments. A call that was cut off by the death of its
process has no end; so a write may or may not have reached the page cache, and a sync did nothing.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_LINE = re.compile(r"^(\d+) +(.*)$")
_CALL = re.compile(r"^(\w+)\((.*?)(?:\) += (-?\d+|\?).*)?$", re.DOTALL)
_RESUMED = re.compile(r"^<\.\.\. (\w+) resumed>(.*)$")
_STRING = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')
_DESCRIPTOR = re.compile(r"^(\d+|AT_FDCWD)<((?:\\x[0-9a-f]{2})*)>(\(deleted\))?")
_UNFINISHED = " <unfinished ...>"


@dataclass(slots=True)
class Call:
    """One call: ``arguments`` as strace shows them, ``result`` None until it came back."""

    name: str
    arguments: str
    result: int | None = None

    def strings(self) -> list[bytes]:
        return [_bytes(match) for match in _STRING.findall(self.arguments)]

    def file(self) -> str | None:
        """The path behind the first descriptor; None where the file has no name any more."""
        match = _DESCRIPTOR.match(self.arguments)
        if match is None or match[3]:
            return None
        path = _bytes(match[2]).decode(errors="replace")
        return None if path.endswith(" (deleted)") else path

    def descriptor(self) -> int:
        match = _DESCRIPTOR.match(self.arguments)
        assert match is not None, self.arguments[:200]
        return int(match[1])

    def number(self, place: int) -> int:
        """An argument by its place from the end, as ``-1``."""
        return int(self.arguments.rsplit(",", -place)[place].strip(), 0)

    def paths(self) -> list[str]:
        """The paths that are named as strings, made absolute."""
        return [string.decode(errors="replace") for string in self.strings()]


@dataclass(frozen=True, slots=True)
class Moment:
    """A call began (``ends`` False) or came back."""

    call: Call
    ends: bool


def moments(trace: Path) -> Iterator[Moment]:
    """Read a trace; raises ``ValueError`` for a line that is not understood."""
    open_calls: dict[str, Call] = {}
    with trace.open(encoding="ascii") as file:
        for text in file:
            match = _LINE.match(text.rstrip("\n"))
            if match is None:
                raise ValueError(f"not a line of strace: {text[:200]!r}")
            yield from _read(match[1], match[2], open_calls)


def _read(thread: str, line: str, open_calls: dict[str, Call]) -> Iterator[Moment]:
    if line.startswith(("+++", "---")):
        return
    resumed = _RESUMED.match(line)
    if resumed is not None:
        call = open_calls.pop(thread)
        whole = _CALL.match(f"{call.name}({call.arguments}{resumed[2]}")
        assert whole is not None, line[:200]
        call.arguments, call.result = whole[2], _result(whole[3])
        yield Moment(call, ends=True)
        return
    begun = line.endswith(_UNFINISHED)
    match = _CALL.match(line.removesuffix(_UNFINISHED))
    if match is None:
        raise ValueError(f"not a call: {line[:200]!r}")
    call = Call(match[1], match[2].rstrip(), _result(match[3]))
    yield Moment(call, ends=False)
    if begun:
        open_calls[thread] = call
    elif call.result is not None:
        yield Moment(call, ends=True)


def _result(text: str | None) -> int | None:
    return None if text in (None, "?") else int(text)


def _bytes(escaped: str) -> bytes:
    return bytes.fromhex(escaped.replace("\\x", ""))
