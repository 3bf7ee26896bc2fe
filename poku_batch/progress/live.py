"""A run on a terminal: a bar, the figures and the last calls, redrawn in place."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from poku_batch.events import Event
from poku_batch.progress.notes import local, turn_text
from poku_batch.progress.panel import STYLES, bar, outcomes, states
from poku_batch.progress.tally import Tally
from poku_batch.progress.words import countdown, one_line


class LiveDisplay:
    """Redraws a few lines at the bottom of the terminal between ``with`` and its end."""

    def __init__(
        self,
        console: Console,
        *,
        simulated: bool,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Take the terminal; ``simulated`` runs say so all the time."""
        self._console = console
        self._simulated = simulated
        self._now = now
        self._tally = Tally()
        self._reading = Spinner("dots", Text("reading the sheet"))
        self._live = Live(
            console=console, get_renderable=self.render, refresh_per_second=4, transient=True
        )

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Leave the terminal alone while somebody is asked something."""
        self._live.stop()
        try:
            yield
        finally:
            self._live.start()

    def emit(self, event: Event) -> None:
        """Take an event; the next redrawing shows it."""
        self._tally.add(event)
        if text := turn_text(event):
            self._say(text)

    def _say(self, text: str) -> None:
        """Write what must stay on the screen, above the lines that are redrawn."""
        self._console.print(Text(text, style="yellow"))

    def render(self) -> RenderableType:
        """What the terminal shows now."""
        tally = self._tally
        if not tally.total:
            return self._reading
        parts: list[RenderableType] = [self._heading(), bar(tally, self._time()), states(tally)]
        if (came := outcomes(tally)) is not None:
            parts.append(came)
        if tally.paused:
            parts.append(Text(tally.paused, style="bold yellow"))
        if tally.note:
            parts.append(Text(self._note(), style="yellow"))
        if tally.last:
            parts.append(_last_calls(tally, self._console.width))
        return Group(*parts)

    def _heading(self) -> Text:
        text = Text(one_line(self._tally.campaign), style="bold")
        if self._simulated:
            text.append("  rehearsal: no phone rings", style="cyan")
            if self._tally.at is not None:
                text.append(f"  {local(self._tally.at)}", style="dim")
        return text

    def _note(self) -> str:
        until = self._tally.until
        left = "" if until is None or self._simulated else countdown(until, self._now())
        return f"{self._tally.note}, {left}" if left else self._tally.note

    def _time(self) -> datetime:
        """Now; in a rehearsal, what its clock showed last."""
        return (self._tally.at if self._simulated else None) or self._now()


def _last_calls(tally: Tally, width: int) -> RenderableType:
    table = Table.grid(padding=(0, 2), expand=True)
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    # The text takes what the others leave: a narrow terminal still shows the row.
    table.add_column(no_wrap=True, ratio=1)
    # A copy: the run goes on in its own thread while this one draws.
    for call in tuple(tally.last):
        table.add_row(
            Text(f"row {call.row}", style="dim"),
            Text(one_line(call.word, limit=20), style=STYLES.get(call.word, "green")),
            Text(one_line(call.text, limit=max(width - 36, 20))),
        )
    return table
