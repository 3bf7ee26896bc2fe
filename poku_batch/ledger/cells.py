"""Text as the ledger stores it: a row's cells as a JSON array and its digest, and words."""

import hashlib
import json
from collections.abc import Sequence


def to_stored(cells: Sequence[str]) -> str:
    """One JSON array. Escaped to ASCII where a cell holds what UTF-8 cannot (half a surrogate)."""
    text = json.dumps(cells, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(cells, separators=(",", ":"))
    return text


def from_stored(text: str) -> tuple[str, ...]:
    """The cells of a stored array."""
    return tuple(json.loads(text))


def storable(text: str) -> str:
    """Words from outside; half a surrogate, which UTF-8 cannot hold, is spelt out in ASCII."""
    return text.encode(errors="backslashreplace").decode()


def digest(stored: str) -> str:
    """What tells two rows' cells apart: equal cells, equal digest; 32 hexadecimal digits."""
    return hashlib.blake2b(stored.encode(), digest_size=16).hexdigest()
