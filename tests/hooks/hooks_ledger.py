"""A ledger with results to tell, for the tests of hooks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import cast

from poku_batch.ledger import open_ledger
from poku_batch.models import (
    CallResult,
    CampaignId,
    ContactKey,
    DuplicateRule,
    Enrolment,
    InteractionId,
)
from poku_batch.ports import LedgerRun
from tests.hooks.hooks_message import AT

CLINIC = CampaignId(name="appointments", wave="2026-11")
COLUMNS = ("name", "phone", "appointment_at")


@asynccontextmanager
async def opened(path: Path, *, contacts: int = 0) -> AsyncIterator[LedgerRun]:
    """A run of the clinic's campaign; its sheet is enrolled first, if it is to have contacts."""
    async with open_ledger(path) as ledger:
        if contacts:
            async with ledger.enrolment(CLINIC, COLUMNS, DuplicateRule.FIRST) as session:
                await session.add([_row(number) for number in range(contacts)])
                await session.commit(now=AT)
        run = await ledger.open_run(CLINIC, tell_results=True, at=AT)
        yield cast("LedgerRun", run)


def _row(number: int) -> Enrolment:
    to = f"+1415555{number + 123:04}"
    return Enrolment(
        row=number + 2,
        cells=("Ann Lee", to, "2026-11-24 10:00"),
        key=ContactKey(f"A-{number + 100}"),
        to=to,
    )


async def finish(run: LedgerRun, *, calls: int = 1) -> None:
    """Let the next calls end well."""
    for _ in range(calls):
        (admission,) = await run.admit(1, now=AT)
        begun = await run.begin(admission, prompt_sha256="p", at=AT)
        assert isinstance(begun, int)
        result = CallResult(
            outcome="confirmed",
            summary="Ann confirmed and will be there at ten.",
            recording_url="https://recordings.example/5f2.wav",
            interaction_id=InteractionId("5f2"),
            evidence="confirmed",
            fields={"new_date": None},
        )
        await run.finish(begun, result, at=AT + timedelta(seconds=62.5))
