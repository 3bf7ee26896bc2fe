"""One clinic and its eight contacts, for the contracts of deciding and of late answers."""

from datetime import UTC, datetime, timedelta
from typing import Any

from poku_batch.models import (
    Admission,
    AttemptId,
    CallResult,
    CampaignId,
    ContactKey,
    ContactRecord,
    DuplicateRule,
    Enrolment,
    PutBack,
    RunEnding,
    Selection,
)
from poku_batch.ports import Ledger, LedgerRun

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
CLINIC = CampaignId(name="clinic")
OTHER = CampaignId(name="other")
NEVER = CallResult(outcome="do_not_call", summary="Never again.")
K2 = ContactKey("k2")


async def enrol(
    ledger: Ledger, rows: int, *, campaign: CampaignId = CLINIC, first: int = 2
) -> None:
    async with ledger.enrolment(campaign, ["a"], DuplicateRule.ALL) as session:
        await session.add(
            [
                Enrolment(row=n, cells=(f"c{n}",), key=ContactKey(f"k{n}"), to=f"+{n}")
                for n in range(first, first + rows)
            ]
        )
        await session.commit(now=NOW)


async def begin(run: LedgerRun) -> tuple[Admission, AttemptId]:
    (admission,) = await run.admit(1, now=LATER)
    return admission, await run.begin(admission, prompt_sha256="p", at=NOW)


async def found(ledger: Ledger, key: str = "k2") -> ContactRecord:
    record = await ledger.contact(CLINIC, key)
    assert record is not None
    return record


async def put_back(ledger: Ledger, **chosen: Any) -> PutBack:
    selection = Selection(**chosen)
    expected = await ledger.selected(CLINIC, selection)
    did = await ledger.put_back(CLINIC, selection, agreed=99, by="ann", at=LATER)
    assert did == expected
    return did


async def next_run(ledger: Ledger, run: LedgerRun) -> LedgerRun:
    await run.close(RunEnding.FINISHED, at=NOW)
    return await ledger.open_run(CLINIC, at=LATER)
