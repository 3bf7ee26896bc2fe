"""What the client makes of every way in which a placement can fail, over real sockets.

In each, the server sees one connection and one request at most: nothing is ever sent twice.
"""

import gzip
import json
import time
import tracemalloc
from collections.abc import Callable

import anyio
import pytest

from poku_batch.models import (
    Answer,
    CallRequest,
    Doubtful,
    Ended,
    NotTold,
    Refused,
    Rejected,
    Started,
    TurnedAway,
)
from poku_batch.models import InteractionId as Id
from poku_batch.poku import client as client_module
from poku_batch.poku.client import PokuClient
from tests.poku.acts import BROKEN, ENDED, FORMS, SLOW, UNREADABLE
from tests.poku.poku_server import Act, Connection, http, replying, serving

pytestmark = pytest.mark.anyio

_REQUEST = CallRequest(to="+14155550100", prompt="Say hello.")
_SAID = Ended(summary="Confirmed.", interaction_id=Id("one"))


async def _place(act: Act, *, call_timeout_s: float = 5.0, prompt: str = "Say hello.") -> Answer:
    """Place one call, and see that the server got it once, and that its connection was closed."""
    request = CallRequest(to=_REQUEST.to, prompt=prompt)
    async with serving(act) as server:
        async with PokuClient("key", base_url=server.url, call_timeout_s=call_timeout_s) as client:
            answer = await client.place(request)
        with anyio.fail_after(5):
            await server.closed.get()
    assert len(server.connections) == 1
    assert len(server.requests) <= 1
    return answer


# --- the connection breaks ---------------------------------------------------------------------


@pytest.mark.parametrize("name", list(BROKEN))
async def test_an_answer_that_breaks_off_leaves_it_unknown_whether_a_phone_rang(name: str) -> None:
    answer = await _place(BROKEN[name])
    assert isinstance(answer, Doubtful)
    assert answer.evidence.isprintable()
    assert len(answer.evidence) < 500


# --- the answer does not come ------------------------------------------------------------------


@pytest.mark.parametrize("name", list(SLOW))
async def test_an_answer_that_does_not_come_in_time_is_given_up(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "_CONNECT_TIMEOUT_S", 0.4)
    monkeypatch.setattr(client_module, "_WRITE_TIMEOUT_S", 0.1)
    started = time.monotonic()
    answer = await _place(SLOW[name], call_timeout_s=0.2)
    assert 0.2 <= time.monotonic() - started < 10
    assert isinstance(answer, Doubtful)
    assert "Time" in answer.evidence


async def test_a_server_that_does_not_take_the_request_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def take_nothing(connection: Connection) -> None:
        await anyio.sleep(0.6)
        connection.reset()

    monkeypatch.setattr(client_module, "_WRITE_TIMEOUT_S", 0.2)
    answer = await _place(take_nothing, prompt="x" * 30_000_000)
    assert isinstance(answer, Doubtful)
    assert "WriteTimeout" in answer.evidence


async def test_a_huge_answer_is_not_read_to_its_end() -> None:
    taken: list[Connection] = []

    async def flood(connection: Connection) -> None:
        taken.append(connection)
        await connection.request()
        await connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        for _ in range(1600):
            await connection.send(b" " * 62_500)

    answer = await _place(flood)
    assert answer == Doubtful(evidence="HTTP 200, with an answer over 1 MiB")
    # What was sent and not read is what the two socket buffers hold.
    assert taken[0].sent < 30_000_000


# --- whole answers -----------------------------------------------------------------------------


@pytest.mark.parametrize("form", list(FORMS))
async def test_an_answer_is_read_in_every_form(form: str) -> None:
    assert await _place(replying(FORMS[form])) == _SAID


async def test_an_answer_that_keeps_the_connection_is_read_and_the_connection_closed() -> None:
    async def keep(connection: Connection) -> None:
        await connection.request()
        await connection.send(http(200, ENDED, "Connection: keep-alive", "Keep-Alive: timeout=9"))
        assert await connection.until_closed() == b""

    assert await _place(keep) == _SAID


@pytest.mark.parametrize("name", list(UNREADABLE))
async def test_a_success_that_cannot_be_read_is_unknown(name: str) -> None:
    answer = await _place(replying(http(200, UNREADABLE[name])))
    assert isinstance(answer, Doubtful)
    assert answer.evidence.startswith("HTTP 200")
    assert answer.evidence.isprintable()


@pytest.mark.parametrize("layers", ["gzip", "gzip, gzip"])
async def test_a_bomb_does_not_go_off(layers: str) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    for _ in layers.split(",")[1:]:
        bomb = gzip.compress(bomb)
    tracemalloc.start()
    try:
        answer = await _place(replying(http(200, bomb, f"Content-Encoding: {layers}")))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert isinstance(answer, Doubtful)
    assert most < 8_000_000


async def test_half_an_emoji_does_not_reach_anybody_who_could_not_store_it() -> None:
    body = rb'{"response": "Confirmed \ud83d", "interactionId": "\udc00one", "x\ud800": [1]}'
    answer = await _place(replying(http(200, body)))
    assert answer == Ended(summary="Confirmed ?", interaction_id=Id("?one"))


_STATUSES: dict[type[Answer], tuple[int, ...]] = {
    Doubtful: (200, 204, 205, 206, 300, 303, 304, 305, 408, 500, 501, 502, 503, 504, 520, 599),
    Rejected: (400, 406, 409, 413, 414, 418, 422, 425, 431, 451, 499),
    Refused: (301, 302, 307, 308, 401, 402, 403, 404, 405, 407, 410, 415, 426),
    TurnedAway: (429,),
}


@pytest.mark.parametrize(
    ("status", "meaning"),
    [(status, meaning) for meaning, statuses in _STATUSES.items() for status in statuses],
)
async def test_every_status_is_told_apart(status: int, meaning: type[Answer]) -> None:
    answer = await _place(replying(http(status)))
    assert type(answer) is meaning


async def test_a_change_of_protocol_is_unknown() -> None:
    answer = await _place(replying(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nhi"))
    assert isinstance(answer, Doubtful)


@pytest.mark.parametrize("status", [429, 503])
async def test_the_wait_asked_for_reaches_the_answer(status: int) -> None:
    answer = await _place(replying(http(status, b'{"error": "slow down"}', "Retry-After: 17")))
    assert answer == TurnedAway(why=f"HTTP {status}: slow down", retry_after_s=17)


async def test_a_status_counts_although_its_body_cannot_be_read() -> None:
    answer = await _place(replying(http(429, b"\x1f\x8bnonsense", "Content-Encoding: gzip")))
    assert isinstance(answer, TurnedAway)


async def test_a_status_of_the_campaign_turns_away() -> None:
    async with (
        serving(replying(http(502))) as server,
        PokuClient("key", base_url=server.url, turned_away_statuses=[502]) as client,
    ):
        assert isinstance(await client.place(_REQUEST), TurnedAway)


async def test_the_second_generations_start_is_told() -> None:
    assert await _place(replying(http(200, b'{"interactionId": "one"}'))) == Started(
        interaction_id=Id("one")
    )


@pytest.mark.parametrize("error", ["human did not respond", "invalid to number", "timeout"])
async def test_a_documented_error_is_an_end(error: str) -> None:
    answer = await _place(replying(http(400, json.dumps({"error": error}).encode())))
    assert answer == Ended(summary=None, error=error)


async def test_an_answer_before_the_request_was_taken_counts() -> None:
    async def refuse_early(connection: Connection) -> None:
        await connection.reader.readuntil(b"\r\n\r\n")
        await connection.send(http(413, b'{"error": "prompt too long"}'))
        await connection.until_closed()

    answer = await _place(refuse_early, prompt="x" * 3_000_000)
    assert answer == Rejected(why="HTTP 413: prompt too long")


@pytest.mark.parametrize("name", [*BROKEN, *UNREADABLE])
async def test_whatever_breaks_a_placement_leaves_a_standing_not_told(name: str) -> None:
    act = BROKEN.get(name) or replying(http(200, UNREADABLE[name]))
    async with serving(act) as server, PokuClient("key", base_url=server.url) as client:
        assert isinstance(await client.standing(Id("one")), NotTold)


_STANDING: dict[str, Callable[[NotTold], bool]] = {
    "404": lambda standing: standing.missing,
    "410": lambda standing: standing.missing,
    "401": lambda standing: standing.refused,
    "429": lambda standing: standing.retry_after_s == 3,
    "302": lambda standing: not standing.missing and not standing.refused,
}


@pytest.mark.parametrize("status", list(_STANDING))
async def test_a_standings_status_is_told_apart(status: str) -> None:
    act = replying(http(int(status), b"", "Retry-After: 3", "Location: /elsewhere"))
    async with serving(act) as server, PokuClient("key", base_url=server.url) as client:
        standing = await client.standing(Id("one"))
        assert isinstance(standing, NotTold)
        assert _STANDING[status](standing)
        assert len(server.connections) == 1
