"""Names of files that come from outside: shown, offered for saving, and never used as a path.

Sources: RFC 6266 (Content-Disposition) and RFC 8187 (its ``filename*``).
"""

import re
import unicodedata
from collections.abc import Iterable
from pathlib import PurePosixPath
from urllib.parse import quote

_LONGEST = 120
_LONGEST_ENDING = 12

#: What no file system takes, and what ends a folder's name.
_FORBIDDEN = re.compile(r'[<>:"/\\|?*%]')
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)

#: Sound that a browser may play; whatever else is only saved.
_SOUNDS = {
    ".aac": "audio/aac",
    ".aif": "audio/aiff",
    ".aiff": "audio/aiff",
    ".amr": "audio/amr",
    ".au": "audio/basic",
    ".flac": "audio/flac",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".mp4": "audio/mp4",
    ".oga": "audio/ogg",
    ".ogg": "audio/ogg",
    ".opus": "audio/ogg",
    ".wav": "audio/wav",
    ".webm": "audio/webm",
}


def safe_name(name: str) -> str:
    """A name as it may be shown and saved: one component, without what deceives or commands.

    Invisible characters go, those that turn the direction of a text among them, so that an ending
    is where one sees it. Nothing that is left becomes ``file``.
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    visible = "".join(
        letter
        for letter in unicodedata.normalize("NFC", last)
        if unicodedata.category(letter)[0] != "C"
    )
    plain = _FORBIDDEN.sub("_", " ".join(visible.split())).strip(". ")
    if _DEVICES.fullmatch(plain):
        plain = f"_{plain}"
    return _shortened(plain) or "file"


def _shortened(name: str) -> str:
    ending = PurePosixPath(name).suffix
    if len(name) <= _LONGEST or len(ending) > _LONGEST_ENDING:
        return name[:_LONGEST].rstrip(". ")
    return name[: _LONGEST - len(ending)].rstrip(". ") + ending


def upload_name(name: str, endings: Iterable[str]) -> str:
    """The safe name of an uploaded file. Raises ``ValueError`` in words for another ending.

    ``endings`` as ``.csv``, in lower case.
    """
    allowed = tuple(endings)
    plain = safe_name(name)
    if PurePosixPath(plain).suffix.lower() not in allowed:
        raise ValueError(f"{plain}: only files that end in {', '.join(allowed)} are taken")
    return plain


def disposition(name: str, *, shown: bool = False) -> str:
    """The value of ``Content-Disposition``: to be saved under a name, or ``shown`` in a page."""
    plain = safe_name(name)
    ascii_ = re.sub(r"[^A-Za-z0-9._ -]", "_", plain)
    kind = "inline" if shown else "attachment"
    return f"{kind}; filename=\"{ascii_}\"; filename*=UTF-8''{quote(plain, safe='')}"


def sound_type(name: str) -> str | None:
    """The media type of a file of sound, by its ending; None for anything else."""
    return _SOUNDS.get(PurePosixPath(name.lower()).suffix)
