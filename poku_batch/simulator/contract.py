"""The words of the simulator's OpenAPI document: every status that it really returns.

Poku publishes no statuses for its errors. Those here are what the simulator answers, by the usual
meanings of HTTP.
"""

from typing import Any

from poku_batch.poku.wire import CallAnswer, CallBody, ErrorAnswer, StatusAnswer
from poku_batch.simulator.answers import SHARED_NUMBER

Responses = dict[int | str, dict[str, Any]]

_ID = "3f0c1a52-6f0e-4f57-9b7e-1d2c3b4a5f60"
_RECORDING = f"http://127.0.0.1:8000/recordings/{_ID}.wav"
_SUMMARY = "Maria Lopez confirmed the appointment with Lakeside Clinic on 24 November at 10:30."

TITLE = "Simulator of the Poku API"
DESCRIPTION = """A stand-in for https://api.pokulabs.com: it answers alike, and no phone rings.

`GET /log`, which is not part of Poku's API and not in this document, tells what was really placed.
"""


class Refusal(ErrorAnswer):
    """Why a request was refused, or could not be answered."""

    error: str


def _refusal(description: str, error: str, *headers: str) -> dict[str, Any]:
    content = {"application/json": {"example": {"error": error}}}
    documented = {name: {"schema": {"type": "string"}} for name in headers}
    return {
        "model": Refusal,
        "description": description,
        "content": content,
        **({"headers": documented} if documented else {}),
    }


_ACCOUNT: Responses = {
    401: _refusal("No key, or a wrong one", "the API key is not valid", "WWW-Authenticate"),
    403: _refusal("The account may not use the API", "this account may not use the API"),
}
_FAULTS: Responses = {
    429: _refusal("Too many requests; `Retry-After` may be missing", "too many requests"),
    500: _refusal("An injected fault", "internal server error"),
    502: _refusal("An injected fault", "bad gateway"),
    503: _refusal("An injected fault; `Retry-After` may be missing", "service unavailable"),
}

PLACE_RESPONSES: Responses = {
    200: {
        "model": CallAnswer,
        "description": "The call ended, or was started and goes on",
        "content": {
            "application/json": {
                "examples": {
                    "ended": {
                        "summary": "The request was held until the call ended",
                        "value": {
                            "response": _SUMMARY,
                            "call": {"recordingUrl": _RECORDING},
                            "interactionId": _ID,
                        },
                    },
                    "started": {
                        "summary": "The call goes on; ask for its status",
                        "value": {"interactionId": _ID},
                    },
                }
            }
        },
    },
    400: _refusal(
        "A field is wrong, or the number cannot be routed (`invalid to number`)",
        "to must be a phone number in E.164 form, for example +14155550100",
    ),
    **_ACCOUNT,
    402: _refusal("No credit", "the account has no credit left"),
    408: _refusal("It rang and nobody engaged", "human did not respond"),
    413: _refusal("The body is too large", "the body is larger than 1048576 bytes"),
    **_FAULTS,
    500: _refusal("The call passed five minutes (`timeout`), or an injected fault", "timeout"),
    504: _refusal("An injected fault", "the upstream did not answer in time"),
}
PLACE_EXTRA: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": CallBody.model_json_schema(by_alias=True),
                "example": {
                    "prompt": "You are calling Maria Lopez on behalf of Lakeside Clinic to "
                    "confirm her appointment on 24 November at 10:30.",
                    "to": "+14155550100",
                    "transferTo": "+14155550101",
                    "language": "en-US",
                },
            }
        },
    }
}


def _id_parameter(description: str) -> dict[str, Any]:
    return {
        "name": "interactionId",
        "in": "path",
        "required": True,
        "description": description,
        "schema": {"type": "string"},
        "example": _ID,
    }


STATUS_RESPONSES: Responses = {
    200: {
        "model": StatusAnswer,
        "description": "How the call stands; ended without an event, there is nothing to report",
        "content": {
            "application/json": {
                "examples": {
                    "pending": {
                        "value": {
                            "interactionId": _ID,
                            "status": "pending",
                            "createdAt": "2026-11-23T09:00:00Z",
                        }
                    },
                    "ended": {
                        "value": {
                            "interactionId": _ID,
                            "status": "ended",
                            "createdAt": "2026-11-23T09:00:00Z",
                            "completionEvent": {
                                "eventType": "call.conversation.ended",
                                "payload": {
                                    "interactionId": _ID,
                                    "summary": _SUMMARY,
                                    "from": SHARED_NUMBER,
                                    "to": "+14155550100",
                                    "recordingUrl": _RECORDING,
                                },
                            },
                        }
                    },
                }
            }
        },
    },
    **_ACCOUNT,
    404: _refusal("No such interaction, or no longer known", "no interaction with this ID"),
    **_FAULTS,
}
STATUS_EXTRA: dict[str, Any] = {"parameters": [_id_parameter("What `POST /calls` answered.")]}

_WAV: dict[str, Any] = {"audio/wav": {"schema": {"type": "string", "format": "binary"}}}
RECORDING_RESPONSES: Responses = {
    200: {"description": "The whole recording", "content": _WAV},
    206: {"description": "The bytes asked for", "content": _WAV},
    404: _refusal("No such recording, or no longer known", "no recording of this call"),
    416: _refusal("The range lies beyond the end", "the range lies beyond the recording's end"),
}
RECORDING_EXTRA: dict[str, Any] = {
    "parameters": [
        _id_parameter("The call's interaction ID."),
        {
            "name": "Range",
            "in": "header",
            "required": False,
            "description": "One range of bytes; anything else is ignored.",
            "schema": {"type": "string"},
            "example": "bytes=0-1023",
        },
    ]
}
