"""What the API's answer to a placement means: the failure table of the API notes, and its edges."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poku_batch.models import (
    Answer,
    Doubtful,
    Ended,
    InteractionId,
    Refused,
    Rejected,
    Started,
    TurnedAway,
)
from poku_batch.policy.answers import DOCUMENTED_ERRORS, judge_placement
from poku_batch.policy.http import Exchange, NeverSent, Reply, SentAndLost

_NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
_ID = InteractionId("6f1c2a52-7c5b-4e57-9c46-1b1f7f0f6f11")
_TEN_S = {"retry-after": "10"}

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
_NAMES = st.sampled_from(
    ["response", "call", "interactionId", "error", "message", "detail", "recordingUrl", "status"]
)
#: Objects that hold the API's own names with whatever JSON under them.
_BODIES = st.dictionaries(_NAMES | st.text(), _JSON, max_size=6)


def _judge(exchange: Exchange, *also_turned_away: int) -> Answer:
    return judge_placement(exchange, now=_NOW, turned_away_statuses=(429, *also_turned_away))


def _reply(status: int, body: Any = None, **headers: str) -> Reply:
    """An answer as the client makes it: header names in lower case, ``body`` only an object."""
    text = "" if body is None else body if isinstance(body, str) else json.dumps(body)
    return Reply(
        status=status,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        body=body if isinstance(body, dict) else None,
        text=text,
    )


# --- the failure table, row by row, in its words -----------------------------------------------

_TABLE: dict[str, tuple[Sequence[Exchange], type[Answer]]] = {
    "DNS, connection refused, TLS or connect timeout: the request was never sent": (
        [NeverSent(why="ConnectError"), NeverSent(why="ConnectTimeout")],
        TurnedAway,
    ),
    "429": ([_reply(429), _reply(429, retry_after="7"), _reply(429, {"error": "x"})], TurnedAway),
    "503 with Retry-After": (
        [_reply(503, retry_after="7"), _reply(503, retry_after="Sun, 22 Nov 2026 12:01:00 GMT")],
        TurnedAway,
    ),
    "400, 422 and the row's own data at fault": (
        [_reply(400, {"error": "to is required"}), _reply(422, {"message": "bad"}), _reply(400)],
        Rejected,
    ),
    "401, 403, 402, 404 on /calls": (
        [
            *(_reply(status, {"error": "no"}) for status in (401, 403, 402, 404)),
            NeverSent(why="the certificate is not trusted", untrusted=True),
        ],
        Refused,
    ),
    "connection lost or timed out after the request was sent": (
        [SentAndLost(why="ReadTimeout"), SentAndLost(why="RemoteProtocolError")],
        Doubtful,
    ),
    "500, 502, 504, 408": (
        [_reply(status, {"error": "oops"}) for status in (500, 502, 504, 408)]
        + [_reply(status, retry_after="7") for status in (500, 502, 504, 408)],
        Doubtful,
    ),
    "503 without Retry-After": (
        [_reply(503), _reply(503, retry_after="soon"), _reply(503, {"error": "timeout"})],
        Doubtful,
    ),
    "200 that cannot be read": (
        [
            _reply(200),
            _reply(200, "<html>It works!</html>"),
            _reply(200, [1]),
            _reply(200, {}),
            _reply(200, {"response": None}),
            _reply(200, {"response": 7, "call": None}),
            _reply(200, {"response": {"text": "hi"}, "interactionId": 7}),
            _reply(200, {"interactionId": "  "}),
            _reply(200, {"interactionId": None, "call": "x"}),
            _reply(204),
        ],
        Doubtful,
    ),
}


@pytest.mark.parametrize("row", list(_TABLE))
def test_the_failure_table_holds(row: str) -> None:
    exchanges, meaning = _TABLE[row]
    assert [type(_judge(exchange)) for exchange in exchanges] == [meaning] * len(exchanges)


# --- turned away, rejected, refused ------------------------------------------------------------


def test_a_turned_away_placement_carries_the_wait_that_was_asked_for() -> None:
    assert _judge(_reply(429, retry_after="7")) == TurnedAway(why="HTTP 429", retry_after_s=7)
    later = _judge(_reply(503, retry_after="Sun, 22 Nov 2026 12:01:00 GMT"))
    assert isinstance(later, TurnedAway)
    assert later.retry_after_s == 60
    bare = _judge(_reply(429))
    assert isinstance(bare, TurnedAway)
    assert bare.retry_after_s is None


@pytest.mark.parametrize("status", [400, 401, 404, 408, 409, 500, 502, 503, 504, 599])
def test_a_status_that_the_campaign_says_turns_away_does(status: int) -> None:
    assert isinstance(_judge(_reply(status), status), TurnedAway)


def test_a_status_set_without_429_takes_it_for_the_rows_fault() -> None:
    answer = judge_placement(_reply(429), now=_NOW, turned_away_statuses=())
    assert isinstance(answer, Rejected)


@pytest.mark.parametrize("status", [200, 201, 299])
def test_an_end_is_an_end_even_under_a_status_that_the_campaign_says_turns_away(
    status: int,
) -> None:
    assert isinstance(_judge(_reply(status, {"response": "Hi."}), status), Ended)


def test_a_rejected_row_carries_every_word_of_the_api() -> None:
    body = {"statusCode": 400, "error": "Bad Request", "message": "to must be E.164"}
    assert _judge(_reply(400, body)) == Rejected(why="HTTP 400: Bad Request: to must be E.164")


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_move_is_refused_with_the_place_and_what_to_do(status: int) -> None:
    answer = _judge(_reply(status, location="https://evil.example/\x1b[2J"))
    assert isinstance(answer, Refused)
    assert "https://evil.example/" in answer.why
    assert "api.base_url" in answer.why
    assert "\x1b" not in answer.why


# --- the documented error strings --------------------------------------------------------------

_SAID = ["{}", "{}.", "  {} ", "{}!", "\n{}"]


@pytest.mark.parametrize("error", DOCUMENTED_ERRORS)
@pytest.mark.parametrize("status", [200, 400, 404, 422, 500])
def test_a_documented_error_tells_how_the_call_ended_whatever_the_status(
    error: str, status: int
) -> None:
    bodies: list[dict[str, Any]] = [
        shape
        for said in (form.format(words) for form in _SAID for words in (error, error.upper()))
        for shape in (
            {"error": said},
            {"message": said},
            {"error": {"message": said}},
            {"error": "Bad Request", "message": said},
            {"error": True, "message": said},
            {"error": None, "message": said},
            {"response": None, "error": said},
            {"response": "", "error": said},
            {"response": " ", "message": said},
        )
    ]
    for body in bodies:
        assert _judge(_reply(status, body)) == Ended(summary=None, error=error), body


def test_a_documented_error_keeps_the_id_and_the_recording() -> None:
    body = {
        "error": "human did not respond",
        "interactionId": _ID,
        "call": {"recordingUrl": "https://x/1.wav"},
    }
    assert _judge(_reply(200, body)) == Ended(
        summary=None,
        error="human did not respond",
        interaction_id=_ID,
        recording_url="https://x/1.wav",
    )


@pytest.mark.parametrize("status", [408, 502, 503, 504])
def test_a_proxys_own_timeout_says_nothing_of_the_call(status: int) -> None:
    assert isinstance(_judge(_reply(status, {"message": "Timeout"})), Doubtful)


def test_a_timeout_beside_429_is_turned_away() -> None:
    assert isinstance(_judge(_reply(429, {"error": "timeout"})), TurnedAway)


@pytest.mark.parametrize(
    "words",
    ["timeout while reading the prompt", "invalid from number", "the human did not respond"],
)
def test_words_that_only_hold_a_documented_error_are_not_one(words: str) -> None:
    assert isinstance(_judge(_reply(400, {"error": words})), Rejected)
    assert isinstance(_judge(_reply(500, {"error": words})), Doubtful)


def test_a_summary_outweighs_an_error_beside_it() -> None:
    body = {"response": "Confirmed.", "error": "timeout"}
    assert _judge(_reply(200, body)) == Ended(summary="Confirmed.")


# --- 200 ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        (
            {"response": "Hi.", "call": {"recordingUrl": "https://x/1.wav"}, "interactionId": _ID},
            Ended(summary="Hi.", recording_url="https://x/1.wav", interaction_id=_ID),
        ),
        ({"response": "Hi."}, Ended(summary="Hi.")),
        ({"response": ""}, Ended(summary="")),
        ({"response": "Hi.", "call": None}, Ended(summary="Hi.")),
        ({"response": "Hi.", "call": {"recordingUrl": None}}, Ended(summary="Hi.")),
        ({"response": "Hi.", "call": {"recordingUrl": 7}}, Ended(summary="Hi.")),
        ({"response": "Hi.", "call": "x"}, Ended(summary="Hi.")),
        ({"response": "Hi.", "interactionId": 7}, Ended(summary="Hi.")),
        ({"response": "Hi.", "recordingUrl": "u"}, Ended(summary="Hi.", recording_url="u")),
        ({"interactionId": _ID}, Started(interaction_id=_ID)),
        (
            {"response": None, "call": None, "interactionId": _ID, "more": [1]},
            Started(interaction_id=_ID),
        ),
    ],
)
@pytest.mark.parametrize("status", [200, 201, 202])
def test_a_success_is_read_in_both_generations(
    body: dict[str, Any], answer: Answer, status: int
) -> None:
    assert _judge(_reply(status, body)) == answer


@pytest.mark.parametrize("value", ["", " ", ".", "..", "a\nb", "\x1b", "\ud800", "a" * 501, 7, []])
def test_an_id_that_cannot_be_asked_for_is_none(value: Any) -> None:
    assert isinstance(_judge(_reply(200, {"interactionId": value})), Doubtful)


def test_an_unreadable_success_shows_what_was_seen_and_nothing_that_steers_a_terminal() -> None:
    answer = _judge(_reply(200, "<h1>\x1b[31mIt\tworks\r\n" + "!" * 5000))
    assert isinstance(answer, Doubtful)
    assert "<h1> [31mIt works !!!" in answer.evidence
    assert answer.evidence.isprintable()
    assert len(answer.evidence) < 400


# --- properties --------------------------------------------------------------------------------


@given(
    status=st.integers(100, 599),
    body=st.none() | _BODIES,
    retry_after=st.none() | st.text() | st.integers(0, 10**9).map(str),
    also=st.sets(st.integers(100, 599), max_size=3),
)
def test_no_call_counts_as_not_placed_unless_something_says_so(
    status: int, body: dict[str, Any] | None, retry_after: str | None, also: set[int]
) -> None:
    headers = {} if retry_after is None else {"retry-after": retry_after}
    reply = Reply(status=status, headers=headers, body=body, text="x")
    answer = judge_placement(reply, now=_NOW, turned_away_statuses=also)
    match answer:
        case TurnedAway():
            assert status in also or (status == 503 and retry_after is not None)
            assert not 200 <= status < 300
        case Rejected():
            assert 400 <= status < 500
            assert status != 408
        case Refused():
            assert status in {301, 302, 307, 308, 401, 402, 403, 404, 405, 407, 410, 415, 426}
        case Started():
            assert 200 <= status < 300
            assert body is not None
            assert answer.interaction_id == body["interactionId"]
        case Ended():
            assert body is not None
            assert answer.error is not None or answer.summary == body["response"]
        case Doubtful():
            assert answer.evidence.isprintable()


@pytest.mark.parametrize("status", range(100, 600))
def test_every_bare_status_means_something(status: int) -> None:
    answer = _judge(_reply(status))
    assert isinstance(answer, Doubtful | Rejected | Refused | TurnedAway)
    assert isinstance(answer, TurnedAway) == (status == 429)
    if not 300 <= status < 500:
        assert isinstance(answer, Doubtful)


@given(body=_BODIES, later=st.timedeltas(timedelta(0), timedelta(days=400)))
def test_the_time_of_day_decides_nothing_but_the_wait(
    body: dict[str, Any], later: timedelta
) -> None:
    reply = Reply(status=503, body=body, headers={"retry-after": "Sun, 22 Nov 2026 12:01:00 GMT"})
    first = judge_placement(reply, now=_NOW)
    second = judge_placement(reply, now=_NOW + later)
    assert type(first) is type(second)
