"""Figures and foreign text in words."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poku_batch.events import CallEnded, CallStarted, CircuitOpened, RunStarted
from poku_batch.models import ContactState, Counts
from poku_batch.progress.figures import figures, pace
from poku_batch.progress.notes import turn_text
from poku_batch.progress.tally import Tally
from poku_batch.progress.words import draining_text, one_line, span
from tests.engine.engine_clock import START


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.4, "0 s"),
        (45, "45 s"),
        (59.6, "1 min 0 s"),
        (61, "1 min 1 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 0 min"),
        (4800, "1 h 20 min"),
        (47 * 3600 + 59 * 60, "47 h 59 min"),
        (48 * 3600, "2 d 0 h"),
        (100 * 86400 + 5 * 3600, "100 d 5 h"),
    ],
)
def test_a_length_of_time_is_said_in_its_two_largest_units(seconds: float, words: str) -> None:
    assert span(timedelta(seconds=seconds)) == words


def run_of(pending: int, ended: int, *, every_s: float = 1.0) -> Tally:
    counts = Counts(
        states={ContactState.PENDING: pending},
        outcomes={},
        failures={},
        skip_reasons={},
        countries={},
        due=pending,
        next_due_at=None,
    )
    tally = Tally()
    tally.add(RunStarted(at=START, campaign="c", counts=counts, concurrency=2))
    for index in range(ended):
        at = START + timedelta(seconds=every_s * (index + 1))
        tally.add(CallStarted(at=START, row=index + 2, key=f"k{index}"))
        tally.add(
            CallEnded(
                at=at,
                row=index + 2,
                key=f"k{index}",
                outcome="completed",
                summary=None,
                duration_s=1,
            )
        )
    return tally


@pytest.mark.parametrize(
    ("pending", "ended", "after_s", "words"),
    [
        (0, 0, 0, ""),
        (10, 0, 30, ""),
        (10, 1, 0.5, ""),
        (10, 5, 30, "10 calls/min, about 30 s left"),
        (5, 5, 30, "10 calls/min"),
        (1_000_000, 30, 60, "30 calls/min, about 23 d 3 h left"),
        (100, 50, 10_000, ""),
        (10, 5, -100, ""),
    ],
)
def test_the_pace_is_said_where_it_can_be(
    pending: int, ended: int, after_s: float, words: str
) -> None:
    assert pace(run_of(pending, ended), START + timedelta(seconds=after_s)) == words


def test_figures_leave_out_skipped_contacts_where_there_are_none() -> None:
    tally = run_of(2_000, 3)
    assert figures(tally) == "3 of 2,000 settled, 0 in call, 3 done, 0 failed, 0 unknown"
    tally.skipped = 1
    assert figures(tally).endswith(", 1 skipped")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", ""),
        (" two\n\nlines\t here ", "two lines here"),
        ("\x1b[31mred\x1b[0m", "[31mred [0m"),
        ("\u202eevil", "evil"),
        ("\ud800half", "half"),
        ("שלום", "שלום"),
        ("x" * 101, "x" * 99 + "…"),
        ("x" * 100, "x" * 100),
    ],
)
def test_foreign_text_becomes_one_printable_line(text: str, line: str) -> None:
    assert one_line(text) == line


@given(st.text(), st.integers(1, 200))
def test_any_text_becomes_one_printable_line_of_its_limit(text: str, limit: int) -> None:
    line = one_line(text, limit=limit)
    assert len(line) <= limit
    assert line.isprintable()


@pytest.mark.parametrize(
    ("in_call", "words"), [(1, "1 call is open"), (2, "2 calls are open"), (1234, "1,234 calls")]
)
def test_draining_says_how_many_calls_are_open(in_call: int, words: str) -> None:
    assert words in draining_text(in_call)


def opened_by(*calls: tuple[int, str]) -> str:
    event = CircuitOpened(at=START, until=START, why="too many", calls=calls)
    return (turn_text(event) or "").partition("too many: ")[2]


def test_all_calls_that_open_the_circuit_breaker_are_named_by_what_they_came_to() -> None:
    calls = [(2, "failed: a"), (3, "unknown: b"), (5, "unknown: b"), (9, "unknown: b")]
    assert opened_by(*calls) == "rows 3, 5, 9: unknown: b; row 2: failed: a"
    assert "\x1b" not in opened_by((2, "failed: \x1b[2J"))


def test_of_very_many_such_calls_the_first_are_named_and_the_others_counted() -> None:
    alike = opened_by(*((row, "unknown: b") for row in range(2, 102)))
    assert alike.startswith("rows 2, 3, 4, ")
    assert alike.endswith(", 21 and 80 more: unknown: b")
    assert opened_by(*((row, f"failed: {row}") for row in range(2, 10))).endswith("; and 3 more")
