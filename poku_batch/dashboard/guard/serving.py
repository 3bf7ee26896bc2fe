"""One request's way through the application and back, within bounds.

Invariant: whatever answers, the program, the guard or a fault, the headers are on it. A bound that
is reached while the application works ends its work, as a broken connection would; it cannot go on
with half of a request.
"""

from dataclasses import dataclass, field

import anyio
import anyio.lowlevel
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Scope, Send

from poku_batch.dashboard.guard.bodies import Body
from poku_batch.dashboard.guard.crowd import Place
from poku_batch.dashboard.guard.policies import protect
from poku_batch.dashboard.guard.refusals import RefusedError
from poku_batch.dashboard.guard.visits import Cookie, Visit


@dataclass(slots=True, kw_only=True)
class Exchange:
    """A request that is judged, and its answer."""

    scope: Scope
    to_server: Send
    place: Place
    cookie: Cookie
    keepable: bool
    body: Body
    visit: Visit | None = None
    began: bool = False
    _is_stream: bool = False
    _refused: RefusedError | None = None
    _work: anyio.CancelScope = field(default_factory=anyio.CancelScope)

    async def run(self, app: ASGIApp) -> None:
        """Have the application answer. Raises ``RefusedError`` where a bound was reached."""
        with self._work:
            await app(self.scope, self._receive, self.send)
        if self._refused is not None:
            raise self._refused

    async def answer(self, response: Response) -> None:
        """Answer in the application's place; does nothing once it has begun to."""
        if not self.began:
            await response(self.scope, self._receive, self.send)

    async def cut_off(self, refused: RefusedError) -> None:
        """End an answer that the application was kept from ending, or answer in its place."""
        await self.answer(refused.response())
        if self._is_stream:
            await self.to_server({"type": "http.response.body", "body": b""})

    async def _receive(self) -> Message:
        try:
            return await self.body.receive()
        except RefusedError as refused:
            return await self._stop(refused)

    async def send(self, message: Message) -> None:
        """Pass a part of the answer on, its beginning with the headers."""
        if message["type"] == "http.response.start":
            try:
                self._begin(message)
            except RefusedError as refused:
                await self._stop(refused)
        await self.to_server(message)

    def _begin(self, message: Message) -> None:
        message.setdefault("headers", [])
        headers = MutableHeaders(scope=message)
        if headers.get("content-type", "").startswith("text/event-stream"):
            self.place.become_stream()
            self._is_stream = True
        protect(headers, keepable=self.keepable)
        if self.visit is not None and self.visit.needs_cookie and "set-cookie" not in headers:
            headers.append("Set-Cookie", self.cookie.write(self.visit.id))
        if not self.body.is_whole:
            headers["Connection"] = "close"
        self.began = True

    async def _stop(self, refused: RefusedError) -> Message:
        self._refused = self._refused or refused
        self._work.cancel()
        await anyio.lowlevel.checkpoint()
        return {"type": "http.disconnect"}
