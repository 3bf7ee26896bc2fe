"""Sheets of a clinic with the rows that a test gives, for the contracts of enrolling them."""

from datetime import UTC, datetime

from poku_batch.models import (
    AttemptId,
    CallResult,
    CampaignId,
    ContactKey,
    ContactRecord,
    DuplicateRule,
    Enrolment,
    EnrolmentReport,
    RunEnding,
    Sequel,
)
from poku_batch.ports import Ledger, LedgerRun
from tests.ledger.ledger_clinic import FAILED, begun

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
CLINIC = CampaignId(name="clinic")
FIRST, ALL, ERROR = DuplicateRule.FIRST, DuplicateRule.ALL, DuplicateRule.ERROR


def row(
    number: int,
    key: str | None,
    to: str | None = "+14155550100",
    cell: str = "x",
    reason: str | None = None,
) -> Enrolment:
    return Enrolment(
        row=number,
        cells=(cell, "é 'q' \x00"),
        key=None if key is None else ContactKey(key),
        to=to,
        country="US" if to else None,
        skip_reason=reason,
    )


async def enrol(
    ledger: Ledger,
    *rows: Enrolment,
    duplicates: DuplicateRule = FIRST,
    campaign: CampaignId = CLINIC,
) -> EnrolmentReport:
    """Enrol, and check that the preview and the ledger say what the report says."""
    async with ledger.enrolment(campaign, ["a", "b"], duplicates) as session:
        for one in rows:
            await session.add([one])
        preview = await session.preview(now=NOW)
        report = await session.commit(now=NOW)
    assert preview == report
    assert await ledger.counts(campaign, now=NOW) == report.counts
    assert report.counts.total == len(rows)
    read = await records(ledger, campaign)
    assert [(r.row, r.cells) for r in read] == [(r.row, r.cells) for r in rows]
    return report


async def records(ledger: Ledger, campaign: CampaignId = CLINIC) -> list[ContactRecord]:
    return [record async for batch in ledger.records(campaign, batch=2) for record in batch]


async def states(ledger: Ledger) -> list[str]:
    return [record.state.value for record in await records(ledger)]


async def errors(ledger: Ledger) -> list[str | None]:
    return [record.error for record in await records(ledger)]


async def dial(run: LedgerRun, key: str) -> AttemptId:
    """Begin the attempt of one contact, and give the others back."""
    chosen = None
    for admission in await run.admit(100, now=NOW):
        if admission.key == key:
            chosen = admission
        else:
            await run.release(admission)
    assert chosen is not None
    return begun(await run.begin(chosen, prompt_sha256="0" * 64, at=NOW))


async def called(ledger: Ledger, key: str, *, outcome: str = "completed") -> None:
    run = await ledger.open_run(CLINIC, at=NOW)
    attempt = await dial(run, key)
    sequel = FAILED if outcome == "invalid_number" else Sequel()
    await run.finish(attempt, CallResult(outcome=outcome), sequel=sequel, at=NOW)
    await close(run)


async def rejected(ledger: Ledger, key: str) -> None:
    run = await ledger.open_run(CLINIC, at=NOW)
    await run.reject(await dial(run, key), "bad request", at=NOW)
    await close(run)


async def close(run: LedgerRun) -> None:
    await run.close(RunEnding.FINISHED, at=NOW)


async def due_keys(ledger: Ledger) -> list[str]:
    run = await ledger.open_run(CLINIC, at=NOW)
    keys = [admission.key for admission in await run.admit(100, now=NOW)]
    await close(run)
    return list(keys)
