"""How many requests are answered at once, and how many of them are streams that do not end."""

from dataclasses import dataclass
from types import TracebackType
from typing import Self

from poku_batch.dashboard.guard.refusals import RefusedError

_SOON = {"Retry-After": "2"}


@dataclass(slots=True, kw_only=True)
class Crowd:
    """Who is served by one server now, and how many may be."""

    most_requests: int
    most_streams: int
    requests: int = 0
    streams: int = 0


class Place:
    """A request's place for as long as the block: among those that end soon, or the streams.

    Entering it raises ``RefusedError`` where all are taken.
    """

    def __init__(self, crowd: Crowd) -> None:
        self._crowd = crowd
        self._streams = False

    def __enter__(self) -> Self:
        if self._crowd.requests >= self._crowd.most_requests:
            raise RefusedError(503, "Too many requests at once. Try again in a moment.", _SOON)
        self._crowd.requests += 1
        return self

    def become_stream(self) -> None:
        """Go over to the streams. Raises ``RefusedError`` where there are enough."""
        if self._crowd.streams >= self._crowd.most_streams:
            raise RefusedError(503, "Too many pages that follow the calls are open.", _SOON)
        self._crowd.requests -= 1
        self._crowd.streams += 1
        self._streams = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._streams:
            self._crowd.streams -= 1
        else:
            self._crowd.requests -= 1
