"""The figures of a tally as a few lines of a terminal, the same wherever they are shown."""

from datetime import datetime

from rich.console import RenderableType
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from poku_batch.progress.figures import pace
from poku_batch.progress.tally import Tally
from poku_batch.progress.words import one_line

#: Colours by what a call came to; anything else is a reached person.
STYLES = {
    "failed": "red",
    "unknown": "bold magenta",
    "invalid_number": "red",
    "no_answer": "yellow",
    "busy": "yellow",
    "voicemail": "yellow",
    "timed_out": "yellow",
    "declined": "yellow",
    "wrong_number": "red",
    "do_not_call": "red",
}

#: The most outcomes that are shown.
_OUTCOMES = 8


def bar(tally: Tally, now: datetime) -> RenderableType:
    """How much is settled, as a bar and as figures, and how fast it goes."""
    row = Table.grid(padding=(0, 1), expand=True)
    row.add_column(ratio=1)
    row.add_column(justify="right", no_wrap=True)
    row.add_row(
        ProgressBar(total=max(tally.total, 1), completed=tally.settled),
        Text(f"{tally.settled:,}/{tally.total:,}  {pace(tally, now)}"),
    )
    return row


def states(tally: Tally) -> Text:
    """The contacts by state."""
    text = Text()
    in_call = "in call"
    if tally.slots != tally.concurrency:
        in_call += f" (of {tally.slots:,} slots, as the API turns calls away)"
    later = min(tally.later, tally.waiting)
    for number, word, style in (
        (tally.in_call, in_call, "cyan"),
        (tally.waiting, f"to call ({later:,} due later)" if later else "to call", ""),
        (tally.done, "done", "green"),
        (tally.failed, "failed", "red" if tally.failed else "dim"),
        (tally.unknown, "unknown", "bold magenta" if tally.unknown else "dim"),
        (tally.skipped, "skipped", "dim"),
    ):
        text.append(f"{number:,} ", style=style or "default")
        text.append(f"{word}   ", style="dim")
    return text


def outcomes(tally: Tally) -> Text | None:
    """What calls came to, the most frequent first, on one line; None before there are any."""
    # A copy: the run may go on in its own thread.
    found = [(word, number) for word, number in tuple(tally.outcomes.items()) if number > 0]
    if not found:
        return None
    found.sort(key=lambda item: (-item[1], item[0]))
    text = Text(no_wrap=True, overflow="ellipsis")
    for word, number in found[:_OUTCOMES]:
        text.append(f"{number:,} ", style=STYLES.get(word, "green"))
        text.append(f"{one_line(word, limit=20)}   ", style="dim")
    if len(found) > _OUTCOMES:
        text.append(f"and {len(found) - _OUTCOMES:,} more", style="dim")
    return text
