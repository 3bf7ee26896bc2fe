"""The language that each call is in: from a column of the sheet, else from the country."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from poku_batch.drafting.columns import Column
from poku_batch.drafting.countries import language_of_headings, tag_meant, tag_of_country
from poku_batch.drafting.expressions import Expressions, quoted
from poku_batch.drafting.headings import LANGUAGE
from poku_batch.languages import LANGUAGES

#: So many different languages a sheet may name; more are no languages.
_MOST_WORDS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageGuess:
    """The tag for calls whose row says none, and the column that says it, if there is one.

    ``words`` are the column's cells, in lower case, with the tags they mean; None where all of them
    are tags already. ``unknown`` are cells that mean none.
    """

    tag: str
    why: str
    column: Column | None = None
    words: tuple[tuple[str, str], ...] | None = None
    unknown: tuple[str, ...] = ()

    def value(self, expressions: Expressions, tag: str) -> str:
        """What ``call.language`` is to be, with ``tag`` where a row says nothing."""
        if self.column is None:
            return tag
        cell = expressions.of(self.column.name)
        if self.words is None:
            return f"{{{{ {cell} or '{tag}' }}}}"
        mapped = ", ".join(f"{quoted(word)}: '{found}'" for word, found in self.words)
        return f"{{{{ {{{mapped}}}.get({cell} | trim | lower, '{tag}') }}}}"


def guess_language(
    columns: Sequence[Column], region: str | None, countries: Sequence[str]
) -> LanguageGuess:
    """Suggest a language. ``countries`` are those of the numbers, one each."""
    headings = language_of_headings([column.name for column in columns])
    where = region or _main_country(countries)
    tag = tag_of_country(where, headings) or "en-US"
    why = f"what is spoken in {where}" if where else "the API's own default"
    for column in columns:
        if LANGUAGE.named_by(column.name) and column.filled:
            found = _from_column(column, tag, where)
            if found is not None:
                return found
    return LanguageGuess(tag=tag, why=why)


def _from_column(column: Column, tag: str, region: str | None) -> LanguageGuess | None:
    cells = list(dict.fromkeys(column.filled))
    meant = {cell: tag_meant(cell, region) for cell in cells[: _MOST_WORDS * 2]}
    if len(cells) > _MOST_WORDS or not any(meant.values()):
        return None
    unknown = tuple(cell for cell, found in meant.items() if found is None)
    plain = all(cell in LANGUAGES for cell in cells)
    words = {cell.lower(): found for cell, found in meant.items() if found is not None}
    writable = {word: found for word, found in words.items() if word.isprintable()}
    return LanguageGuess(
        tag=tag,
        why=f"{column.title}, says it for each row",
        column=column,
        words=None if plain else tuple(sorted(writable.items())),
        unknown=unknown,
    )


def _main_country(countries: Sequence[str]) -> str | None:
    top = Counter(countries).most_common(1)
    return top[0][0] if top and top[0][1] * 2 > len(countries) else None
