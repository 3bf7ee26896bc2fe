"""Several things in one sentence: ``A, B and C``."""

import re
from collections.abc import Iterable

from babel.lists import format_list

from poku_batch.prompts.listener import Listener, SpeechError
from poku_batch.prompts.speech.locales import locale_of
from poku_batch.prompts.speech.options import one_of, plain, shown, tag_for

#: More cannot be said in one breath.
_MOST = 50

_STRONG = re.compile(r"[;\n]")
_WEAK = re.compile(r"[,،、]")


def spoken_list(
    listener: Listener, cell: object, style: object = None, language: object = None
) -> str:
    """Join the parts of a cell, or of a list, with ``and``; ``style`` may be ``or``.

    A cell is split at semicolons and new lines where it has any, else at commas.
    """
    tag = tag_for(language, listener)
    one_of("style", style, ("and", "or"))
    parts = [part for part in (plain(item).strip(" ,;،、") for item in _parts(cell)) if part]
    if len(parts) > _MOST:
        text = cell if isinstance(cell, str) else ", ".join(parts)
        raise SpeechError(f"{shown(text)} has over {_MOST} parts", value=text)
    if len(parts) < 2:
        return "".join(parts)
    return format_list(parts, "or" if style == "or" else "standard", locale_of(tag))


def _parts(cell: object) -> Iterable[object]:
    if isinstance(cell, list | tuple):
        return cell
    if not isinstance(cell, str):
        return [cell]
    return _STRONG.split(cell) if _STRONG.search(cell) else _WEAK.split(cell)
