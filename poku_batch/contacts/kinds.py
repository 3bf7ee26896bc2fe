"""What a file is, told by its first bytes: for files without an ending, or with the wrong one."""

from pathlib import Path

_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_ZIP = b"PK\x03\x04"
_MARKS: tuple[tuple[bytes, str], ...] = (
    (b"PAR1", "a Parquet file"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"SQLite format 3\x00", "an SQLite database"),
    (b"{\\rtf", "an RTF document"),
)
#: How much of an OLE file is searched for the stream that an encrypted workbook holds.
_SEARCHED = 64 * 1024 * 1024


def sheet_ending(path: Path) -> str:
    """The ending that a sheet without one should have: ``.xlsx``, ``.parquet`` or ``.csv``."""
    with path.open("rb") as file:
        head = file.read(4)
    if head == _ZIP:
        return ".xlsx"
    return ".parquet" if head == b"PAR1" else ".csv"


def is_page(path: Path) -> bool:
    """Whether a file begins as an HTML page does."""
    with path.open("rb") as file:
        return _text_kind(file.read(4096)) == "an HTML page"


def foreign_kind(path: Path, *, expected: str) -> str | None:
    """Say what a file is if it cannot be the ``expected`` one: ``text``, ``zip`` or ``parquet``.

    Returns words such as ``an old Excel file (.xls)``, or None where nothing speaks against it.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    kind = _binary_kind(path, head)
    if expected == "text":
        return kind
    if expected == "zip":
        return None if head.startswith(_ZIP) else kind or _text_kind(head)
    return None if head.startswith(b"PAR1") else kind or _text_kind(head)


def _binary_kind(path: Path, head: bytes) -> str | None:
    if head.startswith(_OLE):
        return _ole_kind(path)
    if head.startswith(_ZIP):
        return "a workbook or another zip archive"
    return next((kind for mark, kind in _MARKS if head.startswith(mark)), None)


def _ole_kind(path: Path) -> str:
    """Tell an encrypted workbook from an old .xls: both are OLE containers.

    Source: MS-OFFCRYPTO, section 1.3.2.
    """
    with path.open("rb") as file:
        found = _ENCRYPTED in file.read(_SEARCHED)
    return "a password-protected workbook" if found else "an old Excel file (.xls)"


def _text_kind(head: bytes) -> str | None:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<html", b"<!doctype html", b"<table", b"<meta")):
        return "an HTML page"
    if start.startswith(b"<?xml"):
        return "an XML file"
    return "a text file" if head and b"\0" not in head else None
