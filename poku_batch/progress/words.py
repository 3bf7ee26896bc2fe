"""Lengths of time, foreign text and turns of events as words on a terminal."""

from collections.abc import Sequence
from datetime import datetime, timedelta


def span(length: timedelta) -> str:
    """A length of time in its two largest units: ``1 h 20 min``, ``45 s``."""
    seconds = round(length.total_seconds())
    hours, minutes = seconds // 3600, seconds // 60 % 60
    if hours >= 48:
        return f"{hours // 24} d {hours % 24} h"
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {seconds % 60} s" if minutes else f"{seconds} s"


def countdown(until: datetime, now: datetime) -> str:
    """How long it is until then: ``in 7 h 12 min``; nothing where it has come."""
    left = until - now
    return f"in {span(left)}" if left > timedelta() else ""


def one_line(text: str, *, limit: int = 100) -> str:
    """Foreign text as one line of printable characters, so that it cannot steer the terminal."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: limit * 4]).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


#: After ``LedgerTrouble``.
WORKS_AGAIN = "the ledger works again, and nothing was lost; calls go on"


def rescued_text(results: int, place: str | None) -> str:
    """Where the results are that the ledger has not, and what to do with them."""
    what = "1 result" if results == 1 else f"{results:,} results"
    where = f"in the file {one_line(place, limit=4_000)}" if place else "above, as lines of JSON"
    return (
        f"the ledger has not taken {what}: kept {where}. Their contacts will be unknown: "
        "read there what came of them, and record it with poku-batch resolve"
    )


def ignored_corrections_text(rows: Sequence[int], count: int) -> str:
    """Which rows of corrected rejects were called already, and stay as they are."""
    first = ", ".join(map(str, rows))
    if count == 1:
        return f"row {first} was called already and stays as it is: its correction is left out"
    more = f" and {count - len(rows):,} more" if count > len(rows) else ""
    return (
        f"rows {first}{more} were called already and stay as they are: their corrections are left "
        "out"
    )


def draining_text(in_call: int) -> str:
    """What a person should know while open calls are waited for."""
    calls = "1 call is" if in_call == 1 else f"{in_call:,} calls are"
    return (
        f"No new calls. {calls} open and waited for, so that nothing they say is lost. "
        "Press Ctrl-C again to leave at once: what cannot be followed later becomes unknown."
    )
