"""What is not served: a status and plain words, which hold nothing of the request.

The guard answers with them itself, so that no page of the program is made for a request that is not
allowed.
"""

from collections.abc import Mapping

from starlette.responses import PlainTextResponse, Response


class RefusedError(Exception):
    """A request that is not served."""

    def __init__(self, status: int, words: str, headers: Mapping[str, str] | None = None) -> None:
        self.status = status
        self.words = words
        self.headers = dict(headers or {})
        super().__init__(f"{status}: {words}")

    def response(self) -> Response:
        """The answer that says so."""
        return PlainTextResponse(f"{self.words}\n", self.status, self.headers)
