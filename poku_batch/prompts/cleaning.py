"""What is taken out of a rendered text before it is sent, and how long it may be."""

import re

#: No prompt needs longer texts.
MAX_LENGTH = 100_000

# All of Unicode's control characters but newline and tab, and halves of surrogate pairs, which
# UTF-8 cannot carry.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_BLANK_LINES = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")


def is_clean(text: str) -> bool:
    """Whether a text holds no character that must not be sent."""
    # Nearly all texts are printable but for their lines' ends, which is seen sooner.
    return text.replace("\n", "").isprintable() or _CONTROL.search(text) is None


def cleaned(text: str) -> str:
    """Give a text without control characters, runs of blank lines made one, and stripped."""
    if not is_clean(text):
        text = _CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))
    return _BLANK_LINES.sub("\n\n", text).strip()
