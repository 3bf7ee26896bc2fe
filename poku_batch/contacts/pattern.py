"""The files that a pattern names: ``*`` and ``?`` stand for anything, ``**`` for any folders.

Hidden files, and the lock files that spreadsheet programs leave behind, are never among them.
"""

import glob
import os
import re
from collections.abc import Iterable
from pathlib import Path

from poku_batch.errors import ContactsError, Fault

_WILD = re.compile(r"[*?]")
_LOCKS = ("~$", ".~lock.")
_SHOWN_FILES = 5
_LISTED = 5_000


def matching_files(
    pattern: Path, *, leave_out: Iterable[Path] = (), name: str | None = None
) -> tuple[Path, ...]:
    """Return the files that match an absolute pattern, sorted by folder and name.

    ``leave_out`` are files that are not meant even where they match, such as the campaign's own
    results; their other names, ``results (2).csv``, are left out with them. ``name`` is how
    messages call the pattern. Raises ``ContactsError`` if no file is left.
    """
    left_out = tuple(leave_out)
    # Path.glob would find hidden files too.
    found = map(Path, glob.iglob(_literal(pattern), recursive=True))  # noqa: PTH207
    files = [path for path in found if path.is_file() and not path.name.startswith(_LOCKS)]
    meant = sorted({path for path in files if not _is_own(path, left_out)})
    if not meant:
        raise _no_match(pattern, name, len(files))
    return tuple(meant)


def _literal(pattern: Path) -> str:
    """Keep ``*`` and ``?`` wild, but where a folder on the way is really called so."""
    built = Path(pattern.anchor)
    escaped = glob.escape(pattern.anchor)
    for part in pattern.parts[1:]:
        is_name = not _WILD.search(part) or (built / part).exists()
        escaped = str(Path(escaped) / (glob.escape(part) if is_name else part.replace("[", "[[]")))
        built /= part
    return escaped


def _is_own(path: Path, left_out: Iterable[Path]) -> bool:
    numbered = re.sub(r" \(\d+\)$", "", path.stem)
    names = {os.path.realpath(path), os.path.realpath(path.with_name(numbered + path.suffix))}
    for other in left_out:
        if os.path.realpath(other) in names or (other.exists() and other.samefile(path)):
            return True
    return False


def _no_match(pattern: Path, name: str | None, own: int) -> ContactsError:
    message, hint = "matches no file", _what_is_there(pattern)
    if own:
        message = "matches no sheet"
        hint = "only files that the campaign writes, or reads as something else"
    return ContactsError([Fault(file=name or str(pattern), message=message, hint=hint)])


def _what_is_there(pattern: Path) -> str:
    folder = next(
        (parent for parent in pattern.parents if not _WILD.search(str(parent)) or parent.is_dir()),
        pattern.parent,
    )
    if not folder.is_dir():
        return f"there is no folder {folder}"
    try:
        with os.scandir(folder) as entries:
            listed = [entry.name for _, entry in zip(range(_LISTED), entries, strict=False)]
    except OSError:
        return f"the folder {folder} may not be read"
    names = sorted(entry for entry in listed if not entry.startswith("."))
    if not names:
        return f"the folder {folder} is empty"
    more = len(names) - _SHOWN_FILES
    shown = ", ".join(names[:_SHOWN_FILES])
    return f"the folder {folder} has {shown}{f' and {more:,} more' if more > 0 else ''}"
