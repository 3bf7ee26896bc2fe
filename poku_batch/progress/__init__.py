"""A run on a terminal: a live view where there is one, plain lines elsewhere.

``tally`` turns events into figures, ``live`` and ``lines`` show them, ``summary`` says at the end
how it stands.
"""

from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console

from poku_batch.events import Event
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


class Display(Protocol):
    """Somebody who shows a run, between ``with`` and its end."""

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        """Show no more."""

    def paused(self) -> AbstractContextManager[None]:
        """Leave the terminal alone while somebody is asked something."""

    def emit(self, event: Event) -> None:
        """Take an event."""


def choose_display(console: Console, *, simulated: bool) -> LiveDisplay | LineDisplay:
    """The live view on a terminal that can redraw, plain lines on anything else."""
    if console.is_terminal and not console.is_dumb_terminal:
        return LiveDisplay(console, simulated=simulated)
    return LineDisplay(console, simulated=simulated)
