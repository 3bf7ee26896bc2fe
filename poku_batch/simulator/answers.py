"""What the simulator answers, good and broken. Every good body is one of the API's wire shapes."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from fastapi.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from poku_batch.poku.wire import (
    CallAnswer,
    CallInfo,
    CompletionEvent,
    CompletionPayload,
    StatusAnswer,
)
from poku_batch.simulator.calls import Call
from poku_batch.simulator.connections import Connections
from poku_batch.simulator.faults import FAULT_RULES, FaultKind
from poku_batch.simulator.scenarios import ERRORS, Scenario

#: The number that calls without ``from`` come from; fictional.
SHARED_NUMBER = "+14155550199"
_HUGE_CHUNK = b"a" * 65_536
_HUGE_CHUNKS = 1_024
_GARBAGE = b'<html>\xff\xfe{"response": "the call was'
_WITH_RETRY_AFTER = frozenset(
    {FaultKind.TOO_MANY, FaultKind.UNAVAILABLE_RETRY, FaultKind.STATUS_TOO_MANY}
)
_ERROR_WORDS = {
    404: "no interaction with this ID",
    429: "too many requests",
    500: "internal server error",
    502: "bad gateway",
    503: "service unavailable",
    504: "the upstream did not answer in time",
}


class DroppedAnswer(Response):
    """Closes the connection instead of answering, after ``sent`` if there is any."""

    def __init__(self, connections: Connections, *, sent: bytes = b"") -> None:
        super().__init__(media_type="application/json")
        self._connections = connections
        self._sent = sent

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what there is to send, then close."""
        if self._sent:
            length = str(2 * len(self._sent)).encode()
            headers = [(b"content-type", b"application/json"), (b"content-length", length)]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": self._sent, "more_body": True})
        self._connections.drop(scope["client"])
        await _disconnected(receive)


class HangingAnswer(Response):
    """Never answers while the connection lives."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        """Wait for the client to go."""
        await _disconnected(receive)


class HugeAnswer(Response):
    """A true answer whose summary is followed by 64 MiB of one letter, sent in small pieces."""

    def __init__(self, call: Call, base_url: str) -> None:
        super().__init__(media_type="application/json")
        answer = CallAnswer(interaction_id=call.interaction_id, call=_call_info(call, base_url))
        self._head = answer.model_dump_json(exclude_none=True)[:-1].encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  # ASGI's signature
        """Send the answer piece by piece."""
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        pieces = itertools.chain(
            [self._head + b',"response":"'],
            itertools.repeat(_HUGE_CHUNK, _HUGE_CHUNKS),
        )
        for piece in pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b'"}', "more_body": False})


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def started(call: Call) -> Response:
    """Answer at once, the second generation's way."""
    return _json(CallAnswer(interaction_id=call.interaction_id))


def ended(call: Call, base_url: str) -> Response:
    """Answer a request that was held until the call's end."""
    if (error := ERRORS.get(call.scenario)) is not None:
        content = {"error": error.error, "interactionId": call.interaction_id}
        return JSONResponse(content, status_code=error.status)
    return _json(
        CallAnswer(
            response=call.summary,
            call=_call_info(call, base_url),
            interaction_id=call.interaction_id,
        )
    )


def unroutable() -> Response:
    """Answer for a number that the network does not know; nothing rang."""
    error = ERRORS[Scenario.UNROUTABLE]
    return JSONResponse({"error": error.error}, status_code=error.status)


def status(call: Call, base_url: str) -> Response:
    """Answer a status request; an end that is told by an error string has no event."""
    answer = StatusAnswer(
        interaction_id=call.interaction_id,
        status="pending" if call.ended_at is None else "ended",
        created_at=call.arrived_at.isoformat().replace("+00:00", "Z"),
    )
    if call.ended_at is not None and call.summary is not None:
        answer.completion_event = CompletionEvent(payload=_payload(call, base_url))
    return _json(answer)


def half(answer: Response, connections: Connections) -> Response:
    """Answer with the first half of a good answer, then close the connection."""
    body = bytes(answer.body)
    return DroppedAnswer(connections, sent=body[: len(body) // 2])


def garbage() -> Response:
    """Answer 200 with bytes that are neither UTF-8 nor JSON."""
    return Response(_GARBAGE, media_type="application/json")


def failure(kind: FaultKind, retry_after: Iterator[str]) -> Response:
    """Answer with the fault's status, and with ``Retry-After`` where the fault has one."""
    code = FAULT_RULES[kind].status
    if code is None:
        raise ValueError(f"{kind} is not told by a status")
    headers = {"Retry-After": next(retry_after)} if kind in _WITH_RETRY_AFTER else None
    return JSONResponse({"error": _ERROR_WORDS[code]}, status_code=code, headers=headers)


def retry_afters() -> Iterator[str]:
    """Give one second for ever, in turn as a number and as an HTTP date (RFC 9110, 10.2.3).

    A date holds whole seconds only: it is up to two seconds ahead, and never less than one.
    """
    while True:
        yield "1"
        yield format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)


def _json(answer: CallAnswer | StatusAnswer) -> Response:
    return JSONResponse(answer.model_dump(by_alias=True, exclude_none=True))


def _recording_url(call: Call, base_url: str) -> str | None:
    return f"{base_url}/recordings/{call.interaction_id}.wav" if call.recorded else None


def _call_info(call: Call, base_url: str) -> CallInfo | None:
    url = _recording_url(call, base_url)
    return CallInfo(recording_url=url) if url else None


def _payload(call: Call, base_url: str) -> CompletionPayload:
    """Give the event's payload; the recording stands in one of its two places, by the ID."""
    payload = CompletionPayload(
        interaction_id=call.interaction_id,
        summary=call.summary,
        from_=call.body.from_ or SHARED_NUMBER,
        to=call.body.to,
    )
    if int(call.interaction_id[-1], 16) % 2:
        payload.call = _call_info(call, base_url)
    else:
        payload.recording_url = _recording_url(call, base_url)
    return payload
