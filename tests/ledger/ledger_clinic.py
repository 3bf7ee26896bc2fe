"""One clinic and its eight contacts, for the contracts of deciding and of late answers."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from poku_batch.models import (
    Admission,
    AttemptId,
    CallResult,
    CampaignId,
    Cap,
    ContactKey,
    ContactRecord,
    ContactState,
    DuplicateRule,
    Enrolment,
    EnrolmentReport,
    Guard,
    Later,
    Never,
    PutBack,
    RunEnding,
    Selection,
    Sequel,
)
from poku_batch.ports import Ledger, LedgerRun

NOW = datetime(2026, 11, 22, 10, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
CLINIC = CampaignId(name="clinic")
OTHER = CampaignId(name="other")
NEVER = CallResult(outcome="do_not_call", summary="Never again.")
K2 = ContactKey("k2")
NO_GUARD = Guard()
FAILED = Sequel(state=ContactState.FAILED)


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
    return admission, begun(begun(await run.begin(admission, prompt_sha256="p", at=NOW)))


def begun(answer: AttemptId | Later | Never) -> AttemptId:
    """The attempt, where nothing kept the ledger from beginning one."""
    assert not isinstance(answer, Later | Never), answer
    return answer


def row(n: int, to: str | None = None, **said: Any) -> Enrolment:
    """Row ``n`` of a sheet: contact ``kn``, whose number is ``+n`` unless another is given."""
    return Enrolment(row=n, cells=(f"c{n}",), key=ContactKey(f"k{n}"), to=to or f"+{n}", **said)


async def take(
    ledger: Ledger,
    *rows: Enrolment,
    caps: Sequence[Cap] = (),
    campaign: CampaignId = CLINIC,
    at: datetime = NOW,
) -> EnrolmentReport:
    """Enrol a sheet; its preview says the same."""
    async with ledger.enrolment(campaign, ["a"], DuplicateRule.ALL, number_caps=caps) as session:
        await session.add(rows)
        preview = await session.preview(now=at)
        report = await session.commit(now=at)
    assert preview == report
    assert report.counts == await ledger.counts(campaign, now=at)
    return report


async def dial(
    run: LedgerRun, key: str = "k2", *, guard: Guard = NO_GUARD, at: datetime = NOW
) -> AttemptId:
    """Begin to call one contact, whoever else is due."""
    return begun(await ask(run, key, guard=guard, at=at))


async def ask(
    run: LedgerRun, key: str = "k2", *, guard: Guard = NO_GUARD, at: datetime = NOW
) -> AttemptId | Later | Never:
    """What the ledger says when one contact is about to be called."""
    admission = await admitted(run, key, at=at)
    return await run.begin(admission, prompt_sha256="p", guard=guard, at=at)


async def admitted(run: LedgerRun, key: str = "k2", *, at: datetime = NOW) -> Admission:
    """One contact that is due, whoever else is."""
    admissions = {admission.key: admission for admission in await run.admit(99, now=at)}
    chosen = admissions.pop(ContactKey(key))
    for admission in admissions.values():
        await run.release(admission)
    return chosen


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
