"""What the API's answer to a placement means: was a call placed, and what may happen next.

The rule behind every line: a call was *not* placed only where something says so for certain; it was
placed only where an answer says so; everything else is doubtful, and a doubtful call is never
placed again by itself.

Source: the failure table of the project's API notes; RFC 9110 for statuses the API does not
document.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, assert_never

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
from poku_batch.policy.http import (
    Exchange,
    NeverSent,
    Reply,
    SentAndLost,
    describe,
    messages_of,
    quote,
    retry_after_s,
)

#: It rang and nobody engaged.
HUMAN_DID_NOT_RESPOND = "human did not respond"
#: Malformed or unroutable: no phone rang.
INVALID_TO_NUMBER = "invalid to number"
#: The call passed the API's limit of length; documented as "do not retry".
TIMEOUT = "timeout"

#: The documented error strings: each says for certain how the call ended.
DOCUMENTED_ERRORS = (HUMAN_DID_NOT_RESPOND, INVALID_TO_NUMBER, TIMEOUT)

#: Every further placement would fail alike: key, credits, account, address, or no POST there.
_REFUSED = frozenset({401, 402, 403, 404, 405, 407, 410, 415, 426})
#: RFC 9110, 15.4: the resource is elsewhere, so nothing was done here. 303 means the opposite.
_MOVED = frozenset({301, 302, 307, 308})
#: A server or proxy may have taken the request before it answered so.
_MAYBE_TAKEN = frozenset({408})
#: An ID is a UUID; one longer than this, in characters, could not be asked for.
_ID_LIMIT = 500
#: A proxy's own words for its own time-out, which says nothing of the call.
_GATEWAY = frozenset({408, 429, 502, 503, 504})


def judge_placement(
    exchange: Exchange, *, now: datetime, turned_away_statuses: Collection[int] = (429,)
) -> Answer:
    """Say what an exchange on ``POST /calls`` means.

    ``turned_away_statuses`` are the campaign's ``retries.statuses``: statuses that the person says
    mean that no call was placed. ``now`` is aware UTC, for a ``Retry-After`` that is a date.
    """
    match exchange:
        case NeverSent(untrusted=True):
            return Refused(why=exchange.why)
        case NeverSent():
            return TurnedAway(why=exchange.why, unreached=True)
        case SentAndLost():
            return Doubtful(evidence=exchange.why)
        case Reply():
            return _judge_reply(exchange, now, turned_away_statuses)
        case _:
            assert_never(exchange)


def _judge_reply(reply: Reply, now: datetime, turned_away_statuses: Collection[int]) -> Answer:
    ended = _documented_end(reply)
    if ended is not None:
        return ended
    if 200 <= reply.status < 300:
        return _judge_success(reply)
    wait_s = retry_after_s(reply, now=now)
    if reply.status in turned_away_statuses or (reply.status == 503 and wait_s is not None):
        return TurnedAway(why=describe(reply), retry_after_s=wait_s)
    if reply.status == 429:
        return Rejected(why=describe(reply))
    if reply.status in _MOVED:
        where = quote(reply.headers.get("location", "another address"))
        return Refused(why=f"HTTP {reply.status}: the API has moved to {where}; set api.base_url")
    if reply.status in _REFUSED:
        return Refused(why=describe(reply))
    if 400 <= reply.status < 500 and reply.status not in _MAYBE_TAKEN:
        return Rejected(why=describe(reply))
    return Doubtful(evidence=f"{describe(reply)}; the call may have been placed")


def _documented_end(reply: Reply) -> Ended | None:
    """The end that one of the documented error strings tells, whatever the status beside it."""
    body = reply.body or {}
    if (_summary(body) or "").strip():
        return None
    folded = (words.casefold().strip(" .!") for words in messages_of(reply))
    said = next((words for words in folded if words in DOCUMENTED_ERRORS), None)
    if said is None or (said == TIMEOUT and reply.status in _GATEWAY):
        return None
    return Ended(
        summary=None,
        error=said,
        interaction_id=_interaction_id(body),
        recording_url=_recording_url(body),
    )


def _judge_success(reply: Reply) -> Answer:
    body = reply.body
    if body is None:
        seen = quote(reply.text) or "nothing"
        return Doubtful(evidence=f"HTTP {reply.status}, but no answer could be read in it: {seen}")
    interaction_id = _interaction_id(body)
    summary = _summary(body)
    if summary is not None:
        return Ended(
            summary=summary, recording_url=_recording_url(body), interaction_id=interaction_id
        )
    if interaction_id is not None:
        return Started(interaction_id=interaction_id)
    return Doubtful(
        evidence=f"HTTP {reply.status} without a summary or an interaction ID: {quote(reply.text)}"
    )


def _summary(body: Mapping[str, Any]) -> str | None:
    value = body.get("response")
    return value if isinstance(value, str) else None


def _interaction_id(body: Mapping[str, Any]) -> InteractionId | None:
    """The ID, where it is one that can be asked for: in a URL, and not as a step in its path."""
    value = body.get("interactionId")
    if not isinstance(value, str) or not value.strip(" .") or len(value) > _ID_LIMIT:
        return None
    return InteractionId(value) if value.isprintable() else None


def _recording_url(body: Mapping[str, Any]) -> str | None:
    call = body.get("call")
    places = (
        call.get("recordingUrl") if isinstance(call, Mapping) else None,
        body.get("recordingUrl"),
    )
    return next((url for url in places if isinstance(url, str) and url), None)
