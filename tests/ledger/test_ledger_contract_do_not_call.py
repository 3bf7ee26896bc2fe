"""The contract of the do-not-call list, for every ledger."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from poku_batch.ledger import do_not_call as listing
from poku_batch.ledger import inspect, open_ledger
from poku_batch.models import (
    Admission,
    ContactState,
    DoNotCallEntry,
    Guard,
    Never,
    RunEnding,
)
from poku_batch.ports import Ledger
from tests.ledger.ledger_clinic import CLINIC, LATER, NOW, OTHER, enrol, found
from tests.ledger.ledger_raw import raw

pytestmark = pytest.mark.anyio

ANN, BOB, CY = "+14155550100", "+442079460000", "+14155550102"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


@pytest.fixture
async def ledger(ledger_url: str) -> AsyncIterator[Ledger]:
    async with open_ledger(ledger_url) as ledger:
        yield ledger
    assert inspect(ledger_url).problems == ()


def entry(number: str, *, at: datetime = NOW, source: str = "added") -> DoNotCallEntry:
    return DoNotCallEntry(number=number, source=source, at=at, reason="by mail", by="ann")


async def listed(ledger: Ledger, batch: int = 2) -> list[DoNotCallEntry]:
    return [entry async for entries in ledger.do_not_call(batch=batch) for entry in entries]


async def test_what_is_added_is_on_the_list_in_the_order_in_which_it_came(ledger: Ledger) -> None:
    assert await listed(ledger) == []
    late, early = entry(ANN, at=LATER), entry(BOB)
    assert await ledger.add_do_not_call([late, early]) == 2
    bare = DoNotCallEntry(number=CY, source="heard in a call", at=LATER)
    assert await ledger.add_do_not_call([bare]) == 1
    assert await listed(ledger) == [early, late, bare]
    assert await ledger.add_do_not_call([]) == 0


async def test_a_number_that_is_on_the_list_keeps_its_entry(ledger: Ledger) -> None:
    await ledger.add_do_not_call([entry(ANN)])
    again = [entry(ANN, at=LATER, source="imported from x.csv"), entry(BOB), entry(BOB, at=LATER)]
    assert await ledger.add_do_not_call(again) == 1
    assert await listed(ledger) == sorted([entry(ANN), entry(BOB)], key=lambda e: e.number)


async def test_words_of_anybody_can_be_stored(ledger: Ledger) -> None:
    odd = DoNotCallEntry(number=ANN, source="\ud800", at=NOW, reason="a\0b\ud800", by="é\ud800")
    await ledger.add_do_not_call([odd])
    (kept,) = await listed(ledger)
    assert kept.reason in ("a\0b\\ud800", "a\\x00b\\ud800")


async def test_a_removed_number_is_not_listed_and_who_removed_it_is_kept(
    ledger: Ledger, ledger_url: str
) -> None:
    await ledger.add_do_not_call([entry(ANN), entry(BOB)])
    assert await ledger.remove_do_not_call(ANN, by="bob", at=LATER)
    assert not await ledger.remove_do_not_call(ANN, by="cy", at=LATER)
    assert not await ledger.remove_do_not_call(CY, by="cy", at=LATER)
    assert await listed(ledger) == [entry(BOB)]
    with raw(ledger_url) as connection:
        rows = connection.execute(
            "SELECT number, added_by, removed_by, removed_at FROM do_not_call ORDER BY number"
        ).fetchall()
        assert rows[0][:3] == (ANN, "ann", "bob")
        assert rows[0][3] is not None
        assert rows[1][2:] == (None, None)
        assert listing.is_listed(connection, ANN) is None
        assert listing.is_listed(connection, BOB) == "added"
        assert listing.is_listed(connection, CY) is None


async def test_a_removed_number_that_is_added_again_is_on_the_list_anew(
    ledger: Ledger, ledger_url: str
) -> None:
    await ledger.add_do_not_call([entry(ANN), entry(BOB)])
    await ledger.remove_do_not_call(ANN, by="bob", at=NOW)
    anew = entry(ANN, at=LATER, source="imported from x.csv")
    assert await ledger.add_do_not_call([anew, entry(BOB)]) == 1
    assert await listed(ledger) == [entry(BOB), anew]
    with raw(ledger_url) as connection:
        assert listing.is_listed(connection, ANN) == "imported from x.csv"


async def test_the_list_is_there_for_the_next_who_opens_the_ledger(ledger_url: str) -> None:
    async with open_ledger(ledger_url) as first, open_ledger(ledger_url) as second:
        await first.add_do_not_call([entry(ANN)])
        assert await listed(second) == [entry(ANN)]
        await second.remove_do_not_call(ANN, by="x", at=NOW)
        assert await listed(first) == []
        await first.add_do_not_call([entry(BOB)])
    async with open_ledger(ledger_url) as third:
        assert await listed(third) == [entry(BOB)]


async def test_entries_that_come_while_the_list_is_read_do_not_disturb_it(ledger: Ledger) -> None:
    before = [entry(f"+1415555{n:04}", at=NOW) for n in range(7)]
    await ledger.add_do_not_call(before)
    read: list[DoNotCallEntry] = []
    async for entries in ledger.do_not_call(batch=3):
        read += entries
        await ledger.add_do_not_call([entry(f"+44207946{len(read):04}", at=NOW - timedelta(1))])
    assert read == before


async def begin(run_ledger: Ledger, number: str) -> tuple[Admission, object]:
    """Admit the first contact of the clinic, list its number, and try to begin its call."""
    run = await run_ledger.open_run(CLINIC, at=NOW)
    (admission,) = await run.admit(1, now=LATER)
    await run_ledger.add_do_not_call([entry(number)])
    permission = await run.begin(admission, prompt_sha256="p", guard=Guard(), at=LATER)
    await run.close(RunEnding.STOPPED, at=LATER)
    return admission, permission


async def test_a_number_that_is_added_right_before_dialling_is_not_called(ledger: Ledger) -> None:
    await enrol(ledger, 2)
    _, permission = await begin(ledger, "+2")
    assert permission == Never(why="on the do-not-call list: added")
    contact = await found(ledger)
    assert (contact.state, contact.error) == (
        ContactState.SKIPPED,
        "on the do-not-call list: added",
    )
    assert contact.attempts == 0


async def test_the_list_holds_for_every_campaign_of_the_ledger(ledger: Ledger) -> None:
    await ledger.add_do_not_call([entry("+2", source="imported from x.csv")])
    for campaign in (CLINIC, OTHER):
        await enrol(ledger, 2, campaign=campaign)
        contact = await ledger.contact(campaign, "k2")
        assert contact is not None
        assert contact.state is ContactState.SKIPPED
        assert contact.error == "on the do-not-call list: imported from x.csv"
        other = await ledger.contact(campaign, "k3")
        assert other is not None
        assert other.state is ContactState.PENDING


async def test_a_number_that_was_removed_is_called_again_by_the_next_run(ledger: Ledger) -> None:
    await ledger.add_do_not_call([entry("+2")])
    await enrol(ledger, 1)
    await ledger.remove_do_not_call("+2", by="ann", at=NOW)
    await enrol(ledger, 1)
    assert (await found(ledger)).state is ContactState.PENDING


Step = tuple[str, int, int]


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(st.sampled_from(["add", "remove"]), st.integers(0, 4), st.integers(0, 50)),
        max_size=12,
    )
)
async def test_the_list_is_what_was_added_last_and_not_removed(
    tmp_path_factory: pytest.TempPathFactory, steps: list[Step]
) -> None:
    expected: dict[str, DoNotCallEntry] = {}
    async with open_ledger(tmp_path_factory.mktemp("list") / "ledger.db") as ledger:
        for what, which, minutes in steps:
            number, at = f"+1415555010{which}", NOW + timedelta(minutes=minutes)
            if what == "add":
                new = await ledger.add_do_not_call([entry(number, at=at)])
                assert new == (number not in expected)
                expected.setdefault(number, entry(number, at=at))
            else:
                was = await ledger.remove_do_not_call(number, by="bob", at=at)
                assert was == (number in expected)
                expected.pop(number, None)
        inorder = sorted(expected.values(), key=lambda e: (e.at, e.number))
        assert await listed(ledger) == inorder


def test_reading_the_list_does_not_sort_all_of_it_each_time(path: Path) -> None:
    from poku_batch.ledger.opening import prepare

    prepare(path)
    with closing(sqlite3.connect(path)) as connection:
        plan = connection.execute(
            f"EXPLAIN QUERY PLAN {listing._READ}",
            {"after_at": 0, "after_number": "", "limit": 1},
        ).fetchall()
    told = " ".join(str(row[-1]) for row in plan)
    assert "do_not_call_order" in told
    assert "TEMP B-TREE" not in told
