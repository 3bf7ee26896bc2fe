"""What a person is told of trouble, on a terminal and in a log."""

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from poku_batch.events import LedgerTrouble, LedgerWorks, ResultsRescued
from poku_batch.progress.lines import LineDisplay
from poku_batch.progress.live import LiveDisplay

_AT = datetime(2026, 11, 22, 10, tzinfo=UTC)


@pytest.mark.parametrize("kind", [LineDisplay, LiveDisplay])
def test_trouble_with_the_ledger_its_end_and_a_rescue_are_told(
    kind: type[LineDisplay] | type[LiveDisplay],
) -> None:
    written = io.StringIO()
    display = kind(Console(file=written, width=1_000), simulated=False)
    display.emit(LedgerTrouble(at=_AT, why="the disk is full", waiting=1_234))
    display.emit(LedgerWorks(at=_AT))
    display.emit(ResultsRescued(at=_AT, results=2, place="/tmp/x.jsonl"))  # noqa: S108 – a name
    display.emit(ResultsRescued(at=_AT, results=1, place=None))
    told = written.getvalue()
    assert "the disk is full. 1,234 results wait in memory" in told
    assert "Ctrl-C twice" in told
    assert "works again" in told
    assert "2 results: kept in the file /tmp/x.jsonl" in told
    assert "1 result: kept above, as lines of JSON" in told
