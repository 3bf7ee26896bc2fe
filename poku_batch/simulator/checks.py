"""What the simulator checks of a request, as the API would: the key, the size, the fields.

Every refusal is an ``HTTPException`` whose text names the field and never repeats its value.
"""

import hmac

from fastapi import HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials
from pydantic import ValidationError

from poku_batch.languages import LANGUAGES
from poku_batch.poku.wire import CallBody
from poku_batch.simulator.config import SimulatorConfig

#: Longest body of ``POST /calls``. The API's own limit is not documented.
MAX_BODY_BYTES = 1_048_576

_A_NUMBER = "must be a phone number in E.164 form, for example +14155550100"
_RULES = {
    "prompt": "must be a text that is not empty",
    "to": _A_NUMBER,
    "from": _A_NUMBER,
    "transferTo": _A_NUMBER,
    "language": f"must be one of the {len(LANGUAGES)} supported tags, for example en-US",
    "voice": "must be female or male",
    "waitForCallEnd": "must be true or false",
}


def check_account(
    config: SimulatorConfig, credentials: HTTPAuthorizationCredentials | None, *, calling: bool
) -> None:
    """Refuse a key or an account as the API would; ``calling`` is for requests that cost money."""
    given = credentials.credentials if credentials else ""
    if not given:
        _refuse_key("an API key is required: Authorization: Bearer <key>")
    wanted = given if config.api_key is None else config.api_key
    is_same = hmac.compare_digest(_bytes(given), _bytes(wanted))
    if config.account == "bad_key" or not is_same:
        _refuse_key("the API key is not valid")
    if config.account == "forbidden":
        raise HTTPException(403, "this account may not use the API")
    if config.account == "no_credit" and calling:
        raise HTTPException(402, "the account has no credit left")


async def read_body(request: Request) -> bytes:
    """Read a JSON body, but never more than is allowed."""
    media_type = request.headers.get("content-type", "application/json").partition(";")[0]
    if media_type.strip().lower() != "application/json":
        raise HTTPException(400, "the body must be JSON: Content-Type: application/json")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > MAX_BODY_BYTES:
        _refuse_size()
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_BODY_BYTES:
            _refuse_size()
    return bytes(body)


def parse_call(body: bytes) -> CallBody:
    """Check the fields of a call; the first that is wrong is named."""
    try:
        return CallBody.model_validate_json(body, by_alias=True, by_name=False)
    except ValidationError as error:
        raise HTTPException(400, _reason(error)) from None


def _reason(error: ValidationError) -> str:
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    if first["type"] == "json_invalid":
        return "the body is not valid JSON"
    if not first["loc"]:
        return "the body must be a JSON object"
    name = str(first["loc"][0])
    if first["type"] == "missing":
        return f"{name} is required"
    return f"{name} {_RULES[name]}"


def _refuse_key(why: str) -> None:
    raise HTTPException(401, why, headers={"WWW-Authenticate": "Bearer"})


def _refuse_size() -> None:
    raise HTTPException(413, f"the body is larger than {MAX_BODY_BYTES} bytes")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
