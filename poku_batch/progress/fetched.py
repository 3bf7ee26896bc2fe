"""Recordings being fetched: a bar at a terminal, a line now and then elsewhere."""

import time
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

if TYPE_CHECKING:
    from poku_batch.recordings import Settled


class FetchDisplay:
    """Shows how far recordings are between ``with`` and its end."""

    def __init__(
        self,
        console: Console,
        *,
        every_s: float = 5.0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take where to write, and how many seconds apart lines are, where there is no bar."""
        self._console = console
        self._every_s = every_s
        self._monotonic = monotonic
        self._told_at = monotonic()
        self._wanted = self._kept = self._missing = 0
        self._bar = _bar(console) if console.is_terminal and not console.is_dumb_terminal else None
        self._task = None if self._bar is None else self._bar.add_task("", total=None, missing="")

    def __enter__(self) -> Self:
        if self._bar is not None:
            self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()

    def begin(self, wanted: int) -> None:
        """So many are to be fetched."""
        self._wanted = wanted
        self._show()

    def settle(self, settled: "Settled") -> None:
        """One has been fetched, or is missing."""
        if settled.kept is None:
            self._missing += 1
        else:
            self._kept += 1
        self._show()

    def _show(self) -> None:
        if self._bar is not None and self._task is not None:
            missing = f"{self._missing:,} missing" if self._missing else ""
            done = self._kept + self._missing
            self._bar.update(self._task, total=self._wanted, completed=done, missing=missing)
        elif self._monotonic() - self._told_at >= self._every_s:
            self._told_at = self._monotonic()
            self._console.print(Text(self._line()), soft_wrap=True, highlight=False)

    def _line(self) -> str:
        missing = f", {self._missing:,} missing" if self._missing else ""
        return f"{self._kept:,} of {self._wanted:,} recordings fetched{missing}"


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("recordings"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[missing]}", style="yellow"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
    )
