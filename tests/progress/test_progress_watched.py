"""What is shown of a campaign that somebody looks at while it is run elsewhere."""

import io
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from rich.console import Console

from poku_batch.models import AttemptState, CallNow, ContactKey
from poku_batch.progress.tally import Tally
from poku_batch.progress.watched import Watched, WatchLines, WatchLive, choose_watch_display
from tests.engine.engine_clock import START
from tests.progress.test_progress_displays import HOSTILE, harmless, shown


def call(row: int, age_s: float, state: AttemptState = AttemptState.IN_CALL) -> CallNow:
    return CallNow(
        row=row,
        key=ContactKey("+14155550123"),
        to="+14155550123",
        attempt=1,
        state=state,
        placed_at=START - timedelta(seconds=age_s),
    )


def watched(text: str = "clinic") -> Watched:
    tally = Tally(
        campaign=text,
        concurrency=10,
        slots=5,
        total=1_000,
        waiting=600,
        later=200,
        in_call=3,
        done=390,
        failed=4,
        unknown=1,
        skipped=2,
        outcomes=Counter({"confirmed": 300, text: 80, "gone": 0}),
        rate=12.0,
    )
    return Watched(
        tally=tally,
        now=START,
        said=(f"paused by {text}",),
        calls=(call(7, 125), call(9, 3, AttemptState.DIALING)),
        open_calls=3,
    )


def drawn(seen: Watched, *, later_s: float = 0.0, simulated: bool = False) -> str:
    moments = iter([0.0, *[later_s] * 9])
    display = WatchLive(
        Console(file=io.StringIO()), simulated=simulated, monotonic=lambda: next(moments)
    )
    display.show(seen)
    return shown(display.render(), 100)


def test_the_figures_are_those_of_a_run_and_the_oldest_calls_stand_below_with_their_ages() -> None:
    seen = drawn(watched())
    for words in (
        "397/1,000",
        "12 calls/min, about 50 min 15 s left",
        "3 in call (of 5 slots, as the API turns calls away)",
        "600 to call (200 due later)",
        "300 confirmed   80 clinic",
        "paused by clinic",
    ):
        assert words in " ".join(seen.split()).replace("confirmed 80", "confirmed   80"), words
    lines = [" ".join(line.split()) for line in seen.splitlines()]
    assert lines[-3:] == ["row 7 in call for 2 min 5 s", "row 9 dialing for 3 s", "and 1 more"]
    # A key may be somebody's number.
    assert "5550123" not in seen


def test_calls_get_older_between_two_looks_and_those_of_a_rehearsal_do_not() -> None:
    assert "for 2 min 25 s" in drawn(watched(), later_s=20)
    rehearsed = drawn(watched(), later_s=20, simulated=True)
    assert "for 2 min 5 s" in rehearsed
    assert f"rehearsal: no phone rings  {START.astimezone():%Y-%m-%d %H:%M:%S}" in rehearsed


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_foreign_text_steers_no_terminal(text: str) -> None:
    assert harmless(drawn(watched(text)))
    written = io.StringIO()
    WatchLines(Console(file=written, width=80), simulated=False).show(watched(text))
    assert harmless(written.getvalue())


def test_lines_are_written_when_something_changes_and_not_too_often() -> None:
    written, now_s = io.StringIO(), [0.0]
    lines = WatchLines(
        Console(file=written),
        simulated=True,
        every_s=5,
        monotonic=lambda: now_s[0],
    )
    first = watched()
    changed = replace(first, tally=replace(first.tally, done=391, waiting=599))
    for at_s, seen in (
        *((0.0, first), (1.0, first), (2.0, changed), (5.0, changed), (9.0, changed)),
        (10.0, replace(changed, said=("a run goes on",))),
    ):
        now_s[0] = at_s
        lines.show(seen)
    told = [line.split("  ", 1)[1] for line in written.getvalue().splitlines()]
    rest = "4 failed, 1 unknown, 2 skipped, 200 due later; the oldest call for 2 min 5 s"
    assert told == [
        "paused by clinic",
        f"397 of 1,000 settled, 3 in call, 390 done, {rest}; 12 calls/min, about 50 min 15 s left",
        f"398 of 1,000 settled, 3 in call, 391 done, {rest}; 12 calls/min, about 50 min 10 s left",
        "a run goes on",
    ]


def test_a_terminal_is_redrawn_and_all_else_gets_lines() -> None:
    terminal = Console(file=io.StringIO(), force_terminal=True, _environ={"TERM": "xterm"})
    assert isinstance(choose_watch_display(terminal, simulated=False), WatchLive)
    for environ in ({"TERM": "dumb"}, {}):
        console = Console(file=io.StringIO(), force_terminal=bool(environ), _environ=environ)
        assert isinstance(choose_watch_display(console, simulated=False), WatchLines)
