"""Looking for a person's words in keys, numbers and cells, inside SQLite alone.

A letter is found in its upper and its lower case; every other character stands for itself.
"""

from json.encoder import encode_basestring

from poku_batch.ledger.cells import storable

_FOUND = """(
    c.key {how} OR c.to_number {how}
    OR ((c.cells {stored}{escaped_too}) AND EXISTS (
        SELECT 1 FROM json_each(c.cells) cell WHERE cell.value {how}
    ))
)"""


class Search:
    """A condition on contacts ``c``, and the values that go with it.

    Cells are stored as one JSON array: it is looked through as text first, and read only where what
    is looked for is somewhere in it.
    """

    def __init__(self, text: str) -> None:
        text = storable(text)
        stored = encode_basestring(text)[1:-1]
        if text.isascii():
            # Its wildcards need a mark before them; it knows no case but that of ASCII.
            like, make, escaped_too = "LIKE {} ESCAPE '!'", _like, ""
        else:
            # Half surrogates are stored in ASCII, and what is beside them too.
            like, make, escaped_too = "GLOB {}", _glob, " OR instr(c.cells, '\\u')"
        self.condition = _FOUND.format(
            how=like.format(":search"), stored=like.format(":stored"), escaped_too=escaped_too
        )
        self.values = {"search": make(text), "stored": make(stored)}


def _like(text: str) -> str:
    marked = text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"%{marked}%"


def _glob(text: str) -> str:
    return f"*{''.join(map(_any_case, text))}*"


def _any_case(character: str) -> str:
    """A pattern for one character in any case; sets of one stand for the wildcards themselves."""
    cases = sorted(c for c in {character, character.lower(), character.upper()} if len(c) == 1)
    return f"[{''.join(cases)}]" if len(cases) > 1 or character in "*?[" else character
