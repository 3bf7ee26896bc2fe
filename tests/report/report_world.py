"""A campaign whose calls a test makes up, and the report of it."""

from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import anyio

from poku_batch.campaign import Campaign, load_campaign
from poku_batch.ledger import open_ledger
from poku_batch.models import (
    AttemptId,
    CallResult,
    ContactKey,
    ContactState,
    DuplicateRule,
    Enrolment,
    InteractionId,
    KeptRecording,
    RunEnding,
    Sequel,
)
from poku_batch.ports import Ledger, LedgerRun
from poku_batch.report.writing import write_report

T = TypeVar("T")

NOW = datetime(2026, 11, 30, 15, tzinfo=UTC)
COLUMNS = ("name", "phone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A contact and what came of its call; ``outcome`` None: nobody was called."""

    name: str
    key: str = ""
    to: str = "+12125550100"
    outcome: str | None = None
    summary: str = ""
    recording: str | None = None
    lasted_s: int = 30
    lost: str | None = None
    skipped: str | None = None
    kept: Path | None = None
    at: datetime = field(default=NOW)


def campaign(folder: Path, **keys: str) -> Campaign:
    """A campaign file in a folder, with further keys as YAML."""
    text = {
        "name": "clinic",
        "contacts": "{file: people.csv, key: name}",
        "prompt": "{text: Say hello.}",
    } | keys
    path = folder / "clinic.yaml"
    path.write_text("".join(f"{key}: {value}\n" for key, value in text.items()), encoding="utf-8")
    return load_campaign(path)


def report(
    folder: Path,
    made: Sequence[Made],
    *,
    columns: Sequence[str] = COLUMNS,
    most: int = 10_000,
    simulated: bool = False,
    **keys: str,
) -> Path:
    """Make a campaign's calls as they are given, and write its report; times are UTC."""

    async def write() -> Path:
        loaded = campaign(folder, **keys)
        async with open_ledger(folder / "ledger.db") as ledger:
            await call(ledger, loaded, made, columns=columns)
            return await write_report(
                ledger,
                loaded,
                folder / "report.html",
                simulated=simulated,
                at=NOW + timedelta(hours=1),
                zone=UTC,
                most=most,
            )

    return run_apart(write)


def run_apart(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run what is asynchronous in a thread of its own: Playwright's loop may be in this one."""
    with ThreadPoolExecutor(max_workers=1) as threads:
        return threads.submit(anyio.run, main).result()


async def call(
    ledger: Ledger, loaded: Campaign, made: Sequence[Made], *, columns: Sequence[str] = COLUMNS
) -> None:
    """Enrol contacts, and make their calls."""
    identity = loaded.identity
    async with ledger.enrolment(identity, list(columns), DuplicateRule.ALL) as session:
        await session.add([_enrolled(row, one) for row, one in enumerate(made, start=2)])
        await session.commit(now=NOW)
    run = await ledger.open_run(identity, at=NOW)
    admitted = {one.row: one for one in await run.admit(len(made) + 1, now=NOW)}
    for row, one in enumerate(made, start=2):
        if one.outcome is None and one.lost is None:
            continue
        attempt = await run.begin(admitted.pop(row), prompt_sha256="p", at=one.at)
        assert isinstance(attempt, int)
        await _end(ledger, run, AttemptId(attempt), one)
    await run.close(RunEnding.FINISHED, at=NOW)


def _enrolled(row: int, one: Made) -> Enrolment:
    return Enrolment(
        row=row,
        cells=(one.name, one.to),
        key=ContactKey(one.key or f"k{row}"),
        to=one.to,
        skip_reason=one.skipped,
    )


async def _end(ledger: Ledger, run: LedgerRun, attempt: AttemptId, one: Made) -> None:
    if one.outcome is None:
        await run.doubt(attempt, one.lost or "", at=one.at)
        return
    ended_at = one.at + timedelta(seconds=one.lasted_s)
    state = ContactState.FAILED if one.outcome == "invalid_number" else ContactState.DONE
    result = CallResult(
        outcome=one.outcome,
        summary=one.summary or None,
        recording_url=one.recording,
        interaction_id=InteractionId(f"i{attempt}"),
        evidence=f"evidence {one.summary[:20]}",
    )
    await run.finish(attempt, result, sequel=Sequel(state=state), at=ended_at)
    if one.kept is not None:
        kept = KeptRecording(file=one.kept, size=1, sha256="0" * 64, at=ended_at)
        await ledger.recordings.keep(attempt, kept)
