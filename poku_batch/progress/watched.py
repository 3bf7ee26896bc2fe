"""A campaign that somebody looks at while it is run elsewhere: in place, or line by line."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from poku_batch.models import AttemptState, CallNow
from poku_batch.progress.figures import figures, pace
from poku_batch.progress.notes import local
from poku_batch.progress.panel import bar, outcomes, states
from poku_batch.progress.tally import Tally
from poku_batch.progress.words import one_line, span

#: How a call stands, in words.
_STANDS = {AttemptState.DIALING: "dialing", AttemptState.IN_CALL: "in call"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What is seen at one moment: the figures, the oldest open calls, and what is said beside them.

    ``now`` is the time of the run; ``open_calls`` are open in all.
    """

    tally: Tally
    now: datetime
    said: Sequence[str] = ()
    calls: Sequence[CallNow] = ()
    open_calls: int = 0


class WatchDisplay(Protocol):
    """Shows what is seen, between ``with`` and its end."""

    def __enter__(self) -> Self:
        """Begin."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was."""

    def show(self, watched: Watched) -> None:
        """Show this from now on."""


class WatchLive:
    """Redraws the terminal about once a second; what was seen last stays there at the end."""

    def __init__(
        self,
        console: Console,
        *,
        simulated: bool,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the terminal; ``simulated`` runs say so all the time."""
        self._simulated = simulated
        self._monotonic = monotonic
        self._seen: Watched | None = None
        self._seen_s = 0.0
        self._live = Live(console=console, get_renderable=self.render, refresh_per_second=1)

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

    def show(self, watched: Watched) -> None:
        """Draw this from now on."""
        self._seen, self._seen_s = watched, self._monotonic()
        self._live.refresh()

    def render(self) -> RenderableType:
        """What the terminal shows now."""
        seen = self._seen
        if seen is None:
            return Text("looking into the ledger")
        parts: list[RenderableType] = [
            self._heading(seen),
            bar(seen.tally, seen.now),
            states(seen.tally),
        ]
        if (came := outcomes(seen.tally)) is not None:
            parts.append(came)
        parts += [Text(one_line(line, limit=500), style="yellow") for line in seen.said]
        if seen.calls:
            parts.append(_calls(seen, self._now(seen)))
        return Group(*parts)

    def _heading(self, seen: Watched) -> Text:
        text = Text(one_line(seen.tally.campaign), style="bold")
        if self._simulated:
            text.append("  rehearsal: no phone rings", style="cyan")
            text.append(f"  {local(seen.now)}", style="dim")
        return text

    def _now(self, seen: Watched) -> datetime:
        """Calls get older between two looks; how quickly a rehearsal's do is not known here."""
        if self._simulated:
            return seen.now
        return seen.now + timedelta(seconds=self._monotonic() - self._seen_s)


class WatchLines:
    """Writes a line whenever something has changed, every few seconds at the most."""

    def __init__(
        self,
        console: Console,
        *,
        simulated: bool,
        every_s: float = 5.0,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Take where to write, and how many seconds apart lines are."""
        self._console = console
        self._simulated = simulated
        self._every_s = every_s
        self._monotonic = monotonic
        self._now = now
        self._told = ""
        self._told_s: float | None = None
        self._said: tuple[str, ...] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        return

    def show(self, watched: Watched) -> None:
        """Write what is new; what is said is written at once."""
        said = tuple(one_line(line, limit=500) for line in watched.said)
        for line in said:
            if line not in self._said:
                self._write(watched, line)
        self._said = said
        now_s = self._monotonic()
        line = figures(watched.tally)
        is_soon = self._told_s is not None and now_s - self._told_s < self._every_s
        if line == self._told or is_soon:
            return
        self._told, self._told_s = line, now_s
        speed = pace(watched.tally, watched.now)
        oldest = _oldest(watched)
        self._write(watched, "; ".join(part for part in (line, oldest, speed) if part))

    def _write(self, watched: Watched, line: str) -> None:
        at = local(watched.now) if self._simulated else f"{self._now().astimezone():%H:%M:%S}"
        self._console.print(Text(f"{at}  {line}"), soft_wrap=True, highlight=False)


def choose_watch_display(console: Console, *, simulated: bool) -> WatchDisplay:
    """In place on a terminal that can redraw, line by line on anything else."""
    if console.is_terminal and not console.is_dumb_terminal:
        return WatchLive(console, simulated=simulated)
    return WatchLines(console, simulated=simulated)


def _calls(seen: Watched, now: datetime) -> RenderableType:
    """The oldest open calls with their ages; rows, since a key may be somebody's number."""
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right", no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    for call in seen.calls:
        table.add_row(
            Text(f"row {call.row}", style="dim"),
            Text(_STANDS.get(call.state, str(call.state)), style="cyan"),
            Text(f"for {_age(call, now)}"),
        )
    left = seen.open_calls - len(seen.calls)
    if left > 0:
        table.add_row("", Text(f"and {left:,} more", style="dim"), "")
    return table


def _oldest(watched: Watched) -> str:
    """How long the oldest open call has lasted; "" where none is."""
    if not watched.calls:
        return ""
    return f"the oldest call for {_age(watched.calls[0], watched.now)}"


def _age(call: CallNow, now: datetime) -> str:
    return span(max(now - call.placed_at, timedelta()))
