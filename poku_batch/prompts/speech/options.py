"""What filters are given: cells as plain texts, and options that are one of a few."""

import re
from collections.abc import Collection

from jinja2 import Undefined

from poku_batch.languages import known_language, near_language
from poku_batch.prompts.listener import Listener, SpeechError

#: No value that is spoken is longer.
MAX_CELL = 1_000

# Zero-width characters and marks of direction, which copied cells hold unseen.
_UNSEEN = re.compile("[\u200b\u200e\u200f\u2060\ufeff\u202a-\u202e\u2066-\u2069]")


def plain(value: object) -> str:
    """Give a cell's text with single blanks, without what cannot be seen; ``""`` for None."""
    if isinstance(value, str):
        text = value
    elif value is None:
        return ""
    elif isinstance(value, Undefined):
        text = str(value)  # says which name is missing
    elif isinstance(value, bool) or not isinstance(value, int | float):
        raise SpeechError(f"a {type(value).__name__} cannot be spoken", "give it a cell of the row")
    else:
        text = str(value)
    if len(text) > MAX_CELL:
        raise SpeechError(
            f"{shown(text)} is longer than {MAX_CELL:,} characters: it is no value to be spoken",
            value=text,
        )
    return " ".join(_UNSEEN.sub("", text).split())


def shown(text: str) -> str:
    """Write a cell for a message; 40 characters at most."""
    return repr(text if len(text) <= 40 else text[:39] + "…")


def tag_for(option: object, listener: Listener) -> str:
    """Give the tag of an option, or the listener's where it is left out."""
    if option is None or option == "":
        return listener.language
    text = str(option)
    tag = known_language(text)
    if tag is None:
        near = near_language(text)
        hint = f"did you mean {near}?" if near else None
        raise SpeechError(f"{shown(text)} is not a language of the API", hint)
    return tag


def one_of(name: str, option: object, choices: Collection[object]) -> None:
    """Require that an option, which may be left out, is one of a few."""
    if option is None or any(option is choice or option == choice for choice in choices):
        return
    listed = " or ".join(f"{name}={_written(choice)}" for choice in choices)
    raise SpeechError(f"{name} is {_written(option)}", f"write {listed}")


def flag(name: str, option: object) -> None:
    """Require that an option is true or false."""
    if not isinstance(option, bool):
        raise SpeechError(f"{name} is {_written(option)}", f"write {name}=true or {name}=false")


def _written(value: object) -> str:
    return f'"{value[:40]}"' if isinstance(value, str) else str(value)[:40]
