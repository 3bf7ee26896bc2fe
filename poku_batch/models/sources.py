"""Where a sheet comes from."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit


class SourceKind(StrEnum):
    """What ``contacts.file`` names."""

    FILE = "file"
    #: Several files with the same columns, read as one sheet in the order of their names.
    PATTERN = "pattern"
    #: A file at an address, fetched anew each time.
    LINK = "link"
    STDIN = "stdin"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a sheet comes from. ``str()`` is how messages call it, without what may be secret.

    ``path`` is absolute: of a file; of a pattern, the pattern itself. ``link`` is an address.
    """

    kind: SourceKind
    path: Path | None = None
    link: str = ""

    @property
    def file(self) -> Path | None:
        """The one file that the sheet is in; None where it is not in one file here."""
        return self.path if self.kind is SourceKind.FILE else None

    @property
    def name(self) -> str:
        """The name of its file, or what stands for it, without folders."""
        return self.path.name if self.path is not None else str(self)

    def __str__(self) -> str:
        match self.kind:
            case SourceKind.FILE | SourceKind.PATTERN:
                return str(self.path)
            case SourceKind.LINK:
                parts = urlsplit(self.link)  # the query may hold a token
                return f"{parts.scheme}://{parts.netloc}{parts.path}"
            case SourceKind.STDIN:
                return "standard input"
