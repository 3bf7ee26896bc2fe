"""What is wrong with a cell of text, and the text without it.

Made for millions of clean cells: each look ends at the first quick test that a cell passes.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

from poku_batch.inspection.findings import Kind, Note

LONG = 500
VERY_LONG = 5_000

_ERROR = re.compile(
    r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!|SPILL!|CALC!|FIELD!|BLOCKED!|UNKNOWN!|CONNECT!"
    r"|BUSY!|GETTING_DATA|#+)|Err:[0-9]{3}",
    re.IGNORECASE,
)
_PLACEHOLDERS = frozenset(
    "n/a na none null nil nan unknown unbekannt test tbd tba todo xx xxx xxxx - -- --- ? ?? ??? . "
    "undefined #n lorem ipsum asdf".split()
) | {"no number", "no phone", "not available", "not applicable", "lorem ipsum", "(blank)"}
#: What nobody sees, wherever it stands.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u00ad\u180e\u200b\u2028-\u202e\u2060-\u2064"
    "\u2066-\u206f\ufeff\ufff9-\ufffb]"
)
#: What joins and directs letters in scripts that need it, and has no place among others.
_JOINING = re.compile("[\u200c-\u200f]")
_NEEDS_JOINING = re.compile("[\u0590-\u0eff\u1780-\u18af\U0001f000-\U0001faff\u2600-\u27bf]")
_NO_BREAK = re.compile("[\u00a0\u2007\u202f]")
_QUOTES = re.compile("[\u2018-\u201f\u00ab\u00bb\u2039\u203a]")
_STRAIGHT = str.maketrans(
    {**dict.fromkeys("\u2018\u2019\u201a\u201b\u2039\u203a", "'")}
    | dict.fromkeys("\u201c\u201d\u201e\u201f\u00ab\u00bb", '"')
)
#: What UTF-8 looks like to who reads it as Windows-1252.
_BROKEN = re.compile(
    "[\u00c2-\u00f4][\u0080-\u00bf\u0152-\u0178\u017d\u017e\u0192\u02c6\u02dc\u2013-\u2122]"
)
_INSTRUCTIONS = re.compile(
    r"(?:ignore|disregard|forget|override)\s+(?:\w+\s+){0,3}?"
    r"(?:instructions?|prompts?|rules|everything|messages?|context|directions?)\b"
    r"|\byou\s+are\s+now\b|\bsystem\s+prompt\b|\bnew\s+instructions?\b|\bpretend\s+(?:to\s+be|you)\b"
    r"|\bfrom\s+now\s+on,?\s+you\b|^[^\w\n]*(?:system|assistant|developer)\s*:"
    r"|<\|?(?:system|im_start|im_end|endoftext)|\[/?INST\]|<<SYS>>|\{\{|\{%|\{#",
    re.IGNORECASE | re.MULTILINE,
)


#: Of these, in small letters, every match of _INSTRUCTIONS within ASCII has one.
_MARKS = (
    *("ignore", "disregard", "forget", "override", "now", "prompt", "instruction", "pretend"),
    *("system", "assistant", "developer", "<", "[", "{"),
)
#: How many cells are looked over at once.
_TOGETHER = 64


def doubtful(cells: Sequence[str], *, is_spoken: bool) -> list[str]:
    """Leave out cells of which it is plain that ``look_at_text`` finds nothing in them.

    ``cells`` are not empty. Many are looked over at once, in less time than one takes alone.
    """
    groups = (cells[at : at + _TOGETHER] for at in range(0, len(cells), _TOGETHER))
    return [cell for group in groups if _may_be_odd(group, is_spoken=is_spoken) for cell in group]


def _may_be_odd(cells: Sequence[str], *, is_spoken: bool) -> bool:
    together = "".join(cells)
    if not together.isascii() or not together.isprintable():
        return True
    if "#" in together or "Err:" in together or list(map(str.strip, cells)) != list(cells):
        return True
    if not _PLACEHOLDERS.isdisjoint(map(str.casefold, cells)):
        return True
    return is_spoken and _may_speak_to_agents(cells)


def _may_speak_to_agents(cells: Sequence[str]) -> bool:
    if max(map(len, cells)) > LONG:
        return True
    small = "\n".join(cells).lower()
    return any(mark in small for mark in _MARKS)


def look_at_text(cell: str, *, is_spoken: bool) -> list[Note]:
    """Find what is wrong with a cell that is not empty; ``is_spoken``: the prompt tells it.

    All notes of a cell propose the same text, without anything that was found.
    """
    kinds = list(_kinds(cell, is_spoken=is_spoken))
    if not kinds:
        return []
    repair = mended_text(cell)
    changed = repair if repair != cell else None
    return [
        Note(
            kind=kind,
            repair=changed if kind in _MENDED else None,
            sure=kind in _MENDED and changed is not None,
        )
        for kind in kinds
    ]


_MENDED = frozenset({Kind.INVISIBLE, Kind.SPACES, Kind.MOJIBAKE})


def _kinds(cell: str, *, is_spoken: bool) -> "list[Kind]":
    kinds = []
    stripped = cell.strip()
    if stripped.startswith(("#", "Err:")) and _ERROR.fullmatch(stripped):
        kinds.append(Kind.FORMULA_ERROR)
    elif is_placeholder(stripped):
        kinds.append(Kind.PLACEHOLDER)
    if not cell.isascii() or not cell.isprintable():
        if _BROKEN.search(cell) and _is_misread(cell):
            kinds.append(Kind.MOJIBAKE)
        if has_invisible(cell):
            kinds.append(Kind.INVISIBLE)
    if stripped != cell and cell.strip(" \t\r\n") != cell:
        kinds.append(Kind.SPACES)
    if is_spoken:
        kinds += _spoken_kinds(cell)
    return kinds


def _spoken_kinds(cell: str) -> list[Kind]:
    kinds = []
    if len(cell) > LONG:
        kinds.append(Kind.VERY_LONG if len(cell) > VERY_LONG else Kind.LONG)
    if speaks_to_agents(cell[: VERY_LONG * 2]):
        kinds.append(Kind.INSTRUCTIONS)
    return kinds


def speaks_to_agents(text: str) -> bool:
    """Whether a text reads like instructions to an agent, or holds the marks of a template."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return _INSTRUCTIONS.search(text) is not None


def is_placeholder(text: str) -> bool:
    """Whether a stripped cell says that nothing is known."""
    return len(text) <= 16 and text.casefold() in _PLACEHOLDERS


def is_formula_error(text: str) -> bool:
    """Whether a cell holds what a spreadsheet program shows for a formula that fails."""
    return _ERROR.fullmatch(text.strip()) is not None


def has_invisible(cell: str) -> bool:
    """Whether a cell holds characters that nobody sees, or spaces that are none."""
    if _HIDDEN.search(cell) or _NO_BREAK.search(cell):
        return True
    return _JOINING.search(cell) is not None and not _NEEDS_JOINING.search(cell)


def has_smart_quotes(cell: str) -> bool:
    """Whether a cell holds typographic quotation marks or apostrophes."""
    return _QUOTES.search(cell) is not None


def straight(cell: str) -> str:
    """Give the cell with straight quotation marks."""
    return cell.translate(_STRAIGHT)


def mended_text(cell: str) -> str:
    """Give the cell read in the right encoding, without what nobody sees and spaces around it.

    What is given back has nothing to be mended any more.
    """
    text = cell
    for _ in range(8):
        once = _visible(_reread(text)).strip()
        if once == text:
            break
        text = once
    return text


def _visible(text: str) -> str:
    if text.isascii() and text.isprintable():
        return text
    shown = _NO_BREAK.sub(
        " ", _HIDDEN.sub("", text.replace("\u2028", "\n").replace("\u2029", "\n"))
    )
    return shown if _NEEDS_JOINING.search(shown) else _JOINING.sub("", shown)


def _is_misread(cell: str) -> bool:
    """Whether a cell was read in the wrong encoding, by itself or without what nobody sees."""
    visible = _visible(cell)
    return _reread(cell) != cell or _reread(visible) != visible


def _reread(text: str) -> str:
    """Read as UTF-8 what was read as Windows-1252, where all of the text bears it."""
    if text.isascii() or not _BROKEN.search(text):
        return text
    try:
        return bytes(map(_byte, text)).decode("utf-8")
    except (UnicodeDecodeError, ValueError):
        return text


@lru_cache(maxsize=512)
def _byte(character: str) -> int:
    """The byte that Windows-1252, or Latin-1 where that has a gap, reads as a character."""
    try:
        return character.encode("cp1252")[0]
    except UnicodeEncodeError:
        if ord(character) > 0xFF:
            raise ValueError from None
        return ord(character)
