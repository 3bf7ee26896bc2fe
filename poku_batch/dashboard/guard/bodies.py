"""A request's body, read within bounds of size and time.

Invariants: not more than the bound is ever handed on, whether the size was said before or not; a
body that stays away is not waited for; what was read to judge the request is given to the program
as if it had not been.
"""

import anyio
from starlette.datastructures import Headers
from starlette.types import Message, Receive

from poku_batch.dashboard.guard.refusals import RefusedError

#: Most of a request's head, in bytes: other programs of this machine set cookies for localhost too.
HEAD_BYTES = 32 * 1024

#: A connection that has more to say is not read to its end.
CLOSE = {"Connection": "close"}


class Body:
    """The body of one request; ``receive`` is what the program reads it by."""

    def __init__(
        self, receive: Receive, headers: Headers, *, most: int, pause_s: float, whole_s: float
    ) -> None:
        """Take ``most`` bytes at the most, with pauses of ``pause_s``, in ``whole_s`` seconds."""
        self._receive = receive
        self._most = most
        self._pause_s = pause_s
        self._ends_at = anyio.current_time() + whole_s
        self._size = 0
        self._kept: list[Message] = []
        self._said = int(headers.get("content-length", "0"))  # the server saw to the digits
        self.is_whole = self._said == 0 and "transfer-encoding" not in headers

    def check_said(self) -> None:
        """Raise ``RefusedError`` where the size that was said before is too large."""
        if self._said > self._most:
            raise self._too_large()

    async def receive(self) -> Message:
        """The next message for the program. Raises ``RefusedError`` out of bounds."""
        return self._kept.pop(0) if self._kept else await self._next()

    async def start(self, enough: int) -> bytes:
        """The beginning: as soon as there are ``enough`` bytes, or all of them."""
        data = b"".join(message.get("body", b"") for message in self._kept)
        while len(data) < enough and not self.is_whole:
            message = await self._next()
            self._kept.append(message)
            if message["type"] == "http.disconnect":
                raise RefusedError(400, "The request broke off.", CLOSE)
            data += message.get("body", b"")
        return data

    async def _next(self) -> Message:
        if self.is_whole:
            return await self._receive()
        left_s = self._ends_at - anyio.current_time()
        try:
            with anyio.fail_after(max(0.0, min(self._pause_s, left_s))):
                message = await self._receive()
        except TimeoutError:
            raise RefusedError(
                408, "The request's body took too long. Nothing was done.", CLOSE
            ) from None
        if message["type"] == "http.request":
            self._size += len(message.get("body", b""))
            self.is_whole = not message.get("more_body", False)
            if self._size > self._most:
                raise self._too_large()
        return message

    def _too_large(self) -> RefusedError:
        return RefusedError(413, f"That is too large: {_amount(self._most)} are the most.", CLOSE)


def _amount(size: int) -> str:
    return f"{size >> 20} MiB" if size >= 1 << 20 else f"{size >> 10} KiB"
