"""Looking for a person's words in keys, numbers and cells, inside the database alone.

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


#: As above for PostgreSQL, which reads no JSON with NULs or half surrogates: they are taken out.
_FOUND_THERE = """(
    c.key {how} OR c.to_number {how}
    OR ((c.cells {stored}{escaped_too}) AND EXISTS (
        SELECT 1 FROM jsonb_array_elements_text(
            CAST(regexp_replace(c.cells, '\\\\u(0000|d[89a-f]..)', '\\\\ufffd', 'g') AS jsonb)
        ) AS cell (value)
        WHERE cell.value {how}
    ))
)"""


class Search:
    """A condition on contacts ``c``, and the values that go with it.

    Cells are stored as one JSON array: it is looked through as text first, and read only where what
    is looked for is somewhere in it.
    """

    def __init__(self, text: str, *, in_sqlite: bool = True) -> None:
        text = storable(text)
        stored = encode_basestring(text)[1:-1]
        if not in_sqlite:
            self._ask_postgresql(text, stored)
            return
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

    def _ask_postgresql(self, text: str, stored: str) -> None:
        # Half surrogates are stored in ASCII, and what is beside them too.
        escaped_too = "" if text.isascii() else " OR strpos(c.cells, '\\u') > 0"
        self.condition = _FOUND_THERE.format(
            how="~ :search", stored="~ :stored", escaped_too=escaped_too
        )
        self.values = {"search": _expression(text), "stored": _expression(stored)}


def _expression(text: str) -> str:
    """A regular expression of PostgreSQL's that finds a text in any case."""
    return "".join(_any_case_of(character) for character in text)


def _any_case_of(character: str) -> str:
    cases = {character, character.lower(), character.upper()}
    if character.isascii() and not character.isalnum():
        return f"\\{character}" if character in "\\.[]{}()*+?^$|" else character
    return f"[{''.join(sorted(case for case in cases if len(case) == 1))}]"


def _like(text: str) -> str:
    marked = text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"%{marked}%"


def _glob(text: str) -> str:
    return f"*{''.join(map(_any_case, text))}*"


def _any_case(character: str) -> str:
    """A pattern for one character in any case; sets of one stand for the wildcards themselves."""
    cases = sorted(c for c in {character, character.lower(), character.upper()} if len(c) == 1)
    return f"[{''.join(cases)}]" if len(cases) > 1 or character in "*?[" else character
