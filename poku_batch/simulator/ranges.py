"""Byte ranges, so that a browser can seek in a recording.

Source: RFC 9110, section 14: one range is served; several, or one that is malformed, are ignored,
and the whole is served.
"""

import re

_RANGE = re.compile(r"\s*bytes\s*=\s*([0-9]{0,15})-([0-9]{0,15})\s*", re.IGNORECASE | re.ASCII)


def requested_range(header: str | None, size: int) -> range | None:
    """Say which bytes of ``size`` are asked for: None for all, an empty range for none there."""
    match = _RANGE.fullmatch(header or "")
    if match is None or match[1] == match[2] == "":
        return None
    if match[1] == "":
        return range(max(size - int(match[2]), 0), size)
    start, stop = int(match[1]), int(match[2]) + 1 if match[2] else size
    if stop <= start:
        return None if match[2] and int(match[2]) < start else range(0)
    return range(start, min(stop, size)) if start < size else range(0)
