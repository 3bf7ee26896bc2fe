"""Calls that ended and are still to be read, for the contracts of reading them."""

from datetime import timedelta

from poku_batch.models import AttemptId, CallResult, ContactState, InteractionId, Sequel
from poku_batch.ports import Ledger, LedgerRun
from tests.ledger.ledger_clinic import NOW, begin

BY_RULES = CallResult(
    outcome="no_answer",
    summary="Nobody came to the phone, but her son did.",
    recording_url="https://r",
    interaction_id=InteractionId("i"),
    evidence="nobody",
)
BY_MODEL = CallResult(
    outcome="rescheduled",
    evidence="her son did",
    fields={"new_date": "2026-12-01", "guests": 2, "paid": True, "price": 1.5, "note": None},
)
TOMORROW = NOW + timedelta(days=1)
AGAIN = Sequel(state=ContactState.PENDING, due_at=TOMORROW)
GIVEN_UP = Sequel(state=ContactState.FAILED, why="no_answer after 3 attempts", kind="used up")


async def to_read(
    run: LedgerRun, *, sequel: Sequel = AGAIN, result: CallResult = BY_RULES
) -> AttemptId:
    """One call that ended, and that somebody is to read."""
    _, attempt = await begin(run)
    assert await run.finish(attempt, result, sequel=sequel, to_read=True, at=NOW)
    return attempt


async def listed(ledger: Ledger) -> list[str]:
    return [entry.number async for batch in ledger.do_not_call() for entry in batch]
