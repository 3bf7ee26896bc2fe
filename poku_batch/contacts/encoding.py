"""The encoding of a text file, and the file opened in it.

A byte order mark decides. Without one: UTF-16 by where its NUL bytes fall, then UTF-8 if the whole
file is valid in it, else Windows-1252. A file is read twice at most, a chunk at a time.
"""

import codecs
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from poku_batch.errors import ContactsError, Fault

#: Byte order marks; UTF-32 LE begins with UTF-16 LE's and so comes first.
_MARKS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LABELS = {
    "utf-8": "UTF-8",
    "utf-16-le": "UTF-16 LE",
    "utf-16-be": "UTF-16 BE",
    "utf-32-le": "UTF-32 LE",
    "utf-32-be": "UTF-32 BE",
    "cp1252": "Windows-1252",
}
_SAMPLE = 4096
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFile:
    """A text file whose every byte is valid in ``codec``; ``skip`` bytes of marks come first."""

    path: Path
    codec: str
    skip: int = 0

    @property
    def encoding(self) -> str:
        """The encoding as a person knows it, such as ``UTF-8``."""
        return _LABELS[self.codec]

    def open(self) -> TextIO:
        """Open the text behind the marks; line ends are kept as they are."""
        raw = self.path.open("rb")
        raw.seek(self.skip)
        return io.TextIOWrapper(raw, encoding=self.codec, newline="")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Undecodable:
    byte: int
    line: int


def detect_encoding(path: Path, *, file: str) -> TextFile:
    """Find a file's encoding. Raises ``ContactsError`` naming the first byte that has none."""
    with path.open("rb") as raw:
        head = raw.read(_SAMPLE)
    for mark, codec in _MARKS:
        if head.startswith(mark):
            return _certain(TextFile(path=path, codec=codec, skip=_marks_length(head, mark)), file)
    unmarked = _utf16_without_mark(head)
    if unmarked is not None:
        return _certain(TextFile(path=path, codec=unmarked), file)
    text = TextFile(path=path, codec="utf-8")
    if _first_undecodable(text) is None:
        return text
    return _certain(TextFile(path=path, codec="cp1252"), file)


def _certain(text: TextFile, file: str) -> TextFile:
    bad = _first_undecodable(text)
    if bad is None:
        return text
    is_guess = text.codec == "cp1252"
    found = "neither UTF-8 nor Windows-1252" if is_guess else f"not valid {text.encoding}"
    message = f"the file is {found}: byte 0x{bad.byte:02X} stands for no character"
    hint = "save it again as CSV UTF-8"
    raise ContactsError([Fault(file=file, line=bad.line, message=message, hint=hint)])


def _marks_length(head: bytes, mark: bytes) -> int:
    """Count the bytes of all leading marks: programs that add one to a marked file leave two."""
    length = len(mark)
    while head.startswith(mark, length):
        length += len(mark)
    return length


def _utf16_without_mark(head: bytes) -> str | None:
    """Tell UTF-16 by its NULs: Latin letters, digits and delimiters have one each, on one side."""
    even, odd = head[0::2].count(0), head[1::2].count(0)
    enough = len(head) // 10
    if odd > enough and not even:
        return "utf-16-le"
    if even > enough and not odd:
        return "utf-16-be"
    return None


def _first_undecodable(text: TextFile) -> _Undecodable | None:
    decoder = codecs.getincrementaldecoder(text.codec)()
    line = 1
    with text.path.open("rb") as raw:
        raw.seek(text.skip)
        while True:
            chunk = raw.read(_CHUNK)
            try:
                line += decoder.decode(chunk, final=not chunk).count("\n")
            except UnicodeDecodeError as error:
                before = error.object[: error.start].decode(text.codec, "replace")
                return _Undecodable(byte=error.object[error.start], line=line + before.count("\n"))
            if not chunk:
                return None
