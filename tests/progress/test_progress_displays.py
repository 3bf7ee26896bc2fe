"""What a terminal, a log and a pipe are shown of a run."""

import io
import re
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import anyio
import pytest
from rich.console import Console, RenderableType

from poku_batch.events import (
    CallEnded,
    CallFailed,
    CallStarted,
    CallUnknown,
    Draining,
    Event,
    HooksAwaited,
    LaterCounted,
    Paused,
    Resumed,
    RunEnded,
    RunStarted,
    Waiting,
)
from poku_batch.models import ContactState, Counts, RunEnding, Wait, WaitKind
from poku_batch.progress import LineDisplay, LiveDisplay, choose_display, counts_table
from tests.engine.engine_clock import START
from tests.engine.engine_world import World, memory_folder

HOSTILE = [
    "\x1b[2J\x1b]0;owned\x07",
    "[red]not markup[/red] [/] [link=x]",
    "two\r\nlines\n\n\n",
    "\u202egnp.exe שלום مرحبا",
    "👩‍👩‍👧‍👦 🇩🇪 ﷽" * 20,
    "漢字" * 500,
    "x" * 100_000,
    "\ud800\x00\x9b31m\u2028",
]
ENDED = START + timedelta(seconds=30)


def at() -> datetime:
    return ENDED


def counts(*, later: int = 0, **states: int) -> Counts:
    return Counts(
        states={ContactState(state): number for state, number in states.items()},
        outcomes={"completed": 1_200, "no_answer": 30, "\x1b[31mown [red]": 30},
        failures={"invalid_number": 2, "HTTP 422: …": 5},
        skip_reasons={"no number": 9, "x" * 200: 1},
        countries={},
        due=states.get("pending", 0) - later,
        next_due_at=None,
    )


def started(campaign: str = "clinic", **states: int) -> RunStarted:
    return RunStarted(at=START, campaign=campaign, counts=counts(**states), concurrency=10)


def events(text: str) -> list[Event]:
    return [
        started(text[:200], pending=1_234, skipped=5, done=2),
        CallStarted(at=START, row=2, key=text),
        CallEnded(at=ENDED, row=2, key=text, outcome=text, summary=text, duration_s=1.5),
        CallStarted(at=START, row=1_000_000, key="b"),
        CallUnknown(at=ENDED, row=1_000_000, key="b", evidence=text),
        CallFailed(at=ENDED, row=4, key="c", why=text, dialled=False),
        CallStarted(at=START, row=5, key="d"),
    ]


def shown(what: RenderableType, width: int) -> str:
    console = Console(width=width, record=True, file=io.StringIO(), color_system=None)
    console.print(what)
    return console.export_text()


def harmless(text: str) -> bool:
    return all(c.isprintable() or c == "\n" for c in text)


# --- the live view -----------------------------------------------------------------------------


@pytest.mark.parametrize("width", [80, 40, 12])
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_the_live_view_is_not_broken_by_foreign_text(text: str, width: int) -> None:
    console = Console(width=width, file=io.StringIO(), force_terminal=True)
    display = LiveDisplay(console, simulated=True, now=at)
    for event in events(text):
        display.emit(event)
    lines = shown(display.render(), width)
    assert harmless(lines)
    assert len(lines.splitlines()) <= 16 if width >= 40 else lines


def test_the_live_view_shows_markup_as_it_was_written() -> None:
    display = LiveDisplay(Console(width=80, file=io.StringIO()), simulated=False, now=at)
    for event in events(HOSTILE[1]):
        display.emit(event)
    assert shown(display.render(), 80).count("[red]not markup[/red] [/]") == 4


@pytest.mark.parametrize("text", ["All is well.", "All is well. " * 20])
@pytest.mark.parametrize("width", [80, 40])
def test_the_live_view_holds_the_figures(width: int, text: str) -> None:
    display = LiveDisplay(Console(width=width, file=io.StringIO()), simulated=True, now=at)
    for event in events(text):
        display.emit(event)
    seen = " ".join(shown(display.render(), width).split())
    for figure in (
        "10/1,241",
        "1 in call",
        "1,230 to call",
        "3 done",
        "1 failed",
        "1 unknown",
        "5 skipped",
        "rehearsal: no phone rings",
        "row 2",
        "row 1000000",
    ):
        assert figure in seen
    if width == 80:
        assert "4 calls/min" in seen
        assert "All is well." in seen


def test_the_live_view_says_that_it_reads_before_anything_is_known() -> None:
    display = LiveDisplay(Console(file=io.StringIO()), simulated=False)
    assert "reading the sheet" in shown(display.render(), 80)


def test_the_live_view_tells_what_it_waits_for() -> None:
    display = LiveDisplay(Console(file=io.StringIO()), simulated=False, now=at)
    display.emit(started(pending=3))
    display.emit(Waiting(at=START, until=START, contacts=3))
    assert "waiting: 3 are due later, the first at" in shown(display.render(), 80)
    display.emit(Waiting(at=START, until=ENDED + timedelta(hours=7), contacts=1, why="a redial"))
    seen = " ".join(shown(display.render(), 80).split())
    assert "waiting: 1 is due later, at 2026-" in seen
    assert "(a redial), in 7 h 0 min" in seen


@pytest.mark.parametrize("by", ["ann", HOSTILE[0]])
def test_the_live_view_says_who_paused_until_it_is_resumed(by: str) -> None:
    written = io.StringIO()
    display = LiveDisplay(Console(file=written, width=200), simulated=False, now=at)
    display.emit(started(pending=3))
    display.emit(Paused(at=START, by=by, since=START))
    # A call that an earlier run placed is followed all the same.
    display.emit(CallStarted(at=START, row=2, key="k", followed=True))
    seen = shown(display.render(), 200)
    assert harmless(seen)
    assert "ann since" in seen or by != "ann"
    assert f"since {START.astimezone():%Y-%m-%d %H:%M:%S}" in seen
    assert "resume with poku-batch resume CAMPAIGN (a rehearsal: --simulate)" in seen
    display.emit(Resumed(at=START))
    assert "paused" not in shown(display.render(), 200)
    assert "paused by" in written.getvalue()
    assert "resumed: calls go on" in written.getvalue()


def test_the_live_view_shows_outcomes_and_who_is_due_later() -> None:
    display = LiveDisplay(Console(file=io.StringIO()), simulated=False, now=at)
    standing = counts(later=200, pending=1_234, done=9)
    display.emit(RunStarted(at=START, campaign="c", counts=standing, concurrency=10))
    seen = shown(display.render(), 100)
    assert "1,234 to call (200 due later)" in seen
    assert "1,200 completed   30 [31mown [red]   30 no_answer" in seen
    display.emit(LaterCounted(at=START, contacts=0))
    assert "1,234 to call   " in shown(display.render(), 100)


def test_the_live_view_is_drawn_while_the_run_goes_on_in_another_thread() -> None:
    display = LiveDisplay(Console(width=80, file=io.StringIO()), simulated=False, now=at)
    display.emit(started(pending=1_000_000))
    over = threading.Event()

    def go_on() -> None:
        row = 2
        while not over.is_set():
            display.emit(CallStarted(at=START, row=row, key="k"))
            display.emit(CallUnknown(at=ENDED, row=row, key="k", evidence="lost"))
            row += 1

    runner = threading.Thread(target=go_on)
    runner.start()
    try:
        for _ in range(150):
            display._tally.calls_per_minute(ENDED)
            shown(display.render(), 80)
    finally:
        over.set()
        runner.join()


def test_the_live_view_leaves_the_terminal_as_it_was_and_can_be_paused() -> None:
    written = io.StringIO()
    console = Console(width=80, file=written, force_terminal=True)
    with LiveDisplay(console, simulated=False, now=at) as display:
        with display.paused():
            console.print("really?")
        display.emit(started(pending=3))
        display.emit(Draining(at=START, in_call=2, why="SIGINT"))
    text = written.getvalue()
    assert "2 calls are open" in text
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h"), "the cursor is hidden or shown twice"


# --- plain lines -------------------------------------------------------------------------------


def lines_of(feed: Callable[[LineDisplay], None], *, simulated: bool = False) -> list[str]:
    written = io.StringIO()
    with LineDisplay(
        Console(file=written, width=40), simulated=simulated, every_s=3600, now=at
    ) as display:
        feed(display)
    text = written.getvalue()
    assert harmless(text), text
    day = r"\d{4}-\d\d-\d\d " if simulated else ""
    lines = [re.match(rf"{day}\d\d:\d\d:\d\d  (.*)$", line) for line in text.splitlines()]
    assert all(lines), text
    return [line[1] for line in lines if line]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_lines_hold_no_control_characters_whatever_the_text(text: str) -> None:
    def feed(display: LineDisplay) -> None:
        for event in events(text):
            display.emit(event)

    assert len(lines_of(feed)) == 2


def test_figures_are_told_in_one_line_a_change() -> None:
    def feed(display: LineDisplay) -> None:
        for event in events("well"):
            display.emit(event)
            display.tell()
            display.tell()

    heading, *told = lines_of(feed, simulated=True)
    assert heading == (
        "well (rehearsal: no phone rings): 1,241 contacts, 1,234 to call, 10 at once"
    )
    assert told[2].endswith(", 5 skipped; 2 calls/min, about 10 h 16 min left")
    assert [line.partition(";")[0] for line in told] == [
        "7 of 1,241 settled, 0 in call, 2 done, 0 failed, 0 unknown, 5 skipped",
        "7 of 1,241 settled, 1 in call, 2 done, 0 failed, 0 unknown, 5 skipped",
        "8 of 1,241 settled, 0 in call, 3 done, 0 failed, 0 unknown, 5 skipped",
        "8 of 1,241 settled, 1 in call, 3 done, 0 failed, 0 unknown, 5 skipped",
        "9 of 1,241 settled, 0 in call, 3 done, 0 failed, 1 unknown, 5 skipped",
        "10 of 1,241 settled, 0 in call, 3 done, 1 failed, 1 unknown, 5 skipped",
        "10 of 1,241 settled, 1 in call, 3 done, 1 failed, 1 unknown, 5 skipped",
    ]


def test_turns_of_events_are_told_at_once() -> None:
    def feed(display: LineDisplay) -> None:
        display.emit(started(pending=3))
        display.emit(Waiting(at=START, until=START, contacts=3))
        display.emit(Paused(at=START, by="ann", since=START))
        display.emit(Resumed(at=START))
        display.emit(Draining(at=START, in_call=1, why="SIGINT"))

    _, waiting, paused, resumed, draining, last = lines_of(feed)
    assert paused.startswith("paused by ann since 2026-11-2")
    assert resumed == "resumed: calls go on"
    assert waiting.startswith("waiting: 3 are due later, the first at 2026-11-2")
    assert draining.startswith("No new calls. 1 call is open")
    assert last.startswith("0 of 3 settled")


def test_the_lines_of_a_rehearsal_carry_its_own_time() -> None:
    written = io.StringIO()
    console = Console(file=written, width=200)
    with LineDisplay(console, simulated=True, every_s=3600, now=at) as display:
        display.emit(started(pending=3))
        display.emit(Waiting(at=START + timedelta(days=9), until=START, contacts=3))
    first, waiting, *_ = written.getvalue().splitlines()
    assert first.startswith(f"{START.astimezone():%Y-%m-%d %H:%M:%S}  ")
    assert waiting.startswith(f"{(START + timedelta(days=9)).astimezone():%Y-%m-%d %H:%M:%S}  ")


def test_whoever_waits_for_hooks_is_told_so_and_how_to_leave() -> None:
    def feed(display: LineDisplay) -> None:
        display.emit(started(pending=1))
        display.emit(HooksAwaited(at=START, waiting=1, within_s=30.0))
        display.emit(HooksAwaited(at=START, waiting=1_200, within_s=3.0))

    _, one, many, _ = lines_of(feed)
    assert one.startswith("the calls are over; 1 message is still sent to your hooks, for 30 s")
    assert many.startswith("the calls are over; 1,200 messages are still sent to your hooks, for 3")
    assert "Ctrl-C leaves" in one


def test_nothing_is_told_of_a_run_that_never_began() -> None:
    assert lines_of(lambda _display: None) == []


def test_figures_are_told_by_themselves_now_and_then() -> None:
    written = io.StringIO()
    with LineDisplay(Console(file=written), simulated=False, every_s=0.01, now=at) as display:
        display.emit(started(pending=3))
        give_up = time.monotonic() + 10
        while "0 of 3 settled" not in written.getvalue() and time.monotonic() < give_up:
            time.sleep(0.01)
        assert "0 of 3 settled" in written.getvalue()


def test_a_real_run_is_told_from_its_first_line_to_its_last() -> None:
    async def play(display: LineDisplay) -> None:
        with memory_folder() as folder:
            world = World(folder)
            world.on_event = display.emit
            await world.enrol(12)
            await world.run(concurrency=4)
            display.emit(RunEnded(at=START, ending=RunEnding.FINISHED, counts=await world.counts()))

    first, last = lines_of(lambda display: anyio.run(play, display))
    assert first == "clinic: 12 contacts, 12 to call, 4 at once"
    assert last.startswith("12 of 12 settled, 0 in call, 12 done, 0 failed, 0 unknown")


# --- which of them, and the table --------------------------------------------------------------


def test_a_terminal_gets_the_live_view_and_all_else_gets_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = Console(file=io.StringIO(), force_terminal=True)
    assert isinstance(choose_display(terminal, simulated=False), LiveDisplay)
    pipe = Console(file=io.StringIO(), force_terminal=False)
    assert isinstance(choose_display(pipe, simulated=False), LineDisplay)
    monkeypatch.setenv("TERM", "dumb")
    dumb = Console(file=io.StringIO(), force_terminal=True)
    assert isinstance(choose_display(dumb, simulated=False), LineDisplay)


TABLE = f"""\
contacts
pending                                                             4
done                                                            1,260
  completed                                                     1,200
  [31mown [red]                                                    30
  no_answer                                                        30
failed                                                              7
  HTTP 422: …                                                       5
  invalid_number                                                    2
skipped                                                            10
  no number                                                         9
  {"x" * 59}…      1
unknown                                                             1
all                                                             1,282
"""


def test_the_table_of_counts() -> None:
    table = counts_table(counts(pending=4, done=1_260, failed=7, skipped=10, unknown=1))
    text = "\n".join(line.rstrip() for line in shown(table, 80).splitlines())
    assert text.splitlines() == TABLE.splitlines()


def test_a_narrow_terminal_cuts_no_figure_of_the_table() -> None:
    first_at = START + timedelta(hours=9)
    waits = {str(WaitKind.CALLING_HOURS): Wait(contacts=1_234, first_at=first_at)}
    standing = replace(counts(pending=1_234, later=1_234, failed=7, skipped=10), waits=waits)
    for width in (60, 40, 24):
        lines = shown(counts_table(standing), width).splitlines()
        figures = [line.split()[-1] for line in lines if line.rstrip()[-1:].isdigit()]
        assert figures.count("1,234") == 2, lines
        assert {"7", "10", "1,251"} <= set(figures), lines
        assert {"outside", "calling", "hours,"} <= set(" ".join(lines).split())


def test_the_table_of_an_empty_sheet_says_so() -> None:
    assert shown(counts_table(counts()), 80).split() == ["contacts", "all", "0"]
