"""``PokuClient.call``: one call followed to its end; and the key, which is shown nowhere."""

import json
import logging
import time
import traceback
from typing import Any

import anyio
import pytest

from poku_batch.errors import ApiError, UsageError
from poku_batch.models import CallRequest, Ended
from poku_batch.models import InteractionId as Id
from poku_batch.poku import client as client_module
from poku_batch.poku.client import PokuClient
from poku_batch.policy.polls import MISSING_LIMIT
from tests.poku.poku_server import Act, Connection, http, replying, serving

_KEY = "poku_5ecretKey"
_REQUEST = CallRequest(to="+14155550100", prompt="Say hello.")
_STARTED = http(200, b'{"interactionId": "one"}')
_PENDING = http(200, b'{"interactionId": "one", "status": "pending"}')
_EVENT = {"eventType": "call.conversation.ended", "payload": {"summary": "Confirmed."}}
_FINISHED = http(200, json.dumps({"status": "ended", "completionEvent": _EVENT}).encode())
_SAID = Ended(summary="Confirmed.", interaction_id=Id("one"))


class _Api:
    """Answers ``POST /calls`` with the first answer, then polls with the rest; the last stays."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = answers
        self.asked: list[bytes] = []

    async def __call__(self, connection: Connection) -> None:
        request = await connection.request()
        self.asked.append(request.split(b" HTTP", 1)[0])
        await connection.send(self.answers[min(len(self.asked), len(self.answers)) - 1])


async def _call(act: Act, *, call_timeout_s: float = 5.0) -> Ended:
    async with (
        serving(act) as server,
        PokuClient(
            _KEY, base_url=server.url, call_timeout_s=call_timeout_s, poll_interval_s=0.01
        ) as client,
    ):
        return await client.call(_REQUEST)


async def _fail(act: Act, *, call_timeout_s: float = 5.0) -> str:
    with pytest.raises(ApiError) as caught:
        await _call(act, call_timeout_s=call_timeout_s)
    return str(caught.value)


# --- following ---------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_a_call_that_ends_within_its_request_is_not_asked_for() -> None:
    api = _Api(http(200, b'{"response": "Confirmed.", "interactionId": "one"}'))
    assert await _call(api) == _SAID
    assert api.asked == [b"POST /calls"]


@pytest.mark.anyio
async def test_a_started_call_is_asked_for_until_it_ends() -> None:
    api = _Api(_STARTED, _PENDING, _PENDING, http(500), b"", http(429), _FINISHED)
    assert await _call(api) == _SAID
    assert api.asked == [b"POST /calls", *[b"GET /interactions/one/status"] * 6]


@pytest.mark.anyio
async def test_an_interaction_may_be_missing_for_a_moment() -> None:
    missing = [http(404)] * (MISSING_LIMIT - 1)
    assert await _call(_Api(_STARTED, *missing, _PENDING, _FINISHED)) == _SAID


@pytest.mark.anyio
async def test_an_interaction_that_stays_missing_is_given_up() -> None:
    api = _Api(_STARTED, http(404, b'{"error": "no such interaction"}'))
    text = await _fail(api)
    assert text == (
        "the call was placed as one, but its end was not told: HTTP 404: no such interaction"
    )
    assert len(api.asked) == 1 + MISSING_LIMIT


@pytest.mark.anyio
async def test_an_account_that_is_refused_is_not_asked_for_again() -> None:
    api = _Api(_STARTED, http(401, b'{"error": "bad key"}'))
    assert "was placed as one, but its end was not told: HTTP 401: bad key" in await _fail(api)
    assert len(api.asked) == 2


@pytest.mark.anyio
async def test_a_call_that_does_not_end_in_time_is_given_up() -> None:
    started = time.monotonic()
    text = await _fail(_Api(_STARTED, _PENDING), call_timeout_s=1.0)
    assert text == "the call was placed as one, but its end was not told: it had not ended"
    assert 1 <= time.monotonic() - started < 10


@pytest.mark.anyio
async def test_a_long_wait_that_the_api_asks_for_does_not_outlast_the_call() -> None:
    slow = http(429, b"", "Retry-After: 100000")
    with anyio.fail_after(10):
        assert "HTTP 429" in await _fail(_Api(_STARTED, slow), call_timeout_s=1.0)


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (http(429), "no call was placed: HTTP 429"),
        (http(400, b'{"error": "bad to"}'), "no call was placed: HTTP 400: bad to"),
        (http(401), "no call was placed: HTTP 401"),
        (http(307, b"", "Location: https://x/y"), "no call was placed: HTTP 307"),
        (http(500), "a call may have been placed: HTTP 500"),
        (http(200, b"<html>"), "a call may have been placed: HTTP 200"),
        (b"", "a call may have been placed: the request was sent and no answer came"),
    ],
)
async def test_an_error_says_whether_a_call_may_have_been_placed(answer: bytes, words: str) -> None:
    api = _Api(answer)
    assert (await _fail(api)).startswith(words)
    assert api.asked == [b"POST /calls"]


@pytest.mark.anyio
async def test_a_documented_end_is_no_error() -> None:
    api = _Api(http(400, b'{"error": "human did not respond"}'))
    assert await _call(api) == Ended(summary=None, error="human did not respond")


# --- the key -----------------------------------------------------------------------------------


def _tell_everything(error: BaseException) -> str:
    """The error as a traceback with every frame's variables, this test's own frame aside."""
    assert error.__traceback__ is not None
    frames = error.__traceback__.tb_next
    assert frames is not None
    told = traceback.TracebackException(type(error), error, frames, capture_locals=True)
    return "".join(told.format()) + repr(error) + str(error.args)


def _shown(value: Any) -> str:
    return f"{value!r} {value!s} {value:}"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "answer",
    [
        http(401, b'{"error": "bad key"}'),
        http(500),
        http(200, b"<html>"),
        http(307, b"", "Location: https://x/y"),
        b"\x00garbage\r\n\r\n",
        b"",
    ],
)
async def test_no_answer_error_traceback_or_log_shows_the_key(
    answer: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with serving(replying(answer)) as server:
        async with PokuClient(_KEY, base_url=server.url) as client:
            assert _KEY not in _shown(client)
            assert _KEY not in _shown(await client.place(_REQUEST))
            assert _KEY not in _shown(await client.standing(Id("one")))
            with pytest.raises(ApiError) as failed:
                await client.call(_REQUEST)
            with pytest.raises(ValueError, match="no such request") as unfit:
                await client.place(CallRequest(to="x", prompt=""))
        assert _KEY.encode() in server.connections[0].received
    for error in (failed.value, unfit.value):
        assert _KEY not in _tell_everything(error)
    assert _KEY not in caplog.text


@pytest.mark.anyio
async def test_a_connection_that_is_not_made_does_not_show_the_key() -> None:
    async with PokuClient(_KEY, base_url="https://a..b") as client:
        with pytest.raises(ApiError) as failed:
            await client.call(_REQUEST)
    assert _KEY not in _tell_everything(failed.value)
    assert "no call was placed" in str(failed.value)


@pytest.mark.parametrize(
    "key",
    [
        *("", " ", "\n", "5ecret key", "5ecret\nX-Evil: 1", "5ecret\r\n\r\nGET /", "5ecret\x00"),
        *("5ecretß", "5ecret\u200b", "5ecret\x7f", "Bearer 5ecret", "„5ecret“", "5ecret\t2"),
    ],
)
def test_a_key_that_no_header_can_hold_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(UsageError, match="POKU_API_KEY") as caught:
        PokuClient(key, base_url="http://127.0.0.1:1")
    assert "5ecret" not in repr(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.anyio
async def test_white_space_around_a_key_is_not_part_of_it() -> None:
    async with (
        serving(replying(_STARTED)) as server,
        PokuClient(f" {_KEY}\n", base_url=server.url) as client,
    ):
        await client.place(_REQUEST)
        assert f"Authorization: Bearer {_KEY}\r\n".encode() in server.connections[0].received


def test_the_times_of_the_client_are_those_of_a_phone_call() -> None:
    assert client_module._CONNECT_TIMEOUT_S <= 10
    assert PokuClient(_KEY)._call_timeout_s == 15 * 60
