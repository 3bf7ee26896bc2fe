"""Events as lines of JSON, written by a thread of their own."""

import io
import json
import logging
import os
import threading

from poku_batch.events import CallStarted, LedgerWorks, RunStarted
from poku_batch.telemetry import Identity, JsonDisplay, message_line
from tests.telemetry.telemetry_events import AT, counts, every_event, full


def test_every_event_becomes_one_line_of_json() -> None:
    out = io.StringIO()
    with JsonDisplay(out, Identity(campaign="demo"), now=lambda: AT) as display:
        for event in every_event():
            display.emit(event)
    lines = [json.loads(line) for line in out.getvalue().splitlines()]
    assert len(lines) == len(every_event())
    assert out.getvalue().isascii()
    assert all(line["ts"] == "2026-11-30T09:00:00.000Z" for line in lines)


def test_lines_have_the_runs_number_once_it_has_begun() -> None:
    out = io.StringIO()
    begun = RunStarted(at=AT, campaign="demo/may", counts=counts({}), concurrency=5, run=9)
    with JsonDisplay(out, Identity(), now=lambda: AT) as display:
        display.emit(CallStarted(at=AT, row=2, key="k"))
        display.emit(begun)
        display.emit(CallStarted(at=AT, row=3, key="k", attempt=2))
    first, _, last = map(json.loads, out.getvalue().splitlines())
    assert "run" not in first
    assert (last["campaign"], last["run"], last["row"], last["attempt"]) == ("demo/may", 9, 3, 2)


def test_campaigns_of_a_worker_share_the_lines() -> None:
    out = io.StringIO()
    with JsonDisplay(out, Identity(worker="w-1"), now=lambda: AT) as display:
        one, two = (
            display.listener(Identity(campaign=name, run=run, worker="w-1"))
            for name, run in (("one", 1), ("two", 2))
        )
        for listener, row in ((one, 2), (two, 3), (one, 4)):
            listener.emit(CallStarted(at=AT, row=row, key="k"))
    lines = map(json.loads, out.getvalue().splitlines())
    assert [(line["campaign"], line["run"], line["worker"], line["row"]) for line in lines] == [
        ("one", 1, "w-1", 2),
        ("two", 2, "w-1", 3),
        ("one", 1, "w-1", 4),
    ]


def test_what_a_worker_says_is_a_line_among_the_others_and_names_it() -> None:
    out = io.StringIO()
    with JsonDisplay(out, Identity(worker="w-1"), now=lambda: AT) as display:
        display.listener(Identity(campaign="one", worker="w-1")).emit(full(LedgerWorks))
        display.say("trouble with\n+14155550123", level="warning")
    first, second = map(json.loads, out.getvalue().splitlines())
    assert first["event"] == "ledger.works"
    assert second == {
        "ts": "2026-11-30T09:00:00.000Z",
        "level": "warning",
        "event": "message",
        "worker": "w-1",
        "message": "trouble with ••••23",
    }


def test_what_libraries_log_is_a_line_of_json_too() -> None:
    out = io.StringIO()
    logger = logging.getLogger("psycopg.some")
    with JsonDisplay(out, Identity(worker="w-1")):
        logger.warning("closing %s", "+14155550123")
        logger.info("nothing of note")
        logger.error("a task has failed", exc_info=ValueError("secret"))
    lines = map(json.loads, out.getvalue().splitlines())
    assert [(line["level"], line["message"], line["worker"]) for line in lines] == [
        ("warning", "psycopg.some: closing ••••23", "w-1"),
        ("error", "psycopg.some: a task has failed (ValueError)", "w-1"),
    ]


def test_a_reader_that_does_not_read_keeps_nobody_waiting() -> None:
    reading, writing = os.pipe()
    try:
        with (
            os.fdopen(writing, "w") as stream,
            JsonDisplay(stream, Identity(), most_waiting=50) as display,
        ):
            for row in range(20_000):
                display.emit(CallStarted(at=AT, row=row, key="k"))
            read: list[bytes] = []
            reader = threading.Thread(target=lambda: read.append(_all(reading)))
            reader.start()
            display.__exit__(None, None, None)
        reader.join(10)
    finally:
        os.close(reading)
    lines = [json.loads(line) for line in read[0].splitlines()]
    left_out = sum(int(line["message"].split()[0]) for line in lines if "message" in line)
    assert left_out > 0
    assert left_out + sum("row" in line for line in lines) == 20_000


def _all(descriptor: int) -> bytes:
    read = b""
    while part := os.read(descriptor, 65_536):
        read += part
    return read


def test_what_is_said_in_words_is_a_line_too() -> None:
    line = json.loads(message_line("error in row 3:\n+14155550123 is taken", level="error", ts=AT))
    assert line == {
        "ts": "2026-11-30T09:00:00.000Z",
        "level": "error",
        "event": "message",
        "message": "error in row 3: ••••23 is taken",
    }
