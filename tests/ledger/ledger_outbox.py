"""A campaign whose results are to be told, for the tests of the outbox."""

from datetime import UTC, datetime, timedelta
from typing import Any

from poku_batch.models import (
    AttemptId,
    CallResult,
    CampaignId,
    ContactKey,
    DuplicateRule,
    Enrolment,
    HookEvent,
    HookMessage,
    InteractionId,
)
from poku_batch.ports import Ledger, LedgerRun

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
CLINIC = CampaignId(name="clinic", wave="2026-11")
YES = CallResult(
    outcome="confirmed",
    summary="Yes, at ten.",
    evidence="confirmed",
    recording_url="https://recordings.example/1.wav",
    interaction_id=InteractionId("i-1"),
    fields={"guests": 2, "late": False},
)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


async def enrol(ledger: Ledger, *, first: int = 2, columns: tuple[str, ...] = ("Name",)) -> None:
    async with ledger.enrolment(CLINIC, columns, DuplicateRule.FIRST) as session:
        await session.add(
            [
                Enrolment(
                    row=n,
                    cells=tuple(f"{column} {n}" for column in columns),
                    key=ContactKey(f"k{n}"),
                    to=f"+1415555000{n}",
                )
                for n in range(first, first + 6)
            ]
        )
        await session.commit(now=NOW)


async def begin(run: LedgerRun) -> AttemptId:
    (admission,) = await run.admit(1, now=at(100_000))
    begun = await run.begin(admission, prompt_sha256="p", at=NOW)
    assert isinstance(begun, int)
    return begun


async def results(run: LedgerRun, *, now: datetime | None = None) -> list[HookMessage]:
    return await run.messages(99, event=HookEvent.RESULT, now=now or at(100_000))


async def told(run: LedgerRun) -> list[dict[str, Any]]:
    return [dict(message.body) for message in await results(run)]
