"""The campaign files of a folder, read again only where they have changed."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from poku_batch.campaign import load_campaign
from poku_batch.errors import PokuBatchError
from poku_batch.models import CampaignId

#: As ``campaign.loader``: whatever is larger is some other file.
_MAX_BYTES = 1024 * 1024

#: What every campaign has, and hardly any other file.
_LOOKS_LIKE_ONE = re.compile(r"(?:^|[{,]\s*)[\"']?(?:contacts|prompt)[\"']?\s*:", re.MULTILINE)
_NAME = re.compile(
    r"(?:^|[{,]\s*)[\"']?name[\"']?\s*:\s*[\"']?([a-z0-9_-]{1,64})[\"']?\s*(?:[#,}]|$)",
    re.MULTILINE,
)

#: When a file was changed, and how long it is.
_Stamp = tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignFile:
    """A campaign file; ``fault`` says why it cannot be used, in lines of text."""

    id: CampaignId
    path: Path
    fault: str | None = None


class CampaignFiles:
    """The files of one folder that are campaigns, or were meant to be."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; files in folders below it are not looked at."""
        self._folder = folder
        self._known: dict[Path, tuple[_Stamp, CampaignFile | None]] = {}

    def read(self) -> list[CampaignFile]:
        """Every campaign of the folder, by the names of files; blocks for a moment."""
        found = [file for path in self._paths() if (file := self._one(path)) is not None]
        return [_alone(file, found) for file in found]

    def _paths(self) -> Iterator[Path]:
        try:
            names = sorted(self._folder.iterdir())
        except OSError:
            return
        for path in names:
            if path.suffix.lower() in {".yaml", ".yml"} and path.is_file():
                yield path

    def _one(self, path: Path) -> CampaignFile | None:
        try:
            status = path.stat()
        except OSError:
            return None
        stamp = (status.st_mtime_ns, status.st_size)
        known = self._known.get(path)
        if known is None or known[0] != stamp:
            known = self._known[path] = (stamp, _read(path, size=status.st_size))
        return known[1]


def _read(path: Path, *, size: int) -> CampaignFile | None:
    """Read a file; None for one that is no campaign and is not meant to be one."""
    try:
        return CampaignFile(id=load_campaign(path).identity, path=path)
    except PokuBatchError as error:
        text = "" if size > _MAX_BYTES else _text(path)
        if not _LOOKS_LIKE_ONE.search(text):
            return None
        named = _NAME.search(text)
        name = named[1] if named else re.sub(r"[^a-z0-9_-]+", "-", path.stem.lower())[:64]
        shown = str(error).replace(f"{path.parent}/", "")
        return CampaignFile(id=CampaignId(name=name or "campaign"), path=path, fault=shown)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig", errors="replace")
    except OSError:
        return ""


def _alone(file: CampaignFile, found: list[CampaignFile]) -> CampaignFile:
    """The file; with a fault where another has the same name and wave."""
    same = [other.path.name for other in found if other.id == file.id]
    if len(same) == 1 or file.fault is not None:
        return file
    names = ", ".join(same)
    fault = f"{names}: all are named {file.id}; give each a name or a wave of its own"
    return replace(file, fault=fault)
