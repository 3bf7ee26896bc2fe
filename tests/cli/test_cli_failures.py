"""The failure table of the API's pages, through the whole program, one kind of failure a row."""

import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from tests.program import Folder
from tests.standin import Act, Answer, Hang, Raw, StandIn, numbers, summary, twice


@dataclass(frozen=True, slots=True)
class Case:
    """What the API does to one row, and what the row must say then.

    ``words`` must all be in ``call_error``; a ``repeated`` row is placed as often as it has acts,
    and once more where it ends well.
    """

    acts: tuple[Act, ...]
    status: str
    outcome: str = ""
    words: tuple[str, ...] = ()
    repeated: bool = False


def _error(status: int, text: str, **headers: str) -> Answer:
    return Answer(
        status=status,
        body={"error": text},
        headers=tuple((name.replace("_", "-"), value) for name, value in headers.items()),
    )


def _busy_for_two_seconds() -> Answer:
    until = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    return _error(429, "later", Retry_After=until)


_GOOD = Case((), "done", "completed")


def _cases() -> dict[str, Case]:
    """Every kind of failure, and good rows before, between and after."""
    half = b'HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n{"response": "hal'
    busy = _error(429, "slow down")
    return {
        "good at the start": _GOOD,
        "429 once": Case((busy,), "done", "completed", repeated=True),
        "429 with seconds": Case(
            (_error(429, "later", Retry_After="1"),), "done", "completed", repeated=True
        ),
        "429 with a date": Case((_busy_for_two_seconds,), "done", "completed", repeated=True),
        "503 with Retry-After": Case(
            (_error(503, "maintenance", Retry_After="0"),), "done", "completed", repeated=True
        ),
        "429 for ever": Case(
            (busy, busy, busy), "failed", words=("3 times", "429", "slow down"), repeated=True
        ),
        "400": Case((_error(400, "prompt too rude"),), "failed", words=("400", "prompt too rude")),
        "422": Case(
            (Answer(status=422, body={"message": "no such voice"}),),
            "failed",
            words=("422", "no such voice"),
        ),
        "good in the middle": _GOOD,
        "500": Case((_error(500, "oops"),), "unknown", words=("500", "oops")),
        "502": Case((Answer(status=502, body=b"<html>bad gateway"),), "unknown", words=("502",)),
        "503": Case((_error(503, "upstream"),), "unknown", words=("503", "upstream")),
        "504": Case((_error(504, "timeout"),), "unknown", words=("504", "timeout")),
        "408": Case((_error(408, ""),), "unknown", words=("408",)),
        "dropped": Case((Raw(),), "unknown", words=("no answer came",)),
        "half an answer": Case((Raw(half),), "unknown", words=("no answer came",)),
        "not HTTP": Case((Raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"),), "unknown", words=("no answer",)),
        "200 unreadable": Case((Answer(body=b"{'no': json"),), "unknown", words=("200", "'no'")),
        "200 empty": Case((Answer(body={}),), "unknown", words=("200", "without a summary")),
        "no answer in time": Case((Hang(),), "unknown", words=("no answer came", "ReadTimeout")),
        "nobody answered": Case((_error(200, "human did not respond"),), "done", "no_answer"),
        "nobody answered, as 500": Case(
            (_error(500, "Human did not respond."),), "done", "no_answer"
        ),
        "unroutable": Case((_error(400, "invalid to number"),), "failed", "invalid_number"),
        "too long": Case((_error(500, "timeout"),), "done", "timed_out"),
        "good at the end": _GOOD,
    }


@pytest.fixture
def failing(served: Folder, standin: StandIn) -> tuple[Folder, dict[str, Case]]:
    """A sheet with a row for every case, and a stand-in that plays them."""
    cases = _cases()
    served.write_sheet(zip(cases, numbers(len(cases)), strict=True))
    served.write(
        limits={"concurrency": 50},
        retries={"attempts": 3, "max_wait": "20ms"},
        api={"call_timeout": "2s", "poll_interval": "100ms"},
    )
    for case, number in zip(cases.values(), numbers(len(cases)), strict=True):
        standin.act(number, *case.acts)
    return served, cases


def test_every_kind_of_failure_says_so_in_its_own_row_and_is_never_called_twice(
    failing: tuple[Folder, dict[str, Case]], standin: StandIn
) -> None:
    folder, cases = failing

    result = folder.run()

    assert result.code == 3, result
    called = standin.numbers
    _assert_rows(folder.results(), cases)
    _assert_placements(standin, cases)
    assert "unknown" in result.err

    again = folder.run()
    assert again.code == 3
    assert standin.numbers == called
    _assert_rows(folder.results(), cases)


def _assert_rows(rows: list[dict[str, str]], cases: dict[str, Case]) -> None:
    assert [row["name"] for row in rows] == list(cases)
    for row, (name, case), number in zip(rows, cases.items(), numbers(len(cases)), strict=True):
        assert (row["call_status"], row["call_outcome"]) == (case.status, case.outcome), row
        assert row["call_to"] == number
        assert row["call_attempts"] == "1"
        for word in case.words:
            assert word in row["call_error"], (name, row["call_error"])
        assert bool(row["call_error"]) == (case.status != "done"), (name, row["call_error"])
        assert row["call_summary"] == (summary(number) if case.outcome == "completed" else "")


def _assert_placements(standin: StandIn, cases: dict[str, Case]) -> None:
    for (name, case), number in zip(cases.items(), numbers(len(cases)), strict=True):
        placed = [call for call in standin.calls if call.json["to"] == number]
        assert len({call.body for call in placed}) == 1
        expected = len(case.acts) + (case.status == "done") if case.repeated else 1
        assert len(placed) == expected, name
        if name == "429 with seconds":
            assert placed[1].at - placed[0].at >= 1
        if name == "429 with a date":
            # An HTTP date has no fractions: up to a second of the two is lost.
            assert placed[1].at - placed[0].at >= 0.9


@pytest.mark.parametrize(
    ("status", "words"),
    [(401, "unknown key"), (402, "no credits left"), (403, "not yours"), (404, "no such path")],
)
def test_a_refusal_of_the_account_stops_the_run_and_leaves_everyone_pending(
    served: Folder, standin: StandIn, status: int, words: str
) -> None:
    served.people(numbers(30))
    standin.always = _error(status, words)

    result = served.run()

    assert result.code == 4, result
    assert words in result.err
    assert str(status) in result.err
    assert served.states() == ["pending"] * 30
    assert 1 <= len(standin.calls) <= 10
    assert twice(standin.numbers) == []

    standin.requests.clear()
    standin.always = None
    mended = served.run()
    assert mended.code == 0, mended
    assert standin.numbers == numbers(30)
    assert [row["call_summary"] for row in served.results()] == [summary(n) for n in numbers(30)]


def test_a_redirect_is_not_followed_and_stops_the_run(served: Folder, standin: StandIn) -> None:
    served.people(numbers(5))
    standin.always = Answer(status=308, headers=(("Location", "https://elsewhere.example/calls"),))
    result = served.run()
    assert result.code == 4, result
    assert "https://elsewhere.example/calls" in result.err
    assert served.states() == ["pending"] * 5


def test_an_api_that_cannot_be_reached_is_not_an_unknown_call(folder: Folder) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        folder.serve(f"http://127.0.0.1:{closed.getsockname()[1]}")
        folder.people(numbers(3))
        process = folder.start()
        process.wait_for("the API cannot be reached; trying again at")
        process.signal()
        result = process.ended().checked()
    assert result.code == 4, result
    assert folder.states() == ["pending"] * 3


def test_a_call_that_is_followed_and_then_forgotten_by_the_api_is_unknown(
    served: Folder, standin: StandIn
) -> None:
    standin.generation = "second"
    served.people(numbers(2))
    standin.act(numbers(1)[0], Answer(body={"interactionId": "lost/../one?"}))
    result = served.run()
    assert result.code == 3, result
    lost, good = served.results()
    assert (lost["call_status"], good["call_status"]) == ("unknown", "done")
    assert lost["call_interaction_id"] == "lost/../one?"
    assert "lost/../one?" in lost["call_error"]
    asked = {request.path for request in standin.requests if "lost" in request.path}
    assert asked == {"/interactions/lost%2F..%2Fone%3F/status"}
