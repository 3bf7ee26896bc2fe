"""Columns of a sheet as a template writes them, and foreign text within a template.

Headings are somebody's text: whatever they hold, what is made of them is one name, or one quoted
text, and never a piece of a template.
"""

from collections.abc import Sequence

from poku_batch.prompts.names import ColumnNames, identifier

#: Names that mean something to Jinja, so that a column of that name is reached by ``row["…"]``.
_TAKEN = frozenset(
    """
    true false none True False None and or not in is if else elif endif for endfor set endset block
    extends include import from as with without context recursive loop self super caller varargs
    kwargs range dict namespace cycler joiner lipsum raw filter macro call do
    """.split()
)


class Expressions:
    """How templates name the columns of one sheet."""

    def __init__(self, columns: Sequence[str]) -> None:
        """Take all columns, in order."""
        self._usable = ColumnNames.of(columns).usable

    def of(self, column: str) -> str:
        """The expression of a column: its identifier, else ``row["…"]``."""
        name = identifier(column)
        if name in self._usable and name not in _TAKEN and name.isidentifier():
            return name
        return f"row[{quoted(column)}]"


def quoted(text: str) -> str:
    """Foreign text as a quoted one within an expression."""
    return f'"{"".join(map(_escaped, text))}"'


def literal(text: str) -> str:
    """Foreign text as it stands in a template: one line, of which nothing is evaluated."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line.replace("{", '{{ "{" }}')


def _escaped(letter: str) -> str:
    """A letter within quotes; what could end them, or the expression, by its number."""
    if letter.isprintable() and letter not in '"\\{}%#':
        return letter
    code = ord(letter)
    return f"\\x{code:02x}" if code < 0x100 else f"\\U{code:08x}"
