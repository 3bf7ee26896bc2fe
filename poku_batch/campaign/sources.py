"""What ``contacts.file`` names: a file, several, an address, or standard input."""

import os
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator, ValidationInfo

from poku_batch.campaign.fields import expanded, is_loopback, origin_of, quoted, worded
from poku_batch.models import Source, SourceKind

#: What makes a path a pattern. Brackets alone do not: names of files hold them.
_WILD = frozenset("*?")


def _source(value: object, info: ValidationInfo) -> object:
    return source_of(value, origin_of(info.context).folder) if isinstance(value, str) else value


def source_of(written: str, folder: Path) -> Source:
    """Read what ``contacts.file`` names; a path is relative to the folder.

    Raises ``worded``'s error where it is none.
    """
    text = written.strip()
    if not text:
        raise worded("is empty", "name the sheet")
    if text == "-":
        return Source(kind=SourceKind.STDIN)
    if not text.isprintable():
        raise worded("a path cannot hold control characters")
    if "://" in text:
        return _link(text)
    path = Path(os.path.normpath(folder / expanded(text)))
    return Source(kind=SourceKind.PATTERN if _WILD & set(text) else SourceKind.FILE, path=path)


def _link(text: str) -> Source:
    """An address that nobody can read or change on the way."""
    try:
        parts = urlsplit(text)
        host = parts.hostname or ""
    except ValueError:
        raise worded("is not an address that can be read", "copy it from the browser") from None
    if parts.username is not None or parts.password is not None:
        raise worded("holds a user's name or password", "publish the sheet without one")
    if parts.scheme == "http" and is_loopback(host):
        return Source(kind=SourceKind.LINK, link=text)
    if parts.scheme != "https":
        raise worded(f"{quoted(parts.scheme)} is not https", "contacts must not travel in the open")
    if not host:
        raise worded("names no host", "copy the address from the browser")
    return Source(kind=SourceKind.LINK, link=text)


#: A source as written becomes one with an absolute path.
ContactsSource = Annotated[Source, BeforeValidator(_source, json_schema_input_type=str)]
