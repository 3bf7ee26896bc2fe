"""What the API's word on a placed call means.

Nothing here can place or lose a call: whatever is not an end leaves the call to be asked for again.

Source: the API's page on ``GET /interactions/{interactionId}/status``.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, assert_never

from poku_batch.models import Ended, InteractionId, NotTold, Standing, StillInCall
from poku_batch.policy.http import (
    Exchange,
    NeverSent,
    Reply,
    SentAndLost,
    describe,
    quote,
    retry_after_s,
)


def judge_standing(exchange: Exchange, interaction_id: InteractionId, *, now: datetime) -> Standing:
    """Say what an exchange on the status endpoint means. ``now`` is aware UTC."""
    match exchange:
        case NeverSent(untrusted=True):
            return NotTold(why=exchange.why, refused=True)
        case NeverSent() | SentAndLost():
            return NotTold(why=exchange.why)
        case Reply():
            return _judge_reply(exchange, interaction_id, now)
        case _:
            assert_never(exchange)


def _judge_reply(reply: Reply, interaction_id: InteractionId, now: datetime) -> Standing:
    if reply.status == 200:
        body = reply.body or {}
        match body.get("status"):
            case "pending":
                return StillInCall()
            case "ended":
                return _read_end(body, interaction_id)
        return NotTold(why=f"no status could be read: {quote(reply.text) or 'nothing'}")
    return NotTold(
        why=describe(reply),
        missing=reply.status in {404, 410},
        refused=reply.status in {401, 402, 403},
        retry_after_s=retry_after_s(reply, now=now),
    )


def _read_end(body: Mapping[str, Any], interaction_id: InteractionId) -> Ended:
    event = _mapping(body, "completionEvent")
    payload = _mapping(event, "payload")
    summary = _text(payload, "summary") or _text(payload, "response")
    recording = _text(payload, "recordingUrl") or _text(_mapping(payload, "call"), "recordingUrl")
    return Ended(summary=summary, recording_url=recording, interaction_id=interaction_id)


def _mapping(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = values.get(name)
    return value if isinstance(value, Mapping) else {}


def _text(values: Mapping[str, Any], name: str) -> str | None:
    value = values.get(name)
    return value if isinstance(value, str) and value else None
