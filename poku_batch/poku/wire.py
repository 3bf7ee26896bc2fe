"""The API's shapes on the wire, both generations: what is sent, and what may come back.

Requests are strict (the simulator refuses what the API would refuse); answers are read tolerantly,
since the second generation's payload may carry a recording in one of two places, or none.

Source: the Poku API's pages on ``POST /calls``, ``GET /interactions/{id}/status`` and its webhook
events.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from poku_batch.languages import LANGUAGES
from poku_batch.models import E164_PATTERN

E164 = Annotated[str, Field(pattern=f"^{E164_PATTERN}$", examples=["+14155550100"])]


def _known_language(tag: str) -> str:
    if tag not in LANGUAGES:
        raise ValueError(f"language must be one of the {len(LANGUAGES)} supported tags")
    return tag


Language = Annotated[
    str, AfterValidator(_known_language), Field(json_schema_extra={"enum": list(LANGUAGES)})
]


class CallBody(BaseModel):
    """The body of ``POST /calls``; fields that are None are left out."""

    model_config = ConfigDict(strict=True, populate_by_name=True, serialize_by_alias=True)

    prompt: Annotated[
        str,
        Field(
            min_length=1,
            description="Personality, topic, objective, branches, voicemail script: all that the "
            "agent knows.",
        ),
    ]
    to: Annotated[E164, Field(description="The number to call.")]
    from_: Annotated[
        E164 | None,
        Field(alias="from", description="Caller ID; unset, the account's or a shared number."),
    ] = None
    transfer_to: Annotated[
        E164 | None,
        Field(alias="transferTo", description="Gets the call when the callee asks for a human."),
    ] = None
    language: Annotated[Language | None, Field(description="Unset, en-US.")] = None
    voice: Annotated[
        Literal["female", "male"] | None, Field(description="Second generation. Unset, female.")
    ] = None
    wait_for_call_end: Annotated[
        bool | None,
        Field(
            alias="waitForCallEnd",
            description="Second generation. True holds the request until the call ends.",
        ),
    ] = None


class CallInfo(BaseModel):
    """What an answer says of the call itself."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    recording_url: Annotated[str | None, Field(alias="recordingUrl")] = None


class CallAnswer(BaseModel):
    """HTTP 200 of ``POST /calls``: ``response`` is there when the call has ended."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    response: Annotated[str | None, Field(description="A summary in natural language.")] = None
    call: CallInfo | None = None
    interaction_id: Annotated[str | None, Field(alias="interactionId")] = None


class CompletionPayload(BaseModel):
    """The payload of ``call.conversation.ended``."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True, extra="allow")

    interaction_id: Annotated[str | None, Field(alias="interactionId")] = None
    summary: str | None = None
    from_: Annotated[str | None, Field(alias="from")] = None
    to: str | None = None
    recording_url: Annotated[str | None, Field(alias="recordingUrl")] = None
    call: CallInfo | None = None


class CompletionEvent(BaseModel):
    """How an interaction ended; also the shape of the webhook event."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    event_type: Annotated[str, Field(alias="eventType")] = "call.conversation.ended"
    payload: CompletionPayload


class StatusAnswer(BaseModel):
    """HTTP 200 of ``GET /interactions/{interactionId}/status``."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    interaction_id: Annotated[str | None, Field(alias="interactionId")] = None
    status: Literal["pending", "ended"]
    created_at: Annotated[str | None, Field(alias="createdAt")] = None
    completion_event: Annotated[CompletionEvent | None, Field(alias="completionEvent")] = None


class ErrorAnswer(BaseModel):
    """Any answer that is not a success. ``error`` or ``message`` says why, or neither does."""

    model_config = ConfigDict(extra="allow")

    error: Any = None
    message: Any = None
