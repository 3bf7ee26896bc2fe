"""The simulator's HTTP interface: Poku's two requests, the recordings, and pages of its own.

Every error is ``{"error": "<what is wrong>"}``. Recordings need no key, since a browser plays them.
``GET /``, ``GET /log`` and the chat endpoint are no part of Poku's API and are not in the OpenAPI
document.
"""

import dataclasses
import ipaddress
from datetime import datetime
from typing import Annotated, Any

import anyio.to_thread
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.exceptions import HTTPException as AnyHTTPException

from poku_batch.simulator import contract
from poku_batch.simulator.calls import CallBook
from poku_batch.simulator.chat import add_chat
from poku_batch.simulator.checks import check_account, parse_call, read_body
from poku_batch.simulator.config import SimulatorConfig
from poku_batch.simulator.connections import Connections
from poku_batch.simulator.ranges import requested_range
from poku_batch.simulator.recording import recording
from poku_batch.simulator.service import Service

_WELCOME = """This is poku-batch's simulator of the Poku API. No phone rings, nothing is charged.

POST /calls                                place a call; any bearer key will do unless one was set
GET  /interactions/{interactionId}/status  how a call stands
GET  /recordings/{interactionId}.wav       what it might have sounded like
GET  /openapi.json                         all of that, exactly
GET  /log                                  what was really placed (not part of Poku's API)
POST /v1/chat/completions                  reads a summary, in a model's place (likewise)
"""
Bearer = Annotated[
    HTTPAuthorizationCredentials | None,
    Depends(HTTPBearer(auto_error=False, scheme_name="apiKey", description="The Poku API key.")),
]


def create_app(config: SimulatorConfig, book: CallBook, connections: Connections) -> FastAPI:
    """Build the application of one simulator."""
    app = FastAPI(
        title=contract.TITLE,
        description=contract.DESCRIPTION,
        version="1",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.add_exception_handler(AnyHTTPException, _refused)
    _add_calls(app, config, book, Service(config, book, connections))
    _add_recordings(app, config, book)
    _add_own_pages(app, book)
    add_chat(app, seed=config.seed)
    return app


def _add_calls(app: FastAPI, config: SimulatorConfig, book: CallBook, service: Service) -> None:
    async def place_call(request: Request, bearer: Bearer) -> Response:
        """Place an outbound call."""
        book.requests += 1
        check_account(config, bearer, calling=True)
        raw = await read_body(request)
        return await service.place(parse_call(raw), raw, _base_url(request))

    async def interaction_status(request: Request, bearer: Bearer) -> Response:
        """Say how a placed call stands."""
        book.status_requests += 1
        check_account(config, bearer, calling=False)
        return await service.status(request.path_params["interactionId"], _base_url(request))

    app.add_api_route(
        "/calls",
        place_call,
        methods=["POST"],
        operation_id="placeCall",
        responses=contract.PLACE_RESPONSES,
        openapi_extra=contract.PLACE_EXTRA,
    )
    app.add_api_route(
        "/interactions/{interactionId}/status",
        interaction_status,
        methods=["GET"],
        operation_id="interactionStatus",
        responses=contract.STATUS_RESPONSES,
        openapi_extra=contract.STATUS_EXTRA,
    )


def _add_recordings(app: FastAPI, config: SimulatorConfig, book: CallBook) -> None:
    async def call_recording(request: Request) -> Response:
        """Give the recording of a call as WAV."""
        interaction_id = request.path_params["interactionId"]
        call = book.find(interaction_id)
        if not (config.earlier_recordings if call is None else call.recorded):
            raise HTTPException(404, "no recording of this call")
        wav = await anyio.to_thread.run_sync(recording, interaction_id)
        return _ranged(wav, request.headers.get("range"))

    for method in ("GET", "HEAD"):
        app.add_api_route(
            "/recordings/{interactionId}.wav",
            call_recording,
            methods=[method],
            operation_id=f"{method.lower()}Recording",
            response_class=Response,
            responses=contract.RECORDING_RESPONSES,
            openapi_extra=contract.RECORDING_EXTRA,
        )


def _add_own_pages(app: FastAPI, book: CallBook) -> None:
    async def welcome() -> Response:
        return PlainTextResponse(_WELCOME)

    async def log(request: Request) -> Response:
        if request.client is None or not ipaddress.ip_address(request.client.host).is_loopback:
            raise HTTPException(403, "the log holds numbers and prompts: ask from this machine")
        fields = _fields(book.log())
        fields["calls"] = [_fields(call) for call in fields["calls"]]
        note = "The simulator's own log. It is not part of Poku's API."
        # Encoding a long log takes a while: not on the event loop.
        return await anyio.to_thread.run_sync(JSONResponse, {"note": note, **fields})

    app.add_api_route("/", welcome, methods=["GET"], include_in_schema=False)
    app.add_api_route("/log", log, methods=["GET"], include_in_schema=False)


def _ranged(wav: bytes, header: str | None) -> Response:
    headers = {"Accept-Ranges": "bytes"}
    asked = requested_range(header, len(wav))
    if asked is None:
        return Response(wav, media_type="audio/wav", headers=headers)
    if not asked:
        headers["Content-Range"] = f"bytes */{len(wav)}"
        raise HTTPException(416, "the range lies beyond the recording's end", headers=headers)
    headers["Content-Range"] = f"bytes {asked.start}-{asked.stop - 1}/{len(wav)}"
    return Response(wav[asked.start : asked.stop], 206, headers, "audio/wav")


async def _refused(_request: Request, error: Exception) -> Response:
    if not isinstance(error, AnyHTTPException):
        raise error
    content = {"error": error.detail}
    return JSONResponse(content, status_code=error.status_code, headers=error.headers)


def _base_url(request: Request) -> str:
    """Give this server's address as the client knows it, so that recordings can be fetched."""
    return str(request.base_url).rstrip("/")


def _fields(value: Any) -> dict[str, Any]:
    return {
        field.name: item.isoformat() if isinstance(item, datetime) else item
        for field in dataclasses.fields(value)
        for item in (getattr(value, field.name),)
    }
