"""What an enrolment's report says of what is new, for every ledger, and what past calls came to."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from poku_batch.ledger import open_ledger, reports
from poku_batch.models import (
    CallResult,
    CampaignId,
    ContactState,
    DuplicateRule,
    Enrolment,
    EnrolmentReport,
    Guard,
    Later,
    PastCalls,
    PendingGroup,
    Selection,
    Sequel,
    Usage,
    WaitKind,
)
from poku_batch.ports import Ledger
from tests.ledger.ledger_sheets import (
    CLINIC,
    NOW,
    called,
    close,
    dial,
    enrol,
    rejected,
    row,
)

pytestmark = pytest.mark.anyio

HOUR = timedelta(hours=1)


@pytest.fixture
async def ledger(ledger_url: str) -> AsyncIterator[Ledger]:
    async with open_ledger(ledger_url) as ledger:
        yield ledger


def known(report: EnrolmentReport) -> tuple[int, int, int, int]:
    return (report.known, report.changed, report.redials, report.waiting)


async def redialled(ledger: Ledger, key: str, *, after: timedelta) -> None:
    run = await ledger.open_run(CLINIC, at=NOW)
    again = Sequel(state=ContactState.PENDING, due_at=NOW + after)
    await run.finish(await dial(run, key), CallResult(outcome="busy"), sequel=again, at=NOW)
    await close(run)


async def test_of_a_first_sheet_all_is_new(ledger: Ledger) -> None:
    report = await enrol(ledger, row(2, "a", "+1"), row(3, "b", None))
    assert (report.new, *known(report)) == (2, 0, 0, 0, 0)
    assert report.pending == (PendingGroup(group=0, contacts=1),)


async def test_contacts_whose_cells_are_others_than_last_time_have_changed(ledger: Ledger) -> None:
    await enrol(ledger, row(2, "a", "+1"), row(3, "b", "+2"), row(4, "c", "+3"))
    await called(ledger, "a")
    changed = [row(2, "a", "+1", "new"), row(9, "b", "+2"), row(4, "c", "+3", "new")]
    assert known(await enrol(ledger, *changed)) == (3, 2, 0, 2)
    assert known(await enrol(ledger, *changed)) == (3, 0, 0, 2)


async def test_a_row_that_only_repeats_a_contact_changes_nobody(ledger: Ledger) -> None:
    await enrol(ledger, row(2, "a", "+1"), row(3, "a", "+1", "other"))
    assert known(await enrol(ledger, row(2, "a", "+1"), row(3, "a", "+1", "new"))) == (1, 0, 0, 1)


async def test_a_column_that_came_or_went_or_moved_changes_nobody(ledger: Ledger) -> None:
    async def sheet(columns: list[str], *cells: tuple[str, ...]) -> int:
        async with ledger.enrolment(CLINIC, columns, DuplicateRule.FIRST) as session:
            rows = [row(n, f"k{n}", f"+{n}") for n in range(2, 2 + len(cells))]
            await session.add(
                [one._replace(cells=own) for one, own in zip(rows, cells, strict=True)]
            )
            preview = await session.preview(now=NOW)
            assert await session.commit(now=NOW) == preview
        return preview.changed

    assert await sheet(["name", "day"], ("Ada", "Mon"), ("Bob", "Tue")) == 0
    assert await sheet(["day", "note", "name"], ("Mon", "!", "Ada"), ("Tue", "?", "Bob")) == 0
    assert await sheet(["name"], ("Ada",), ("Rob",)) == 1
    assert await sheet(["other"], ("x",), ("y",)) == 0


async def test_redials_are_told_from_those_who_still_wait_for_a_first_call(ledger: Ledger) -> None:
    rows = [row(n, f"k{n}", f"+{n}") for n in range(2, 6)]
    await enrol(ledger, *rows)
    await redialled(ledger, "k2", after=-HOUR)
    await redialled(ledger, "k3", after=HOUR)
    await called(ledger, "k4")
    report = await enrol(ledger, *rows)
    assert known(report) == (4, 0, 2, 1)
    assert report.redials_due == 1
    assert report.pending == (
        PendingGroup(group=0, contacts=1),
        PendingGroup(group=0, contacts=1, attempt=2),
        PendingGroup(group=0, contacts=1, attempt=2, due_at=NOW + HOUR),
    )
    await ledger.put_back(CLINIC, Selection(outcomes=("completed",)), agreed=1, by="ann", at=NOW)
    report = await enrol(ledger, *rows)
    assert (report.redials, report.redials_due) == (3, 2)


async def test_a_placement_that_was_turned_away_is_no_redial(ledger: Ledger) -> None:
    await enrol(ledger, row(2, "a", "+1"))
    run = await ledger.open_run(CLINIC, at=NOW)
    await run.turn_away(await dial(run, "a"), "429", due_at=NOW + HOUR, at=NOW)
    await close(run)
    report = await enrol(ledger, row(2, "a", "+1"))
    assert known(report) == (1, 0, 0, 1)
    assert report.pending == (PendingGroup(group=0, contacts=1, due_at=NOW + HOUR),)


def later(number: int, hours: float, *, group: int) -> Enrolment:
    wait = Later(until=NOW + hours * HOUR, kind=WaitKind.CALLING_HOURS, why="closed")
    return row(number, f"k{number}", f"+{number}")._replace(later=wait, group=group)


async def test_pending_contacts_are_told_by_group_and_hour(ledger: Ledger) -> None:
    report = await enrol(
        ledger,
        row(2, "a", "+12")._replace(group=2),
        later(3, 5.2, group=1),
        later(4, 5.1, group=1),
        later(5, 7, group=1),
        later(6, 5.1, group=2),
        row(7, "b", None)._replace(group=3),
    )
    assert report.pending == (
        PendingGroup(group=1, contacts=2, due_at=NOW + 5.1 * HOUR),
        PendingGroup(group=1, contacts=1, due_at=NOW + 7 * HOUR),
        PendingGroup(group=2, contacts=1),
        PendingGroup(group=2, contacts=1, due_at=NOW + 5.1 * HOUR),
    )


async def test_where_groups_would_be_too_many_they_are_told_by_longer_times(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [later(n, n, group=n % 2) for n in range(10, 100)]
    for most, groups in ((90, 90), (89, 10), (9, 2)):
        monkeypatch.setattr(reports, "_GROUPS", most)
        pending = (await enrol(ledger, *rows)).pending
        assert len(pending) == groups
        assert sum(one.contacts for one in pending) == 90
        assert pending[0].due_at == NOW + 10 * HOUR


# --- who may be called again, and why ----------------------------------------------------------


async def why_again(ledger: Ledger, change: Enrolment) -> str:
    report = await enrol(ledger, change)
    assert report.reopened == 1
    [note] = report.reopened_rows
    assert (note.row, note.key) == (change.row, "a")
    return note.note


async def test_a_row_that_was_skipped_is_called_again_when_its_reason_is_gone(
    ledger: Ledger,
) -> None:
    await enrol(ledger, row(2, "a", None, reason="no number in 'x'"))
    why = await why_again(ledger, row(2, "a", "+1"))
    assert why == "was skipped (no number in 'x'); that no longer holds"


async def test_a_number_that_the_api_rejected_is_named_when_it_was_corrected(
    ledger: Ledger,
) -> None:
    await enrol(ledger, row(2, "a", "+1"))
    await rejected(ledger, "a")
    why = await why_again(ledger, row(7, "a", "+2"))
    assert why == "its number was corrected; the API had rejected +1"


async def test_a_row_that_the_api_rejected_is_called_again_when_it_was_changed(
    ledger: Ledger,
) -> None:
    await enrol(ledger, row(2, "a", "+1"))
    await rejected(ledger, "a")
    why = await why_again(ledger, row(2, "a", "+1", "new"))
    assert why == "its row was changed; the API had rejected its call (bad request)"


async def test_a_number_without_a_route_is_named_when_it_was_corrected(ledger: Ledger) -> None:
    await enrol(ledger, row(2, "a", "+1"))
    await called(ledger, "a", outcome="invalid_number")
    why = await why_again(ledger, row(2, "a", "+2"))
    assert why == "its number was corrected; the network could not route +1"


async def test_whoever_failed_without_a_ring_is_called_again(ledger: Ledger) -> None:
    await enrol(ledger, row(2, "a", "+1"))
    run = await ledger.open_run(CLINIC, at=NOW)
    [admission] = await run.admit(1, now=NOW)
    await run.fail(admission, "template: no name", at=NOW)
    await close(run)
    why = await why_again(ledger, row(2, "a", "+1"))
    assert why == "no phone rang when it failed (template: no name)"


async def test_of_many_only_the_first_rows_are_told(ledger: Ledger) -> None:
    await enrol(ledger, *[row(n, f"k{n}", f"+{n}", reason="no") for n in range(2, 60)])
    report = await enrol(ledger, *[row(n, f"k{n}", f"+{n}") for n in range(2, 60)])
    assert report.reopened == 58
    assert [note.row for note in report.reopened_rows] == list(range(2, 12))


# --- past calls --------------------------------------------------------------------------------


async def ended(ledger: Ledger, number: int, outcome: str, seconds: float) -> None:
    campaign = CampaignId(name=f"c{number}")
    await enrol(ledger, row(2, "a", "+1"), campaign=campaign)
    run = await ledger.open_run(campaign, at=NOW)
    attempt = await dial(run, "a")
    await run.finish(
        attempt,
        CallResult(outcome=outcome),
        sequel=Sequel(),
        at=NOW + timedelta(seconds=seconds),
    )
    await close(run)


async def test_past_calls_are_the_latest_that_ended_of_all_campaigns(ledger: Ledger) -> None:
    assert await ledger.past_calls(last=5) == PastCalls()
    for number, (outcome, seconds) in enumerate(
        [("busy", 10), ("completed", 61.5), ("invalid_number", 2), ("completed", 90_000)]
    ):
        await ended(ledger, number, outcome, seconds)
    await enrol(ledger, row(2, "a", "+1"))
    await rejected(ledger, "a")
    assert await ledger.past_calls(last=5, longest=timedelta(minutes=10)) == PastCalls(
        calls=4,
        seconds=10 + 61.5 + 2 + 600,
        minutes=1 + 2 + 0 + 10,
        outcomes={"busy": 1, "completed": 2, "invalid_number": 1},
    )
    latest = await ledger.past_calls(last=2)
    assert (latest.calls, latest.outcomes) == (2, {"completed": 1, "invalid_number": 1})


async def test_what_a_campaign_has_used_up_is_told_without_a_run(ledger: Ledger) -> None:
    assert await ledger.usage(CLINIC) == Usage()
    await ended(ledger, 1, "completed", 90)
    assert await ledger.usage(CampaignId(name="c1")) == Usage(minutes=2)
    assert await ledger.usage(CampaignId(name="c1"), longest=timedelta(seconds=60)) == Usage(
        minutes=1
    )
    assert await ledger.usage(CLINIC) == Usage()


async def test_new_keys_of_numbers_that_were_called_are_told(ledger: Ledger) -> None:
    other = CampaignId(name="other")
    await enrol(ledger, row(2, "a", "+1"), row(3, "b", "+2"), row(4, "c", "+3"))
    await called(ledger, "a")
    await enrol(ledger, row(2, "x", "+2"), campaign=other)  # another campaign's calls are its own
    report = await enrol(
        ledger,
        row(2, "a", "+1"),
        row(3, "A", "+2"),
        row(4, "new", "+1"),
        duplicates=DuplicateRule.ALL,
    )
    assert (report.new, report.other_key) == (2, 1)
    (note,) = report.other_key_rows
    day = NOW.date()
    assert (note.row, note.key) == (4, "new")
    assert note.note == f"its number was called on {day} under the key 'a'"


async def test_a_number_that_the_network_could_not_route_was_not_called(ledger: Ledger) -> None:
    await enrol(ledger, row(2, "a", "+1"))
    run = await ledger.open_run(CLINIC, at=NOW)
    await run.finish(await dial(run, "a"), CallResult(outcome="invalid_number"), at=NOW)
    await close(run)
    assert (await enrol(ledger, row(2, "b", "+1"))).other_key == 0


async def test_the_times_of_calls_from_caller_ids_are_told_earliest_first(ledger: Ledger) -> None:
    first, second, third = "+14155550001", "+14155550002", "+14155550003"
    for number, caller_id in enumerate((second, first, third, first)):
        campaign = CampaignId(name=f"c{number}")
        await enrol(ledger, row(2, "a", "+1"), campaign=campaign)
        run = await ledger.open_run(campaign, at=NOW)
        [admission] = await run.admit(1, now=NOW)
        guard = Guard(from_number=caller_id)
        await run.begin(admission, prompt_sha256="0" * 64, guard=guard, at=NOW + number * HOUR)
        await close(run)
    both, ever = [first, second], NOW - HOUR
    assert await ledger.times_from(both, since=ever) == [NOW, NOW + HOUR, NOW + 3 * HOUR]
    assert await ledger.times_from(both, since=NOW + HOUR) == [NOW + 3 * HOUR]
    assert await ledger.times_from([], since=ever) == []
