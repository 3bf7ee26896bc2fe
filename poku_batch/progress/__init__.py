"""A run on a terminal: a live view where there is one, plain lines elsewhere.

``tally`` turns events into figures, ``live`` and ``lines`` show them, ``summary`` says at the end
how it stands.
"""

from rich.console import Console

from poku_batch.progress.lines import LineDisplay
from poku_batch.progress.live import LiveDisplay
from poku_batch.progress.summary import WAIT_WORDS, counts_table

__all__ = [
    "WAIT_WORDS",
    "Display",
    "LineDisplay",
    "LiveDisplay",
    "choose_display",
    "counts_table",
]

Display = LiveDisplay | LineDisplay


def choose_display(console: Console, *, simulated: bool) -> Display:
    """The live view on a terminal that can redraw, plain lines on anything else."""
    if console.is_terminal and not console.is_dumb_terminal:
        return LiveDisplay(console, simulated=simulated)
    return LineDisplay(console, simulated=simulated)
