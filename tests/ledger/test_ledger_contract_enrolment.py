"""The contract of enrolling a sheet, for every ledger: each sentence of ``EnrolmentSession``."""

from collections.abc import AsyncIterator

import pytest

from poku_batch.errors import ContactsError
from poku_batch.ledger import open_ledger
from poku_batch.models import (
    CallResult,
    CampaignId,
    ContactState,
    Enrolment,
    InteractionId,
    Sequel,
)
from poku_batch.ports import Ledger
from tests.ledger.ledger_clinic import FAILED
from tests.ledger.ledger_sheets import (
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
    rejected,
    row,
    states,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ledger(ledger_url: str) -> AsyncIterator[Ledger]:
    async with open_ledger(ledger_url) as ledger:
        yield ledger


async def test_a_campaign_never_enrolled_has_no_columns_and_counts_nothing(ledger: Ledger) -> None:
    counts = await ledger.counts(CLINIC, now=NOW)
    assert (counts.total, counts.due, counts.next_due_at) == (0, 0, None)
    assert await ledger.columns(CLINIC) is None
    assert await records(ledger) == []
    run = await ledger.open_run(CLINIC, at=NOW)
    assert await ledger.columns(CLINIC) is None
    assert await run.admit(5, now=NOW) == []


async def test_an_empty_sheet_can_be_enrolled(ledger: Ledger) -> None:
    report = await enrol(ledger)
    assert (report.new, report.gone) == (0, 0)
    assert await ledger.columns(CLINIC) == ("a", "b")


async def test_new_keys_become_pending_or_skipped_with_their_reason(ledger: Ledger) -> None:
    report = await enrol(
        ledger, row(2, "a", "+1"), row(3, "b", "+2", reason="on the list"), row(4, "c", None)
    )
    assert await states(ledger) == ["pending", "skipped", "skipped"]
    assert (await errors(ledger))[:2] == [None, "on the list"]
    assert (report.new, report.reopened, report.gone) == (3, 0, 0)
    assert report.counts.countries == {"US": 1}
    assert [(note.row, note.key) for note in report.skipped] == [(3, "b"), (4, "c")]
    assert report.counts.due == 1
    assert await due_keys(ledger) == ["a"]


async def test_rows_without_a_key_are_results_and_never_admitted(ledger: Ledger) -> None:
    sheet = [row(2, None, None, reason="no number"), row(3, None, "+1"), row(4, "", "+2")]
    report = await enrol(ledger, *sheet)
    again = await enrol(ledger, *sheet)
    assert await states(ledger) == ["skipped", "skipped", "pending"]
    assert [r.key for r in await records(ledger)] == ["", "", ""]
    assert (report.new, again.new, again.gone) == (1, 0, 0)
    assert await due_keys(ledger) == [""]


async def test_preview_changes_nothing(ledger: Ledger) -> None:
    async with ledger.enrolment(CLINIC, ["a"], FIRST) as session:
        await session.add([row(2, "a")])
        assert (await session.preview(now=NOW)).new == 1
        assert (await session.preview(now=NOW)).new == 1
    assert await ledger.columns(CLINIC) is None
    assert (await ledger.counts(CLINIC, now=NOW)).total == 0


async def test_a_contact_never_called_takes_the_rows_number_cells_and_reason(
    ledger: Ledger,
) -> None:
    await enrol(ledger, row(2, "a", "+1"), row(3, "b", None), row(4, "c", "+3", reason="no"))
    report = await enrol(ledger, row(2, "a", "+9", "new"), row(3, "b", "+2"), row(4, "c", "+3"))
    assert await states(ledger) == ["pending"] * 3
    assert [r.to for r in await records(ledger)] == ["+9", "+2", "+3"]
    assert (report.new, report.reopened) == (0, 2)
    report = await enrol(ledger, row(2, "a", None), row(3, "b", "+2", reason="no"))
    assert await states(ledger) == ["skipped", "skipped"]
    assert (report.reopened, report.gone) == (0, 1)


async def test_a_contact_that_could_not_be_rendered_is_pending_again(ledger: Ledger) -> None:
    await enrol(ledger, row(2, "a"))
    run = await ledger.open_run(CLINIC, at=NOW)
    await run.fail((await run.admit(1, now=NOW))[0], "template: 'x' at row 2", at=NOW)
    counts = await run.counts(now=NOW)
    assert counts.failures == {"template: … at another row": 1}
    await close(run)
    assert (await enrol(ledger, row(2, "a"))).reopened == 1
    assert await states(ledger) == ["pending"]


@pytest.mark.parametrize(
    ("change", "state"),
    [
        (row(2, "a", "+1", "x"), "failed"),
        (row(7, "a", "+1", "x"), "failed"),
        (row(2, "a", "+1", "y"), "pending"),
        (row(2, "a", "+2", "x"), "pending"),
        (row(2, "a", "+2", "x", reason="no"), "skipped"),
        (row(2, "a", None, "x"), "skipped"),
    ],
)
async def test_a_rejected_contact_is_pending_again_when_its_row_differs(
    ledger: Ledger, change: Enrolment, state: str
) -> None:
    await enrol(ledger, row(2, "a", "+1"))
    await rejected(ledger, "a")
    report = await enrol(ledger, change)
    assert await states(ledger) == [state]
    assert report.reopened == (state == "pending")
    assert report.called_before == 0
    if state == "pending":
        await called(ledger, "a")
        assert [(r.state.value, r.attempts) for r in await records(ledger)] == [("done", 2)]


@pytest.mark.parametrize(
    ("change", "state"),
    [
        (row(2, "a", "+1", "x"), "failed"),
        (row(2, "a", "+1", "y"), "failed"),
        (row(2, "a", "+2", "x"), "pending"),
    ],
)
async def test_an_invalid_number_is_called_again_when_it_was_corrected(
    ledger: Ledger, change: Enrolment, state: str
) -> None:
    await enrol(ledger, row(2, "a", "+1"))
    await called(ledger, "a", outcome="invalid_number")
    assert (await ledger.counts(CLINIC, now=NOW)).failures == {"invalid_number": 1}
    report = await enrol(ledger, change)
    assert await states(ledger) == [state]
    assert report.called_before == 0


@pytest.mark.parametrize("kind", ["done", "unknown", "in_call", "failed"])
async def test_every_other_contact_keeps_its_state_and_takes_the_cells(
    ledger: Ledger, kind: str
) -> None:
    await enrol(ledger, row(2, "a", "+1"))
    run = await ledger.open_run(CLINIC, at=NOW)
    attempt = await dial(run, "a")
    if kind == "unknown":
        await run.doubt(attempt, "broken", at=NOW)
    elif kind == "in_call":
        await run.started(attempt, InteractionId("i"), at=NOW)
    else:
        sequel = FAILED if kind == "failed" else Sequel()
        await run.finish(attempt, CallResult(outcome="busy"), sequel=sequel, at=NOW)
    before = (await records(ledger))[0]
    report = await enrol(ledger, row(2, "a", "+2", "y", reason="no"))
    after = (await records(ledger))[0]
    assert (after.state, after.to, after.error) == (before.state, "+1", before.error)
    assert after.cells[0] == "y"
    assert report.called_before == 1
    assert [(note.row, note.key) for note in report.called_before_rows] == [(2, "a")]
    assert (await enrol(ledger, row(2, "a", "+1"))).called_before == 0


async def test_a_contact_in_no_row_is_kept_and_comes_back_as_it_was(ledger: Ledger) -> None:
    await enrol(ledger, row(2, "a", "+1"), row(3, "b", "+2"))
    await called(ledger, "b")
    report = await enrol(ledger, row(2, "c", "+3"))
    assert (report.new, report.gone) == (1, 2)
    assert await due_keys(ledger) == ["c"]
    assert len(await records(ledger)) == 1
    report = await enrol(ledger, row(2, "b", "+2"), row(3, "a", "+1"))
    assert await states(ledger) == ["done", "pending"]
    assert (report.new, report.gone, report.reopened) == (0, 1, 0)
    assert report.counts.outcomes == {"completed": 1}


async def test_faults_of_a_million_rows_are_told_in_bounded_words(ledger: Ledger) -> None:
    async with ledger.enrolment(CLINIC, ["a"], ERROR) as session:
        await session.add([row(n, f"k{n}", f"+{n // 2}") for n in range(2, 1000)])
        with pytest.raises(ContactsError) as caught:
            await session.preview(now=NOW)
    assert len(caught.value.faults) == 51


async def test_enrolments_of_two_campaigns_at_once_do_not_mix(ledger: Ledger) -> None:
    other = CampaignId(name="clinic", wave="2")
    async with (
        ledger.enrolment(CLINIC, ["a"], FIRST) as one,
        ledger.enrolment(other, ["b"], FIRST) as two,
    ):
        await one.add([row(2, "a", "+1")])
        await two.add([row(2, "b", "+1"), row(3, "c", "+2")])
        await one.commit(now=NOW)
        await two.commit(now=NOW)
    assert [r.key for r in await records(ledger)] == ["a"]
    assert [r.key for r in await records(ledger, other)] == ["b", "c"]


async def test_another_wave_calls_everybody_anew(ledger: Ledger) -> None:
    await enrol(ledger, row(2, "a"))
    await called(ledger, "a")
    report = await enrol(ledger, row(2, "a"), campaign=CampaignId(name="clinic", wave="b"))
    assert report.counts.states == {ContactState.PENDING: 1}


async def test_cells_of_any_text_come_back_unchanged_and_a_key_that_cannot_be_kept_is_named(
    ledger: Ledger,
) -> None:
    await enrol(ledger, row(2, "clé 'x'", "+1", "\ud800 \x00 \U0001f4de \n"), row(3, "b", "+2", ""))
    await enrol(ledger, row(2, "b", "+2", "", reason="half \ud800"))
    assert await errors(ledger) == ["half \\ud800"]
    async with ledger.enrolment(CLINIC, ["a"], FIRST) as session:
        with pytest.raises(ContactsError, match="row 9: the key"):
            await session.add([row(8, "c", "+1"), row(9, "\ud800", "+1")])
        await session.add([row(10, "d", "+3")])
        assert (await session.preview(now=NOW)).counts.total == 1
