"""Names of copies: each key and attempt has a name that no other has, on every system.

Invariants: a name is one part of a path, of letters, digits and ``+ @ . _ - =`` alone; two names
differ in more than the case of letters; none is reserved by Windows, and none begins with a dot.
"""

import hashlib
import re
import unicodedata

#: The longest key that a name holds as it is; what is cut or replaced has a digest instead.
_LONGEST = 80
_CUT = 40
_DIGITS = 16

_LARGE = re.compile(r"[0-9A-Z+][0-9A-Z+@._-]*")
_SMALL = re.compile(r"[0-9a-z+][0-9a-z+@._-]*")
_ODD = re.compile(r"[^0-9A-Za-z]+")

#: Source: Microsoft, "Naming Files, Paths, and Namespaces"; whatever follows the first dot.
_RESERVED = frozenset(
    ["CON", "PRN", "AUX", "NUL"] + [f"{port}{n}" for port in ("COM", "LPT") for n in range(10)]
)


def stem_of(key: str, attempt: int) -> str:
    """The name of an attempt's recording, without its ending: ``A-1017-1``.

    Keys in small letters have ``_`` before the attempt, since ``a-1`` and ``A-1`` are one name to
    Windows and macOS. Any other key is shown as far as it can be, with a digest after ``=``.
    """
    if len(key) <= _LONGEST and key.partition(".")[0].upper() not in _RESERVED:
        if _LARGE.fullmatch(key):
            return f"{key}-{attempt}"
        if _SMALL.fullmatch(key):
            return f"{key}_{attempt}"
    digest = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
    return f"{_shown(key)}={digest}-{attempt}"


def name_of(stem: str, ending: str, number: int) -> str:
    """A name that may be taken in a folder: the stem's own, then ``A-1017-1 (2).wav`` and so on."""
    return f"{stem}{ending}" if number == 1 else f"{stem} ({number}){ending}"


def _shown(key: str) -> str:
    """What can be shown of a key: letters without their accents, and digits."""
    plain = unicodedata.normalize("NFKD", key).encode("ascii", "ignore").decode()
    return _ODD.sub("-", plain)[:_CUT].strip("-") or "call"
