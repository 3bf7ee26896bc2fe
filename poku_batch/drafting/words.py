"""Headings of columns as plain words, and whether they say what is looked for.

Case, accents and marks do not count; ``firstName``, ``First_Name`` and ``FIRST NAME`` are the same
two words.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_GAP = re.compile(r"[^a-z0-9]+")
#: Shorter words stand by themselves; longer ones are found in compounds too (Handytelefonnummer).
_IN_COMPOUNDS = 6


@lru_cache(maxsize=4_096)
def words_of(text: str) -> tuple[str, ...]:
    """The words of a heading: lower case, without accents, none empty."""
    apart = _HUMP.sub(" ", unicodedata.normalize("NFKC", text[:200]))
    plain = unicodedata.normalize("NFKD", apart.casefold())
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return tuple(word for word in _GAP.split(bare) if word)


class Headings:
    """Words and phrases that name one thing in several languages."""

    def __init__(self, text: str) -> None:
        """Take them separated by commas; they are folded as headings are."""
        phrases = {words_of(part) for part in text.split(",")}
        self._phrases = frozenset(phrase for phrase in phrases if phrase)
        self._compounds = tuple(
            joined for p in self._phrases if len(joined := "".join(p)) >= _IN_COMPOUNDS
        )

    def named_by(self, heading: str) -> bool:
        """Whether a heading holds one of the phrases."""
        words = words_of(heading)
        return any(run in self._phrases for run in _runs(words)) or any(
            compound in "".join(words) for compound in self._compounds
        )

    def are(self, heading: str) -> bool:
        """Whether a heading is one of the phrases, and nothing more."""
        words = words_of(heading)
        return words in self._phrases or ("".join(words),) in self._phrases

    def count(self, headings: Iterable[str]) -> int:
        """How many of the headings hold one of the phrases."""
        return sum(map(self.named_by, headings))


def _runs(words: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    for start in range(len(words)):
        for end in range(start + 1, min(len(words), start + 4) + 1):
            yield words[start:end]
            yield ("".join(words[start:end]),)
