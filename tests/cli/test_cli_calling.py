"""A whole sheet called, against a stand-in of each generation of the API."""

import csv
import re
from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from tests.program import CALL_COLUMNS, KEY, Folder
from tests.standin import Answer, Generation, Request, StandIn, numbers, recording, summary, twice

_COLUMNS = ("id", "name", "code", "note", "phone", "language")
_PEOPLE = 200
_AT_ONCE = 20


def _rows() -> list[tuple[str, ...]]:
    notes = ("", "NA", "=1+1", "two\nlines", 'quote " and , comma', "  spaces  ", "Žluťoučký 🐎")
    return [
        (f"k{n}", f"Person {n}", f"{n:05}", notes[n % len(notes)], phone, ("de-DE", "")[n % 2])
        for n, phone in enumerate(numbers(_PEOPLE))
    ]


def _prepare(folder: Folder, **keys: object) -> list[tuple[str, ...]]:
    rows = _rows()
    folder.write_sheet(rows, _COLUMNS)
    folder.write(
        contacts={"file": "sheet.csv", "key": "id"},
        prompt={"text": "Row {{ id }}: call {{ name }}, code {{ code }}. {{ note }} Bye."},
        call={"from": "+14155550100", "language": "{{ language or 'en-US' }}", "voice": "male"},
        limits={"concurrency": _AT_ONCE},
        output=["out.csv", "out.xlsx", "out.parquet"],
        **keys,
    )
    return rows


def _expected_body(row: tuple[str, ...]) -> dict[str, object]:
    key, name, code, note, phone, language = row
    return {
        "prompt": f"Row {key}: call {name}, code {code}. {note} Bye.",
        "to": phone,
        "from": "+14155550100",
        "language": language or "en-US",
        "voice": "male",
    }


def _assert_exact(request: Request, url: str, *, content: bool) -> None:
    headers = {name.lower(): value for name, value in request.headers}
    assert len(headers) == len(request.headers)
    expected = {
        "host": url.removeprefix("http://"),
        "authorization": f"Bearer {KEY}",
        "user-agent": f"poku-batch/{version('poku-batch')}",
        "accept": "application/json",
        "accept-encoding": "identity",
        "connection": "close",
    }
    if content:
        expected |= {
            "content-type": "application/json",
            "content-length": str(len(request.body)),
        }
    assert headers == expected


@pytest.mark.parametrize("generation", ["first", "second"])
def test_two_hundred_contacts_are_called_twenty_at_once_and_each_result_is_in_its_own_row(
    served: Folder, standin: StandIn, generation: Generation
) -> None:
    standin.generation, standin.hold_s = generation, 0.05
    rows = _prepare(served)
    before = served.sheet.read_bytes()

    result = served.run()

    assert result.code == 0, result
    assert served.sheet.read_bytes() == before
    _assert_calls(standin, rows, generation)
    _assert_results(served.path / "out.csv", rows)
    _assert_formats_agree(served.path)


def _assert_calls(standin: StandIn, rows: list[tuple[str, ...]], generation: Generation) -> None:
    assert len(standin.calls) == _PEOPLE
    assert twice(standin.numbers) == []
    assert standin.open == 0
    opens = [call.open for call in standin.calls]
    assert max(opens) <= _AT_ONCE
    if generation == "first":
        assert max(opens) == _AT_ONCE
    by_number = {call.json["to"]: call for call in standin.calls}
    for row in rows:
        call = by_number[row[4]]
        assert (call.method, call.path) == ("POST", "/calls")
        assert call.json == _expected_body(row)
        _assert_exact(call, standin.url, content=True)
    polls = [request for request in standin.requests if request.method != "POST"]
    assert bool(polls) == (generation == "second")
    for poll in polls:
        assert poll.method == "GET"
        assert re.fullmatch(r"/interactions/call-\d+-1415555\d{4}/status", poll.path)
        assert poll.body == b""
        _assert_exact(poll, standin.url, content=False)


def _assert_results(file: Path, rows: list[tuple[str, ...]]) -> None:
    with file.open(encoding="utf-8", newline="") as text:
        header, *cells = csv.reader(text)
    assert header == [*_COLUMNS, *CALL_COLUMNS]
    assert [tuple(row[: len(_COLUMNS)]) for row in cells] == rows
    interactions = set()
    for row in cells:
        phone = row[4]
        call = dict(zip(CALL_COLUMNS, row[len(_COLUMNS) :], strict=True))
        assert call["call_status"] == "done"
        assert call["call_outcome"] == "completed"
        assert call["call_summary"] == summary(phone)
        assert call["call_recording_url"] == recording(phone)
        assert call["call_interaction_id"].endswith(phone.lstrip("+"))
        assert (call["call_attempts"], call["call_error"]) == ("1", "")
        assert call["call_to"] == phone
        started = datetime.fromisoformat(call["call_started_at"])
        ended = datetime.fromisoformat(call["call_ended_at"])
        assert started.utcoffset() is not None
        length = (ended - started).total_seconds()
        assert float(call["call_duration_s"]) == pytest.approx(length, abs=0.002)
        assert length >= 0.04
        interactions.add(call["call_interaction_id"])
    assert len(interactions) == _PEOPLE


def _assert_formats_agree(path: Path) -> None:
    frame = pd.read_parquet(path / "out.parquet")
    with (path / "out.csv").open(encoding="utf-8", newline="") as text:
        table = list(csv.DictReader(text))
    sheet = openpyxl.load_workbook(path / "out.xlsx").worksheets[0]
    header, *cells = sheet.iter_rows(values_only=True)
    assert list(header) == list(frame.columns) == list(table[0])
    assert str(frame["call_started_at"].dtype) == "datetime64[us, UTC]"
    for column in (*_COLUMNS, "call_status", "call_summary", "call_interaction_id", "call_to"):
        texts = [row[column] for row in table]
        assert frame[column].tolist() == texts
        index = list(header).index(column)
        assert [("" if row[index] is None else row[index]) for row in cells] == texts
    lengths = [float(row["call_duration_s"]) for row in table]
    assert frame["call_duration_s"].tolist() == pytest.approx(lengths, abs=0.001)
    assert frame["call_attempts"].tolist() == [1] * _PEOPLE


@pytest.mark.parametrize(("completion", "sent"), [("wait", True), ("poll", False)])
def test_a_campaign_can_ask_the_second_generation_to_wait_or_not(
    served: Folder, standin: StandIn, completion: str, sent: bool
) -> None:
    standin.generation = "second"
    served.people(numbers(3))
    served.write(api={"completion": completion, "poll_interval": "100ms"})
    assert served.run().code == 0
    assert [call.json["waitForCallEnd"] for call in standin.calls] == [sent] * 3
    assert any(request.method == "GET" for request in standin.requests) == (not sent)
    assert [row["call_summary"] for row in served.results()] == [summary(n) for n in numbers(3)]


def test_a_limit_calls_so_many_and_the_next_run_calls_the_others(
    served: Folder, standin: StandIn
) -> None:
    served.people(numbers(9))
    first = served.run("--limit", "4")
    assert first.code == 4, first
    assert standin.numbers == numbers(4)
    assert served.states() == ["done"] * 4 + ["pending"] * 5
    assert served.run("--limit", "99").code == 0
    assert standin.numbers == numbers(9)


def test_what_the_callee_said_becomes_the_campaigns_own_outcome_and_never_a_formula(
    served: Folder, standin: StandIn
) -> None:
    sayings = ["=HYPERLINK(1) and will be there", "@SUM(1)", "\x1b[31mred\x07", "Left a voicemail."]
    served.people(numbers(4))
    served.write(outcomes={"coming": ["will be there"]})
    for number, said in zip(numbers(4), sayings, strict=True):
        standin.act(number, Answer(body={"response": said, "interactionId": number}))
    assert served.run().code == 0
    rows = served.results()
    assert [row["call_summary"] for row in rows] == [
        "'=HYPERLINK(1) and will be there",
        "'@SUM(1)",
        "[31mred",
        "Left a voicemail.",
    ]
    assert [row["call_outcome"] for row in rows] == [
        "coming",
        "completed",
        "completed",
        "voicemail",
    ]
    assert [row["call_recording_url"] for row in rows] == [""] * 4


def test_an_excel_sheet_and_a_parquet_sheet_are_called_alike(
    served: Folder, standin: StandIn
) -> None:
    frame = pd.DataFrame({"name": ["Ann", "Bob"], "phone": numbers(2), "zip": ["00501", "NA"]})
    frame.to_excel(served.path / "sheet.xlsx", index=False, engine="openpyxl")
    frame.to_parquet(served.path / "sheet.parquet")
    for ending in ("xlsx", "parquet"):
        served.write(name=f"by-{ending}", contacts=f"sheet.{ending}", output=f"{ending}.csv")
        assert served.run().code == 0
        rows = served.results(f"{ending}.csv")
        assert [row["zip"] for row in rows] == ["00501", "NA"]
        assert [row["call_summary"] for row in rows] == [summary(n) for n in numbers(2)]
    prompts = sorted(call.json["prompt"] for call in standin.calls)
    assert prompts == ["Call Ann.", "Call Ann.", "Call Bob.", "Call Bob."]
    assert standin.numbers == sorted(numbers(2) * 2)
