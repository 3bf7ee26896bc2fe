"""A tally as words on a line."""

from datetime import datetime

from poku_batch.progress.tally import Tally
from poku_batch.progress.words import span


def figures(tally: Tally) -> str:
    """The contacts by state, as one line: what is zero and rare is left out."""
    parts = [
        f"{tally.settled:,} of {tally.total:,} settled",
        f"{tally.in_call:,} in call",
        f"{tally.done:,} done",
        f"{tally.failed:,} failed",
        f"{tally.unknown:,} unknown",
        f"{tally.skipped:,} skipped" if tally.skipped else "",
        f"{tally.later:,} due later" if tally.later else "",
    ]
    return ", ".join(part for part in parts if part)


def pace(tally: Tally, now: datetime) -> str:
    """Calls a minute and time left, where they can be said."""
    rate, left = tally.calls_per_minute(now), tally.left(now)
    words = f"{rate:,.0f} calls/min" if rate else ""
    return f"{words}, about {span(left)} left" if words and left else words
