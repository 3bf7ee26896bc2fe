"""A reader for each test, whose time passes by sleeping alone."""

from datetime import UTC, datetime, timedelta
from typing import Any

import anyio

from poku_batch.campaign import ReadField
from poku_batch.chat import ChatReader
from poku_batch.models import Ended
from poku_batch.policy.readings import Asked
from poku_batch.ports import NotRead, SummaryReading
from tests.chat.chat_server import Act, ChatServer, chat_server, reading

KEY = "sk-secret-0123456789"
NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)
ASKED = Asked(
    labels={"confirmed": "", "rescheduled": ""}, fields={"new_date": ReadField(kind="date")}
)
ENDED = Ended(summary="Maria confirmed the appointment.")
GOOD = reading("confirmed", new_date=None)
READ = SummaryReading(outcome="confirmed", fields={"new_date": None})


class QuickClock:
    """Time that passes by sleeping alone, and at once."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.passed_s = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.passed_s)

    def monotonic(self) -> float:
        return self.passed_s

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.passed_s += seconds
        await anyio.lowlevel.checkpoint()

    async def idle(self, seconds: float) -> None:
        await self.sleep(seconds)


def reader_of(server: ChatServer | str, clock: QuickClock | None = None, **more: Any) -> ChatReader:
    return ChatReader(
        more.pop("model", "some-model"),
        base_url=server if isinstance(server, str) else server.url,
        asked=more.pop("asked", ASKED),
        clock=clock or QuickClock(),
        **{"key": KEY, "timeout_s": 5.0, "chance": lambda: 0.5, **more},
    )


async def read_by(*acts: Act, **more: Any) -> tuple[SummaryReading | NotRead, ChatServer]:
    ended = more.pop("ended", ENDED)
    async with chat_server(*acts) as server, reader_of(server, **more) as reader:
        return await reader.read(ended), server


def refusal(result: SummaryReading | NotRead) -> str:
    assert isinstance(result, NotRead)
    return result.why
