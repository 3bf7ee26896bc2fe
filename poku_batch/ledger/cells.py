"""Text as the ledger stores it: a row's cells as a JSON array and its digest, and words."""

import hashlib
import json
from collections.abc import Callable, Sequence
from json.encoder import encode_basestring

_BETWEEN = '","'


def to_stored(cells: Sequence[str]) -> str:
    """One JSON array. Escaped to ASCII where a cell holds what UTF-8 cannot (half a surrogate)."""
    # As ``json.dumps`` would write it, in a fifth of the time: what is printable, and has no quotes
    # but those around the cells and no backslash, needs no escapes, and UTF-8 can hold it.
    text = f'["{_BETWEEN.join(cells)}"]'
    if text.isprintable() and "\\" not in text and text.count('"') == 2 * len(cells):
        return text
    text = f"[{','.join(map(encode_basestring, cells))}]"
    if text.isascii():
        return text
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


def difference(old_columns: str | None, columns: Sequence[str]) -> Callable[[str, str], int]:
    """What tells whether a row's stored cells, which are not equal, differ where it matters.

    That is in the columns, by name, that the sheet before (``old_columns``, stored) and this one
    both have: a column that came or went changes nobody. Gives 1 or 0, as SQL has it.
    """
    before = None if old_columns is None else from_stored(old_columns)
    if before is None or before == tuple(columns):
        return lambda _old, _new: 1
    places = {name: place for place, name in enumerate(columns)}
    both = [(old, places[name]) for old, name in enumerate(before) if name in places]

    def differ(old: str, new: str) -> int:
        was, now = from_stored(old), from_stored(new)
        return int(any(was[i : i + 1] != now[j : j + 1] for i, j in both))

    return differ
