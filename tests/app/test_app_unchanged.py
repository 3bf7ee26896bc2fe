"""A sheet that the ledger has already is not read again; whatever is not the same is."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from poku_batch.app.preparing import preparing
from poku_batch.app.running import run_campaign
from poku_batch.app.unchanged import Recognition
from poku_batch.campaign import load_campaign
from poku_batch.contacts import open_sheet
from poku_batch.ledger import erase
from poku_batch.models import ContactState

pytestmark = pytest.mark.anyio

SHEET = "id,name,phone\n" + "".join(f"k{n},Person {n},+1415555{1000 + n}\n" for n in range(12))


def write(folder: Path, **changes: Any) -> Path:
    path = folder / "campaign.yaml"
    campaign = {
        "name": "clinic",
        "contacts": {"file": "sheet.csv", "key": "id"},
        "prompt": "prompt.md.j2",
        "calling_hours": "always",
        "output": {"file": "out.csv"},
    }
    path.write_text(yaml.safe_dump(campaign | changes), encoding="utf-8")
    return path


@pytest.fixture
async def campaign(tmp_path: Path) -> Path:
    """A campaign that was rehearsed with three of its twelve contacts."""
    (tmp_path / "sheet.csv").write_text(SHEET, encoding="utf-8")
    (tmp_path / "prompt.md.j2").write_text("Call {{ name }}.", encoding="utf-8")
    path = write(tmp_path)
    summary = await run_campaign(path, simulate=True, limit=3)
    assert summary.report.new == 12
    return path


async def known(path: Path) -> bool:
    found = await Recognition.of(load_campaign(path), simulate=True)
    return found is not None and found.sheet is not None


async def test_a_sheet_that_was_enrolled_is_known_and_opened_as_it_was(campaign: Path) -> None:
    async with preparing(load_campaign(campaign), simulate=True, recognise=True) as prepared:
        sheet = prepared.sheet
        rows = [row for batch in sheet.batches() for row in batch]
    with open_sheet(campaign.parent / "sheet.csv", name=sheet.name) as opened:
        for name in ("columns", "letters", "encoding", "delimiter", "decimal", "last_row"):
            assert getattr(sheet, name) == getattr(opened, name), name
        assert rows == [row for batch in opened.batches() for row in batch]


async def test_a_run_that_goes_on_does_not_read_the_sheet(
    campaign: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unread(*_args: object, **_named: object) -> None:
        raise AssertionError("the sheet was opened")

    monkeypatch.setattr("poku_batch.contacts.open_sheet", unread)
    summary = await run_campaign(campaign, simulate=True)
    assert (summary.report.known, summary.report.new, summary.report.gone) == (12, 0, 0)
    assert summary.counts.of(ContactState.PENDING) == 0
    assert summary.counts.total == 12


async def test_a_row_more_is_read_and_then_known_too(campaign: Path) -> None:
    with (campaign.parent / "sheet.csv").open("a", encoding="utf-8") as sheet:
        sheet.write("k99,New,+14155559999\n")
    assert not await known(campaign)
    summary = await run_campaign(campaign, simulate=True, limit=1)
    assert (summary.report.known, summary.report.new) == (12, 1)
    assert await known(campaign)


async def test_what_a_run_may_do_changes_nothing_of_the_sheet(campaign: Path) -> None:
    write(campaign.parent, limits={"concurrency": 3}, output={"file": "other.csv"})
    assert await known(campaign)


@pytest.mark.parametrize(
    "changes",
    [
        {"contacts": {"file": "sheet.csv"}},
        {"contacts": {"file": "sheet.csv", "key": ["id", "name"]}},
        {"contacts": {"file": "sheet.csv", "key": "id", "region": "GB"}},
        {"contacts": {"file": "sheet.csv", "key": "id", "duplicates": "all"}},
        {"contacts": {"file": "sheet.csv", "key": "id", "priority": "5"}},
        {"call": {"voice": "male"}},
        {"prompt": {"text": "Call {{ name }}!"}},
        {"wave": "2"},
    ],
)
async def test_a_sheet_of_which_something_else_is_said_is_read(
    campaign: Path, changes: dict[str, Any]
) -> None:
    write(campaign.parent, **changes)
    assert not await known(campaign)


async def test_another_template_is_tried_on_every_row(campaign: Path) -> None:
    (campaign.parent / "prompt.md.j2").write_text("Ring {{ name }}.", encoding="utf-8")
    assert not await known(campaign)


async def test_a_template_that_takes_in_another_is_never_taken_for_the_same(
    campaign: Path,
) -> None:
    (campaign.parent / "part.md").write_text("Hello.", encoding="utf-8")
    template = "{%- include 'part.md' %} Call {{ name }}."
    (campaign.parent / "prompt.md.j2").write_text(template, encoding="utf-8")
    await run_campaign(campaign, simulate=True, limit=1)
    assert not await known(campaign)


async def test_whoever_is_erased_makes_the_sheet_unknown(campaign: Path) -> None:
    ledger = campaign.parent / ".poku-batch" / "simulated.db"
    erase(ledger, "+14155551011", keep_hash=True, by="ann", at=datetime.now(UTC))
    assert not await known(campaign)


async def test_rows_that_were_called_with_other_cells_are_told_of_each_time(
    campaign: Path,
) -> None:
    sheet = campaign.parent / "sheet.csv"
    sheet.write_text(SHEET.replace("Person 0", "Somebody"), encoding="utf-8")
    for _ in range(2):
        summary = await run_campaign(campaign, simulate=True, limit=1)
        assert summary.report.called_before == 1
        assert not await known(campaign)


async def test_a_sheet_enrolled_by_another_meanwhile_is_read_after_all(
    campaign: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recognised = Recognition.of

    async def then_forgotten(*args: Any, **named: Any) -> Recognition | None:
        found = await recognised(*args, **named)
        path = campaign.parent / ".poku-batch" / "simulated.db"
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE campaigns SET enrolled_from = 'another'")
        return found

    monkeypatch.setattr(Recognition, "of", then_forgotten)
    summary = await run_campaign(campaign, simulate=True)
    assert (summary.report.known, summary.counts.total) == (12, 12)
    assert summary.counts.of(ContactState.PENDING) == 0
