"""Lengths of time as a campaign writes them: ``90s``, ``30m``, ``1h30m``, ``500ms``.

Whole numbers only, largest unit first; what is formatted parses back to the same length.
"""

import re
from datetime import timedelta

_UNITS = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
_NAMES = list(_UNITS)

#: What a duration looks like, for the JSON Schema too. At most nine digits a unit.
DURATION_PATTERN = r"^([0-9]{1,9}d)?([0-9]{1,9}h)?([0-9]{1,9}m)?([0-9]{1,9}s)?([0-9]{1,9}ms)?$"

_WHOLE = re.compile(DURATION_PATTERN)
_EXAMPLES = "such as 90s, 30m, 4h, 2d or 1h30m"


def parse_duration(text: str) -> timedelta:
    """Read a length of time.

    Units are ``ms``, ``s``, ``m`` (minutes), ``h`` and ``d`` (24 hours), each once, largest first;
    white space between them is allowed. Raises ``ValueError`` with a sentence for a person.
    """
    compact = "".join(text.split()).lower()
    if re.fullmatch(r"[0-9]+", compact):
        choices = f"{compact[:9]}s, {compact[:9]}m or {compact[:9]}h"
        raise ValueError(f"{_quoted(text)} has no unit: write {choices}")
    match = _WHOLE.fullmatch(compact)
    if match is None or not compact:
        raise ValueError(f"{_quoted(text)} is not a length of time {_EXAMPLES}")
    parts = zip(_NAMES, match.groups(), strict=True)
    try:
        return sum(
            (_UNITS[name] * int(part.removesuffix(name)) for name, part in parts if part),
            start=timedelta(),
        )
    except OverflowError:
        raise ValueError(f"{_quoted(text)} is too long a time") from None


def format_duration(duration: timedelta) -> str:
    """Write a length of time, to the millisecond, as ``parse_duration`` reads it; zero is ``0s``.

    Raises ``ValueError`` for a negative one.
    """
    if duration < timedelta():
        raise ValueError("a length of time cannot be negative")
    rest = duration
    parts = []
    for name, unit in _UNITS.items():
        count, rest = divmod(rest, unit)
        if count:
            parts.append(f"{count}{name}")
    return "".join(parts) or "0s"


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")
