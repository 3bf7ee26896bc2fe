"""A model behind a chat endpoint reads summaries, or says why not, over real sockets."""

import json
import logging
import socket
from datetime import timedelta
from typing import Any

import anyio
import pytest

from poku_batch.errors import UsageError
from poku_batch.models import Ended
from poku_batch.ports import NotRead, SummaryReading
from tests.chat.chat_readers import (
    ENDED,
    GOOD,
    KEY,
    NOW,
    READ,
    QuickClock,
    read_by,
    reader_of,
    refusal,
)
from tests.chat.chat_server import Act, ChatServer, Stall, chat_server, completion, reading
from tests.standin import Answer, Hang, Raw

pytestmark = pytest.mark.anyio


async def test_a_summary_is_read_in_one_request_as_the_protocol_says() -> None:
    answer = reading("rescheduled", new_date="2026-11-30")
    result, server = await read_by(answer)
    assert result == SummaryReading(outcome="rescheduled", fields={"new_date": "2026-11-30"})
    (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/v1/chat/completions")
    assert request.header("authorization") == [f"Bearer {KEY}"]
    assert request.header("content-type") == ["application/json"]
    body = request.json
    assert (body["model"], body["temperature"]) == ("some-model", 0)
    form = body["response_format"]
    assert (form["type"], form["json_schema"]["strict"]) == ("json_schema", True)
    assert form["json_schema"]["schema"]["required"] == ["outcome", "evidence", "fields"]
    assert [message["role"] for message in body["messages"]] == ["system", "user"]
    assert json.loads(body["messages"][1]["content"])["summary"] == ENDED.summary


async def test_without_a_key_none_is_sent() -> None:
    result, server = await read_by(GOOD, key=None)
    assert result == READ
    assert server.requests[0].header("authorization") == []


async def test_the_time_of_the_end_goes_with_the_summary() -> None:
    async with chat_server(GOOD) as server, reader_of(server) as reader:
        await reader.read(ENDED)
        await reader.read(ENDED, ended_at=NOW - timedelta(days=2))
    told = [json.loads(body["messages"][1]["content"])["call_ended_at"] for body in server.bodies]
    assert told == ["2026-11-22T18:00:00Z, a Sunday", "2026-11-20T18:00:00Z, a Friday"]


@pytest.mark.parametrize("summary", [None, "", " \n"])
async def test_nobody_is_asked_about_no_summary(summary: str | None) -> None:
    result, server = await read_by(GOOD, ended=Ended(summary=summary))
    assert refusal(result) == "there is no summary to read"
    assert server.requests == []


async def test_a_long_summary_is_cut_before_it_is_sent() -> None:
    result, server = await read_by(GOOD, ended=Ended(summary="ä" * 1_000_000))
    assert result == READ
    assert len(server.requests[0].body) < 150_000


@pytest.mark.parametrize(
    ("acts", "tries"),
    [
        ([Answer(status=500), GOOD], 2),
        ([Answer(status=503, body=b"<html>"), Answer(status=502), GOOD], 3),
        ([Answer(status=408), GOOD], 2),
        ([Answer(status=429), Answer(status=429), Answer(status=429), GOOD], 4),
        ([Raw(), GOOD], 2),
        ([Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{"), GOOD], 2),
        ([Raw(b"not HTTP at all\r\n\r\n"), GOOD], 2),
    ],
)
async def test_what_may_pass_is_tried_again(acts: list[Act], tries: int) -> None:
    clock = QuickClock()
    result, server = await read_by(*acts, clock=clock)
    assert result == READ
    assert len(server.requests) == tries
    assert clock.slept == [0.375, 0.75, 1.5][: tries - 1]


async def test_a_retry_after_that_fits_is_heeded() -> None:
    clock = QuickClock()
    busy = Answer(status=429, headers=(("Retry-After", "3"),))
    result, server = await read_by(busy, GOOD, clock=clock)
    assert (result, len(server.requests)) == (READ, 2)
    assert len(clock.slept) == 1
    assert 3 <= clock.slept[0] <= 3.3


async def test_a_retry_after_that_does_not_fit_ends_the_reading_at_once() -> None:
    clock = QuickClock()
    busy = Answer(status=429, body={"error": "quota"}, headers=(("Retry-After", "60"),))
    result, server = await read_by(busy, GOOD, clock=clock)
    assert refusal(result) == "HTTP 429: quota"
    assert (len(server.requests), clock.slept) == (1, [])


async def test_trying_again_ends_with_the_time_there_is() -> None:
    clock = QuickClock()
    result, server = await read_by(Answer(status=500, body={"error": "sorry"}), clock=clock)
    assert refusal(result) == "HTTP 500: sorry"
    assert sum(clock.slept) <= 5
    assert len(server.requests) == len(clock.slept) + 1 >= 3


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer(status=401, body={"error": {"message": "no such key"}}), "HTTP 401: no such key"),
        (Answer(status=403, body=b"<html>no</html>"), "HTTP 403"),
        (Answer(status=404, body={"detail": "no such model"}), "HTTP 404: no such model"),
        (Answer(status=400, body={"error": "context too long"}), "HTTP 400: context too long"),
        (Answer(status=204, body=b""), "HTTP 204"),
        (
            Answer(status=307, headers=(("Location", "http://127.0.0.1:1/v1"),)),
            "HTTP 307: it redirects elsewhere, which is not followed; look at base_url",
        ),
        (Answer(body=b"\xff\xfe{garbage"), "its answer is not a chat completion"),
        (Answer(body=b"[" * 200_000), "its answer is not a chat completion"),
        (Answer(body={"error": {"message": "no credit"}}), "no credit"),
        (Answer(body={"choices": []}), "its answer is not a chat completion"),
        (Answer(body={"choices": {"0": 1}}), "its answer is not a chat completion"),
        (Answer(body={"choices": [3]}), "its answer is not a chat completion"),
        (Answer(body={"choices": [{"message": None}]}), "its answer is not a chat completion"),
        (Answer(body=b" " * 1_100_000 + b"{}"), "its answer is over 1 MiB"),
        (completion("{", finish_reason="length"), "its answer was cut off"),
        (completion(None), "its answer is not JSON"),
        (completion(7), "its answer is not JSON"),
        (completion([{"text": None}, 7]), "its answer is not JSON"),
        (completion("Certainly! It went well."), "its answer is not JSON"),
        (
            completion(None, message={"content": None, "refusal": "I will not."}),
            "the model would not answer",
        ),
        (reading("sold", new_date=None), "the outcome in its answer is none of the labels"),
        (
            reading("confirmed", new_date="Monday"),
            "the field new_date in its answer is not a date as YYYY-MM-DD",
        ),
    ],
)
async def test_what_will_not_pass_is_said_after_one_request(answer: Answer, why: str) -> None:
    clock = QuickClock()
    result, server = await read_by(answer, clock=clock)
    assert refusal(result) == why
    assert (len(server.requests), clock.slept) == (1, [])


async def test_a_redirect_is_not_followed_with_the_key() -> None:
    async with chat_server(GOOD) as other:
        target = (("Location", f"{other.url}/chat/completions"),)
        for status in (301, 302, 303, 307, 308):
            result, _ = await read_by(Answer(status=status, headers=target))
            assert refusal(result).startswith(f"HTTP {status}")
        assert other.requests == []


async def test_content_in_parts_and_fences_is_read() -> None:
    text = json.dumps({"outcome": "confirmed", "fields": {}})
    parts = [{"type": "text", "text": "```json\n"}, {"type": "text", "text": f"{text}\n```"}]
    assert (await read_by(completion(parts)))[0] == READ


async def test_extra_fields_are_passed_over() -> None:
    assert (await read_by(reading("confirmed", new_date=None, phone="+14155550100")))[0] == READ


@pytest.mark.parametrize(
    "slow",
    [
        Hang(),
        Stall(b"HTTP/1.1 200 OK\r\nContent-Le"),
        Stall(b'HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{"choices": [{'),
    ],
)
async def test_an_endpoint_that_is_too_slow_is_not_waited_for(slow: Act) -> None:
    with anyio.fail_after(2):
        result, _ = await read_by(slow, timeout_s=0.3)
    assert refusal(result) == "no answer within 0.3 s"


async def test_what_was_wrong_before_the_time_was_up_is_said() -> None:
    result, _ = await read_by(Answer(status=500, body={"error": "sorry"}), Hang(), timeout_s=0.5)
    assert refusal(result) == "no answer within 0.5 s; before: HTTP 500: sorry"


async def test_an_endpoint_that_is_not_there_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/v1"
        async with reader_of(url) as reader:
            why = refusal(await reader.read(ENDED))
    assert why.startswith("it could not be reached: ConnectError")


def refuses(*words: str, status: int = 400) -> Act:
    """An endpoint that knows none of the request's keys or values that hold one of ``words``."""

    def act(body: dict[str, Any]) -> Answer:
        text = json.dumps({name: value for name, value in body.items() if name != "messages"})
        known = [word for word in words if word in text]
        if not known:
            return GOOD
        error = {"message": f"Unsupported: '{known[0]}'", "param": known[0]}
        return Answer(status=status, body={"error": error})

    return act


def styles(server: ChatServer) -> list[tuple[str | None, bool]]:
    return [
        (body.get("response_format", {}).get("type"), "temperature" in body)
        for body in server.bodies
    ]


@pytest.mark.parametrize(
    ("endpoint", "asked_in"),
    [
        (refuses("json_schema"), [("json_schema", True), ("json_object", True)]),
        (
            refuses("response_format", status=422),
            [("json_schema", True), ("json_object", True), (None, True)],
        ),
        (refuses("temperature"), [("json_schema", True), ("json_schema", False)]),
        (
            refuses("temperature", "response_format"),
            [
                ("json_schema", True),
                ("json_schema", False),
                ("json_object", False),
                (None, False),
            ],
        ),
    ],
)
async def test_an_endpoint_that_knows_less_is_asked_more_plainly_from_then_on(
    endpoint: Act, asked_in: list[tuple[str | None, bool]]
) -> None:
    clock = QuickClock()
    async with chat_server(endpoint) as server, reader_of(server, clock) as reader:
        assert await reader.read(ENDED) == READ
        assert styles(server) == asked_in
        assert await reader.read(ENDED) == READ
        assert styles(server) == [*asked_in, asked_in[-1]]
    assert clock.slept == []
    assert "JSON" in server.bodies[-1]["messages"][0]["content"]


async def test_an_endpoint_that_refuses_every_style_is_asked_no_further() -> None:
    never = Answer(status=400, body={"error": "bad response_format and temperature"})
    result, server = await read_by(never)
    assert refusal(result) == "HTTP 400: bad response_format and temperature"
    assert len(server.requests) == 4


async def test_many_summaries_are_read_at_once_and_none_gets_anothers() -> None:
    def echo(body: dict[str, Any]) -> Answer:
        summary = json.loads(body["messages"][1]["content"])["summary"]
        return reading("confirmed", new_date=f"2026-12-{int(summary.split()[-1]):02}")

    results: dict[int, SummaryReading | NotRead] = {}
    async with chat_server(echo) as server, reader_of(server) as reader:

        async def one(day: int) -> None:
            results[day] = await reader.read(Ended(summary=f"Moved to {day}"))

        async with anyio.create_task_group() as tasks:
            for day in range(1, 29):
                tasks.start_soon(one, day)
    assert results == {
        day: SummaryReading(outcome="confirmed", fields={"new_date": f"2026-12-{day:02}"})
        for day in range(1, 29)
    }


async def test_a_cancelled_reading_lets_go_at_once() -> None:
    async with chat_server(Hang()) as server, reader_of(server, timeout_s=60) as reader:
        with anyio.move_on_after(0.2) as scope:
            await reader.read(ENDED)
        assert scope.cancelled_caught


async def test_neither_key_nor_people_stand_in_what_is_said(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    summary = "Ms Rosa Alvarez of Elm Street confirmed; her number is +1 415 555 0100."

    def tells_all(body: dict[str, Any]) -> Answer:
        told = f"bad key {KEY} for {body['messages'][1]['content']}"
        return Answer(status=401, body={"error": {"message": told}})

    async with chat_server(tells_all) as server, reader_of(server) as reader:
        why = refusal(await reader.read(Ended(summary=summary)))
        said = f"{why} {reader!r} {vars(reader)['_endpoint']!r} {caplog.text}"
    assert why.startswith("HTTP 401")
    for secret in (KEY, "Alvarez", "0100", "Elm Street"):
        assert secret not in said


async def test_the_number_and_the_key_alone_are_taken_out_of_other_words() -> None:
    told = f"key {KEY} is out of credit; call +1 (415) 555-0100"
    result, _ = await read_by(Answer(status=402, body={"error": told}))
    assert refusal(result) == "HTTP 402: key … is out of credit; call …"


@pytest.mark.parametrize("key", ["", "  ", "two words", "line\nbreak", "ключ", "nul\x00"])
def test_a_key_that_no_header_holds_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(UsageError) as caught:
        reader_of("http://127.0.0.1:1/v1", key=key)
    assert "outcomes_by" in str(caught.value)
    assert not key.strip() or key.strip() not in str(caught.value)


async def test_a_key_with_a_line_end_after_it_is_the_key() -> None:
    _, server = await read_by(GOOD, key=f"{KEY}\n")
    assert server.requests[0].header("authorization") == [f"Bearer {KEY}"]
