"""The contract of rows that share a number or a key, for every ledger."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from poku_batch.errors import ContactsError
from poku_batch.ledger import open_ledger
from poku_batch.models import (
    DuplicateRule,
    Enrolment,
)
from poku_batch.ports import Ledger
from tests.ledger.ledger_sheets import (
    ALL,
    CLINIC,
    ERROR,
    FIRST,
    NOW,
    called,
    close,
    dial,
    due_keys,
    enrol,
    errors,
    records,
    row,
    states,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ledger(ledger_url: str) -> AsyncIterator[Ledger]:
    async with open_ledger(ledger_url) as ledger:
        yield ledger


async def test_first_calls_one_of_the_rows_with_a_number(ledger: Ledger) -> None:
    report = await enrol(
        ledger,
        row(2, "a", "+1", reason="no"),
        row(3, "b", "+1"),
        row(4, "c", "+1"),
        row(5, "d", "+1", reason="no"),
    )
    assert await states(ledger) == ["skipped", "pending", "skipped", "skipped"]
    assert await errors(ledger) == ["no", None, "same number as row 3", "no"]
    assert report.counts.skip_reasons == {"no": 2, "same number as another row": 1}


async def test_first_keeps_to_the_contact_that_was_called_whatever_the_order(
    ledger: Ledger,
) -> None:
    await enrol(ledger, row(2, "a", "+1"), row(3, "b", "+1"))
    await called(ledger, "a")
    await enrol(ledger, row(2, "c", "+1"), row(3, "b", "+1"), row(4, "a", "+1", reason="no"))
    assert await states(ledger) == ["skipped", "skipped", "done"]
    assert (await errors(ledger))[:2] == ["same number as row 4"] * 2
    assert await due_keys(ledger) == []


async def test_a_turned_away_or_rejected_contact_was_not_called(ledger: Ledger) -> None:
    await enrol(ledger, row(2, "a", "+1"), row(3, "b", "+1"), row(4, "c", "+3"), row(5, "d", "+3"))
    run = await ledger.open_run(CLINIC, at=NOW)
    await run.turn_away(await dial(run, "a"), "429", due_at=NOW + timedelta(hours=1), at=NOW)
    await run.reject(await dial(run, "c"), "400", at=NOW)
    await close(run)
    await enrol(ledger, row(2, "b", "+1"), row(3, "a", "+1"), row(4, "d", "+3"), row(5, "c", "+3"))
    assert await states(ledger) == ["pending", "skipped", "pending", "failed"]


async def test_several_called_contacts_with_one_number_keep_their_states(ledger: Ledger) -> None:
    sheet = [row(2, "a", "+1"), row(3, "b", "+1"), row(4, "c", "+1")]
    await enrol(ledger, *sheet, duplicates=ALL)
    await called(ledger, "b")
    await called(ledger, "c", outcome="busy")
    await enrol(ledger, *sheet)
    assert await states(ledger) == ["skipped", "done", "done"]
    assert (await errors(ledger))[0] == "same number as row 3"


async def test_rows_with_one_key_and_one_number_share_a_contact_under_first(
    ledger: Ledger,
) -> None:
    sheet = [row(2, "a", "+1", reason="no"), row(3, "a", "+1", "y"), row(4, "a", "+1")]
    report = await enrol(ledger, *sheet)
    assert await states(ledger) == ["skipped", "pending", "skipped"]
    assert [r.key for r in await records(ledger)] == ["", "a", ""]
    assert (await errors(ledger))[2] == "same number as row 3"
    assert report.new == 1
    await called(ledger, "a")
    report = await enrol(ledger, *sheet)
    assert await states(ledger) == ["done", "skipped", "skipped"]
    assert report.new == 0


async def test_one_key_with_and_without_a_number_is_one_contact(ledger: Ledger) -> None:
    await enrol(ledger, row(2, "a", None, reason="no number"), row(3, "a", "+1"))
    assert [(r.key, r.state.value) for r in await records(ledger)] == [
        ("", "skipped"),
        ("a", "pending"),
    ]


async def test_all_calls_every_row(ledger: Ledger) -> None:
    await enrol(ledger, row(2, "a", "+1"), row(3, "b", "+1"), duplicates=ALL)
    assert await states(ledger) == ["pending", "pending"]


@pytest.mark.parametrize(
    ("rows", "duplicates", "names"),
    [
        ([row(2, "a", "+1"), row(5, "a", "+2")], FIRST, (2, 5)),
        ([row(2, "a", "+1"), row(5, "a", "+2")], ALL, (2, 5)),
        ([row(2, "a", "+1"), row(6, "a", "+1")], ALL, (2, 6)),
        ([row(2, "a", "+1"), row(7, "b", "+1")], ERROR, (2, 7)),
        ([row(2, "a", "+1"), row(7, "a", "+1")], ERROR, (2, 7)),
    ],
)
async def test_an_impossible_sheet_changes_nothing_and_names_the_rows(
    ledger: Ledger, rows: list[Enrolment], duplicates: DuplicateRule, names: tuple[int, int]
) -> None:
    await enrol(ledger, row(2, "z", "+5"))
    async with ledger.enrolment(CLINIC, ["other"], duplicates) as session:
        await session.add(rows)
        for step in (session.preview, session.commit):
            with pytest.raises(ContactsError) as caught:
                await step(now=NOW)
            assert f"row {names[0]}" in str(caught.value)
            assert caught.value.faults[0].row == names[1]
            assert "+1" not in str(caught.value)
    assert await ledger.columns(CLINIC) == ("a", "b")
    assert [r.key for r in await records(ledger)] == ["z"]


async def test_a_row_that_has_left_the_sheet_holds_nobody_back_and_that_is_told(
    ledger: Ledger,
) -> None:
    """Another key is another reason to call; who wants fewer calls to a number sets a cap."""
    await enrol(ledger, row(2, "a", "+1"), row(3, "b", "+1"))
    await called(ledger, "a")
    # While the called row is there, nobody else with its number is called, however often it is run.
    for _ in range(2):
        report = await enrol(ledger, row(2, "a", "+1"), row(3, "b", "+1"), row(4, "c", "+1"))
        assert report.reopened == 0
        assert await states(ledger) == ["done", "skipped", "skipped"]
    report = await enrol(ledger, row(2, "b", "+1"), row(3, "c", "+1"))
    assert (report.gone, report.reopened) == (1, 1)
    (told,) = report.reopened_rows
    assert told.row == 2
    assert "same number as row 2" in told.note
    assert await states(ledger) == ["pending", "skipped"]
