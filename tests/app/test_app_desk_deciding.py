"""What a person does at the desk: contacts put back, unknown ones resolved, numbers forbidden."""

import csv
import gc
from collections.abc import Iterator
from pathlib import Path

import anyio
import pandas as pd
import pytest

from poku_batch.app.desk.desk import FolderDesk
from poku_batch.app.environment import person
from poku_batch.app.running import run_campaign
from poku_batch.dashboard.desk import DeskError, Entry
from poku_batch.ledger import look_into
from poku_batch.models import ContactKey, ContactState, PutBack, Selection
from tests.app.desk_world import DEMO, KEY, entry_of, sheet_of, write_campaign
from tests.standin import Answer, Raw, StandIn, numbers

pytestmark = pytest.mark.anyio

FIRST, SECOND, THIRD = numbers(3)


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with StandIn() as api:
        yield api


@pytest.fixture
async def folder(tmp_path: Path, standin: StandIn, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A campaign that was run: the first is done, the second unknown, the third failed."""
    monkeypatch.delenv("POKU_BATCH_LEDGER", raising=False)
    monkeypatch.setenv("POKU_API_KEY", KEY)
    monkeypatch.setenv("POKU_BASE_URL", standin.url)
    write_campaign(tmp_path, outcomes={"glad": ["glad to hear"]})
    (tmp_path / "sheet.csv").write_text(sheet_of(numbers(3)), encoding="utf-8")
    standin.act(SECOND, Raw())
    standin.act(THIRD, Answer(status=400, body={"error": "no such number"}))
    summary = await run_campaign(tmp_path / "demo.yaml")
    assert {str(state) for state, count in summary.counts.states.items() if count} == {
        "done",
        "unknown",
        "failed",
    }
    return tmp_path


@pytest.fixture
async def desk(folder: Path) -> FolderDesk:
    return FolderDesk(folder, shown="folder")


@pytest.fixture
async def entry(desk: FolderDesk) -> Entry:
    return await entry_of(desk, simulated=False)


async def states(folder: Path) -> list[ContactState]:
    async with look_into(str(folder / ".poku-batch" / "ledger.db")) as ledger:
        return [one.state async for batch in ledger.records(DEMO) for one in batch]


async def test_contacts_are_put_back_by_a_person_who_agreed_to_second_rings(
    folder: Path, desk: FolderDesk, entry: Entry, standin: StandIn
) -> None:
    chosen = Selection(failed=True, unknown=True)
    found = await desk.selected(entry, chosen)
    assert found == PutBack(contacts=2, may_ring_twice=1, asked_not_to=0)
    with pytest.raises(
        DeskError, match=r"1 phones may ring twice by now, not 0.*Nothing was changed"
    ):
        await desk.put_back(entry, chosen, agreed=0)
    assert await states(folder) == ["done", "unknown", "failed"]
    assert await desk.put_back(entry, chosen, agreed=1) == found
    assert await states(folder) == ["done", "pending", "pending"]
    async with look_into(str(folder / ".poku-batch" / "ledger.db")) as ledger:
        by = [one.person async for batch in ledger.history(DEMO, key=SECOND) for one in batch]
    assert f"{person()} (dashboard)" in by
    assert len(standin.calls) == 3


async def test_who_is_on_the_list_or_pending_is_left_alone_and_the_page_says_so(
    folder: Path, desk: FolderDesk, entry: Entry
) -> None:
    assert await desk.forbid(entry, FIRST) == f"+1 •••• {FIRST[-2:]}"
    with pytest.raises(DeskError, match=r"is on the do-not-call list \(added\)"):
        await desk.put_back(entry, Selection(keys=(ContactKey(FIRST),)), agreed=1)
    await desk.put_back(entry, Selection(failed=True), agreed=0)
    with pytest.raises(DeskError, match="left alone: a contact that is pending"):
        await desk.selected(entry, Selection(keys=(ContactKey(THIRD),)))
    with pytest.raises(DeskError, match="has no contact with the key 'nobody'"):
        await desk.selected(entry, Selection(keys=(ContactKey("nobody"),)))
    assert await states(folder) == ["done", "unknown", "pending"]


async def test_an_unknown_contact_is_resolved_with_the_campaigns_own_words(
    folder: Path, desk: FolderDesk, entry: Entry
) -> None:
    for state in (ContactState.PENDING, ContactState.UNKNOWN):
        with pytest.raises(DeskError, match="is resolved as done, or as failed"):
            await desk.resolve(entry, SECOND, state)
    await desk.resolve(entry, SECOND, ContactState.DONE, summary=" She was glad to hear of it. ")
    async with look_into(str(folder / ".poku-batch" / "ledger.db")) as ledger:
        contact = await ledger.contact(DEMO, SECOND)
    assert contact is not None
    assert (contact.state, contact.outcome) == (ContactState.DONE, "glad")
    assert contact.summary == "She was glad to hear of it."
    with pytest.raises(DeskError, match=r"is not unknown but done.*put it back$"):
        await desk.resolve(entry, SECOND, ContactState.FAILED)


async def test_a_forbidden_number_is_on_the_list_of_its_own_ledger_alone(
    folder: Path, desk: FolderDesk, entry: Entry
) -> None:
    await desk.forbid(entry, FIRST)
    async with look_into(str(folder / ".poku-batch" / "ledger.db")) as ledger:
        (listed,) = [one async for batch in ledger.do_not_call() for one in batch]
    assert (listed.number, listed.reason) == (FIRST, "from the dashboard")
    assert listed.by == f"{person()} (dashboard)"
    with pytest.raises(DeskError, match="no contact with this key"):
        await desk.forbid(entry, "nobody")
    rehearsal = await entry_of(desk, simulated=True)
    with pytest.raises(DeskError, match="no contact with this key"):
        await desk.forbid(rehearsal, FIRST)
    await run_campaign(folder / "demo.yaml", simulate=True)
    await desk.forbid(rehearsal, SECOND)
    async with look_into(str(folder / ".poku-batch" / "ledger.db")) as ledger:
        assert await ledger.listed(SECOND) is None
    async with look_into(str(folder / ".poku-batch" / "simulated.db")) as ledger:
        assert await ledger.listed(SECOND) == "added"


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
async def test_results_are_written_anew_to_a_file_that_is_gone_afterwards(
    desk: FolderDesk, entry: Entry, folder: Path, kind: str
) -> None:
    async with desk.export(entry, kind) as path:
        assert path.name == f"demo.{kind}"
        match kind:
            case "csv":
                rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
                found = [row["call_status"] for row in rows]
            case "xlsx":
                found = list(pd.read_excel(path, engine="calamine")["call_status"])
            case _:
                found = list(pd.read_parquet(path)["call_status"])
        kept = path
    assert found == ["done", "unknown", "failed"]
    assert not kept.parent.exists()
    assert not (folder / "demo.csv").exists()


async def test_pages_answer_while_results_are_written(desk: FolderDesk, entry: Entry) -> None:
    longest = 0.0

    async def turns() -> None:
        nonlocal longest
        before = anyio.current_time()
        while True:
            await anyio.sleep(0.01)
            longest, before = max(longest, anyio.current_time() - before), anyio.current_time()

    gc.collect()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(turns)
        async with desk.export(entry, "xlsx") as path:
            assert path.stat().st_size
        tasks.cancel_scope.cancel()
    assert longest < 0.5


async def test_what_cannot_be_done_is_said_in_words_for_a_page(
    folder: Path, desk: FolderDesk, entry: Entry
) -> None:
    with pytest.raises(DeskError, match="results are written as csv, xlsx, parquet"):
        async with desk.export(entry, "html"):
            pass
    rehearsal = await entry_of(desk, simulated=True)
    for refused in (
        desk.selected(rehearsal, Selection(failed=True)),
        desk.resolve(rehearsal, SECOND, ContactState.DONE),
    ):
        with pytest.raises(DeskError, match=r"was never rehearsed.*; check it and start it first$"):
            await refused
    with pytest.raises(DeskError, match="was never rehearsed"):
        async with desk.export(rehearsal, "csv"):
            pass
    write_campaign(folder, wave="2")
    with pytest.raises(DeskError, match=r"demo.yaml is demo \(wave 2\)|demo.yaml is demo.*by now"):
        await desk.selected(entry, Selection(failed=True))
    (folder / "demo.yaml").unlink()
    gone = await entry_of(desk, simulated=False)
    assert gone.file is None
    with pytest.raises(DeskError, match="is not in the folder any more"):
        await desk.selected(gone, Selection(failed=True))
    assert (await desk.check(gone)).ticket is None
    # A number can be forbidden all the same.
    assert (await desk.forbid(gone, THIRD)).endswith(THIRD[-2:])
