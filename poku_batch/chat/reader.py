"""Reads what came of a call out of its summary, by a model; a ``ports.SummaryReader``.

Invariants: a reading takes ``timeout_s`` at the most; whatever goes wrong is a ``NotRead``, whose
text holds neither the key nor anything of the summary. An endpoint that fails again and again is
left alone for a while, so that calls do not wait for it.
"""

import random
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import Self

import anyio
from tenacity import AsyncRetrying, RetryCallState, retry_if_result

from poku_batch.chat.endpoint import Endpoint
from poku_batch.chat.wire import (
    Content,
    NoContent,
    Style,
    content_of,
    request_body,
    why_of,
)
from poku_batch.models import Ended
from poku_batch.policy.http import (
    Exchange,
    NeverSent,
    Reply,
    SentAndLost,
    retry_after_s,
)
from poku_batch.policy.readings import (
    Asked,
    Understood,
    Unfit,
    conversation,
    judge_reading,
    schema_of,
)
from poku_batch.policy.waits import wait_before_retry_s
from poku_batch.ports import Clock, NotRead, SummaryReading

#: After so many readings in a row that the endpoint failed, it is left alone for ``REST_S``.
FAILURES_BEFORE_REST = 3
REST_S = 60.0

#: The longest pause that is chosen between two tries; ``Retry-After`` may be longer.
_MAX_WAIT_S = 10.0
#: So many characters in common are no coincidence.
_REPEATED = 20
_NUMBER = re.compile(r"\+?\d[\d\s().-]{5,}\d")


class ChatReader:
    """A model behind an OpenAI-compatible chat endpoint. An ``async with`` block opens it."""

    def __init__(
        self,
        model: str,
        *,
        base_url: str,
        asked: Asked,
        clock: Clock,
        key: str | None = None,
        timeout_s: float = 30.0,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """Take what to ask (``policy.readings.asked_of``) and of whom.

        ``timeout_s`` bounds one reading, with its retries, in seconds of real time. Raises as
        ``Endpoint`` does.
        """
        self._model = model
        self._asked = asked
        self._schema = schema_of(asked)
        self._clock = clock
        self._key = key.strip() if key else None
        self._timeout_s = timeout_s
        self._chance = chance
        self._endpoint = Endpoint(base_url, key)
        self._style = Style()
        self._rest = _Rest(clock)

    def __repr__(self) -> str:
        return f"ChatReader({self._model!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._endpoint.aclose()

    async def read(
        self, ended: Ended, *, ended_at: datetime | None = None
    ) -> SummaryReading | NotRead:
        """Read one call; see ``ports.SummaryReader``.

        ``ended_at`` (aware) is when the call ended, by which days such as "tomorrow" are worked
        out; None for just now.
        """
        summary = ended.summary or ""
        if not summary.strip():
            return NotRead(why="there is no summary to read")
        if (left_s := self._rest.left_s()) > 0:
            return NotRead(why=f"the model is left alone for {left_s:.0f} s, after failures")
        messages = conversation(self._asked, summary, ended_at=ended_at or self._clock.now())
        content = await self._content(messages)
        self._rest.note(failed=isinstance(content, NoContent) and content.trouble)
        if isinstance(content, NoContent):
            return NotRead(why=self._harmless(content.why, summary))
        match judge_reading(content.text, self._asked, summary):
            case Unfit(why=why):
                return NotRead(why=why)
            case Understood(outcome=outcome, evidence=evidence, fields=fields):
                return SummaryReading(outcome=outcome, evidence=evidence, fields=fields)

    async def _content(self, messages: Sequence[Mapping[str, str]]) -> Content | NoContent:
        seen: list[Exchange] = []
        with anyio.move_on_after(self._timeout_s) as scope:
            exchange = await self._retried(messages, seen)
        if scope.cancelled_caught:
            last = f"; before: {why_of(seen[-1])}" if seen else ""
            return NoContent(why=f"no answer within {self._timeout_s:g} s{last}")
        if isinstance(exchange, Reply):
            return content_of(exchange)
        return NoContent(why=why_of(exchange))

    async def _retried(
        self, messages: Sequence[Mapping[str, str]], seen: list[Exchange]
    ) -> Exchange:
        """Ask until there is an answer that asking again would not better, or no time for it."""
        waits: list[float] = []

        async def once() -> Exchange:
            seen.append(await self._ask(messages))
            return seen[-1]

        def wait(_state: RetryCallState) -> float:
            waits.append(self._wait_s(seen))
            return waits[-1]

        def stop(_state: RetryCallState) -> bool:
            return sum(waits) > self._timeout_s

        retrying = AsyncRetrying(
            retry=retry_if_result(_may_pass),
            wait=wait,
            stop=stop,
            sleep=self._clock.sleep,
            retry_error_callback=lambda _state: seen[-1],
        )
        exchange: Exchange = await retrying(once)
        return exchange

    async def _ask(self, messages: Sequence[Mapping[str, str]]) -> Exchange:
        """Ask once in the richest style that the endpoint is not known to refuse."""
        style = self._style
        while True:
            body = request_body(style, model=self._model, messages=messages, schema=self._schema)
            exchange = await self._endpoint.ask(body)
            plainer = style.plainer(exchange)
            if plainer is None:
                return exchange
            if self._style == style:
                self._style = plainer
            style = plainer

    def _wait_s(self, seen: Sequence[Exchange]) -> float:
        last = seen[-1]
        asked = (
            retry_after_s(last, now=self._clock.now())
            if isinstance(last, Reply) and "retry-after" in last.headers
            else None
        )
        return wait_before_retry_s(
            len(seen), retry_after_s=asked, max_wait_s=_MAX_WAIT_S, chance=self._chance()
        )

    def _harmless(self, why: str, summary: str) -> str:
        """Take out what an endpoint may have repeated: the key, numbers, parts of the summary."""
        bare = why.replace(self._key, "…") if self._key else why
        shared = (bare[at : at + _REPEATED] for at in range(len(bare) - _REPEATED + 1))
        if any(part in summary for part in shared):
            bare = f"{bare.partition(':')[0]}: its words repeat the summary, and are left out"
        return _NUMBER.sub("…", bare)


class _Rest:
    """How often the endpoint has failed in a row, and until when it is left alone."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures = 0
        self._until_s = clock.monotonic()

    def left_s(self) -> float:
        return self._until_s - self._clock.monotonic()

    def note(self, *, failed: bool) -> None:
        """Take up how a reading went; those under way when a rest began do not prolong it."""
        self._failures = self._failures + 1 if failed else 0
        if self._failures >= FAILURES_BEFORE_REST and self.left_s() <= 0:
            self._until_s = self._clock.monotonic() + REST_S


def _may_pass(exchange: Exchange) -> bool:
    """Whether asking again may bring another answer. A question asked twice does no harm."""
    match exchange:
        case NeverSent() | SentAndLost():
            return True
        case Reply(status=status):
            return status in {408, 425, 429} or status >= 500
