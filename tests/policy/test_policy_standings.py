"""What the API's word on a placed call means; whatever is not an end is asked again."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poku_batch.models import Ended, InteractionId, NotTold, Standing, StillInCall
from poku_batch.policy.http import Exchange, NeverSent, Reply, SentAndLost
from poku_batch.policy.standings import judge_standing

_NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
_ID = InteractionId("one")


def _judge(exchange: Exchange) -> Standing:
    return judge_standing(exchange, _ID, now=_NOW)


def _ended(payload: Any) -> Reply:
    event = {"eventType": "call.conversation.ended", "payload": payload}
    return Reply(status=200, body={"status": "ended", "completionEvent": event})


def test_a_pending_interaction_is_still_in_call() -> None:
    assert _judge(Reply(status=200, body={"status": "pending"})) == StillInCall()


@pytest.mark.parametrize(
    ("payload", "summary", "recording_url"),
    [
        ({"summary": "Hi.", "recordingUrl": "u"}, "Hi.", "u"),
        ({"summary": "Hi.", "call": {"recordingUrl": "u"}}, "Hi.", "u"),
        ({"summary": "Hi.", "recordingUrl": "u", "call": {"recordingUrl": "v"}}, "Hi.", "u"),
        ({"summary": "Hi.", "call": None}, "Hi.", None),
        ({"summary": "Hi.", "call": "x", "recordingUrl": 7}, "Hi.", None),
        ({"summary": "Hi.", "from": "+1", "to": "+2", "interactionId": "two"}, "Hi.", None),
        ({"response": "Hi."}, "Hi.", None),
        ({"summary": "", "response": "Hi."}, "Hi.", None),
        ({"summary": ""}, None, None),
        ({"summary": None}, None, None),
        ({"summary": ["Hi."]}, None, None),
        ({}, None, None),
        (None, None, None),
        ([], None, None),
    ],
)
def test_an_end_is_read_tolerantly(
    payload: Any, summary: str | None, recording_url: str | None
) -> None:
    assert _judge(_ended(payload)) == Ended(
        summary=summary, recording_url=recording_url, interaction_id=_ID
    )


@pytest.mark.parametrize("more", [{}, {"completionEvent": None}, {"completionEvent": "x"}])
def test_an_end_without_its_event_had_nothing_to_report(more: dict[str, Any]) -> None:
    reply = Reply(status=200, body={"status": "ended", **more})
    assert _judge(reply) == Ended(summary=None, interaction_id=_ID)


@pytest.mark.parametrize("word", ["in_progress", "", None, 7, ["ended"], "failed"])
def test_an_unknown_word_is_no_end(word: Any) -> None:
    standing = _judge(Reply(status=200, body={"status": word}, text="…seen…"))
    assert isinstance(standing, NotTold)
    assert not standing.missing
    assert not standing.refused
    assert "…seen…" in standing.why


@pytest.mark.parametrize("text", ["nothing", "<html>", "[1]", "null"])
def test_an_unreadable_answer_is_no_end(text: str) -> None:
    assert _judge(Reply(status=200, text=text)) == NotTold(why=f"no status could be read: {text}")


def test_somebody_who_cannot_prove_to_be_the_api_is_not_asked_again() -> None:
    told = judge_standing(NeverSent(why="not trusted", untrusted=True), _ID, now=_NOW)
    assert told == NotTold(why="not trusted", refused=True)


@pytest.mark.parametrize("exchange", [NeverSent(why="gone"), SentAndLost(why="gone")])
def test_a_failed_exchange_is_no_end(exchange: Exchange) -> None:
    assert _judge(exchange) == NotTold(why="gone")


@pytest.mark.parametrize("status", [*range(100, 200), *range(201, 600)])
def test_no_other_status_ends_a_call(status: int) -> None:
    reply = Reply(
        status=status,
        headers={"retry-after": "9"},
        body={"status": "ended", "completionEvent": {"payload": {"summary": "Hi."}}},
    )
    assert _judge(reply) == NotTold(
        why=f"HTTP {status}",
        missing=status in {404, 410},
        refused=status in {401, 402, 403},
        retry_after_s=9,
    )


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.sampled_from(["ended", "pending"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["status", "completionEvent", "payload", "summary", "call", "recordingUrl"]
            ),
            inner,
        )
    ),
    max_leaves=15,
)


@given(status=st.integers(100, 599), body=_JSON)
def test_whatever_comes_never_raises(status: int, body: Any) -> None:
    reply = Reply(status=status, body=body if isinstance(body, dict) else None)
    standing = _judge(reply)
    if isinstance(standing, Ended):
        assert reply.body is not None
        assert (reply.status, reply.body["status"]) == (200, "ended")
