"""An endpoint that fails again and again is left alone for a while."""

import pytest

from poku_batch.ports import NotRead
from tests.chat.chat_readers import (
    ENDED,
    GOOD,
    READ,
    QuickClock,
    reader_of,
    refusal,
)
from tests.chat.chat_server import Act, chat_server, completion, reading
from tests.standin import Answer

pytestmark = pytest.mark.anyio


async def test_after_three_failures_in_a_row_the_endpoint_is_left_alone_for_a_minute() -> None:
    clock = QuickClock()
    broken = Answer(status=401)
    async with chat_server(broken, broken, broken, GOOD) as server, reader_of(server, clock) as r:
        for _ in range(3):
            assert refusal(await r.read(ENDED)) == "HTTP 401"
        for _ in range(5):
            assert "left alone for 60 s" in refusal(await r.read(ENDED))
        assert len(server.requests) == 3
        clock.passed_s += 59.9
        assert isinstance(await r.read(ENDED), NotRead)
        assert len(server.requests) == 3
        clock.passed_s += 0.2
        assert await r.read(ENDED) == READ
        assert await r.read(ENDED) == READ


async def test_after_a_rest_one_more_failure_makes_another() -> None:
    clock = QuickClock()
    async with chat_server(Answer(status=401)) as server, reader_of(server, clock) as reader:
        for asked in (3, 4, 5):
            while not refusal(await reader.read(ENDED)).startswith("the model is left alone"):
                pass
            assert len(server.requests) == asked
            clock.passed_s += 61


async def test_failures_that_are_not_in_a_row_do_not_make_a_rest() -> None:
    broken = Answer(status=401)
    acts = (broken, broken, GOOD, broken, broken, GOOD)
    async with chat_server(*acts) as server, reader_of(server) as reader:
        results = [await reader.read(ENDED) for _ in acts]
    assert [isinstance(result, NotRead) for result in results] == [True, True, False] * 2


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (reading("sold"), "none of the labels"),
        (completion("Well."), "not JSON"),
        (completion("{", finish_reason="length"), "cut off"),
        (completion(None, message={"content": None, "refusal": "No."}), "would not answer"),
    ],
)
async def test_answers_that_are_no_readings_are_no_reason_to_rest(answer: Act, why: str) -> None:
    clock = QuickClock()
    async with chat_server(answer) as server, reader_of(server, clock) as reader:
        for _ in range(6):
            assert why in refusal(await reader.read(ENDED))
    assert len(server.requests) == 6
